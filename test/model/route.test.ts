import { describe, expect, it } from 'vitest';
import { defaultRoute, mayLeave } from '../../src/model/route.ts';
import type { DefaultRoute, Snapshot } from '../../src/model/snapshot.ts';
import { link, route, snapshotOf } from '../sources/addresses/fixtures.ts';

const over = (name: string) => (route: DefaultRoute) => route.interface === name;

describe('the default route', () => {
  const host = snapshotOf(
    [link('eth0', []), link('tun0', [], { virtual: true }), link('wlan0', [], { running: false })],
    [
      route('ipv4', 'wlan0', 10),
      route('ipv4', 'tun0', 100),
      route('ipv4', 'eth0', 100),
      route('ipv4', 'gone0', 1),
    ],
  );

  it('is the cheapest over an interface that is up, an ordinary one before a tunnel', () => {
    expect(defaultRoute(host, 'ipv4')?.interface).toBe('eth0');
  });

  it('is one that leads where it has to, and none if that is down or there is none', () => {
    expect(defaultRoute(host, 'ipv4', over('tun0'))?.interface).toBe('tun0');
    expect(defaultRoute(host, 'ipv4', over('wlan0'))).toBeUndefined();
    expect(defaultRoute(host, 'ipv6')).toBeUndefined();
  });
});

describe('whether a question may leave', () => {
  const unread = (address: string, change: Parameters<typeof link>[2] = {}): Snapshot => ({
    ...snapshotOf([link('eth0', [address], change)]),
    unknown: { routes: ['ipv6'], addresses: [] },
  });

  it('it may by a default route, and not without one', () => {
    expect(mayLeave(snapshotOf([], [route('ipv6', 'eth0')]), 'ipv6')).toBe(true);
    expect(mayLeave(snapshotOf([link('eth0', ['2001:db8::1'])]), 'ipv6')).toBe(false);
  });

  it('where routes cannot be read it may from an address that leads beyond the link', () => {
    expect(mayLeave(unread('2001:db8::1'), 'ipv6')).toBe(true);
    expect(mayLeave(unread('fd00::1'), 'ipv6')).toBe(true);
    expect(mayLeave(unread('fe80::1'), 'ipv6')).toBe(false);
    expect(mayLeave(unread('2001:db8::1', { running: false }), 'ipv6')).toBe(false);
    expect(mayLeave(unread('2001:db8::1', { loopback: true }), 'ipv6')).toBe(false);
    expect(mayLeave(unread('192.0.2.1'), 'ipv6')).toBe(false);
    expect(mayLeave(unread('2001:db8::1'), 'ipv4')).toBe(false);
  });
});
