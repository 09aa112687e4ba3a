import { addressFromBytes, familyOf } from '../../model/address.ts';
import type { AddressFlags, InterfaceAddress } from '../../model/snapshot.ts';

/** One line of /proc/net/if_inet6. */
export interface Inet6Entry {
  readonly interface: string;
  readonly index: number;
  readonly address: InterfaceAddress;
}

/** The address flags of include/uapi/linux/if_addr.h that matter here; the column holds the low eight bits. */
const TEMPORARY = 0x01;
const OPTIMISTIC = 0x04;
const DUPLICATE = 0x08;
const DEPRECATED = 0x20;
const TENTATIVE = 0x40;

const LINE = /^([0-9a-f]{32})\s+([0-9a-f]{1,8})\s+([0-9a-f]{2})\s+[0-9a-f]{2}\s+([0-9a-f]{2})\s+(\S+)$/;

/**
 * Reads /proc/net/if_inet6: address, index, prefix length, scope, flags (all hexadecimal), name. Lines that do not fit are left out.
 *
 * The kernel keeps the deprecated flag in step with a preferred lifetime of 0, whether it ran out or was announced so; the flag
 * therefore is the canonical form. Lifetimes are not in this file (`lifetimes.ts`).
 */
export function parseInet6(text: string): readonly Inet6Entry[] {
  return text.split('\n').flatMap((line): readonly Inet6Entry[] => {
    const match = LINE.exec(line.trim());
    if (match === null) return [];
    const [, hex = '', index = '', length = '', flags = '', name = ''] = match;
    const address = addressFromBytes(Buffer.from(hex, 'hex'));
    const prefixLength = Number.parseInt(length, 16);
    if (address === undefined || familyOf(address) !== 'ipv6' || prefixLength > 128) return [];
    return [
      {
        interface: name,
        index: Number.parseInt(index, 16),
        address: { address, family: 'ipv6', prefixLength, flags: parseFlags(Number.parseInt(flags, 16)) },
      },
    ];
  });
}

/** An optimistic address (RFC 4429) may be used and yet turn out to be a duplicate: for publication it is still tentative. */
function parseFlags(bits: number): AddressFlags {
  return {
    tentative: (bits & (TENTATIVE | OPTIMISTIC)) !== 0,
    duplicate: (bits & DUPLICATE) !== 0,
    deprecated: (bits & DEPRECATED) !== 0,
    temporary: (bits & TEMPORARY) !== 0,
  };
}

/** What is assumed where the system does not tell. */
export const NO_FLAGS: AddressFlags = {
  tentative: false,
  duplicate: false,
  deprecated: false,
  temporary: false,
};
