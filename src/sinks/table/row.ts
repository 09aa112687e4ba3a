import * as z from 'zod';
import { httpUrl, secret } from '../../config/schema-types.ts';
import type { Fqdn } from '../../model/name.ts';
import type { Provider, Traits } from '../contract.ts';
import { outsideZone } from '../outside-zone.ts';
import {
  type Account,
  accountProblems,
  type ServiceProblem,
  serviceProblems,
  urlProblems,
} from './checks.ts';
import { familiesOf, placeholdersOf, type Service, serviceShape } from './service.ts';
import { tableSink } from './sink.ts';

const serviceSchema = z.strictObject(serviceShape);

/** A service as a row or the operator writes it; everything with a default may be left out. */
export type ServiceText = z.input<typeof serviceSchema>;

/** One service of the table. `service` has the same fields, and the same checks, as `provider: custom` in the configuration. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** The page its facts were taken from. */
  readonly source: string;
  /** Where an operator gets the credentials, in one sentence. */
  readonly credentials: string;
  /** What could not be found out for certain, and what an operator has to know; shown on the provider's page. */
  readonly note?: string;
  /** True if names that are missing are created. */
  readonly creates?: true;
  /** Milliseconds between two writes of one record. */
  readonly minimum_gap?: number;
  readonly service: ServiceText;
}

/**
 * What the operator gives for a row. The row's own facts stay out: what a sink is known by in the state must not change because a
 * newer netdrift knows a service better.
 */
export interface RowOptions {
  readonly account: Account;
  readonly endpoint?: URL | undefined;
  readonly zone?: Fqdn | undefined;
}

export interface TableProvider<Options = RowOptions> extends Provider<Options> {
  readonly row: Row;
}

/** A row as a provider. Rows and their options are read at their first use: a start pays only for those it uses. */
export function providerOf(row: Row): TableProvider {
  let service: Service | undefined;
  let options: z.ZodType<RowOptions> | undefined;
  const documented = (): Service => {
    service ??= readService(row);
    return service;
  };
  return {
    name: row.name,
    title: row.title,
    documentation: row.source,
    credentials: row.credentials,
    ...(row.note === undefined ? {} : { notes: [row.note] }),
    row,
    get options() {
      options ??= optionsOf(row, documented());
      return options;
    },
    traits: traitsOf(row),
    check: ({ zone }, keys) => outsideZone(zone, keys),
    example: exampleOf(row),
    create: ({ options: given, keys }, components) =>
      tableSink(serviceFor(documented(), given), given.account, { keys }, components),
  };
}

/** The row's service where the operator has it, and with their zone. */
function serviceFor(documented: Service, { endpoint, zone }: RowOptions): Service {
  const moved = endpoint === undefined ? documented : movedTo(endpoint, documented);
  return zone === undefined ? moved : { ...moved, zone };
}

/** The row's service, read and checked. @throws TypeError if the row itself is wrong; a test reads them all. */
export function readService(row: Row): Service {
  const service = serviceSchema.parse(row.service);
  const zoned = wantsZone(row);
  const first = serviceProblems(service, false).find(({ path }) => !(zoned && path[0] === 'zone'));
  if (first !== undefined) throw new TypeError(`row ${row.name}: ${first.path.join('.')} ${first.message}`);
  return service;
}

/** The templates as they stand, for what can be told of a row without reading it whole. */
const templates = ({ service }: Row) => ({
  url: service.url,
  ipv6_url: service.ipv6_url,
  parameters: service.parameters ?? {},
  headers: service.headers ?? {},
  basic: service.basic,
});

export const familiesOfRow = (row: Row) => familiesOf(templates(row));

export const namesPerRequest = ({ service }: Row): number =>
  serviceShape.names_per_request.parse(service.names_per_request);

/** The keys an operator has to give. */
export function inputsOf(row: Row): readonly ('username' | 'password' | 'token' | 'zone')[] {
  const used = placeholdersOf(templates(row));
  const credentials = (['username', 'password', 'token'] as const).filter((key) => used.has(key));
  return wantsZone(row) ? [...credentials, 'zone'] : credentials;
}

/** True if the operator has to say which domain the names are in. */
function wantsZone(row: Row): boolean {
  const used = placeholdersOf(templates(row));
  return row.service.zone === undefined && ['zone', 'host', 'hosts'].some((name) => used.has(name));
}

function traitsOf(row: Row): Traits {
  const { service, creates, minimum_gap } = row;
  return {
    batch: Number.POSITIVE_INFINITY,
    multiple: false,
    creates: creates === true,
    families: service.families === 'separate' ? 'separate' : 'one',
    takes: familiesOfRow(row),
    ...(minimum_gap === undefined ? {} : { minimumGap: minimum_gap }),
  };
}

/** The keys that say who asks; to be spread into a strict zod object. */
export const accountShape = {
  username: z.string().min(1).meta({ description: 'User, account or host, as the provider says.' }),
  password: secret().meta({ description: 'Password or update key.' }),
  token: secret().meta({ description: 'Token or key.' }),
  insecure_http: z
    .boolean()
    .default(false)
    .meta({ description: 'Allow a server without TLS: everybody on the way can read the credentials.' }),
  single_family: z.boolean().default(false).meta({
    description: 'The names have one family only; that the service removes the other one is meant.',
  }),
};

type Given = Partial<Account> & Omit<RowOptions, 'account'>;

function optionsOf(row: Row, documented: Service): z.ZodType<RowOptions> {
  const { insecure_http, single_family, ...credentials } = accountShape;
  const shape: Record<string, z.ZodType> = {};
  for (const key of inputsOf(row))
    shape[key] = key === 'zone' ? serviceShape.zone.unwrap() : credentials[key];
  if (row.service.other_family === 'both') shape['single_family'] = single_family;
  shape['endpoint'] = httpUrl()
    .optional()
    .meta({ description: 'Where the service is, if not at its documented address.' });
  shape['insecure_http'] = insecure_http;
  const optionsFrom = ({ endpoint, zone, ...account }: Given): RowOptions => ({
    account: accountOf(account),
    endpoint,
    zone,
  });
  return z
    .strictObject(shape)
    .superRefine((given: Given, context) => {
      const { account, endpoint } = optionsFrom(given);
      const place =
        endpoint === undefined ? [] : urlProblems(['endpoint'], endpoint.href, account.insecure_http);
      report([...place, ...accountProblems(documented, account)], context);
    })
    .transform((given) => optionsFrom(given));
}

/** The same service at another place: its paths below that of the endpoint. */
function movedTo(endpoint: URL, service: Service): Service {
  const base = endpoint.href.replace(/\/+$/, '');
  const move = (url: string) => `${base}${url.replace(/^https?:\/\/[^/?#]*/i, '')}`;
  const { url, ipv6_url } = service;
  return { ...service, url: move(url), ...(ipv6_url === undefined ? {} : { ipv6_url: move(ipv6_url) }) };
}

export function accountOf({
  username,
  password,
  token,
  insecure_http,
  single_family,
}: Partial<Account>): Account {
  return {
    username,
    password,
    token,
    insecure_http: insecure_http === true,
    single_family: single_family === true,
  };
}

export function report(problems: readonly ServiceProblem[], context: z.RefinementCtx): void {
  for (const { path, message, remedy } of problems) {
    context.addIssue({ code: 'custom', path: [...path], message, params: { remedy } });
  }
}

function exampleOf(row: Row): string {
  const variable = row.name.toUpperCase().replaceAll('-', '_');
  const lines = inputsOf(row).map((key) => {
    if (key === 'username') return 'username: alice';
    if (key === 'zone') return 'zone: example.org';
    return `${key}: { env: ${variable}_${key.toUpperCase()} }`;
  });
  return [`provider: ${row.name}`, ...lines, ''].join('\n');
}
