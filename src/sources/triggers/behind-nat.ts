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
  { interface: bound, allow }: Pick<UplinkSettings, 'interface' | 'allow'>,
  family: Family,
  snapshot: Snapshot,
  state: AddressState | undefined,
): boolean {
  const suspected = state?.kind === 'keep' || (state?.kind === 'set' && state.via.outside === true);
  return suspected && chooseAddress(snapshot, family, { interface: bound, allow }).kind !== 'known';
}
