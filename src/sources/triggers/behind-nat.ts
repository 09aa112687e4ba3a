import { bindingOf } from '../../model/binding.ts';
import type { Family } from '../../model/family.ts';
import type { AddressState } from '../../model/reading.ts';
import type { UplinkSettings } from '../../model/settings.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { chooseAddress } from '../addresses/choose.ts';

/**
 * True if this host cannot see by itself that the address of an uplink changes: it owns none that could be published, and what is
 * known of it came from outside, or nobody could tell. False before the first detection. Pure.
 */
export function isBehindNat(
  uplink: Pick<UplinkSettings, 'interface' | 'source' | 'allow'>,
  family: Family,
  snapshot: Snapshot,
  state: AddressState | undefined,
): boolean {
  const suspected = state?.kind === 'keep' || (state?.kind === 'set' && state.via.outside === true);
  const choice = { ...bindingOf(uplink, family), allow: uplink.allow };
  return suspected && chooseAddress(snapshot, family, choice).kind !== 'known';
}
