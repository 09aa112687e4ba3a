import type { RecordType } from '../../model/family.ts';
import { type Fqdn, isWithin, parseName } from '../../model/name.ts';
import type { RecordKey } from '../../model/record.ts';

/** One zone and the names in it, which stay the same as long as the configuration does. */
export interface Zone {
  readonly apex: Fqdn;
  /** For NS and SOA; a name of this zone that is a record here, or one outside all zones here. */
  readonly nameServer: Fqdn;
  readonly mailbox: Fqdn;
  /** The configured names with their types. */
  readonly names: ReadonlyMap<string, ReadonlySet<RecordType>>;
  /** Every name that exists: the apex, the configured ones, and those that only lead to one (RFC 4592 section 2.2.2). */
  readonly nodes: ReadonlySet<string>;
}

export interface ZoneLayout {
  /** Apexes from the configuration; without them names group by themselves. */
  readonly zones?: readonly Fqdn[] | undefined;
  readonly nameServer?: Fqdn | undefined;
}

/** A layout that cannot be served; the message says what to change. */
export class ZoneLayoutError extends Error {
  override readonly name = 'ZoneLayoutError';
}

/**
 * Arranges the configured names in zones. Without given apexes, a name is an apex unless it lies below another one; a wildcard
 * belongs to the zone of its parent name.
 * @throws ZoneLayoutError for a name in none of the given zones, and for a name server in a zone of ours without being a record
 */
export function layOutZones(keys: readonly RecordKey[], layout: ZoneLayout): readonly Zone[] {
  const apexes = layout.zones ?? naturalApexes(keys);
  const members = new Map<Fqdn, RecordKey[]>(apexes.map((apex) => [apex, []]));
  for (const key of keys) {
    const apex = enclosing(key.name, apexes);
    if (apex === undefined) {
      throw new ZoneLayoutError(`${key.name} lies in none of its zones (${apexes.join(', ')})`);
    }
    members.get(apex)?.push(key);
  }
  return [...members].map(([apex, own]) => buildZone(apex, own, apexes, layout.nameServer));
}

const withoutWildcard = (name: Fqdn): Fqdn => (name.startsWith('*.') ? (name.slice(2) as Fqdn) : name);

function naturalApexes(keys: readonly RecordKey[]): readonly Fqdn[] {
  const names = [...new Set(keys.map((key) => withoutWildcard(key.name)))].sort(
    (a, b) => a.length - b.length,
  );
  const apexes: Fqdn[] = [];
  for (const name of names) {
    if (enclosing(name, apexes) === undefined) apexes.push(name);
  }
  return apexes;
}

/** The longest apex the name is at or below. */
function enclosing(name: Fqdn, apexes: readonly Fqdn[]): Fqdn | undefined {
  let best: Fqdn | undefined;
  for (const apex of apexes) {
    if (isWithin(name, apex) && apex.length > (best?.length ?? 0)) best = apex;
  }
  return best;
}

function buildZone(
  apex: Fqdn,
  keys: readonly RecordKey[],
  apexes: readonly Fqdn[],
  nameServer: Fqdn | undefined,
): Zone {
  const names = new Map<string, Set<RecordType>>();
  const nodes = new Set<string>([apex]);
  for (const { name, type } of keys) {
    const types = names.get(name) ?? new Set();
    names.set(name, types.add(type));
    for (let node: string = name; node !== apex && !nodes.has(node); node = parentOf(node)) nodes.add(node);
  }
  if (nameServer !== undefined) checkNameServer(nameServer, apexes, keys, apex);
  return {
    apex,
    nameServer: nameServer ?? ownNameServer(apex, names),
    mailbox: mailboxOf(apex),
    names,
    nodes,
  };
}

/** Of the SOA record (RFC 2142 section 7); shorter where an apex leaves no room, for a name has at most 255 octets (RFC 1035 section 2.3.4). */
const mailboxOf = (apex: Fqdn): Fqdn => parseName(`hostmaster.${apex}`) ?? parseName(`h.${apex}`) ?? apex;

export const parentOf = (name: string): string => name.slice(name.indexOf('.') + 1);

/**
 * NS and MNAME must name a host that has addresses, and the only ones known here are the records themselves: the apex where it is
 * one, else the zone's first record; below a wildcard any name will do.
 */
function ownNameServer(apex: Fqdn, names: ReadonlyMap<string, unknown>): Fqdn {
  if (names.has(apex)) return apex;
  const first = [...names.keys()].find((name) => !name.startsWith('*.'));
  return first === undefined ? (parseName(`ns.${apex}`) ?? apex) : (first as Fqdn);
}

function checkNameServer(
  nameServer: Fqdn,
  apexes: readonly Fqdn[],
  keys: readonly RecordKey[],
  apex: Fqdn,
): void {
  const home = enclosing(nameServer, apexes);
  if (home !== apex || keys.some((key) => key.name === nameServer)) return;
  throw new ZoneLayoutError(
    `ns ${nameServer} lies in zone ${apex}, which has no such record; add it to records or leave ns out`,
  );
}
