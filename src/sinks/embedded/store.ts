import { type IpAddress, sameAddresses } from '../../model/address.ts';
import type { RecordType } from '../../model/family.ts';
import { keyText, type RecordKey } from '../../model/record.ts';
import type { Zone } from './zones.ts';

export interface StoredRecords {
  readonly addresses: readonly IpAddress[];
  readonly ttl: number;
}

/** What the server answers with: the addresses last written, in memory, and a serial number for each zone. */
export class RecordStore {
  readonly zones: readonly Zone[];
  readonly ttl: number;
  readonly #zoneByApex: ReadonlyMap<string, Zone>;
  readonly #records = new Map<string, StoredRecords>();
  readonly #serials = new Map<Zone, number>();
  readonly #wallSeconds: () => number;

  /** @param wallSeconds seconds since 1970, for serial numbers that grow over a restart */
  constructor(zones: readonly Zone[], ttl: number, wallSeconds: () => number) {
    this.zones = zones;
    this.ttl = ttl;
    this.#wallSeconds = wallSeconds;
    this.#zoneByApex = new Map(zones.map((zone) => [zone.apex, zone]));
    for (const zone of zones) this.#serials.set(zone, wallSeconds() >>> 0);
  }

  /** The zone a lower-case name belongs to: the one with the longest apex. */
  zoneOf(name: string): Zone | undefined {
    for (let at = 0; ; ) {
      const zone = this.#zoneByApex.get(name.slice(at));
      if (zone !== undefined) return zone;
      const dot = name.indexOf('.', at);
      if (dot < 0) return undefined;
      at = dot + 1;
    }
  }

  /** `undefined` as long as nothing was written; an empty list of addresses is a statement: there are none. */
  get(name: string, type: RecordType): StoredRecords | undefined {
    return this.#records.get(`${name}/${type}`);
  }

  serial(zone: Zone): number {
    return this.#serials.get(zone) ?? 0;
  }

  /** Replaces the addresses of one key. */
  set(key: RecordKey, addresses: readonly IpAddress[], ttl: number): 'unknown key' | 'unchanged' | 'updated' {
    const zone = this.zoneOf(key.name);
    if (!zone?.names.get(key.name)?.has(key.type)) return 'unknown key';
    const before = this.#records.get(keyText(key));
    if (before !== undefined && before.ttl === ttl && sameAddresses(before.addresses, addresses)) {
      return 'unchanged';
    }
    this.#records.set(keyText(key), { addresses: [...addresses], ttl });
    this.#serials.set(zone, nextSerial(this.serial(zone), this.#wallSeconds()));
    return 'updated';
  }
}

/** The wall clock's second where that is an increase in serial number arithmetic (RFC 1982), else one more. */
export function nextSerial(serial: number, wallSeconds: number): number {
  const stamp = wallSeconds >>> 0;
  const ahead = (stamp - serial) >>> 0;
  return ahead > 0 && ahead < 2 ** 31 ? stamp : (serial + 1) >>> 0;
}
