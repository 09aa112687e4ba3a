import ipaddr from 'ipaddr.js';
import type { Family } from './family.ts';

/** One address in canonical text: dotted IPv4, or IPv6 as RFC 5952 writes it. Never with a zone or a prefix length. */
export type IpAddress = string & { readonly __brand: 'IpAddress' };

/**
 * What kind of address this is, as far as publication is concerned. `global` is global unicast; every other class
 * is published only where the operator allows it by this very name.
 * Ranges: RFC 6890 and the IANA special-purpose registries.
 */
export type AddressClass =
  | 'global'
  | 'private'
  | 'cgnat'
  | 'ula'
  | 'documentation'
  | 'benchmark'
  | 'link_local'
  | 'loopback'
  | 'multicast'
  | 'reserved';

/** The classes an operator may allow. Nobody else can reach the rest, so they are never published. */
export const ALLOWABLE_CLASSES = ['private', 'cgnat', 'ula', 'documentation', 'benchmark'] as const;
export type AllowableClass = (typeof ALLOWABLE_CLASSES)[number];

const RANGES: ReadonlyArray<readonly [AddressClass, readonly string[]]> = [
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['link_local', ['169.254.0.0/16', 'fe80::/10']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']],
  ['cgnat', ['100.64.0.0/10']],
  ['ula', ['fc00::/7']],
  // fec0::/10 (deprecated site-local, RFC 3879) falls to `reserved` below, being outside 2000::/3.
  ['documentation', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']],
  ['benchmark', ['198.18.0.0/15', '2001:2::/48']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  // 2002::/16 (6to4, RFC 7526), 2001::/32 (Teredo), ORCHIDs: inside 2000::/3 and yet nothing to publish.
  [
    'reserved',
    [
      '0.0.0.0/8',
      '192.0.0.0/24',
      '192.88.99.0/24',
      '240.0.0.0/4',
      '2001::/32',
      '2001:10::/28',
      '2001:20::/28',
      '2002::/16',
    ],
  ],
];

type Block = readonly [AddressClass, ipaddr.IPv4 | ipaddr.IPv6, number];

const BLOCKS: readonly Block[] = RANGES.flatMap(([name, blocks]) =>
  blocks.map((block): Block => {
    const [address, bits] = ipaddr.parseCIDR(block);
    return [name, address, bits];
  }),
);

const GLOBAL_UNICAST_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

// ipaddr.js also reads 0x7f.1, 010.0.0.1 and 2130706433; an address on the wire is never written like that.
const DOTTED_QUAD = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const COLON_TEXT = /^[0-9a-fA-F:.]{2,45}$/;

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const plausible = DOTTED_QUAD.test(text) || (COLON_TEXT.test(text) && text.includes(':'));
  if (!plausible || !ipaddr.isValid(text)) return undefined;
  const address = ipaddr.parse(text);
  // ::ffff:192.0.2.1 says "this is IPv4": it is taken as that, never published as AAAA.
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address;
}

/** Reads one address; the whole text must be it. Answers `undefined` for anything else, zone indexes included. */
export function parseAddress(text: string): IpAddress | undefined {
  const address = parse(text);
  if (address === undefined) return undefined;
  return (address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()) as IpAddress;
}

/** Reads an address that the program itself wrote or that a test gives. @throws TypeError if it is none. */
export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new TypeError(`not an IP address: ${text}`);
  return parsed;
}

export function familyOf(address: IpAddress): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** The class of an address; `reserved` for everything that is neither global unicast nor in a named range. */
export function classify(address: IpAddress): AddressClass {
  const parsed = ipaddr.parse(address);
  for (const [name, network, bits] of BLOCKS) {
    if (parsed.kind() === network.kind() && parsed.match(network, bits)) return name;
  }
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_UNICAST_IPV6)) return 'reserved';
  return 'global';
}

/** Orders addresses by value, IPv4 first; for stable output and comparison as sets. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  const left = ipaddr.parse(a).toByteArray();
  const right = ipaddr.parse(b).toByteArray();
  if (left.length !== right.length) return left.length - right.length;
  for (const [index, byte] of left.entries()) {
    const difference = byte - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True if both hold the same addresses, whatever their order. */
export function sameAddresses(a: readonly IpAddress[], b: readonly IpAddress[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((address) => right.has(address));
}

export function addressBytes(address: IpAddress): Uint8Array {
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}

/** The address of 4 or 16 octets; `undefined` for any other length. */
export function addressFromBytes(bytes: Uint8Array): IpAddress | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined;
  return parseAddress(ipaddr.fromByteArray([...bytes]).toString());
}
