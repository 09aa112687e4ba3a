import type { IpAddress } from '../model/address.ts';
import { type Family, familyOfType } from '../model/family.ts';
import type { SinkSettings } from '../model/settings.ts';
import { mayHold } from '../model/uplinks.ts';
import type { SinkMemory } from '../state/sink-memory.ts';

/**
 * The addresses that sinks confirmed for an uplink and family. Of several that are equally fit one of them is chosen again, also after a
 * restart or with another configuration, so that nothing is sent that is right already. Records of other hosts tell nothing of this one's.
 */
export function confirmedAddresses(
  sinks: readonly SinkSettings[],
  memoryOf: (sink: SinkSettings) => Pick<SinkMemory, 'confirmed'> | undefined,
): (uplink: string, family: Family) => readonly IpAddress[] {
  return (uplink, family) => {
    const found = sinks.flatMap((sink) =>
      sink.records
        .filter(({ key, host }) => host === undefined && familyOfType(key.type) === family)
        .filter((record) => mayHold(record.uplink, uplink))
        .flatMap(({ key }) => memoryOf(sink)?.confirmed(key) ?? []),
    );
    return [...new Set(found)];
  };
}
