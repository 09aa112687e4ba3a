import type { RecordKey, Target } from '../../../src/model/record.ts';
import type { HttpClient } from '../../../src/net/http.ts';
import type { WriteResult } from '../../../src/sinks/contract.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { custom } from '../../../src/sinks/table/custom.ts';
import { rowProviders } from '../../../src/sinks/table/providers.ts';
import {
  familiesOfRow,
  inputsOf,
  providerOf,
  type Row,
  type TableProvider,
} from '../../../src/sinks/table/row.ts';
import { callOf, components, target } from '../../fakes/sink-call.ts';

export const USER = 'alice';
export const SECRET = 'hunter22hunter22';
export const V4 = '198.51.100.7';
export const V6 = '2001:db8::7';

export const rowNamed = (name: string): TableProvider => {
  const found = rowProviders.find((provider) => provider.name === name);
  if (found === undefined) throw new Error(`no row ${name}`);
  return found;
};

/** The mapping an operator would write for a row. */
export function mappingFor({ row }: TableProvider, endpoint?: URL): Readonly<Record<string, unknown>> {
  const values = { username: USER, password: SECRET, token: SECRET, zone: 'example.org' };
  const entries = inputsOf(row).map((key) => [key, values[key]] as const);
  return { ...Object.fromEntries(entries), ...(endpoint === undefined ? {} : { endpoint: endpoint.href }) };
}

/** A name the row can update, and a target of the first family it takes. */
export const nameFor = ({ row }: TableProvider): string => `home.${row.service.zone ?? 'example.org'}`;
export function targetsFor(provider: TableProvider): readonly Target[] {
  const families = familiesOfRow(provider.row);
  const both = provider.row.service.other_family === 'both';
  const addresses = families.map((family) => (family === 'ipv4' ? V4 : V6));
  return (both ? addresses : addresses.slice(0, 1)).map((address) => target(nameFor(provider), address));
}

/** A clock of its own, so that no test is held back by the requests of another. */
export const alone = () => ({ ...components, clock: { ...components.clock } });

export async function writeTo(
  provider: TableProvider,
  input: object,
  http: HttpClient,
  targets: readonly Target[],
  keys: readonly RecordKey[] = targets.map(({ key }) => key),
): Promise<readonly WriteResult[]> {
  const sink = provider.create({ name: 'test', options: provider.options.parse(input), keys }, alone());
  return sink.write(planBlind(targets), callOf(http));
}

export async function writeCustom(
  input: object,
  http: HttpClient,
  targets: readonly Target[],
  keys: readonly RecordKey[] = targets.map(({ key }) => key),
): Promise<readonly WriteResult[]> {
  const sink = custom.create({ name: 'test', options: custom.options.parse(input), keys }, alone());
  return sink.write(planBlind(targets), callOf(http));
}

/** A row made for a test. */
export const rowOf = (row: Pick<Row, 'service'>): TableProvider =>
  providerOf({ name: 'made', title: 'Made', source: 'https://example.org/', credentials: 'None.', ...row });
