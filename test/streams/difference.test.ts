import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, familyOf } from '../../src/model/address.ts';
import type { AddressFlags, DefaultRoute, NetworkInterface, Snapshot } from '../../src/model/snapshot.ts';
import { difference } from '../../src/streams/difference.ts';

/** `2001:db8::1 deprecated`, `192.0.2.10/25`: an address as the table writes it. */
function entry(text: string): NetworkInterface['addresses'][number] {
  const [place = '', ...marks] = text.split(' ');
  const [written = '', length] = place.split('/');
  const value = address(written);
  const flag = (name: keyof AddressFlags): boolean => marks.includes(name);
  return {
    address: value,
    family: familyOf(value),
    prefixLength: Number(length ?? (familyOf(value) === 'ipv4' ? 24 : 64)),
    flags: {
      tentative: flag('tentative'),
      duplicate: flag('duplicate'),
      deprecated: flag('deprecated'),
      temporary: flag('temporary'),
    },
  };
}

const link = (
  name: string,
  addresses: readonly string[],
  more: Partial<NetworkInterface> = {},
): NetworkInterface => ({
  name,
  index: 2,
  running: true,
  loopback: false,
  virtual: false,
  mac: '02:00:00:00:00:01',
  addresses: addresses.map(entry),
  ...more,
});

const route = (name: string, gateway?: string, metric = 100): DefaultRoute => ({
  family: gateway?.includes(':') ? 'ipv6' : 'ipv4',
  interface: name,
  metric,
  ...(gateway === undefined ? {} : { gateway: address(gateway) }),
});

const snapshot = (interfaces: readonly NetworkInterface[], ...routes: readonly DefaultRoute[]): Snapshot => ({
  interfaces,
  routes,
});

const lo = link('lo', ['127.0.0.1/8', '::1/128'], { index: 1, loopback: true });
const V4 = '192.0.2.10';
const V6 = '2001:db8:1::10';
const LOCAL = 'fe80::1:2:3:4';
const via4 = route('eth0', '192.0.2.1');
const via6 = route('eth0', 'fe80::1');
const both = snapshot([lo, link('eth0', [V4, V6, LOCAL])], via4, via6);
const only4 = snapshot([lo, link('eth0', [V4])], via4);
const dead = snapshot([lo]);
const eth0 = (...addresses: string[]) => snapshot([lo, link('eth0', addresses)], via4, via6);
const beside = (other: NetworkInterface, ...routes: DefaultRoute[]) =>
  snapshot([lo, ...both.interfaces.slice(1), other], via4, via6, ...routes);

const table: readonly [
  name: string,
  before: Snapshot | undefined,
  after: Snapshot,
  reasons: string,
  dead?: 'dead',
][] = [
  ['the first snapshot is the initial state', undefined, both, 'initial_state'],
  ['a first snapshot without any network is the initial state too', undefined, dead, 'initial_state'],
  ['equal snapshots do nothing', both, eth0(V4, V6, LOCAL), ''],
  ['addresses in another order do nothing', both, eth0(LOCAL, V6, V4), ''],
  [
    'interfaces and routes in another order do nothing',
    both,
    snapshot([...both.interfaces].reverse(), via6, via4),
    '',
  ],
  ['a bare interface appears', both, beside(link('eth1', [])), ''],
  ['an interface with a link-local address appears', both, beside(link('eth1', ['fe80::9'])), ''],
  [
    'an interface with a self-assigned 169.254 address appears',
    both,
    beside(link('eth1', ['169.254.1.2'])),
    '',
  ],
  ['a multicast address appears', both, eth0(V4, V6, LOCAL, 'ff02::1:3'), ''],
  ['docker0 appears', both, beside(link('docker0', ['172.17.0.1'], { virtual: true })), ''],
  [
    'a tunnel with a global address appears',
    both,
    beside(link('wg0', ['2001:db8:9::1'], { virtual: true })),
    '',
  ],
  [
    'a tunnel that the operator names gets another address',
    beside(link('wg0', ['2001:db8:9::1'], { virtual: true, named: true })),
    beside(link('wg0', ['2001:db8:9::2'], { virtual: true, named: true })),
    'addresses_changed_ipv6',
    'dead',
  ],
  [
    'a named loopback gets a global address',
    snapshot([{ ...lo, named: true }, link('eth0', [V4])], via4),
    snapshot([link('lo', ['127.0.0.1/8', V6], { loopback: true, named: true }), link('eth0', [V4])], via4),
    'family_appeared',
  ],
  [
    'a loopback that nobody names gets a global address',
    only4,
    snapshot([link('lo', ['127.0.0.1/8', V6], { loopback: true }), link('eth0', [V4])], via4),
    '',
  ],
  [
    'a named interface that is down gets an address',
    beside(link('wg0', [], { virtual: true, named: true, running: false })),
    beside(link('wg0', ['2001:db8:9::2'], { virtual: true, named: true, running: false })),
    '',
  ],
  [
    'a tunnel takes over the default route',
    both,
    beside(link('wg0', ['2001:db8:9::1'], { virtual: true }), route('wg0', undefined, 50)),
    'default_interface_changed',
    'dead',
  ],
  [
    'an interface that is not running has an address',
    both,
    beside(link('eth1', ['192.0.2.77'], { running: false })),
    '',
  ],
  [
    'a ULA appears, which an operator may publish',
    both,
    eth0(V4, V6, LOCAL, 'fd00::1'),
    'addresses_changed_ipv6',
  ],
  ['a private address appears', both, eth0(V4, V6, LOCAL, '10.0.0.5'), 'addresses_changed_ipv4'],
  ['the IPv4 address is replaced', both, eth0('192.0.2.11', V6, LOCAL), 'addresses_changed_ipv4', 'dead'],
  ['the IPv6 address is replaced', both, eth0(V4, '2001:db8:2::10', LOCAL), 'addresses_changed_ipv6', 'dead'],
  [
    'an address is added beside the old one',
    both,
    eth0(V4, V6, '2001:db8:1::11', LOCAL),
    'addresses_changed_ipv6',
  ],
  ['an address still being checked appears', both, eth0(V4, V6, `${V6}1 tentative`, LOCAL), ''],
  ['the check ends', eth0(V4, V6, `${V6}1 tentative`), eth0(V4, V6, `${V6}1`), 'addresses_changed_ipv6'],
  ['the check finds a duplicate', eth0(V4, V6, `${V6}1 tentative`), eth0(V4, V6, `${V6}1 duplicate`), ''],
  ['the address becomes deprecated', both, eth0(V4, `${V6} deprecated`, LOCAL), 'addresses_changed_ipv6'],
  ['a temporary address appears', both, eth0(V4, V6, `${V6}2 temporary`, LOCAL), 'addresses_changed_ipv6'],
  ['only the prefix length differs', both, eth0(`${V4}/25`, V6, LOCAL), ''],
  [
    'only index and hardware address differ',
    only4,
    snapshot([lo, link('eth0', [V4], { index: 9, mac: '02:00:00:00:00:02' })], via4),
    '',
  ],
  [
    'IPv6 is lost',
    both,
    snapshot([lo, link('eth0', [V4, LOCAL])], via4),
    'default_interface_changed family_disappeared',
    'dead',
  ],
  ['IPv6 appears', only4, both, 'default_interface_changed family_appeared'],
  [
    'the link goes down',
    both,
    snapshot([lo, link('eth0', [V4], { running: false })], via4),
    'default_interface_changed family_disappeared',
    'dead',
  ],
  ['the link comes up', dead, only4, 'default_interface_changed family_appeared'],
  ['from dead to dead, though a route changes', dead, snapshot([lo, link('eth0', [LOCAL])], via4), ''],
  [
    'from no interface to one that is down',
    dead,
    snapshot([lo, link('eth0', [V4], { running: false })], via4),
    '',
  ],
  [
    'the IPv4 gateway changes',
    both,
    snapshot(both.interfaces, route('eth0', '192.0.2.254'), via6),
    'gateway_changed',
    'dead',
  ],
  [
    'the link-local IPv6 gateway changes',
    both,
    snapshot(both.interfaces, via4, route('eth0', 'fe80::2')),
    'gateway_changed',
    'dead',
  ],
  [
    'the default route moves to another interface',
    beside(link('wlan0', ['198.51.100.7']), route('wlan0', '198.51.100.1', 600)),
    beside(link('wlan0', ['198.51.100.7']), route('wlan0', '198.51.100.1', 50)),
    'default_interface_changed',
    'dead',
  ],
  [
    'a second default route of higher metric appears',
    beside(link('wlan0', ['198.51.100.7'])),
    beside(link('wlan0', ['198.51.100.7']), route('wlan0', '198.51.100.1', 600)),
    '',
  ],
  [
    'the better default route belongs to an interface that is down',
    both,
    beside(link('wlan0', [], { running: false }), route('wlan0', '198.51.100.1', 1)),
    '',
  ],
  ['only the metric changes', both, snapshot(both.interfaces, route('eth0', '192.0.2.1', 7), via6), ''],
];

describe('difference', () => {
  it.each(table)('%s', (_name, before, after, reasons, connections) => {
    const found = difference(before, after);
    expect([...found.reasons].sort().join(' ')).toBe(reasons);
    expect(found.act).toBe(reasons !== '');
    expect(found.networkChanged).toBe(connections === 'dead');
  });

  it('names exactly what broke equality', () => {
    const after = snapshot(
      [
        lo,
        link('eth0', ['192.0.2.11', `${V6} deprecated`, `${LOCAL}/10`], { index: 5 }),
        link('eth1', ['fe80::9']),
      ],
      via4,
    );
    expect(difference(both, after).differences).toEqual([
      'eth0: 192.0.2.10 is gone',
      'eth0: 192.0.2.11 is new',
      'eth0: 2001:db8:1::10 is now deprecated',
      'eth0: fe80::1:2:3:4 is now in a /10',
      'eth0: index was 2, is 5',
      'eth1 is new',
      'eth1: fe80::9 is new',
      'ipv6 default route via fe80::1 dev eth0 metric 100 is gone',
    ]);
  });

  const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
    interfaces: fc.uniqueArray(
      fc
        .tuple(
          fc.constantFrom('lo', 'eth0', 'wlan0', 'docker0'),
          fc.uniqueArray(
            fc.constantFrom(V4, V6, LOCAL, '10.0.0.1', 'fd00::1', `${V6}1 tentative`, `${V6}2 temporary`),
          ),
          fc.record({ running: fc.boolean(), virtual: fc.boolean(), index: fc.integer({ min: 1, max: 3 }) }),
        )
        .map(([name, addresses, more]) => link(name, addresses, { ...more, loopback: name === 'lo' })),
      { selector: (owner) => owner.name },
    ),
    routes: fc.uniqueArray(
      fc
        .tuple(
          fc.constantFrom('eth0', 'wlan0', 'docker0'),
          fc.constantFrom('192.0.2.1', '192.0.2.2', 'fe80::1', undefined),
          fc.constantFrom(0, 100),
        )
        .map(([name, gateway, metric]) => route(name, gateway, metric)),
      { selector: (one) => JSON.stringify(one) },
    ),
  });

  const shuffled = (given: Snapshot): fc.Arbitrary<Snapshot> =>
    fc.record({
      interfaces: fc
        .tuple(
          ...given.interfaces.map((owner) =>
            fc
              .shuffledSubarray([...owner.addresses], { minLength: owner.addresses.length })
              .map((addresses) => ({ ...owner, addresses })),
          ),
        )
        .chain((owners) => fc.shuffledSubarray(owners, { minLength: owners.length })),
      routes: fc.shuffledSubarray([...given.routes], { minLength: given.routes.length }),
    });

  it('never finds anything between a snapshot and itself, in whatever order', () => {
    const pair = anySnapshot.chain((given) => fc.tuple(fc.constant(given), shuffled(given)));
    fc.assert(
      fc.property(pair, ([one, other]) => {
        expect(difference(one, other)).toEqual({
          differences: [],
          act: false,
          reasons: [],
          networkChanged: false,
        });
      }),
    );
  });

  it('says the same whatever the order of either side', () => {
    const pairs = fc
      .tuple(anySnapshot, anySnapshot)
      .chain(([a, b]) => fc.tuple(fc.constant(a), fc.constant(b), shuffled(a), shuffled(b)));
    fc.assert(
      fc.property(pairs, ([a, b, otherA, otherB]) => {
        expect(difference(otherA, otherB)).toEqual(difference(a, b));
      }),
    );
  });

  it('acts only where something differs, and calls connections dead only where it acts', () => {
    fc.assert(
      fc.property(anySnapshot, anySnapshot, (a, b) => {
        const found = difference(a, b);
        if (found.act) expect(found.differences).not.toEqual([]);
        if (found.networkChanged) expect(found.act).toBe(true);
      }),
    );
  });
});

describe('a VPN that takes the traffic over without a default route', () => {
  const link = (name: string, text: string, more: Partial<NetworkInterface> = {}): NetworkInterface => ({
    name,
    index: 2,
    running: true,
    loopback: false,
    virtual: false,
    addresses: [
      {
        address: address(text),
        family: 'ipv4',
        prefixLength: 24,
        flags: { tentative: false, duplicate: false, deprecated: false, temporary: false },
      },
    ],
    ...more,
  });
  const by = (name?: string): Snapshot => ({
    interfaces: [
      link('eth0', '192.168.1.2'),
      link('eth1', '192.168.2.2'),
      link('wg0', '10.8.0.2', { virtual: true, tunnel: true }),
    ],
    routes: [{ family: 'ipv4', interface: 'eth0', metric: 0 }],
    ...(name !== undefined && { waysOut: { ipv4: name } }),
  });

  it('is a change of the network, when it comes and when it goes', () => {
    for (const [before, after] of [
      ['eth0', 'wg0'],
      ['wg0', 'eth0'],
    ]) {
      expect(difference(by(before), by(after))).toEqual({
        differences: [`ipv4 left by ${before}, leaves by ${after}`],
        act: true,
        reasons: ['default_interface_changed'],
        networkChanged: true,
      });
    }
  });

  it('is none where nobody knows, or where two plain ways share the traffic', () => {
    expect(difference(by(), by('wg0'))).toMatchObject({ act: false, differences: ['ipv4 leaves by wg0'] });
    expect(difference(by('wg0'), by())).toMatchObject({ act: false, differences: ['ipv4 has no way out'] });
    expect(difference(by('eth0'), by('eth1'))).toMatchObject({ act: false });
  });
});
