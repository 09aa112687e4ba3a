import { familyOf, type IpAddress } from '../../model/address.ts';
import { recordTypeOf } from '../../model/family.ts';
import type { Fqdn } from '../../model/name.ts';
import type { Failure } from '../../model/outcome.ts';
import type { RecordKey } from '../../model/record.ts';
import type { Change, WriteResult } from '../contract.ts';
import type { Dyndns2Options, FamilyStyle } from './options.ts';

/** One request: these names get these addresses, at most one of each family. */
export interface Batch {
  readonly names: readonly Fqdn[];
  readonly addresses: readonly IpAddress[];
  readonly keys: readonly RecordKey[];
}

export interface Batches {
  readonly batches: readonly Batch[];
  /** Changes that the protocol has no words for. */
  readonly refused: readonly WriteResult[];
}

/**
 * Puts names that get the same addresses into one request. Both families of a name go together if both are to change (unless
 * the server wants them apart); a family that is not to change is not sent.
 */
export function batchesOf(
  changes: readonly Change[],
  names_per_request: number,
  style: FamilyStyle,
): Batches {
  const refused: WriteResult[] = [];
  const byName = new Map<string, { name: Fqdn; addresses: IpAddress[] }>();
  for (const { target } of changes) {
    const [address] = target.addresses;
    const failure = refusalOf(target.addresses);
    if (failure !== undefined || address === undefined) {
      if (failure !== undefined) refused.push({ key: target.key, kind: 'failed', failure });
      continue;
    }
    const id = style === 'separate_requests' ? `${target.key.name} ${target.key.type}` : target.key.name;
    const entry = byName.get(id) ?? { name: target.key.name, addresses: [] };
    entry.addresses.push(address);
    byName.set(id, entry);
  }

  const groups = new Map<string, { addresses: readonly IpAddress[]; names: Fqdn[] }>();
  for (const { name, addresses } of byName.values()) {
    // IPv4 first: servers that know `myip` with one address only take that one.
    const ordered = addresses.toSorted((a, b) => familyOf(a).localeCompare(familyOf(b)));
    const group = groups.get(ordered.join()) ?? { addresses: ordered, names: [] };
    group.names.push(name);
    groups.set(ordered.join(), group);
  }
  return {
    batches: [...groups.values()].flatMap((group) => cut(group.names, group.addresses, names_per_request)),
    refused,
  };
}

function refusalOf(addresses: readonly IpAddress[]): Failure | undefined {
  if (addresses.length === 1) return undefined;
  const message =
    addresses.length === 0
      ? 'dyndns2 has no request that removes an address; remove it at the provider, or set when_absent: keep'
      : `dyndns2 takes one address of a family for a name, not ${addresses.join(', ')}`;
  return { class: 'invalid', scope: 'record', message };
}

function cut(names: readonly Fqdn[], addresses: readonly IpAddress[], size: number): readonly Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < names.length; start += size) {
    const part = names.slice(start, start + size);
    const keys = part.flatMap((name) =>
      addresses.map((address) => ({ name, type: recordTypeOf(familyOf(address)) })),
    );
    batches.push({ names: part, addresses, keys });
  }
  return batches;
}

/** The URL of one request. Names and addresses stand as they are: none of their characters needs encoding in a query. */
export function urlOf({ names, addresses }: Batch, options: Dyndns2Options): URL {
  const url = new URL(options.path, options.server);
  const query = [url.search.slice(1), `hostname=${names.join(',')}`, ...addressQuery(addresses, options)];
  url.search = query.filter((part) => part !== '').join('&');
  return url;
}

function addressQuery(addresses: readonly IpAddress[], options: Dyndns2Options): readonly string[] {
  if (options.families !== 'separate_parameter') return [`myip=${addresses.join(',')}`];
  const ipv4 = addresses.find((address) => familyOf(address) === 'ipv4') ?? options.keep_word;
  const ipv6 = addresses.find((address) => familyOf(address) === 'ipv6') ?? options.keep_word;
  return [
    ...(ipv4 === undefined ? [] : [`myip=${ipv4}`]),
    ...(ipv6 === undefined ? [] : [`${options.ipv6_parameter}=${ipv6}`]),
  ];
}
