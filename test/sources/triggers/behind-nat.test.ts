import { describe, expect, test } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { AddressState } from '../../../src/model/reading.ts';
import { createMemory } from '../../../src/sources/router/memory.ts';
import { noticesWork } from '../../../src/sources/router/notices-work.ts';
import { isBehindNat } from '../../../src/sources/triggers/behind-nat.ts';
import { link, route, snapshotOf } from '../addresses/fixtures.ts';

const OUTSIDE = address('203.0.114.10');
const seen: AddressState = {
  kind: 'set',
  address: OUTSIDE,
  via: { detector: 'stun', name: 'stun.example.org:3478', outside: true },
};
const own: AddressState = { kind: 'set', address: OUTSIDE, via: { detector: 'interface', name: 'eth0' } };
const keep: AddressState = { kind: 'keep', why: 'nobody could tell' };
const clear: AddressState = { kind: 'clear', why: 'there is none' };

const home = snapshotOf([link('eth0', ['192.168.1.10'])], [route('ipv4', 'eth0')]);
const open = snapshotOf([link('eth0', ['203.0.114.10'])], [route('ipv4', 'eth0')]);
const uplink = { allow: [] };

describe('a host is behind NAT', () => {
  test('if it owns no address fit to publish and outside witnesses named one, or nobody could tell', () => {
    expect(isBehindNat(uplink, 'ipv4', home, seen)).toBe(true);
    expect(isBehindNat(uplink, 'ipv4', home, keep)).toBe(true);
  });

  test('not before the first detection, nor where it is known that there is no address', () => {
    expect(isBehindNat(uplink, 'ipv4', home, undefined)).toBe(false);
    expect(isBehindNat(uplink, 'ipv4', home, clear)).toBe(false);
  });

  test('not if it owns its address, whoever said so', () => {
    expect(isBehindNat(uplink, 'ipv4', open, own)).toBe(false);
    expect(isBehindNat(uplink, 'ipv4', open, seen)).toBe(false);
    expect(isBehindNat(uplink, 'ipv4', open, keep)).toBe(false);
    expect(isBehindNat({ allow: ['private'] }, 'ipv4', home, seen)).toBe(false);
  });

  test('on the interface that the uplink is bound to, and in its own family', () => {
    const both = snapshotOf([link('eth0', ['203.0.114.10']), link('eth1', ['10.0.0.2'])]);
    expect(isBehindNat({ allow: [], interface: 'eth1' }, 'ipv4', both, seen)).toBe(true);
    expect(isBehindNat({ allow: [], interface: 'eth0' }, 'ipv4', both, seen)).toBe(false);
    expect(isBehindNat(uplink, 'ipv6', both, seen)).toBe(true);
  });
});

describe('notices of a router work', () => {
  const clock = { monotonic: () => 0, wall: () => 0, boot: () => 0 };
  const gateway = {
    family: 'ipv4',
    address: address('192.168.1.1'),
    interface: 'eth0',
    localAddress: address('192.168.1.10'),
  } as const;
  function setUp(answer?: string) {
    const memory = createMemory(clock);
    const client = {
      memory: () => memory,
      lastAnswer: () => (answer === undefined ? undefined : address(answer)),
    };
    return { memory, works: () => noticesWork(client, gateway, OUTSIDE) };
  }

  test('once an event has arrived, until the subscription is lost or the router is silent', () => {
    const { memory, works } = setUp();
    expect(works()).toBe(false);
    memory.notices.events = 'subscribed';
    expect(works()).toBe(false);
    memory.notices.events = 'heard';
    expect(works()).toBe(true);
    memory.silent('upnp', 'no answer');
    expect(works()).toBe(false);
    memory.spoke('upnp');
    expect(works()).toBe(true);
    memory.notices.events = 'off';
    expect(works()).toBe(false);
  });

  test('once a multicast was heard, while the router answers', () => {
    const { memory, works } = setUp(OUTSIDE);
    memory.notices.multicast = 'heard';
    expect(works()).toBe(false);
    memory.spoke('nat-pmp');
    expect(works()).toBe(true);
    memory.silent('nat-pmp', 'no answer');
    expect(works()).toBe(false);
  });

  test('not where its outside address is not the one the world sees', () => {
    const { memory, works } = setUp('100.64.0.2');
    memory.notices.events = 'heard';
    expect(works()).toBe(false);
  });
});
