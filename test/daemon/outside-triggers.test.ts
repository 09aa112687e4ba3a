import type { Socket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { outsideTriggers } from '../../src/daemon/outside-triggers.ts';
import { address } from '../../src/model/address.ts';
import { milliseconds, minutes, seconds } from '../../src/model/duration.ts';
import type { AddressState } from '../../src/model/reading.ts';
import type { UplinkSettings } from '../../src/model/settings.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Trigger } from '../../src/model/trigger.ts';
import { createRouterClient, type RouterClient } from '../../src/sources/router/client.ts';
import { type AddressBook, bookKey } from '../../src/streams/address-book.ts';
import { type StunServer, stunServer, truthful } from '../net/stun/fixtures.ts';
import { link, snapshotOf } from '../sources/addresses/fixtures.ts';
import { look, observation, stateOf } from '../streams/support.ts';
import { keptLog, testHost } from './fixture.ts';

const watch = {
  every: minutes(60),
  jitter: 0,
  settle: milliseconds(0),
  settle_limit: milliseconds(0),
  poll: seconds(10),
};
const GATEWAY = address('127.0.0.2');
// A host whose only address is private, on the loopback so that nothing leaves it.
const home = snapshotOf(
  [link('lo', ['127.0.0.1'])],
  [{ family: 'ipv4', interface: 'lo', gateway: GATEWAY, metric: 0 }],
);
const open = snapshotOf([link('lo', ['203.0.114.10'])], home.routes);
const seenBy = (detector: string, outside: boolean): AddressState => ({
  kind: 'set',
  address: address('203.0.114.10'),
  via: { detector, name: detector, ...(outside && { outside }) },
});

let server: StunServer | undefined;
let end: (() => void) | undefined;
afterEach(async () => {
  end?.();
  await server?.close();
});

interface Scene {
  readonly detectors: readonly string[];
  readonly keepWatch?: 'off';
}

async function setUp({ detectors, keepWatch }: Scene) {
  const outside = { now: '203.0.114.10' };
  server = await stunServer('ipv4', (request, from, socket: Socket, count) =>
    truthful(outside.now)(request, from, socket, count),
  );
  const stun = { servers: [{ host: server.host, port: server.port }] };
  const uplink: UplinkSettings = {
    name: 'wan',
    allow: [],
    detectors: {
      ipv4: detectors.map((detector) => ({ detector, options: detector === 'stun' ? stun : {} })),
      ipv6: [],
    },
  };
  const host = { ...testHost(), random: () => 0 };
  const { log, lines } = keptLog();
  const router: RouterClient = createRouterClient({ ...host, log });
  // 30 ms instead of 20 s: the sockets are real, and so is the time.
  const pace = keepWatch ?? milliseconds(30);
  const triggers: Trigger[] = [];
  const parts = outsideTriggers(
    { uplinks: [uplink], watch: { ...watch, keep_watch: pace } },
    { host, log, router },
  );
  const subscription = parts.triggers.subscribe((trigger) => triggers.push(trigger));
  end = () => subscription.unsubscribe();
  const see = (snapshot: Snapshot, state?: AddressState): void => {
    parts.observed(observation({ snapshot }));
    if (state === undefined) return;
    const found = stateOf(state);
    const book: AddressBook = {
      look: look(),
      networkChanged: false,
      states: new Map([[bookKey(found), found]]),
      changed: [found],
    };
    parts.entered(book);
  };
  const asked = () => server?.requests.length ?? 0;
  const quiet = async () => {
    await new Promise((resolve) => setTimeout(resolve, 120));
    return asked();
  };
  return { see, asked, quiet, outside, triggers, lines, router };
}

describe('the keep-watch of a session', () => {
  test('runs behind a NAT with what STUN sees, and tells of another outside address', async () => {
    const all = await setUp({ detectors: ['interface', 'stun'] });
    all.see(home);
    expect(await all.quiet()).toBe(0);
    all.see(home, seenBy('stun', true));
    await expect.poll(all.asked).toBeGreaterThan(1);
    all.outside.now = '203.0.114.99';
    await expect.poll(() => all.triggers).toMatchObject([{ reason: 'mapping_changed', mode: 'inject' }]);
  });

  test.each([
    ['the host owns its address', ['interface', 'stun'], open, seenBy('interface', false)],
    ['nobody could tell', ['interface', 'stun'], home, { kind: 'keep', why: 'silence' } as const],
    ['no STUN server is to be asked', ['interface', 'http'], home, seenBy('http', true)],
  ])('does not run where %s', async (_, detectors, snapshot, state) => {
    const all = await setUp({ detectors });
    all.see(snapshot, state);
    expect(await all.quiet()).toBe(0);
  });

  test('does not run when it is off', async () => {
    const all = await setUp({ detectors: ['stun'], keepWatch: 'off' });
    all.see(home, seenBy('stun', true));
    expect(await all.quiet()).toBe(0);
  });

  test('ends when the host comes to own its address', async () => {
    const all = await setUp({ detectors: ['interface', 'stun'] });
    all.see(home, seenBy('stun', true));
    await expect.poll(all.asked).toBeGreaterThan(0);
    all.see(open, seenBy('interface', false));
    const before = await all.quiet();
    expect(await all.quiet()).toBe(before);
  });

  test('rests while the router that is asked first answers and tells of changes', async () => {
    const all = await setUp({ detectors: ['router', 'stun'] });
    const gateway = {
      family: 'ipv4',
      address: GATEWAY,
      interface: 'lo',
      localAddress: address('127.0.0.1'),
    } as const;
    all.router.memory(gateway).notices.events = 'heard';
    all.see(home, seenBy('router', true));
    expect(await all.quiet()).toBe(0);
    // The same subscription, and yet somebody else had to answer.
    all.see(home, seenBy('stun', true));
    await expect.poll(all.asked).toBeGreaterThan(0);
  });
});
