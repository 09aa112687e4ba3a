import { compareAddresses, familyOf, type IpAddress } from '../model/address.ts';
import { familyOfType } from '../model/family.ts';
import { combine, fitsBehind, prefixLengthOf } from '../model/prefix.ts';
import type { AddressState } from '../model/reading.ts';
import { keyText, type RecordKey, type Target } from '../model/record.ts';
import type { RecordSettings, SinkSettings } from '../model/settings.ts';
import { isOneOfAll } from '../model/uplinks.ts';
import { type AddressBook, bookKey } from './address-book.ts';
import { refusal } from './admit.ts';

export interface Resolved {
  readonly targets: readonly Target[];
  /** Keys whose address this sink must not publish, and why. */
  readonly refused: readonly { readonly key: RecordKey; readonly address: IpAddress; readonly why: string }[];
}

/**
 * What a sink should hold, from the book and its part of the configuration. Pure. Only keys about which something is known become
 * targets: what is unknown is left as published.
 *
 * Records of other hosts of the LAN hold the uplink's prefix with their own bits behind it: a new prefix makes new targets of all of them at
 * once.
 *
 * An address passes two gates: the uplink's (may it be taken for this uplink's address?) and, here, the sink's (may it stand in
 * this zone?). So a private address can go to a server on the LAN and never to a public zone.
 */
export function resolveTargets(book: AddressBook, sink: SinkSettings): Resolved {
  const targets: Target[] = [];
  const refused: Resolved['refused'][number][] = [];
  for (const [, records] of groupByKey(sink.records)) {
    const first = records[0];
    if (first === undefined) continue;
    const { key, ttl } = first;
    const family = familyOfType(key.type);
    const addresses: IpAddress[] = [];
    let known = true;
    let gone = 0;
    for (const record of records) {
      const state = book.states.get(bookKey({ uplink: record.uplink, family }))?.state;
      if (state?.kind === 'set') {
        const placed = addressFor(record, state);
        const why = placed.why ?? refusal(placed.address, sink.allow, family);
        if (why === undefined) addresses.push(placed.address);
        else {
          known = false;
          refused.push({ key, address: placed.address, why });
        }
      } else if (state?.kind === 'clear' && isOneOfAll(record.uplink)) gone += 1;
      else if (state?.kind !== 'clear' || sink.when_absent === 'keep') known = false;
    }
    // All uplinks dead is no reason to take the last address out: nobody could reach the host by it, but it may come back.
    if (!known || (gone > 0 && addresses.length === 0)) continue;
    const sorted = [...new Set(addresses)].sort(compareAddresses);
    targets.push(ttl === undefined ? { key, addresses: sorted } : { key, addresses: sorted, ttl });
  }
  return { targets, refused };
}

/** The uplink's own address; for another host of the LAN, its bits behind the uplink's prefix. */
function addressFor(
  { host }: RecordSettings,
  { address, prefixLength }: Extract<AddressState, { kind: 'set' }>,
): { readonly address: IpAddress; readonly why?: string } {
  if (host === undefined || familyOf(address) !== 'ipv6') return { address };
  const length = prefixLengthOf(host.prefix_length, prefixLength);
  if (fitsBehind(length, host.suffix)) return { address: combine(address, length, host.suffix) };
  return {
    address,
    why: `suffix ${host.suffix} has bits within the /${length} of ${address}; give prefix_length`,
  };
}

function groupByKey(records: readonly RecordSettings[]): ReadonlyMap<string, readonly RecordSettings[]> {
  const groups = new Map<string, RecordSettings[]>();
  for (const record of records) {
    const group = groups.get(keyText(record.key));
    if (group) group.push(record);
    else groups.set(keyText(record.key), [record]);
  }
  return groups;
}
