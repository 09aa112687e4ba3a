import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInet6 } from '../../../src/sources/snapshot/inet6.ts';
import { linksFrom } from '../../../src/sources/snapshot/links.ts';
import { parseRoutes4, parseRoutes6 } from '../../../src/sources/snapshot/routes.ts';
import { nameMatcher, virtualNames } from '../../../src/sources/snapshot/virtual.ts';

const recorded = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');

describe('/proc/net/if_inet6', () => {
  it('gives every address with its flags, as recorded', () => {
    const flagged = parseInet6(recorded('if_inet6')).map(({ interface: name, address }) => {
      const flags = Object.entries(address.flags).flatMap(([flag, set]) => (set ? [flag] : []));
      return [name, `${address.address}/${address.prefixLength}`, ...flags].join(' ');
    });
    expect([...flagged].sort()).toEqual([
      'lo ::1/128',
      'wan0 2001:db8:1::10/64',
      'wan0 2001:db8:1::11/64 deprecated',
      'wan0 2001:db8:1::12/64 tentative',
      'wan0 fe80::f889:d5ff:febe:2140/64',
    ]);
  });

  it.each([
    ['temporary', 0x01],
    ['tentative', 0x04],
    ['duplicate', 0x08],
    ['deprecated', 0x20],
    ['tentative', 0x40],
  ])('%s is flag %i', (flag, bit) => {
    const line = `20010db8000000000000000000000001 02 40 00 ${bit.toString(16).padStart(2, '0')}     eth0`;
    const flags = parseInet6(line)[0]?.address.flags;
    expect(Object.entries(flags ?? {}).filter(([, set]) => set)).toEqual([[flag, true]]);
  });
});

describe('/proc/net/route', () => {
  it('gives the default routes of the main table, as recorded', () => {
    expect(parseRoutes4(recorded('route'), 'LE')).toEqual([
      { family: 'ipv4', interface: 'wan0', gateway: '192.0.2.1', metric: 100 },
      { family: 'ipv4', interface: 'far0', metric: 500 },
    ]);
  });

  it('reads the octets in the order of a big-endian processor', () => {
    const line = 'eth0\t00000000\tC0000201\t0003\t0\t0\t0\t00000000\t0\t0\t0';
    expect(parseRoutes4(line, 'BE')[0]?.gateway).toBe('192.0.2.1');
  });

  it.each([
    ['is not up', 'eth0\t00000000\t010200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0'],
    ['is unreachable', '*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0'],
    ['is half of a tunnel', 'tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0'],
  ])('leaves out a route that %s', (_name, line) => {
    expect(parseRoutes4(line, 'LE')).toEqual([]);
  });
});

describe('/proc/net/ipv6_route', () => {
  it('gives default routes with link-local gateways, on-link ones, and ones for a source prefix; not the unreachable one', () => {
    expect(parseRoutes6(recorded('ipv6_route'))).toEqual(
      expect.arrayContaining([
        { family: 'ipv6', interface: 'wan0', gateway: 'fe80::1', metric: 100 },
        { family: 'ipv6', interface: 'far0', metric: 2000 },
      ]),
    );
    expect(parseRoutes6(recorded('ipv6_route'))).toHaveLength(2);
    const fromPrefix =
      '00000000000000000000000000000000 00 20010db8000100000000000000000000 38 fe800000000000000000000000000001 00000200 00000001 00000000 00000003     wan';
    expect(parseRoutes6(fromPrefix)[0]?.gateway).toBe('fe80::1');
  });
});

describe('any text', () => {
  it('never throws, and never gives what is not there', () => {
    const lines = [recorded('if_inet6'), recorded('route'), recorded('ipv6_route')].flatMap((text) =>
      text.split('\n'),
    );
    // Real lines with one place damaged reach further into a parser than noise does.
    const damaged = fc
      .tuple(fc.constantFrom(...lines), fc.nat(150), fc.string({ maxLength: 5 }))
      .map(([line, at, put]) => line.slice(0, at) + put + line.slice(at + put.length));
    const text = fc
      .array(fc.oneof(damaged, fc.string(), fc.string({ unit: 'binary' })))
      .map((parts) => parts.join('\n'));
    fc.assert(
      fc.property(text, fc.constantFrom('LE' as const, 'BE' as const), (garbage, endianness) => {
        for (const route of [...parseRoutes4(garbage, endianness), ...parseRoutes6(garbage)]) {
          expect(route.interface).not.toBe('');
          expect(Number.isSafeInteger(route.metric)).toBe(true);
        }
        for (const entry of parseInet6(garbage)) expect(entry.address.prefixLength).toBeLessThanOrEqual(128);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the listing of os.networkInterfaces', () => {
  const ipv4 = {
    family: 'IPv4',
    netmask: '255.255.255.0',
    mac: '02:00:00:AA:00:01',
    internal: false,
  } as const;

  it('puts a labelled address to its interface, drops zones, and learns the number from a scope', () => {
    const links = linksFrom({
      'eth0:1': [{ ...ipv4, address: '192.0.2.11', cidr: '192.0.2.11/24', mac: '00:00:00:00:00:00' }],
      eth0: [
        { ...ipv4, address: '192.0.2.10', cidr: '192.0.2.10/24' },
        { ...ipv4, family: 'IPv6', address: 'fe80::1%eth0', cidr: 'fe80::1/64', scopeid: 7 },
      ],
    });
    expect(links).toHaveLength(1);
    expect(links[0]).toMatchObject({
      name: 'eth0',
      index: 7,
      running: true,
      loopback: false,
      mac: '02:00:00:aa:00:01',
    });
    expect(links[0]?.addresses.map((entry) => entry.address)).toEqual([
      '192.0.2.11',
      '192.0.2.10',
      'fe80::1',
    ]);
  });
});

describe('names of virtual links', () => {
  it.each([
    ['linux', 'docker0', true],
    ['linux', 'br-0123456789ab', true],
    ['linux', 'br-lan', false],
    ['linux', 'br0', false],
    ['linux', 'wg0', true],
    ['linux', 'wlan0', false],
    ['linux', 'eth0', false],
    ['linux', 'ppp0', false],
    ['darwin', 'utun3', true],
    ['darwin', 'en0', false],
    ['win32', 'vEthernet (Default Switch)', true],
    ['win32', 'Ethernet 2', false],
  ] as const)('%s: %s is %s', (platform, name, expected) => {
    expect(nameMatcher(virtualNames(platform))(name)).toBe(expected);
  });
});
