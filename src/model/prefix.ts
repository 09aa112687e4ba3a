import ipaddr from 'ipaddr.js';
import { addressBytes, addressFromBytes, familyOf, type IpAddress } from './address.ts';

/** Bits of an IPv6 address (RFC 4291 section 2). */
const BITS = 128;

/** Bits of prefix where nothing else is known: interface identifiers have 64 bits (RFC 4291 section 2.5.1). */
export const USUAL_PREFIX = 64;

/**
 * The first `length` bits of `address`, then the rest of `suffix`. What `suffix` has within the prefix does not count; `fitsBehind` tells
 * whether it has any.
 * @throws RangeError if the length is not from 0 to 128 or one of them is no IPv6 address.
 */
export function combine(address: IpAddress, length: number, suffix: IpAddress): IpAddress {
  const prefix = octetsOf(address);
  const rest = octetsOf(suffix);
  const combined = addressFromBytes(
    prefix.map((octet, index) => {
      const mask = maskOf(length, index);
      return (octet & mask) | ((rest[index] ?? 0) & ~mask & 0xff);
    }),
  );
  if (combined === undefined) throw new RangeError('16 octets are an address');
  return combined;
}

/** True if the suffix has no bit within a prefix of this length. */
export function fitsBehind(length: number, suffix: IpAddress): boolean {
  return octetsOf(suffix).every((octet, index) => (octet & maskOf(length, index)) === 0);
}

/**
 * Bits of prefix to put a suffix behind: as given, else those of the address on its own link. A length of 128 is a host route (DHCPv6 gives
 * addresses so) and says nothing of the link.
 */
export function prefixLengthOf(given: number | undefined, own: number | undefined): number {
  return given ?? (own === undefined || own >= BITS ? USUAL_PREFIX : own);
}

/** Reads a suffix: the whole text must be one IPv6 address, such as `::1:2`; `undefined` for anything else. */
export function parseSuffix(text: string): IpAddress | undefined {
  // Not `parseAddress`: ::ffff:1:2 is a suffix like any other and no IPv4 address in disguise.
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text).toRFC5952String() as IpAddress;
}

/** Six octets of a network card: `00:11:22:33:44:55` or `00-11-22-33-44-55`; `undefined` for anything else. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(/[:-]/).map((octet) => Number.parseInt(octet, 16)));
}

/** True for the address of a group of cards: no card has it as its own (IEEE 802, the lowest bit of the first octet). */
export const isGroupMac = (mac: Uint8Array): boolean => ((mac[0] ?? 0) & 1) === 1;

/**
 * The suffix that a host makes of its card's address: ff:fe in the middle, the universal/local bit turned (RFC 4291 appendix A).
 * @throws RangeError unless it has six octets.
 */
export function eui64(mac: Uint8Array): IpAddress {
  const [first = 0, ...rest] = mac;
  const suffix = addressFromBytes(
    Uint8Array.from([
      ...new Array(8).fill(0),
      first ^ 0x02,
      ...rest.slice(0, 2),
      0xff,
      0xfe,
      ...rest.slice(2),
    ]),
  );
  if (mac.length !== 6 || suffix === undefined) throw new RangeError('the address of a card has six octets');
  return suffix;
}

/** Of one octet of an address, the bits that are within the prefix. */
function maskOf(length: number, index: number): number {
  if (!Number.isInteger(length) || length < 0 || length > BITS)
    throw new RangeError(`no prefix has ${length} bits`);
  const bits = Math.min(8, Math.max(0, length - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

function octetsOf(address: IpAddress): Uint8Array {
  if (familyOf(address) !== 'ipv6') throw new RangeError(`${address} is no IPv6 address`);
  return addressBytes(address);
}
