import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { KnownReading, Witness } from '../../src/model/reading.ts';
import type { NetworkInterface, Snapshot } from '../../src/model/snapshot.ts';
import { type ExitQuestion, exitSign } from '../../src/streams/exits.ts';

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
const outside: Witness = { detector: 'http', name: 'https://x', outside: true, seesPath: true };
const exitReason = (
  text: string,
  via: Witness,
  snapshot: Snapshot,
  asked: ExitQuestion,
  more: Partial<KnownReading> = {},
): string | undefined =>
  exitSign({ kind: 'known', address: address(text), via, ...more }, snapshot, asked)?.why;
const question: ExitQuestion = { family: 'ipv4', bound: false, waived: [] };
const seen = '93.184.216.34';

describe('exitReason', () => {
  const vpn = through('wg0', link('eth0', ['192.168.1.2']), link('wg0', ['10.8.0.2'], { tunnel: true }));
  const owner = through('eth0', link('eth0', ['8.8.4.4']));
  const home = through('eth0', link('eth0', ['192.168.1.2']));

  it('refuses what is seen through a VPN that holds the default route', () => {
    expect(exitReason(seen, outside, vpn, question)).toMatch(/^tunnel: the way out leads through wg0/);
  });
  it('refuses another address than the public one the host owns', () => {
    expect(exitReason(seen, outside, owner, question)).toMatch(
      /^differing: eth0 owns 8\.8\.4\.4 but 93\.184\.216\.34 was seen/,
    );
  });
  it('has nothing against the address the host owns, nor against one behind a NAT', () => {
    expect(exitReason('8.8.4.4', outside, owner, question)).toBeUndefined();
    expect(exitReason(seen, outside, home, question)).toBeUndefined();
  });
  it('goes by the way that the system takes, where that is known, and not by the default route', () => {
    const ruled = { ...vpn, routes: home.routes, waysOut: { ipv4: 'wg0' } };
    expect(exitReason(seen, outside, ruled, question)).toMatch(/^tunnel: the way out leads through wg0/);
    const spared = { ...vpn, waysOut: { ipv4: 'eth0' } };
    expect(exitReason(seen, outside, spared, question)).toBeUndefined();
  });
  it('has nothing against a tunnel that is not the default route', () => {
    expect(exitReason(seen, outside, { ...vpn, routes: home.routes }, question)).toBeUndefined();
  });
  it('leaves bound uplinks, waived signs and the host itself alone', () => {
    expect(exitReason(seen, outside, vpn, { ...question, bound: true })).toBeUndefined();
    expect(exitReason(seen, outside, vpn, { ...question, waived: ['tunnel'] })).toBeUndefined();
    expect(exitReason(seen, outside, owner, { ...question, waived: ['differing'] })).toBeUndefined();
    expect(exitReason(seen, { detector: 'file', name: '/run/address' }, vpn, question)).toBeUndefined();
  });
  it('has nothing against those who know the address without looking at the way of the question', () => {
    for (const detector of ['metadata', 'router']) {
      const via = { detector, name: detector, outside: true };
      expect(exitReason(seen, via, vpn, question)).toBeUndefined();
      expect(exitReason(seen, via, owner, question)).toBeUndefined();
    }
  });
  it("refuses a VPN's own address that nobody named, even a global one", () => {
    const exit = through('wg0', link('eth0', ['192.168.1.2']), link('wg0', [seen], { tunnel: true }));
    const chosen: Witness = { detector: 'interface', name: 'wg0', chosen: true };
    expect(exitReason(seen, chosen, exit, question)).toBe(
      "tunnel: 93.184.216.34 is the address of the VPN's link wg0; name wg0, or waive it with accept_exits: [tunnel]",
    );
    expect(exitReason(seen, { detector: 'interface', name: 'wg0' }, exit, question)).toBeUndefined();
    expect(exitReason(seen, chosen, exit, { ...question, waived: ['tunnel'] })).toBeUndefined();
    expect(exitReason('8.8.4.4', chosen, owner, question)).toBeUndefined();
  });
  it('believes a witness that says it was asked through a proxy, of a bound uplink too', () => {
    const warp = { exit: 'warp=on' };
    expect(exitReason(seen, outside, home, { ...question, bound: true }, warp)).toBe(
      "warp: asked through a proxy (warp=on), so 93.184.216.34 is that one's; waive it with accept_exits: [warp]",
    );
    expect(exitReason(seen, outside, home, { ...question, waived: ['warp'] }, warp)).toBeUndefined();
    expect(exitReason(seen, outside, vpn, { ...question, waived: ['warp'] }, warp)).toMatch(/^tunnel/);
  });
});
