import { familyOf, type IpAddress } from '../../model/address.ts';
import { FAMILIES, type Family, familyOfType, recordTypeOf } from '../../model/family.ts';
import { type Fqdn, isWithin } from '../../model/name.ts';
import type { Failure } from '../../model/outcome.ts';
import { keyText, type RecordKey } from '../../model/record.ts';
import type { Change, WriteResult } from '../contract.ts';
import { failedAll } from '../send-all.ts';
import { familiesOf, placeholdersOf, type Service } from './service.ts';

/** One request: these names get these addresses; `null` removes, a family that is not there is not to be changed. */
export interface Batch {
  readonly names: readonly Fqdn[];
  readonly addresses: Addresses;
  readonly keys: readonly RecordKey[];
}

export type Addresses = Readonly<Partial<Record<Family, IpAddress | null>>>;

export interface Batches {
  readonly batches: readonly Batch[];
  /** Changes that are not sent, and why. */
  readonly refused: readonly WriteResult[];
}

export interface BatchInit {
  readonly service: Service;
  /** Every key of the sink: tells which families of a name are looked after at all. */
  readonly keys: readonly RecordKey[];
  readonly single_family: boolean;
}

/**
 * Puts names that get the same addresses into one request, and both families of a name together unless the service wants them
 * apart. Nothing is put into a request that would remove a record nobody asked to remove.
 */
export function batchesOf(changes: readonly Change[], init: BatchInit): Batches {
  const { service } = init;
  const refused: WriteResult[] = [];
  const entries = new Map<string, { name: Fqdn; addresses: Partial<Record<Family, IpAddress | null>> }>();
  const crowd = crowded(changes, init);
  for (const { target } of changes) {
    const { key, addresses } = target;
    const failure = crowd ?? refusalOf(key, addresses, service);
    if (failure !== undefined) {
      refused.push({ key, kind: 'failed', failure });
      continue;
    }
    const id = service.families === 'separate' ? keyText(key) : key.name;
    const entry = entries.get(id) ?? { name: key.name, addresses: {} };
    entry.addresses[familyOfType(key.type)] = addresses[0] ?? null;
    entries.set(id, entry);
  }

  const groups = new Map<string, { addresses: Addresses; names: Fqdn[] }>();
  for (const { name, addresses } of entries.values()) {
    const failure = wholeName(name, addresses, init);
    if (failure !== undefined) {
      refused.push(...failedAll(keysOf([name], addresses), failure));
      continue;
    }
    const id = FAMILIES.map((family) => addresses[family]).join();
    const group = groups.get(id) ?? { addresses, names: [] };
    group.names.push(name);
    groups.set(id, group);
  }
  return {
    batches: [...groups.values()].flatMap(({ names, addresses }) =>
      cut(names, addresses, service.names_per_request),
    ),
    refused,
  };
}

/** Where no name is sent, the login or the token stands for one host: of several names it would be said of all what is done to one. */
function crowded(changes: readonly Change[], { service, keys }: BatchInit): Failure | undefined {
  const used = placeholdersOf(service);
  if (['name', 'names', 'host', 'hosts'].some((name) => used.has(name))) return undefined;
  const names = new Set([...keys, ...changes.map(({ target }) => target.key)].map(({ name }) => name));
  if (names.size <= 1) return undefined;
  const message = 'the credentials stand for one host here: make a sink for each name';
  return { class: 'invalid', scope: 'record', message };
}

function refusalOf(key: RecordKey, addresses: readonly IpAddress[], service: Service): Failure | undefined {
  const refuse = (message: string): Failure => ({ class: 'invalid', scope: 'record', message });
  const { zone, clear } = service;
  if (!familiesOf(service).includes(familyOfType(key.type))) {
    return refuse(`this service takes no ${key.type} records; list the name with the other type only`);
  }
  if (zone !== undefined && !isWithin(key.name, zone)) return refuse(`${key.name} is not in ${zone}`);
  if (addresses.length > 1) {
    return refuse(`the service takes one address of a family for a name, not ${addresses.join(', ')}`);
  }
  if (addresses.length === 0 && clear === undefined) {
    return refuse(
      'the service has no request that removes an address; remove it at the provider, or set when_absent: keep',
    );
  }
  return undefined;
}

/** Why a request with these addresses would do more to the name than was asked; `undefined` if it would not. */
function wholeName(
  name: Fqdn,
  addresses: Addresses,
  { service, keys, single_family }: BatchInit,
): Failure | undefined {
  if (service.other_family !== 'both') return undefined;
  const missing = FAMILIES.find((family) => addresses[family] === undefined);
  if (missing === undefined) return undefined;
  const type = recordTypeOf(missing);
  if (keys.some((key) => key.name === name && key.type === type)) {
    const message = `not sent: the service removes the ${type} record when it is left out, and its address is not known now; both go out together once it is`;
    return { class: 'transient', scope: 'record', message };
  }
  if (single_family) return undefined;
  const message = `not sent: the service removes the ${type} record when it is left out; publish both families of the name, or set single_family: true if it has none`;
  return { class: 'invalid', scope: 'record', message };
}

function cut(names: readonly Fqdn[], addresses: Addresses, size: number): readonly Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < names.length; start += size) {
    const part = names.slice(start, start + size);
    batches.push({ names: part, addresses, keys: keysOf(part, addresses) });
  }
  return batches;
}

const keysOf = (names: readonly Fqdn[], addresses: Addresses): readonly RecordKey[] =>
  names.flatMap((name) =>
    FAMILIES.filter((family) => addresses[family] !== undefined).map((family) => ({
      name,
      type: recordTypeOf(family),
    })),
  );

/** The same addresses for one name of the batch alone. */
export const singles = ({ names, addresses }: Batch): readonly Batch[] => cut(names, addresses, 1);

/** What is really sent, without what is removed; IPv4 first. */
export const sentIn = ({ addresses }: Batch): readonly IpAddress[] =>
  FAMILIES.flatMap((family) => addresses[family] ?? []).toSorted((a, b) =>
    familyOf(a).localeCompare(familyOf(b)),
  );
