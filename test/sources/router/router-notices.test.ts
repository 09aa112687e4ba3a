import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { asyncScheduler, ReplaySubject, type Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { Trigger } from '../../../src/model/trigger.ts';
import { createRouterClient, type RouterClient } from '../../../src/sources/router/client.ts';
import type { RouterNetwork } from '../../../src/sources/router/network.ts';
import { routerNotices } from '../../../src/sources/triggers/router-notices.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { link, snapshotOf } from '../addresses/fixtures.ts';
import { announce, FakeRouter, GATEWAY, LOOPBACK, notice } from './fake-router.ts';

let router: FakeRouter;
let client: RouterClient;
let network: RouterNetwork;
let triggers: Trigger[];
let events: string[];
let snapshots: ReplaySubject<Snapshot>;
let running: Subscription;
let now: number;

const behind = (gateway = LOOPBACK) =>
  snapshotOf([link('lo', ['127.0.0.1'])], [{ family: 'ipv4', interface: 'lo', metric: 0, gateway }]);

/** A port that is free now; what listens for multicasts takes it with SO_REUSEADDR. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((ready) => socket.bind(0, ready));
  const { port } = socket.address();
  await new Promise<void>((closed) => socket.close(closed));
  return port;
}

function start(change: Partial<RouterNetwork> = {}): void {
  const clock = { monotonic: () => now, wall: () => now, boot: () => now };
  const note = (event: string) => void events.push(event);
  const log: Log = { ...silentLog, debug: note, info: note, warn: note };
  network = { ...network, ...change };
  client = createRouterClient({ clock, randomBytes, log, network });
  const parts = { router: client, clock, scheduler: asyncScheduler, randomBytes, log, network };
  running = routerNotices(parts, { snapshots }).subscribe((trigger) => triggers.push(trigger));
}

const subscribed = () =>
  expect.poll(() => client.memory(GATEWAY).notices.events, { timeout: 5_000 }).toBe('heard');
const told = (count: number) => expect.poll(() => triggers.length, { timeout: 5_000 }).toBe(count);
const listening = () => expect.poll(() => client.memory(GATEWAY).notices.multicast).toBe('listening');

beforeEach(async () => {
  now = 1_000_000;
  triggers = [];
  events = [];
  snapshots = new ReplaySubject(1);
  router = await FakeRouter.start();
  const ports = router.network().ports;
  // Announcements of services would need the port the fake router's search listens on: they have a free one of their own.
  network = { ...router.network(), ports: { ...ports, notices: await freePort() } };
  snapshots.next(behind());
});
afterEach(() => {
  running.unsubscribe();
  router.close();
});

describe('events of the router', () => {
  beforeEach(() => {
    router.upnp = '203.0.114.10';
  });

  it('are subscribed to; the first tells the state and is no trigger', async () => {
    start();
    await subscribed();
    expect(triggers).toEqual([]);
    expect(router.asked).toMatchObject({ searches: 4, descriptions: 1, subscribes: 1 });
  });

  it('trigger when the address changed, and only then', async () => {
    start();
    await subscribed();
    expect(await router.tell({ PortMappingNumberOfEntries: '1' })).toEqual([200]);
    expect(await router.tell({ ExternalIPAddress: '0.0.0.0' })).toEqual([200]);
    expect(await router.tell({ ExternalIPAddress: '203.0.114.11' })).toEqual([200]);
    expect(await router.tell({ ExternalIPAddress: '203.0.114.11' })).toEqual([200]);
    expect(triggers).toEqual([
      {
        reason: 'router_notice',
        source: 'upnp',
        mode: 'inject',
        detail: 'the router says that its outside address is 203.0.114.11 now',
      },
    ]);
  });

  it('of another subscription, or that cannot be read, are not taken and counted', async () => {
    start();
    await subscribed();
    expect(await router.tell({ ExternalIPAddress: '203.0.114.66' }, 'uuid:forged')).toEqual([412]);
    expect(await router.tell({ ExternalIPAddress: 'somewhere' })).toEqual([200]);
    expect(triggers).toEqual([]);
    expect(Object.fromEntries(client.tally.counts)).toEqual({
      'an event of no subscription': 1,
      'an event that cannot be read': 1,
    });
  });

  it('that tell the loss of the address are followed by a question, since the next event may be lost', async () => {
    start();
    await subscribed();
    expect(await router.tell({ ExternalIPAddress: '0.0.0.0' })).toEqual([200]);
    router.upnp = '203.0.114.11';
    await told(1);
    expect(triggers[0]?.detail).toContain('203.0.114.11');
    expect(router.asked.calls).toBeGreaterThan(0);
  });

  it('of idle services do not shake the one that is connected', async () => {
    router.addresses = ['203.0.114.10', ''];
    start();
    await subscribed();
    await expect.poll(() => router.subscriptions.length).toBe(2);
    await router.tellOf(1, { ExternalIPAddress: '' });
    await router.tellOf(0, { ExternalIPAddress: '203.0.114.10' });
    await router.tellOf(1, { ExternalIPAddress: '0.0.0.0' });
    await router.tellOf(0, { ExternalIPAddress: '203.0.114.10' });
    expect(triggers).toEqual([]);
    await router.tellOf(0, { ExternalIPAddress: '203.0.114.11' });
    await told(1);
  });

  it('are renewed when due, by the clock that counts sleep', async () => {
    start();
    await subscribed();
    now += 899_000;
    snapshots.next(behind());
    now += 2_000;
    snapshots.next(behind());
    await expect.poll(() => router.asked.renewals).toBe(1);
    expect(router.asked.subscribes).toBe(1);
  });

  it('are subscribed to anew after a restart; a change missed meanwhile is told', async () => {
    start();
    await subscribed();
    await router.restart();
    router.upnp = '203.0.114.12';
    now += 3_600_000;
    snapshots.next(behind());
    await told(1);
    expect(triggers[0]?.detail).toContain('203.0.114.12');
    expect(router.asked).toMatchObject({ subscribes: 2, descriptions: 2 });
    expect(events).toContain('router_events_lost');
  });

  it('end with a farewell', async () => {
    start();
    await subscribed();
    running.unsubscribe();
    await expect.poll(() => router.asked.farewells).toBe(1);
    expect(router.subscriptions).toEqual([]);
  });

  it('follow the gateway: the old one gets a farewell and is forgotten', async () => {
    start();
    await subscribed();
    snapshots.next(behind(address('127.0.0.3')));
    await expect.poll(() => router.asked.farewells).toBe(1);
    expect(client.lastAnswer(GATEWAY)).toBeUndefined();
  });

  it('are given up for a while where no service is found', async () => {
    router.upnp = 'silent';
    start();
    await expect.poll(() => client.memory(GATEWAY).rest('upnp')).toBe(30_000);
    expect(router.asked.subscribes).toBe(0);
  });
});

describe('notices to everybody', () => {
  const say = (datagram: Uint8Array) => router.say(datagram, network.ports.notices);

  it('of NAT-PMP trigger once for ten of the same', async () => {
    start();
    await listening();
    for (let count = 0; count < 10; count += 1) await say(notice('203.0.114.11', 5));
    await say(notice('203.0.114.12', 6));
    await told(2);
    expect(triggers.map(({ source }) => source)).toEqual(['nat-pmp', 'nat-pmp']);
  });

  it('of PCP trigger the first time, and then when the state is lost', async () => {
    start();
    await listening();
    await say(announce(1_000));
    await told(1);
    await say(announce(1_001));
    await say(announce(0));
    await say(announce(1));
    await told(2);
    expect(triggers).toMatchObject([
      { source: 'pcp' },
      { source: 'pcp', detail: expect.stringContaining('lost its state') },
    ]);
  });

  it('of strangers and nonsense are ignored, the former counted', async () => {
    start();
    await listening();
    const stranger = createSocket('udp4');
    const forged = notice('203.0.114.66', 1);
    // From the gateway's address, and not from its port.
    await new Promise((sent) => stranger.send(forged, network.ports.notices, '127.0.0.1', sent));
    stranger.close();
    await say(Buffer.from('nonsense'));
    await expect.poll(() => client.tally.counts.get('a notice from a stranger')).toBe(1);
    await say(notice('203.0.114.11', 5));
    await told(1);
  });

  it('are a sign of life: a router that kept silent is asked again', async () => {
    start();
    await listening();
    await expect.poll(() => client.memory(GATEWAY).rest('upnp')).toBe(30_000);
    router.upnp = '203.0.114.10';
    await say(notice('203.0.114.10', 5));
    await subscribed();
  });

  it('come no faster than the ration, whoever forges them', async () => {
    start();
    await listening();
    for (let count = 0; count < 100; count += 1) await say(notice(`203.0.114.${count}`, 5));
    await told(10);
  });

  it('are missed where the port cannot be had: a log line, and the rest goes on', async () => {
    router.upnp = '203.0.114.10';
    const blocked: RouterNetwork['createSocket'] = ((options: Parameters<typeof createSocket>[0]) => {
      const socket = createSocket(options as never);
      if (typeof options === 'object') {
        socket.bind = (() => {
          setImmediate(() =>
            socket.emit('error', Object.assign(new Error('in use'), { code: 'EADDRINUSE' })),
          );
          return socket;
        }) as typeof socket.bind;
      }
      return socket;
    }) as RouterNetwork['createSocket'];
    start({ createSocket: blocked });
    await subscribed();
    expect(events).toContain('router_listener_failed');
    await router.tell({ ExternalIPAddress: '203.0.114.11' });
    await told(1);
  });
});

describe('without a gateway', () => {
  it('nothing is listened to or asked', async () => {
    snapshots.next(snapshotOf([]));
    snapshots = new ReplaySubject(1);
    snapshots.next(snapshotOf([]));
    let sockets = 0;
    start({
      createSocket: ((...given: Parameters<typeof createSocket>) => {
        sockets += 1;
        return createSocket(...given);
      }) as RouterNetwork['createSocket'],
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sockets).toBe(0);
  });
});
