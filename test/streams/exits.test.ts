import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { Witness } from '../../src/model/reading.ts';
import type { NetworkInterface, Snapshot } from '../../src/model/snapshot.ts';
import { type ExitQuestion, exitReason } from '../../src/streams/exits.ts';

const flags = { tentative: false, duplicate: false, deprecated: false, temporary: false };
const link = (
  name: string,
  own: readonly string[],
  more: Partial<NetworkInterface> = {},
): NetworkInterface => ({
  name,
  index: 1,
  running: true,
  loopback: false,
  virtual: false,
  addresses: own.map((text) => ({
    address: address(text),
    family: text.includes(':') ? 'ipv6' : 'ipv4',
    prefixLength: 24,
    flags,
  })),
  ...more,
});
const through = (name: string, ...interfaces: readonly NetworkInterface[]): Snapshot => ({
  interfaces,
  routes: [{ family: 'ipv4', interface: name, metric: 0 }],
});
const outside: Witness = { detector: 'http', name: 'https://x', outside: true };
const question: ExitQuestion = { family: 'ipv4', bound: false, waived: [] };
const seen = address('93.184.216.34');

describe('exitReason', () => {
  const vpn = through('wg0', link('eth0', ['192.168.1.2']), link('wg0', ['10.8.0.2'], { tunnel: true }));
  const owner = through('eth0', link('eth0', ['8.8.4.4']));
  const home = through('eth0', link('eth0', ['192.168.1.2']));

  it('refuses what is seen through a VPN that holds the default route', () => {
    expect(exitReason(seen, outside, vpn, question)).toMatch(/^tunnel: the default route leads through wg0/);
  });
  it('refuses another address than the public one the host owns', () => {
    expect(exitReason(seen, outside, owner, question)).toMatch(
      /^differing: eth0 owns 8\.8\.4\.4 but 93\.184\.216\.34 was seen/,
    );
  });
  it('has nothing against the address the host owns, nor against one behind a NAT', () => {
    expect(exitReason(address('8.8.4.4'), outside, owner, question)).toBeUndefined();
    expect(exitReason(seen, outside, home, question)).toBeUndefined();
  });
  it('has nothing against a tunnel that is not the default route', () => {
    expect(exitReason(seen, outside, { ...vpn, routes: home.routes }, question)).toBeUndefined();
  });
  it('leaves bound uplinks, waived signs and the host itself alone', () => {
    expect(exitReason(seen, outside, vpn, { ...question, bound: true })).toBeUndefined();
    expect(exitReason(seen, outside, vpn, { ...question, waived: ['tunnel'] })).toBeUndefined();
    expect(exitReason(seen, outside, owner, { ...question, waived: ['differing'] })).toBeUndefined();
    expect(exitReason(seen, { detector: 'interface', name: 'wg0' }, vpn, question)).toBeUndefined();
  });
});
