import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { merge, NEVER, Observable, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchClocks } from '../../../src/daemon/doctor/clocks.ts';
import { within } from '../../../src/daemon/doctor/deadline.ts';
import { checkEvents } from '../../../src/daemon/doctor/events.ts';
import { describeContainer, describeHost } from '../../../src/daemon/doctor/host.ts';
import { checkNat } from '../../../src/daemon/doctor/nat.ts';
import { checkRouter } from '../../../src/daemon/doctor/router.ts';
import { address } from '../../../src/model/address.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { createRouterClient } from '../../../src/sources/router/client.ts';
import { systemEvents } from '../../../src/sources/triggers/index.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { at, fakeNat, OUTSIDE } from '../../net/stun/fake-nat.ts';
import { entry, link } from '../../sources/addresses/fixtures.ts';
import { FakeRouter } from '../../sources/router/fake-router.ts';
import { bench } from '../../sources/triggers/support.ts';
import { handClock, WALL } from '../fixture.ts';
import { home } from './support.ts';

const now = () => performance.now();

describe('within', () => {
  it('gives what comes in time, and passes a failure on', async () => {
    expect(
      await within(
        1_000,
        async () => 1,
        () => 2,
      ),
    ).toBe(1);
    await expect(
      within(
        1_000,
        async () => Promise.reject(new Error('broken')),
        () => 2,
      ),
    ).rejects.toThrow('broken');
  });
  it('ends what comes too late, whether it heeds its signal or not', async () => {
    let heard: AbortSignal | undefined;
    const deaf = await within(
      5,
      (signal) => {
        heard = signal;
        return new Promise<string>(() => {});
      },
      () => 'late',
    );
    expect([deaf, heard?.aborted]).toEqual(['late', true]);
    const heeding = (signal: AbortSignal) =>
      new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect(await within(5, heeding, () => 'late')).toBe('late');
  });
});

describe('what the host has', () => {
  it('is told with classes and flags', () => {
    expect(describeHost(home()).interfaces[0]).toEqual({
      name: 'eth0',
      running: true,
      kind: 'usual',
      addresses: [
        { address: '192.168.1.10', prefixLength: 24, class: 'private', flags: [] },
        { address: '2606:2800::10', prefixLength: 64, class: 'global', flags: [] },
        { address: '2606:2800::99', prefixLength: 64, class: 'global', flags: ['temporary'] },
      ],
    });
    const others = [
      link('wg0', [], { tunnel: true, virtual: true }),
      link('br0', [], { virtual: true, running: false }),
    ];
    expect(
      describeHost({ interfaces: others, routes: [] }).interfaces.map(({ kind, running }) => [kind, running]),
    ).toEqual([
      ['tunnel', true],
      ['virtual', false],
    ]);
  });

  const inside = (files: Readonly<Record<string, string>>, text: string, gateway: string) => {
    const device = 'eth0';
    const [own = '', length] = text.split('/');
    const snapshot: Snapshot = {
      interfaces: [{ ...link(device, []), addresses: [{ ...entry(own), prefixLength: Number(length) }] }],
      routes: [{ family: 'ipv4', interface: device, gateway: address(gateway), metric: 0 }],
    };
    return describeContainer(snapshot, (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return text;
    });
  };
  const pair = { '/sys/class/net/eth0/ifindex': '2\n', '/sys/class/net/eth0/iflink': '17\n' };
  const own = { '/sys/class/net/eth0/ifindex': '2\n', '/sys/class/net/eth0/iflink': '2\n' };

  it.each([
    ['a host', {}, '172.17.0.2/16', '172.17.0.1', undefined, false],
    ['a host with a pair of its own', pair, '172.17.0.2/16', '172.17.0.1', undefined, false],
    ['Docker', { ...pair, '/.dockerenv': '' }, '172.17.0.2/16', '172.17.0.1', 'docker', true],
    [
      'Docker where its pool goes on',
      { ...pair, '/.dockerenv': '' },
      '192.168.16.2/20',
      '192.168.16.1',
      'docker',
      true,
    ],
    ['Podman', { ...pair, '/run/.containerenv': '' }, '10.88.0.7/16', '10.88.0.1', 'podman', true],
    [
      'Docker with the network of the host',
      { ...own, '/.dockerenv': '' },
      '172.17.0.2/16',
      '172.17.0.1',
      'docker',
      false,
    ],
    [
      'Docker by macvlan on the LAN',
      { ...pair, '/.dockerenv': '', '/sys/class/net/eth0/uevent': 'DEVTYPE=macvlan\nINTERFACE=eth0\n' },
      '192.168.1.50/24',
      '192.168.1.1',
      'docker',
      false,
    ],
    [
      'Docker on a bridge of the LAN',
      { ...pair, '/.dockerenv': '' },
      '192.168.1.50/24',
      '192.168.1.254',
      'docker',
      false,
    ],
    [
      'Docker with a public address',
      { ...pair, '/.dockerenv': '' },
      '172.32.0.2/16',
      '172.32.0.1',
      'docker',
      false,
    ],
    [
      'a pod',
      { ...pair, '/proc/self/cgroup': '0::/kubepods.slice/x\n' },
      '10.244.1.7/24',
      '10.244.1.1',
      'kubepods',
      true,
    ],
    [
      'a pod with a gateway on its link',
      { ...pair, '/proc/self/cgroup': '0::/kubepods.slice/x\n' },
      '10.0.3.9/32',
      '169.254.1.1',
      'kubepods',
      true,
    ],
    [
      'a system container on the LAN',
      { ...pair, '/proc/self/cgroup': '0::/lxc/home\n' },
      '192.168.1.50/24',
      '192.168.1.1',
      'lxc',
      false,
    ],
    [
      'a plain cgroup',
      { ...pair, '/proc/self/cgroup': '0::/system.slice/netdrift.service\n' },
      '172.20.0.2/16',
      '172.20.0.1',
      undefined,
      false,
    ],
  ])('%s is told from the others', (_, files, text, gateway, kind, bridged) => {
    const why = `eth0 is one end of a pair, its gateway ${gateway} the host`;
    expect(inside(files, text, gateway)).toEqual({
      ...(kind !== undefined && { in: kind }),
      bridged,
      ...(bridged && { why }),
    });
  });
});

describe('events', () => {
  it('are heard if the real source says so; nothing is left listening', async () => {
    const { components, time, child } = bench({ signals: new EventEmitter() as never });
    const looking = checkEvents(
      (onState) =>
        systemEvents({ ...components, onState }, { every: 1 as never, jitter: 0, poll: 10_000 as never }),
      now,
    );
    await vi.waitFor(() => child(0));
    time.advance(100);
    expect(await looking).toMatchObject({ source: 'ip-monitor', state: 'listening' });
    expect(child(0).killed).toEqual(['SIGTERM']);
  });

  it('are not heard where the source ends in polling', async () => {
    const listen = (onState: (source: string, state: 'restarting' | 'polling') => void) =>
      new Observable<never>(() => {
        onState('ip-monitor', 'restarting');
        onState('ip-monitor', 'polling');
      });
    expect(await checkEvents(listen, now)).toMatchObject({ source: 'ip-monitor', state: 'polling' });
  });

  it('are silent where nothing is said in time', async () => {
    vi.useFakeTimers();
    try {
      const looking = checkEvents(
        () => merge(of(), NEVER),
        () => 0,
      );
      await vi.advanceTimersByTimeAsync(3_000);
      expect(await looking).toEqual({ source: 'events', state: 'silent', took: 0 });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('clocks', () => {
  const answer = (date: string) => ({ headers: { date } });
  it('are compared with the quickest answer, half a second being what a Date leaves out', () => {
    const clock = handClock();
    const clocks = watchClocks(clock);
    clock.pass(1_000);
    clocks.heard(answer(new Date(WALL - 60_000).toUTCString()), clock.wall() - 1_500, 'slow');
    clocks.heard(answer(new Date(WALL + 120_000).toUTCString()), clock.wall() - 100, 'quick');
    clocks.heard(answer('yesterday'), clock.wall(), 'odd');
    clocks.heard(answer(new Date(0).toUTCString()), clock.wall() - 10_000, 'slowest');
    clocks.heard({ headers: {} }, clock.wall(), 'mute');
    expect(clocks.report()).toEqual({
      wall: new Date(WALL + 1_000).toISOString(),
      plausible: true,
      stepped: 0,
      offset: { milliseconds: -119_550, by: 'quick' },
    });
  });
  it('that are set meanwhile, or stand in the past, show', () => {
    let wall = 1_000;
    let monotonic = 0;
    const clocks = watchClocks({ wall: () => wall, monotonic: () => monotonic });
    monotonic = 2_000;
    wall = 9_000;
    expect(clocks.report()).toEqual({ wall: '1970-01-01T00:00:09.000Z', plausible: false, stepped: 6_000 });
  });
});

describe('the router', () => {
  let router: FakeRouter;
  beforeEach(async () => {
    router = await FakeRouter.start();
  });
  afterEach(() => router.close());

  const local: Snapshot = {
    interfaces: [{ ...link('lo', ['127.0.0.1']), loopback: true }],
    routes: [{ family: 'ipv4', interface: 'lo', gateway: address('127.0.0.1'), metric: 0 }],
  };
  const check = (snapshot = local, deadline = 5_000, notices = 0) => {
    const clock = { monotonic: now, wall: Date.now, boot: now };
    const network = router.network(notices);
    const client = createRouterClient({ clock, randomBytes, log: silentLog, network });
    return checkRouter(snapshot, { client, network, now, clock, randomBytes, deadline });
  };

  it('that speaks everything is told so, and no mapping is made', async () => {
    Object.assign(router, { natPmp: '203.0.114.10', pcp: '203.0.114.10', upnp: '203.0.114.10' });
    const report = await check();
    expect(report).toMatchObject({
      kind: 'found',
      address: '127.0.0.1',
      interface: 'lo',
      protocols: [
        { name: 'nat-pmp', speaks: true, words: 'outside address 203.0.114.10' },
        { name: 'pcp', speaks: true, words: 'answers' },
        { name: 'upnp', speaks: true, words: '1 WAN service(s)' },
      ],
      outside: { address: '203.0.114.10', class: 'global', by: 'nat-pmp' },
    });
    expect(router.mapped).toEqual([]);
  });

  it('that grants a subscription whose first event does not come is told so, and the subscription given back', async () => {
    Object.assign(router, { upnp: '203.0.114.10', delivers: false });
    const report = await check(local, 1_500);
    expect(report).toMatchObject({ notices: { multicast: 'listening', events: 'subscribed', problems: [] } });
    expect(router.asked.subscribes).toBe(1);
    expect(router.asked.farewells).toBe(1);
  });

  it('whose first event comes is told so', async () => {
    router.upnp = '203.0.114.10';
    expect(await check()).toMatchObject({ notices: { events: 'heard', problems: [] } });
    expect(router.asked.farewells).toBe(1);
    expect(router.subscriptions).toEqual([]);
  });

  it('whose notices go to a port that cannot be had is told so', async () => {
    // It does not share the port, as some other NAT-PMP clients do not.
    const holder = createSocket('udp4');
    await new Promise<void>((ready) => holder.bind(0, ready));
    try {
      const { port } = holder.address();
      const problem = expect.stringContaining(`cannot listen to 224.0.0.1:${port} on lo (EADDRINUSE)`);
      expect(await check(local, 5_000, port)).toMatchObject({
        notices: { multicast: 'off', problems: [problem] },
      });
    } finally {
      holder.close();
    }
  });

  it('that speaks one is told from the others, and a private outside address from a public one', async () => {
    router.upnp = '10.20.30.40';
    const report = await check();
    expect(report).toMatchObject({
      protocols: [
        { name: 'nat-pmp', speaks: false },
        { name: 'pcp', speaks: false },
        { name: 'upnp', speaks: true },
      ],
      outside: { address: '10.20.30.40', class: 'private', by: 'upnp' },
    });
  });

  it('that is silent has no outside address', async () => {
    const report = await check();
    expect(report).toMatchObject({
      kind: 'found',
      protocols: [{ speaks: false }, { speaks: false }, { speaks: false }],
    });
    expect(report).not.toHaveProperty('outside');
  });

  it('is none without a default route', async () => {
    expect(await check({ interfaces: [], routes: [] })).toEqual({
      kind: 'none',
      why: 'there is no IPv4 default route',
    });
  });
});

describe('the NAT', () => {
  const uplink = (servers: readonly string[]) => ({
    name: 'wan',
    detectors: {
      ipv4: [{ detector: 'stun', options: { servers: servers.map((host) => ({ host, port: 3478 })) } }],
      ipv6: [],
    },
    allow: [],
  });
  const primary = at('192.0.2.10', 3478);

  it('is measured with the servers of the configuration first, for families with a default route', async () => {
    const { createSocket } = fakeNat({
      servers: [{ primary, other: at('192.0.2.11', 3479) }],
      mapping: 'address_dependent',
      filtering: 'endpoint_independent',
    });
    const asked: string[] = [];
    const lookup = async (host: string) => {
      asked.push(host);
      if (host !== 'stun.lab') throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
      return { address: primary.address, family: 4 };
    };
    const snapshot = home();
    const routes = snapshot.routes.filter(({ family }) => family === 'ipv4');
    const reports = await checkNat(
      [uplink(['stun.lab'])],
      { ...snapshot, routes },
      { createSocket, lookup, randomBytes, deadline: 8_000 },
    );
    expect(reports).toEqual([
      {
        family: 'ipv4',
        kind: 'measured',
        mapping: 'address_dependent',
        filtering: 'endpoint_independent',
        seen: [OUTSIDE],
        method: 'rfc5780',
        servers: ['stun.lab:3478'],
      },
    ]);
    expect(asked[0]).toBe('stun.lab');
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it('is not known in time where names do not resolve in time', async () => {
    const { createSocket, opened } = fakeNat({
      servers: [],
      mapping: 'none',
      filtering: 'endpoint_independent',
    });
    const init = { createSocket, randomBytes, lookup: () => new Promise<never>(() => {}), deadline: 40 };
    const reports = await checkNat([uplink(['stun.lab'])], home(), init);
    expect(reports.map(({ family, kind }) => [family, kind])).toEqual([
      ['ipv4', 'unknown'],
      ['ipv6', 'unknown'],
    ]);
    expect(opened).toEqual([]);
  });
});
