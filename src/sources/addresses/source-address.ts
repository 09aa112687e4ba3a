import type { IpAddress } from '../../model/address.ts';
import { ALLOWABLE_CLASSES } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { chooseAddress } from './choose.ts';

export type Source =
  | { readonly kind: 'from'; readonly address: IpAddress | undefined }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The address to ask from: the interface's where the uplink is bound. For IPv6 the stable global one where there is one, because
 * without translation the source is the answer, and the system would take a temporary one (RFC 6724 rule 7). Else the system chooses.
 */
export function sourceAddress(snapshot: Snapshot, family: Family, bound: string | undefined): Source {
  if (bound !== undefined) {
    const chosen = chooseAddress(snapshot, family, { interface: bound, allow: ALLOWABLE_CLASSES });
    if (chosen.kind === 'known') return { kind: 'from', address: chosen.address };
    return { kind: 'none', why: `nothing to ask from: ${chosen.why}` };
  }
  if (family === 'ipv4') return { kind: 'from', address: undefined };
  const chosen = chooseAddress(snapshot, family, { allow: [] });
  return { kind: 'from', address: chosen.kind === 'known' ? chosen.address : undefined };
}
