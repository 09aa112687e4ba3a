import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALLOWABLE_CLASSES, address, classify } from '../../../src/model/address.ts';
import type { Family } from '../../../src/model/family.ts';
import type { NetworkInterface, Snapshot } from '../../../src/model/snapshot.ts';
import { type ChooseOptions, chooseAddress } from '../../../src/sources/addresses/choose.ts';
import { link, route, snapshotOf } from './fixtures.ts';

interface Case {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly family: Family;
  readonly options?: Partial<ChooseOptions>;
  readonly sticky?: string;
  readonly gives: string;
  readonly why?: RegExp;
}

const GLOBAL_4 = '8.8.4.4';
const OPAQUE = '2a00:1450::8a2e:370:7334:1111';
const FROM_MAC = '2a00:1450::211:22ff:fe33:4455';

/** An interface whose addresses have these preferred lifetimes, in seconds. */
function aged(name: string, lifetimes: Readonly<Record<string, number | undefined>>): NetworkInterface {
  const plain = link(name, Object.keys(lifetimes));
  return {
    ...plain,
    addresses: plain.addresses.map((one) => {
      const preferredLifetime = lifetimes[one.address];
      return preferredLifetime === undefined ? one : { ...one, preferredLifetime };
    }),
  };
}

const cases: readonly Case[] = [
  {
    name: 'takes the one global address of the only interface',
    snapshot: snapshotOf([link('eth0', [GLOBAL_4])], [route('ipv4', 'eth0')]),
    family: 'ipv4',
    gives: GLOBAL_4,
    why: /^the only candidate \(eth0 8\.8\.4\.4\)$/,
  },
  {
    name: 'takes the interface of the default route before others, whatever the values',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1']), link('eth1', ['8.8.9.9'])], [route('ipv4', 'eth1')]),
    family: 'ipv4',
    gives: '8.8.9.9',
    why: /of 2 candidates .*on the interface of the default route/,
  },
  {
    name: 'takes the default route of the lowest metric',
    snapshot: snapshotOf(
      [link('eth0', ['8.8.1.1']), link('wlan0', ['8.8.9.9'])],
      [route('ipv4', 'eth0', 600), route('ipv4', 'wlan0', 100)],
    ),
    family: 'ipv4',
    gives: '8.8.9.9',
  },
  {
    name: 'does not let a cheaper default route decide whose interface is down',
    snapshot: snapshotOf(
      [link('eth0', ['8.8.1.1']), link('eth1', ['8.8.9.9']), link('wlan0', [], { running: false })],
      [route('ipv4', 'wlan0', 50), route('ipv4', 'eth1', 100)],
    ),
    family: 'ipv4',
    gives: '8.8.9.9',
    why: /on the interface of the default route/,
  },
  {
    name: 'takes the default route of an ordinary interface before that of a tunnel with the same metric',
    snapshot: snapshotOf(
      [link('eth0', ['8.8.9.9']), link('a-tunnel', ['8.8.1.1'], { virtual: true })],
      [route('ipv4', 'a-tunnel'), route('ipv4', 'eth0')],
    ),
    family: 'ipv4',
    gives: '8.8.9.9',
  },
  {
    name: 'leaves a virtual interface alone that is named elsewhere only',
    snapshot: snapshotOf([
      link('eth0', ['10.0.0.2']),
      link('wg0', ['8.8.9.9'], { virtual: true, named: true }),
    ]),
    family: 'ipv4',
    gives: 'unavailable',
    why: /on a virtual interface/,
  },
  {
    name: 'takes a source address and no other, wherever it is',
    snapshot: snapshotOf([
      link('eth0', ['8.8.1.1', '8.8.9.9']),
      link('docker0', ['8.8.2.2'], { virtual: true }),
    ]),
    family: 'ipv4',
    options: { source: address('8.8.2.2') },
    gives: '8.8.2.2',
    why: /^the only candidate/,
  },
  {
    name: 'refuses to take another one where the host does not have the source address',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1'])], [route('ipv4', 'eth0')]),
    family: 'ipv4',
    options: { source: address('8.8.2.2') },
    gives: 'unavailable',
    why: /^this host does not have 8\.8\.2\.2$/,
  },
  {
    name: 'refuses a source address that is on another interface than the one named',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1']), link('eth1', ['8.8.2.2'])]),
    family: 'ipv4',
    options: { interface: 'eth0', source: address('8.8.2.2') },
    gives: 'unavailable',
    why: /^eth0 does not have 8\.8\.2\.2$/,
  },
  {
    name: 'does not let the default route of the other family decide',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1']), link('eth1', ['8.8.9.9'])], [route('ipv6', 'eth1')]),
    family: 'ipv4',
    gives: '8.8.1.1',
    why: /lowest value/,
  },
  {
    name: 'takes another interface if the one of the default route has nothing fit',
    snapshot: snapshotOf([link('eth0', ['10.0.0.2']), link('eth1', ['8.8.9.9'])], [route('ipv4', 'eth0')]),
    family: 'ipv4',
    gives: '8.8.9.9',
  },
  {
    name: 'leaves a virtual interface alone even if it has the only global address',
    snapshot: snapshotOf([link('eth0', ['10.0.0.2']), link('wg0', ['8.8.9.9'], { virtual: true })]),
    family: 'ipv4',
    gives: 'unavailable',
    why: /1 private \(eth0 10\.0\.0\.2\), 1 on a virtual interface \(wg0 8\.8\.9\.9\): .*name the interface/,
  },
  {
    name: 'takes a virtual interface that has the default route',
    snapshot: snapshotOf([link('ppp0', [GLOBAL_4], { virtual: true })], [route('ipv4', 'ppp0')]),
    family: 'ipv4',
    gives: GLOBAL_4,
  },
  {
    name: 'takes a virtual interface that is named',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1']), link('wg0', ['8.8.9.9'], { virtual: true })]),
    family: 'ipv4',
    options: { interface: 'wg0' },
    gives: '8.8.9.9',
  },
  {
    name: 'says so if the named interface does not exist',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1'])]),
    family: 'ipv4',
    options: { interface: 'eth7' },
    gives: 'unavailable',
    why: /there is no interface eth7/,
  },
  {
    name: 'says so if the named interface is down, and does not take its address for absent',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1'], { running: false }), link('eth1', ['8.8.9.9'])]),
    family: 'ipv4',
    options: { interface: 'eth0' },
    gives: 'unavailable',
    why: /eth0 is down or without carrier/,
  },
  {
    name: 'leaves out the address of an interface without carrier',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1'], { running: false }), link('eth1', ['8.8.9.9'])]),
    family: 'ipv4',
    gives: '8.8.9.9',
  },
  {
    name: 'leaves out what stands on the loopback',
    snapshot: snapshotOf([link('lo', ['8.8.1.1'], { loopback: true }), link('eth0', ['8.8.9.9'])]),
    family: 'ipv4',
    gives: '8.8.9.9',
  },
  {
    name: 'leaves out temporary, deprecated, tentative and duplicate addresses',
    snapshot: snapshotOf([
      link('eth0', [
        '2a00:1450::1 temporary',
        '2a00:1450::2 deprecated',
        '2a00:1450::3 tentative',
        '2a00:1450::4 duplicate',
        '2a00:1450::5',
      ]),
    ]),
    family: 'ipv6',
    gives: '2a00:1450::5',
    why: /the only candidate/,
  },
  {
    name: 'prefers a temporary address where temporary addresses are asked for',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::5', '2a00:1450::9 temporary'])]),
    family: 'ipv6',
    options: { temporary: true },
    gives: '2a00:1450::9',
    why: /temporary as asked/,
  },
  {
    name: 'takes the stable address for want of a temporary one',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::5'])]),
    family: 'ipv6',
    options: { temporary: true },
    gives: '2a00:1450::5',
  },
  {
    name: 'takes a deprecated address last where deprecated ones are allowed',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1 deprecated', '2a00:1450::5'])]),
    family: 'ipv6',
    options: { deprecated: true },
    gives: '2a00:1450::5',
    why: /not deprecated/,
  },
  {
    name: 'takes the only address although it is deprecated where that is allowed',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1 deprecated'])]),
    family: 'ipv6',
    options: { deprecated: true },
    gives: '2a00:1450::1',
  },
  {
    name: 'names the remedy if all addresses are deprecated',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1 deprecated'])]),
    family: 'ipv6',
    gives: 'unavailable',
    why: /1 address, all deprecated .*set deprecated: true/,
  },
  {
    name: 'never takes a tentative or duplicate address, whatever is asked for',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1 tentative', '2a00:1450::2 duplicate'])]),
    family: 'ipv6',
    options: { temporary: true, deprecated: true, allow: ALLOWABLE_CLASSES },
    gives: 'unavailable',
    why: /duplicate address detection has not finished; another host/,
  },
  {
    name: 'names the class and the remedy if all addresses are private',
    snapshot: snapshotOf([link('eth0', ['10.0.0.5', '192.168.1.7', '172.16.0.9'])], [route('ipv4', 'eth0')]),
    family: 'ipv4',
    gives: 'unavailable',
    why: /^3 addresses, all private \(eth0 10\.0\.0\.5, .*\): add allow: \[private\] or a detector that asks outside$/,
  },
  {
    name: 'takes a private address where that is allowed',
    snapshot: snapshotOf([link('eth0', ['10.0.0.5'])], [route('ipv4', 'eth0')]),
    family: 'ipv4',
    options: { allow: ['private'] },
    gives: '10.0.0.5',
  },
  {
    name: 'takes a global address before an allowed private one',
    snapshot: snapshotOf([link('eth0', ['10.0.0.5', '100.64.0.9', GLOBAL_4])]),
    family: 'ipv4',
    options: { allow: ['private', 'cgnat'] },
    gives: GLOBAL_4,
    why: /global/,
  },
  {
    name: 'keeps the address chosen before while it is still fit',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1', '2a00:1450::2', '2a00:1450::3'])]),
    family: 'ipv6',
    sticky: '2a00:1450::2',
    gives: '2a00:1450::2',
    why: /chosen before/,
  },
  {
    name: 'lets go of the address chosen before when it becomes deprecated',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1', '2a00:1450::2 deprecated', '2a00:1450::3'])]),
    family: 'ipv6',
    sticky: '2a00:1450::2',
    gives: '2a00:1450::1',
  },
  {
    name: 'lets go of the address chosen before when the default route moves',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1']), link('eth1', ['8.8.9.9'])], [route('ipv4', 'eth1')]),
    family: 'ipv4',
    sticky: '8.8.1.1',
    gives: '8.8.9.9',
  },
  {
    name: 'prefers an opaque address to one made from the MAC address',
    snapshot: snapshotOf([link('eth0', [FROM_MAC, OPAQUE])]),
    family: 'ipv6',
    gives: OPAQUE,
    why: /not made from the MAC address/,
  },
  {
    name: 'takes the address made from the MAC address if it is the only one',
    snapshot: snapshotOf([link('eth0', [FROM_MAC])]),
    family: 'ipv6',
    gives: FROM_MAC,
  },
  {
    name: 'prefers the address that is preferred for longer, whatever the values',
    snapshot: snapshotOf([aged('eth0', { '2a00:1450::1': 600, '2a00:1450::2': 7_200 })]),
    family: 'ipv6',
    gives: '2a00:1450::2',
    why: /of 2 candidates .*: longest preferred lifetime$/,
  },
  {
    name: 'takes for ever for longer than anything',
    snapshot: snapshotOf([
      aged('eth0', { '2a00:1450::1': 4_000_000_000, '2a00:1450::2': Number.POSITIVE_INFINITY }),
    ]),
    family: 'ipv6',
    gives: '2a00:1450::2',
    why: /longest preferred lifetime/,
  },
  {
    name: 'takes lifetimes of one announcement, read a moment apart, for equal',
    snapshot: snapshotOf([aged('eth0', { '2a00:1450::1': 7_199, '2a00:1450::2': 7_200 })]),
    family: 'ipv6',
    gives: '2a00:1450::1',
    why: /: lowest value$/,
  },
  {
    name: 'stays with the address chosen before while it is preferred, for however short',
    snapshot: snapshotOf([aged('eth0', { '2a00:1450::1': 600, '2a00:1450::2': 7_200 })]),
    family: 'ipv6',
    sticky: '2a00:1450::1',
    gives: '2a00:1450::1',
    why: /: chosen before$/,
  },
  {
    name: 'takes a lifetime of 0 for deprecated before the flag says so',
    snapshot: snapshotOf([aged('eth0', { '2a00:1450::1': 0, '2a00:1450::2': 600 })]),
    family: 'ipv6',
    sticky: '2a00:1450::1',
    gives: '2a00:1450::2',
    why: /the only candidate/,
  },
  {
    name: 'lets lifetimes decide nothing where one of them is not known',
    snapshot: snapshotOf([aged('eth0', { '2a00:1450::1': undefined, '2a00:1450::2': 7_200 })]),
    family: 'ipv6',
    gives: '2a00:1450::1',
    why: /: lowest value$/,
  },
  {
    name: 'prefers an opaque address to one that lives longer',
    snapshot: snapshotOf([aged('eth0', { [FROM_MAC]: 7_200, [OPAQUE]: 600 })]),
    family: 'ipv6',
    gives: OPAQUE,
  },
  {
    name: 'takes the lowest of equals by value and not by text',
    snapshot: snapshotOf([link('eth0', ['8.8.10.1', '8.8.9.1'])]),
    family: 'ipv4',
    gives: '8.8.9.1',
    why: /lowest value/,
  },
  {
    name: 'takes the address of the suffix asked for',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1', '2a00:1450:0:1::1234'])]),
    family: 'ipv6',
    options: { suffix: address('::1234') },
    gives: '2a00:1450:0:1::1234',
  },
  {
    name: 'takes no other if the suffix is missing',
    snapshot: snapshotOf([link('eth0', ['2a00:1450::1'])]),
    family: 'ipv6',
    options: { suffix: address('::1234') },
    gives: 'unavailable',
    why: /all of another suffix/,
  },
  {
    name: 'refuses a suffix for IPv4',
    snapshot: snapshotOf([link('eth0', [GLOBAL_4])]),
    family: 'ipv4',
    options: { suffix: address('::1234') },
    gives: 'unavailable',
    why: /IPv6 only/,
  },
  {
    name: 'knows that there is none on a host with link-local IPv6 only and no default route',
    snapshot: snapshotOf([link('eth0', ['fe80::1', GLOBAL_4])], [route('ipv4', 'eth0')]),
    family: 'ipv6',
    gives: 'absent',
    why: /no IPv6 address beyond link-local and no IPv6 default route/,
  },
  {
    name: 'does not take a default route without an address for absent',
    snapshot: snapshotOf([link('eth0', ['fe80::1'])], [route('ipv6', 'eth0')]),
    family: 'ipv6',
    gives: 'unavailable',
    why: /default route but no IPv6 address yet/,
  },
  {
    name: 'does not take an interface that has only just come up for absent',
    snapshot: snapshotOf([link('eth0', ['fe80::1 tentative'])]),
    family: 'ipv6',
    gives: 'unavailable',
    why: /only just/,
  },
  {
    name: 'does not take routes that could not be read for absent',
    snapshot: {
      ...snapshotOf([link('eth0', ['fe80::1'])]),
      unknown: { routes: ['ipv6'], addresses: [] },
    },
    family: 'ipv6',
    gives: 'unavailable',
    why: /^no IPv6 address, and the IPv6 default routes could not be read$/,
  },
  {
    name: 'does not take addresses that could not be read for absent',
    snapshot: { ...snapshotOf([link('eth0', [])]), unknown: { routes: [], addresses: ['ipv6'] } },
    family: 'ipv6',
    gives: 'unavailable',
    why: /^the IPv6 addresses of this host could not be read$/,
  },
  {
    name: 'knows that there is none although the other family could not be read',
    snapshot: {
      ...snapshotOf([link('eth0', [])]),
      unknown: { routes: ['ipv4'], addresses: ['ipv4'] },
    },
    family: 'ipv6',
    gives: 'absent',
  },
  {
    name: 'does not take a pulled cable for absent',
    snapshot: snapshotOf([
      link('lo', ['127.0.0.1'], { loopback: true }),
      link('eth0', [], { running: false }),
    ]),
    family: 'ipv4',
    gives: 'unavailable',
    why: /no interface is up/,
  },
  {
    name: 'does not take a host with an address that is unfit for absent',
    snapshot: snapshotOf([link('eth0', ['fd00::5', 'fe80::1'])]),
    family: 'ipv6',
    gives: 'unavailable',
    why: /all ula .*allow: \[ula\]/,
  },
  {
    name: 'judges absence by the named interface alone',
    snapshot: snapshotOf([link('eth0', ['8.8.1.1']), link('eth1', ['fe80::1'])], [route('ipv4', 'eth0')]),
    family: 'ipv4',
    options: { interface: 'eth1' },
    gives: 'absent',
    why: /eth1 has no IPv4 address/,
  },
];

describe('the choice among the addresses of this host', () => {
  it.each(cases)('$name', ({ snapshot, family, options, sticky, gives, why }) => {
    const previous = sticky === undefined ? [] : [address(sticky)];
    const choice = chooseAddress(snapshot, family, { allow: [], ...options }, previous);
    expect(choice.kind === 'known' ? choice.address : choice.kind).toBe(gives);
    if (why !== undefined) expect(choice.why).toMatch(why);
  });

  const flags = fc.subarray(['temporary', 'deprecated', 'tentative', 'duplicate']);
  const anyEntry = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), flags);
  const anyLink = fc.record({
    addresses: fc.array(anyEntry, { maxLength: 5 }),
    running: fc.boolean(),
    loopback: fc.boolean(),
    virtual: fc.boolean(),
  });

  it('never chooses an address that is unfit, and does not depend on the order of the snapshot', () => {
    fc.assert(
      fc.property(
        fc.array(anyLink, { maxLength: 4 }),
        fc.constantFrom<Family>('ipv4', 'ipv6'),
        (links, family) => {
          const interfaces = links.map(({ addresses, ...change }, index) =>
            link(
              `eth${index}`,
              addresses.map(([text, set]) => [text, ...set].join(' ')),
              change,
            ),
          );
          const choice = chooseAddress(snapshotOf(interfaces), family, { allow: [] });
          const mirrored = interfaces
            .map((owner) => ({ ...owner, addresses: [...owner.addresses].reverse() }))
            .reverse();
          const again = chooseAddress(snapshotOf(mirrored), family, { allow: [] });
          expect(again.kind).toBe(choice.kind);
          if (choice.kind !== 'known' || again.kind !== 'known') return;
          expect(again.address).toBe(choice.address);
          expect(classify(choice.address)).toBe('global');
          const owners = interfaces.filter(
            (owner) =>
              owner.running &&
              !owner.loopback &&
              !owner.virtual &&
              owner.addresses.some(
                (found) =>
                  found.address === choice.address &&
                  found.family === family &&
                  !Object.values(found.flags).includes(true),
              ),
          );
          expect(owners.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
