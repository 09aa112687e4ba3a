import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRouterClient, type RouterClient } from '../../../src/sources/router/client.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { FakeRouter, GATEWAY } from './fake-router.ts';

let router: FakeRouter;
let client: RouterClient;
let now = 0;

beforeEach(async () => {
  now = 1_000_000;
  router = await FakeRouter.start();
  const clock = { monotonic: () => now, wall: () => now, boot: () => now };
  client = createRouterClient({ clock, randomBytes, log: silentLog, network: router.network() });
});
afterEach(() => router.close());

const ask = (mapping = false, signal = AbortSignal.timeout(10_000)) =>
  client.outsideAddress(GATEWAY, { mapping, signal });

describe('the router client', () => {
  it('takes NAT-PMP first, and asks nothing else then', async () => {
    Object.assign(router, { natPmp: '203.0.114.10', upnp: '203.0.114.99' });
    expect(await ask()).toEqual({ kind: 'address', address: '203.0.114.10', protocol: 'nat-pmp' });
    expect(router.asked).toMatchObject({ natPmp: 1, searches: 0 });
    expect(client.lastAnswer(GATEWAY)).toBe('203.0.114.10');
  });

  it('takes UPnP where NAT-PMP is silent; what was found is not looked for again', async () => {
    router.upnp = '203.0.114.10';
    expect(await ask()).toEqual({ kind: 'address', address: '203.0.114.10', protocol: 'upnp' });
    router.upnp = '203.0.114.11';
    expect(await ask()).toMatchObject({ address: '203.0.114.11' });
    expect(router.asked).toMatchObject({ natPmp: 3, descriptions: 1, calls: 2 });
  });

  it('finds the services again on another port', async () => {
    router.upnp = '203.0.114.10';
    await ask();
    await router.restart();
    expect(await ask()).toMatchObject({ kind: 'address', address: '203.0.114.10' });
    expect(router.asked.descriptions).toBe(2);
  });

  it('remembers which start of the services it found, where they number them', async () => {
    router.upnp = '203.0.114.10';
    await ask();
    expect(client.memory(GATEWAY).found).toBeUndefined();
    await router.restart();
    router.boot = '7';
    await ask();
    expect(client.memory(GATEWAY).found).toBe(`7 http://127.0.0.1:${router.httpPort}/root.xml`);
    client.dropServices(GATEWAY);
    expect(client.memory(GATEWAY).found).toBeUndefined();
  });

  it('asks PCP only where that is wanted, and removes the mapping', async () => {
    router.pcp = '203.0.114.10';
    expect(await ask()).toMatchObject({ kind: 'none', why: expect.stringContaining('PCP without NAT-PMP') });
    expect(router.asked.pcp).toBe(0);
    expect(await ask(true)).toEqual({ kind: 'address', address: '203.0.114.10', protocol: 'pcp' });
    await expect.poll(() => router.mapped).toEqual([60, 0]);
  });

  it('goes on where the router speaks and has no address', async () => {
    Object.assign(router, { natPmp: 'refuses', upnp: '203.0.114.10' });
    expect(await ask()).toMatchObject({ kind: 'address', protocol: 'upnp' });
  });

  it('leaves a gateway alone that speaks nothing, ever longer, until there is a sign of life', async () => {
    expect(await ask()).toMatchObject({ kind: 'none', why: expect.stringContaining('nat-pmp: no answer') });
    const before = { ...router.asked };
    expect(await ask()).toMatchObject({ kind: 'none', why: expect.stringContaining('asked again in 30 s') });
    expect(router.asked).toEqual(before);
    now += 30_001;
    await ask();
    expect(router.asked.natPmp).toBe(before.natPmp * 2);
    expect(await ask()).toMatchObject({ why: expect.stringContaining('asked again in 60 s') });
    router.natPmp = '203.0.114.10';
    client.memory(GATEWAY).release();
    expect(await ask()).toMatchObject({ kind: 'address' });
  });

  it('asks a gateway that spoke once again sooner', async () => {
    router.natPmp = '203.0.114.10';
    await ask();
    router.natPmp = 'silent';
    await ask();
    expect(client.memory(GATEWAY).rest('nat-pmp')).toBe(10_000);
  });

  it('learns of the silence although somebody else was quicker, but not from a question that was hardly asked', async () => {
    const cut = async (after: number) => {
      const controller = new AbortController();
      const asked = ask(false, controller.signal);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now += after;
      controller.abort(new Error('another witness was quicker'));
      await expect(asked).rejects.toThrow('quicker');
    };
    await cut(100);
    expect(client.memory(GATEWAY).experience('nat-pmp').state).toBe('unknown');
    await cut(260);
    expect(client.memory(GATEWAY).experience('nat-pmp').state).toBe('silent');
    expect(client.memory(GATEWAY).rest('nat-pmp')).toBe(30_000);
  });

  it('forgets a gateway', async () => {
    await ask();
    client.forget(GATEWAY);
    expect(client.memory(GATEWAY).rest('nat-pmp')).toBe(0);
  });

  it('does not believe a description elsewhere', async () => {
    Object.assign(router, { upnp: '203.0.114.10', location: 'http://127.0.0.2:1/root.xml' });
    expect(await ask()).toMatchObject({
      kind: 'none',
      why: expect.stringContaining('not at its own address'),
    });
    expect(router.asked.descriptions).toBe(0);
    expect(client.tally.counts.get('a description that is not at the gateway')).toBeGreaterThan(0);
  });

  it('takes the one address of several services, and none where they differ', async () => {
    Object.assign(router, { upnp: 'x', addresses: ['0.0.0.0', '203.0.114.10', ''] });
    expect(await ask()).toMatchObject({ kind: 'address', address: '203.0.114.10' });
    router.addresses = ['203.0.114.10', '203.0.114.11'];
    client.dropServices(GATEWAY);
    expect(await ask()).toMatchObject({
      kind: 'none',
      why: expect.stringContaining('several outside addresses'),
    });
  });

  it('tells of a lost state, once', async () => {
    router.natPmp = '203.0.114.10';
    const restarts: string[] = [];
    client.restarts.subscribe(({ protocol }) => restarts.push(protocol));
    await ask();
    now += 5_000;
    router.epoch = 0;
    await ask();
    await ask();
    expect(restarts).toEqual(['nat-pmp']);
  });

  it('shares one search among those who wait, and stops it when none does any more', async () => {
    router.upnp = '203.0.114.10';
    const signal = AbortSignal.timeout(10_000);
    const [first, second] = await Promise.all([
      client.wanServices(GATEWAY, signal),
      client.wanServices(GATEWAY, signal),
    ]);
    expect(first).toBe(second);
    expect(router.asked.descriptions).toBe(1);

    router.upnp = 'silent';
    client.dropServices(GATEWAY);
    const controllers = [new AbortController(), new AbortController()] as const;
    const waiting = controllers.map((controller) => client.wanServices(GATEWAY, controller.signal));
    controllers[0].abort(new Error('gone'));
    await expect(waiting[0]).rejects.toThrow('gone');
    controllers[1].abort(new Error('gone too'));
    await expect(waiting[1]).rejects.toThrow('gone too');
    // Not counted as silence: nobody waited for the answer.
    expect(client.memory(GATEWAY).rest('upnp')).toBe(0);
  });

  it('stops at once when aborted', async () => {
    const controller = new AbortController();
    const asking = ask(false, controller.signal);
    controller.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});
