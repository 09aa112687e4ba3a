import { addressFromBytes, familyOf, type IpAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import type { DefaultRoute } from '../../model/snapshot.ts';

/** include/uapi/linux/route.h and ipv6_route.h */
const UP = 0x0001;
const GATEWAY = 0x0002;
const REJECT = 0x0200;
const CACHE = 0x01000000;

/**
 * The default routes of /proc/net/route: columns Iface Destination Gateway Flags RefCnt Use Metric Mask. Only the main table is there.
 * The file prints addresses as numbers of the host, so the order of octets is the processor's (`endianness` as `os.endianness()` says).
 * Lines that do not fit are left out.
 */
export function parseRoutes4(text: string, endianness: 'LE' | 'BE'): readonly DefaultRoute[] {
  return text.split('\n').flatMap((line): readonly DefaultRoute[] => {
    const [name = '', destination = '', gateway = '', flags = '', , , metric = '', mask = ''] = line
      .trim()
      .split(/\s+/);
    if (destination !== '00000000' || mask !== '00000000') return [];
    if (!/^[0-9a-f]{8}$/i.test(gateway) || !/^[0-9a-f]{1,8}$/i.test(flags) || !/^\d{1,10}$/.test(metric))
      return [];
    const octets = Buffer.from(gateway, 'hex');
    if (endianness === 'LE') octets.reverse();
    return route('ipv4', name, Number.parseInt(flags, 16), octets, Number(metric));
  });
}

const LINE6 =
  /^0{32} 00 [0-9a-f]{32} [0-9a-f]{2} ([0-9a-f]{32}) ([0-9a-f]{8}) [0-9a-f]{8} [0-9a-f]{8} ([0-9a-f]{8})\s+(\S+)$/;

/**
 * The default routes of /proc/net/ipv6_route. Here all tables are listed together and the table is not named. Defaults that hold for one source
 * prefix only (`default from 2001:db8::/56`, usual on home routers) count like any other. Lines that do not fit are left out.
 */
export function parseRoutes6(text: string): readonly DefaultRoute[] {
  // A router may hold a hundred thousand routes: only lines that can be a default are looked at closely.
  return text.split('\n').flatMap((line): readonly DefaultRoute[] => {
    if (!line.startsWith(DEFAULT6)) return [];
    const match = LINE6.exec(line.trimEnd());
    if (match === null) return [];
    const [, gateway = '', metric = '', flags = '', name = ''] = match;
    return route(
      'ipv6',
      name,
      Number.parseInt(flags, 16),
      Buffer.from(gateway, 'hex'),
      Number.parseInt(metric, 16),
    );
  });
}

const DEFAULT6 = `${'0'.repeat(32)} 00 `;

function route(
  family: Family,
  name: string,
  flags: number,
  gatewayBytes: Uint8Array,
  metric: number,
): readonly DefaultRoute[] {
  // `unreachable default` stands on lo (IPv6) or * (IPv4) and leads nowhere.
  if ((flags & UP) === 0 || (flags & (REJECT | CACHE)) !== 0 || name === 'lo' || name === '*') return [];
  if ((flags & GATEWAY) === 0) return [{ family, interface: name, metric }];
  const gateway = addressFromBytes(gatewayBytes);
  if (gateway === undefined || !fits(gateway, family)) return [];
  return [{ family, interface: name, gateway, metric }];
}

const fits = (address: IpAddress, family: Family): boolean => familyOf(address) === family;
