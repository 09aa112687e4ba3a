import { describe, expect, it } from 'vitest';
import type { Check, WitnessReport } from '../../../src/daemon/doctor/contract.ts';
import { findingsOf } from '../../../src/daemon/doctor/findings.ts';
import { address } from '../../../src/model/address.ts';
import { type Facts, healthy } from './support.ts';

const told = (change: Partial<Facts>) =>
  findingsOf({ ...healthy, ...change }).map(({ weight, what, remedy }) => `${weight}: ${what} -> ${remedy}`);

const [own, stun] = healthy.witnesses as readonly [WitnessReport, WitnessReport];
const [dyn] = healthy.sinks;
const sinkWith = (...checks: readonly Check[]): Facts['sinks'] => (dyn ? [{ ...dyn, checks }] : []);
const found = healthy.router as Extract<Facts['router'], { kind: 'found' }>;

describe('what there is to fix', () => {
  it('is nothing where everything works', () => {
    expect(findingsOf(healthy)).toEqual([]);
  });

  it.each<[string, Partial<Facts>, RegExp]>([
    [
      'a wrong configuration',
      { configuration: { file: 'c.yaml', problems: ['c.yaml:1:1: is empty', 'more'] } },
      /^fix: c\.yaml cannot be used: it has 2 problems, the first: c\.yaml:1:1: is empty -> netdrift check lists/,
    ],
    ['no interface', { host: { interfaces: [], routes: [] } }, /^fix: no network interface is up -> plug in/],
    [
      'no default route',
      { host: { ...healthy.host, routes: [] } },
      /^fix: there is no default route on eth0 -> look at the DHCP client/,
    ],
    [
      'a subscription whose first event does not come',
      {
        router: { ...found, notices: { multicast: 'listening', events: 'subscribed', problems: [] } },
        watch: { every: 300_000, keepWatch: 45_000 },
      },
      /^better: the router 192\.168\.1\.1 granted a subscription to its events, and the first one did not come: a change is noticed by asking a STUN server every 45s -> let TCP connections from 192\.168\.1\.1/,
    ],
    [
      'notices that cannot be heard, without a keep-watch',
      {
        router: { ...found, notices: { multicast: 'off', events: 'off', problems: ['cannot listen to X'] } },
        watch: { every: 300_000 },
      },
      /^better: notices of the router 192\.168\.1\.1 cannot be heard \(cannot listen to X\): a change is noticed by looking every 5m alone: the keep-watch is off -> let netdrift have UDP port 5350/,
    ],
    [
      'a clock of long ago',
      { clocks: { ...healthy.clocks, plausible: false, wall: '1970-01-01T00:01:00.000Z' } },
      /^fix: the clock of this host says 1970-01-01T00:01:00\.000Z, which is long ago -> let NTP/,
    ],
    [
      'a clock that is slow',
      { clocks: { ...healthy.clocks, offset: { milliseconds: -301_000, by: 'https://ip.example.org' } } },
      /^fix: the clock of this host is 301 s slow, says https:\/\/ip\.example\.org -> let NTP/,
    ],
    [
      'a clock that was set meanwhile',
      { clocks: { ...healthy.clocks, stepped: 5_000 } },
      /^better: the clock was set by 5000 ms while looking/,
    ],
    [
      'nobody who can tell',
      { witnesses: [own, { ...stun, says: 'unavailable', fit: false, why: 'no answer to 3 requests' }] },
      /^fix: nobody can tell the address of wan ipv4; any: 1 address, all private; stun\.example\.org:3478: no answer to 3 requests -> let this host reach/,
    ],
    [
      'an address that is not fit',
      { witnesses: [own, { ...stun, fit: false, why: 'tunnel: the default route leads through wg0' }] },
      /^fix: nobody can tell the address of wan ipv4; stun\.example\.org:3478: tunnel: .* -> do what the reason says/,
    ],
    [
      'a name that does not resolve, before what follows from it',
      {
        sinks: sinkWith(
          { what: 'connection', state: 'bad', words: 'could not be resolved', class: 'unreachable' },
          { what: 'name', state: 'bad', words: 'api.example.org does not resolve (ENOTFOUND)' },
        ),
      },
      /^fix: sink dyn: api\.example\.org does not resolve \(ENOTFOUND\) -> check the server's name/,
    ],
    [
      'a bad certificate',
      { sinks: sinkWith({ what: 'tls', state: 'bad', words: 'no TLS connection (CERT_HAS_EXPIRED)' }) },
      /^fix: sink dyn: no TLS connection \(CERT_HAS_EXPIRED\) -> check the clock, the certificate/,
    ],
    [
      'refused credentials',
      {
        sinks: sinkWith({
          what: 'credentials',
          state: 'bad',
          words: 'HTTP 401: login refused',
          class: 'credentials',
        }),
      },
      /^fix: sink dyn: HTTP 401: login refused -> put the right login or key into the configuration/,
    ],
    [
      'a refusal that is remembered',
      {
        sinks: sinkWith({ what: 'held', state: 'bad', words: 'not tried any more: abuse', class: 'refused' }),
      },
      /^fix: sink dyn: not tried any more: abuse -> settle it with the provider.*--release dyn$/,
    ],
    [
      'a container behind a bridge',
      { container: { in: 'docker', bridged: true } },
      /^fix: this docker container has a network of its own behind a bridge.* -> .*network_mode: host/,
    ],
    [
      'a system whose events cannot be heard',
      { events: { source: 'ip-monitor', state: 'polling', took: 3_000 } },
      /^fix: the system's events cannot be heard \(ip-monitor\).* -> install iproute2/,
    ],
    [
      'a router behind a router',
      { router: { ...found, outside: { address: address('100.64.0.9'), class: 'cgnat', by: 'upnp' } } },
      /^better: the router 192\.168\.1\.1 is itself behind a NAT, the provider's \(CGNAT\).* -> ask the provider/,
    ],
    [
      'a router that tells nothing',
      { router: { ...found, protocols: found.protocols.map((one) => ({ ...one, speaks: false })) } },
      /^better: the router 192\.168\.1\.1 tells nothing.* -> switch NAT-PMP, PCP or UPnP on/,
    ],
    [
      'witnesses that disagree',
      { witnesses: [own, stun, { ...stun, name: 'https://b.example', address: address('93.184.216.99') }] },
      /^better: the witnesses of ipv4 disagree: stun\.example\.org:3478 says 93\.184\.216\.34, https:\/\/b\.example says 93\.184\.216\.99/,
    ],
    [
      'a record that is another one',
      {
        sinks: dyn
          ? [{ ...dyn, records: dyn.records.map((one) => ({ ...one, published: ['93.184.216.1'] })) }]
          : [],
      },
      /^better: home\.example\.org\/A at dyn is 93\.184\.216\.1, says the provider, and should be 93\.184\.216\.34 -> run netdrift/,
    ],
  ])('is told of %s', (_, change, wanted) => {
    const lines = told(change);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(wanted);
  });

  it('is no family that this network does not have', () => {
    const six = { ...stun, family: 'ipv6', says: 'unavailable', fit: false, why: 'no route to it' } as const;
    const { address: _, ...without } = six;
    expect(told({ witnesses: [...healthy.witnesses, without] })).toEqual([]);
  });

  it('is no family of which the absence is proven', () => {
    const none = { ...own, family: 'ipv6', says: 'absent', why: 'this host has no IPv6 address' } as const;
    expect(told({ witnesses: [...healthy.witnesses, none] })).toEqual([]);
  });

  it('does not mind that a witness nobody asked for is silent', () => {
    const { uplink: _, ...stranger } = { ...stun, says: 'unavailable', fit: false } as const;
    expect(told({ witnesses: [...healthy.witnesses, stranger] })).toEqual([]);
  });

  it('does not ask a router for more where the host has a public address itself', () => {
    const interfaces = healthy.host.interfaces.map((one) => ({
      ...one,
      addresses: [
        { address: address('93.184.216.34'), prefixLength: 24, class: 'global', flags: [] } as const,
      ],
    }));
    const silent = { ...found, protocols: found.protocols.map((one) => ({ ...one, speaks: false })) };
    expect(told({ host: { ...healthy.host, interfaces }, router: silent })).toEqual([]);
  });

  it('comes in order: what stops everything first, what could be better last', () => {
    const all = findingsOf({
      ...healthy,
      configuration: { file: 'c.yaml', problems: ['x'] },
      clocks: { ...healthy.clocks, offset: { milliseconds: 900_000, by: 'x' }, stepped: 9_000 },
      witnesses: [{ ...stun, says: 'unavailable', fit: false }],
      sinks: sinkWith({ what: 'credentials', state: 'bad', words: 'no', class: 'credentials' }),
      container: { in: 'docker', bridged: true },
      router: { ...found, outside: { address: address('10.0.0.9'), class: 'private', by: 'upnp' } },
    });
    expect(all.map(({ weight, what }) => `${weight} ${what.split(' ').slice(0, 3).join(' ')}`)).toEqual([
      'fix c.yaml cannot be',
      'fix the clock of',
      'fix nobody can tell',
      'fix sink dyn: no',
      'fix this docker container',
      'better the router 192.168.1.1',
    ]);
  });
});
