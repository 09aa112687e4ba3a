import { type RecordType, recordTypeOf } from '../../model/family.ts';
import { CLASS, TYPE } from '../../net/dns/codes.ts';
import type { ResourceRecord } from '../../net/dns/message.ts';
import { foldName, type WireName } from '../../net/dns/names.ts';
import type { RecordStore, StoredRecords } from './store.ts';
import { parentOf, type Zone } from './zones.ts';

/** What a zone has to say to one question. */
export type Finding =
  | {
      readonly kind: 'records';
      readonly answers: readonly ResourceRecord[];
      readonly additionals: readonly ResourceRecord[];
    }
  /** The name exists, a record of this type does not. */
  | { readonly kind: 'no_data'; readonly zone: Zone }
  | { readonly kind: 'no_name'; readonly zone: Zone }
  /** The name's addresses are not known yet. */
  | { readonly kind: 'not_ready' }
  | { readonly kind: 'foreign' };

/**
 * Finds what is published at a name (RFC 1034 section 4.3.2, wildcards as RFC 4592).
 *
 * A configured name always exists, with or without addresses. Before the first address of any type is known it answers `not_ready`
 * (SERVFAIL): "no such name" or "no address" would be untrue and would be remembered. As soon as one type is known, the others
 * are "no data": SERVFAIL for AAAA only would keep many resolvers from using the A record at all (RFC 4074 section 4).
 */
export function find(store: RecordStore, asked: WireName, type: number): Finding {
  const name = foldName(asked);
  const zone = store.zoneOf(name);
  if (zone === undefined) return { kind: 'foreign' };

  const atApex = name === zone.apex ? apexRecords(store, zone, asked) : undefined;
  if (atApex !== undefined && type === TYPE.SOA) return records([atApex.soa]);
  if (atApex !== undefined && type === TYPE.NS) return records([atApex.ns], glue(store, zone));

  const owner = ownerOf(zone, name);
  if (owner === undefined) return { kind: 'no_name', zone };
  const types = zone.names.get(owner) ?? new Set<RecordType>();
  const wanted = wantedTypes(type).filter((candidate) => types.has(candidate));
  const known = wanted.map((candidate) => [candidate, store.get(owner, candidate)] as const);
  for (const [candidate, stored] of known) {
    if (stored !== undefined && stored.addresses.length > 0) {
      return records(addressRecords(asked, candidate, stored));
    }
  }
  const ready = [...types].some((candidate) => store.get(owner, candidate) !== undefined);
  if (wanted.length > 0 && !ready) return { kind: 'not_ready' };
  // ANY gets one RRset of those there are (RFC 8482 section 4.1).
  if (type === TYPE.ANY && atApex !== undefined) return records([atApex.soa]);
  return { kind: 'no_data', zone };
}

const records = (
  answers: readonly ResourceRecord[],
  additionals: readonly ResourceRecord[] = [],
): Finding => ({ kind: 'records', answers, additionals });

function wantedTypes(type: number): readonly RecordType[] {
  switch (type) {
    case TYPE.A:
      return ['A'];
    case TYPE.AAAA:
      return ['AAAA'];
    case TYPE.ANY:
      return ['A', 'AAAA'];
    default:
      return [];
  }
}

/** The name whose records answer: itself if it exists, else the wildcard at its closest encloser, else none. */
function ownerOf(zone: Zone, name: string): string | undefined {
  if (zone.nodes.has(name)) return name;
  let encloser = parentOf(name);
  while (!zone.nodes.has(encloser)) encloser = parentOf(encloser);
  const wildcard = `*.${encloser}`;
  return zone.names.has(wildcard) ? wildcard : undefined;
}

function addressRecords(owner: WireName, type: RecordType, stored: StoredRecords): ResourceRecord[] {
  return stored.addresses.map((address) => ({
    name: owner,
    type: TYPE[type],
    class: CLASS.IN,
    ttl: stored.ttl,
    data: { kind: 'address', address },
  }));
}

/** SOA as answer; in the authority section of a negative answer it says how long that holds (RFC 2308 section 3). */
export function soaRecord(store: RecordStore, zone: Zone, owner: WireName): ResourceRecord {
  return {
    name: owner,
    type: TYPE.SOA,
    class: CLASS.IN,
    ttl: store.ttl,
    data: {
      kind: 'soa',
      primary: zone.nameServer,
      mailbox: zone.mailbox,
      serial: store.serial(zone),
      // Nobody can transfer these zones; the values are those of RFC 1912 section 2.2 for secondaries that try.
      refresh: 3_600,
      retry: 600,
      expire: 1_209_600,
      minimum: store.ttl,
    },
  };
}

function apexRecords(
  store: RecordStore,
  zone: Zone,
  owner: WireName,
): { readonly soa: ResourceRecord; readonly ns: ResourceRecord } {
  return {
    soa: soaRecord(store, zone, owner),
    ns: {
      name: owner,
      type: TYPE.NS,
      class: CLASS.IN,
      ttl: store.ttl,
      data: { kind: 'name', name: zone.nameServer },
    },
  };
}

function glue(store: RecordStore, zone: Zone): readonly ResourceRecord[] {
  const owner = store.zoneOf(zone.nameServer) === zone ? ownerOf(zone, zone.nameServer) : undefined;
  if (owner === undefined) return [];
  return (['ipv4', 'ipv6'] as const).map(recordTypeOf).flatMap((type) => {
    const stored = store.get(owner, type);
    return stored === undefined ? [] : addressRecords(zone.nameServer, type, stored);
  });
}
