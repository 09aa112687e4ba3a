import type { IpAddress } from '../../model/address.ts';
import { ALLOWABLE_CLASSES } from '../../model/address.ts';
import { type Binding, isBound } from '../../model/binding.ts';
import type { Family } from '../../model/family.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { chooseAddress } from './choose.ts';

export type Source =
  | { readonly kind: 'from'; readonly address: IpAddress | undefined }
  | { readonly kind: 'none'; readonly why: string };

/** Sending from an address is not publishing it: whatever reaches anybody will do. */
const SENDABLE = [...ALLOWABLE_CLASSES, 'reserved', 'loopback'];

/**
 * The address to ask from: the one that the uplink is bound to, or one of its interface. For IPv6 the stable global one where there is
 * one, because without translation the source is the answer, and the system would take a temporary one (RFC 6724 rule 7). Else the
 * system chooses.
 */
export function sourceAddress(snapshot: Snapshot, family: Family, binding: Binding): Source {
  if (isBound(binding)) {
    const wanted = { ...binding, allow: SENDABLE };
    const chosen = chooseAddress(snapshot, family, wanted);
    if (chosen.kind === 'known') return { kind: 'from', address: chosen.address };
    // One that is on its way out still carries requests, where there is no other.
    const last = chooseAddress(snapshot, family, { ...wanted, deprecated: true, temporary: true });
    if (last.kind === 'known') return { kind: 'from', address: last.address };
    return { kind: 'none', why: `nothing to ask from: ${last.why}` };
  }
  if (family === 'ipv4') return { kind: 'from', address: undefined };
  const chosen = chooseAddress(snapshot, family, { allow: [] });
  return { kind: 'from', address: chosen.kind === 'known' ? chosen.address : undefined };
}
