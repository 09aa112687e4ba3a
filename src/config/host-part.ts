import { type Family, familyOfType } from '../model/family.ts';
import { fitsBehind, USUAL_PREFIX } from '../model/prefix.ts';
import type { HostPart, UplinkSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';
import type { RecordDraft } from './sinks.ts';
import { familiesOf } from './uplinks.ts';

/** True if the record is to hold the address of another host of the LAN. */
export const isOtherHosts = (record: RecordDraft): boolean =>
  record.suffix !== undefined || record.mac !== undefined;

/** The part of the address that is the other host's; `undefined` for the uplink's own address. What does not fit together is noted. */
export function hostPartOf(findings: Findings, record: RecordDraft): HostPart | undefined {
  const { path, suffix, mac, prefix_length } = record;
  if (suffix !== undefined && mac !== undefined) {
    findings.error({
      path: [...path, 'mac'],
      message: 'stands beside suffix, and both say where the host is',
      remedy: 'keep one of the two',
      at: 'key',
    });
    return undefined;
  }
  if (prefix_length !== undefined && suffix === undefined) {
    findings.error({
      path: [...path, 'prefix_length'],
      message:
        mac === undefined
          ? 'means nothing without suffix'
          : 'cannot go with mac, which is always behind 64 bits',
      remedy:
        mac === undefined ? 'add suffix: ::1:2, or remove it' : 'remove it, or write suffix: in place of mac',
      at: 'key',
    });
  }
  // An interface identifier made from a card has 64 bits, whatever the prefix that was delegated (RFC 4291 section 2.5.1).
  if (mac !== undefined) return { suffix: mac, prefix_length: USUAL_PREFIX };
  if (suffix === undefined) return undefined;
  const length = prefix_length ?? USUAL_PREFIX;
  if (!fitsBehind(length, suffix)) {
    findings.error({
      path: [...path, 'suffix'],
      message: `has bits within the prefix, which are the first ${length}`,
      remedy:
        prefix_length === undefined
          ? 'leave those groups out, or give the length of the delegated prefix with prefix_length, such as 56'
          : 'leave those groups out, or make prefix_length smaller',
      show: 'value',
    });
  }
  return prefix_length === undefined ? { suffix } : { suffix, prefix_length };
}

/** Only IPv6 has a prefix with hosts behind it: without `types` such a record is AAAA, and nothing else may be asked for. */
export function typesOfOtherHost(
  findings: Findings,
  record: RecordDraft,
  name: string,
  uplinks: readonly UplinkSettings[],
): readonly Family[] {
  const key = record.suffix === undefined ? 'mac' : 'suffix';
  const wrong = record.types?.findIndex((type) => familyOfType(type) === 'ipv4') ?? -1;
  if (wrong >= 0) {
    findings.error({
      path: [...record.path, 'types', wrong],
      message: `cannot go with ${key}: behind IPv4 the hosts of a LAN have no address of their own outside`,
      remedy: `remove it; with ${key} a record is AAAA`,
      show: 'value',
    });
  }
  if (!uplinks.some((uplink) => familiesOf(uplink).includes('ipv6'))) {
    findings.error({
      path: [...record.path, key],
      message: `needs ipv6, which uplink ${name} does not look for`,
      remedy: `add ipv6: with detectors to uplink ${name}`,
      at: 'key',
    });
  }
  return ['ipv6'];
}
