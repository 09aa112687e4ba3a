import type { IpAddress } from './address.ts';
import type { RecordType } from './family.ts';
import type { Fqdn } from './name.ts';

/** Name and type: what identifies an RRset (RFC 9499 section 5). */
export interface RecordKey {
  readonly name: Fqdn;
  readonly type: RecordType;
}

/** `home.example.org/A`: the key as text, for maps and logs. */
export const keyText = (key: RecordKey): string => `${key.name}/${key.type}`;

export const sameKey = (a: RecordKey, b: RecordKey): boolean => a.name === b.name && a.type === b.type;

/** What a sink should hold for one key. An empty list means: no record of this type. */
export interface Target {
  readonly key: RecordKey;
  /** Sorted, without doubles. */
  readonly addresses: readonly IpAddress[];
  /** Seconds; left as found (or the provider's default on creation) when not given. */
  readonly ttl?: number;
}

/** One record as a sink found it. `extra` is the provider's own and is handed back to it untouched. */
export interface ActualRecord {
  readonly id?: string;
  readonly key: RecordKey;
  /** The content as the provider gave it; an address in canonical form where it is one. */
  readonly content: string;
  readonly ttl?: number;
  /** True if it has no TTL of its own but the zone's, and could be given one. */
  readonly inheritsTtl?: true;
  /** True if something that belongs with it (a mark of ownership) is missing there: it is written again though its content is right. */
  readonly unfinished?: true;
  readonly extra?: unknown;
}
