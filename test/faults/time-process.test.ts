import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually, now, pause } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { BootClock, faketimeLibrary, STEPS, WallClock } from './support/clocks.ts';
import { Provider } from './support/provider.ts';
import { RECORD, Scene, sink } from './support/scene.ts';
import { status, word } from './support/scripts.ts';

const [FIRST, SECOND, THIRD] = ['198.51.100.1', '198.51.100.2', '198.51.100.3'];

interface World extends AsyncDisposable {
  readonly scene: Scene;
  readonly provider: Provider;
  readonly wall: WallClock;
  start(more?: Readonly<Record<string, unknown>>, watch?: Readonly<Record<string, unknown>>): Promise<void>;
}

async function open(): Promise<World> {
  const scene = await Scene.open();
  const provider = await Provider.start();
  const wall = new WallClock(scene.folder);
  return {
    scene,
    provider,
    wall,
    start: async (more = {}, watch = {}) => {
      scene.address(FIRST);
      const config = scene.config(
        { dyn: sink(provider, more) },
        { watch: { every: '1h', settle: '20ms', ...watch } },
      );
      scene.start(config, { env: wall.env });
      await scene.judged(provider);
      await scene.netdrift.line({ event: 'record_updated' });
    },
    [Symbol.asyncDispose]: async () => {
      await scene.close();
      await provider.close();
    },
  };
}

const has = faketimeLibrary() !== undefined;

describeLab('the wall clock is set', has ? [] : ['faketime'], () => {
  describe.each(STEPS)('%s', (_, offset) => {
    test.concurrent('at rest: told, nothing is written, and the next change goes out at once', async () => {
      await using world = await open();
      const { scene, provider, wall } = world;
      await world.start();
      const after = scene.netdrift.log.mark();
      wall.set(offset);
      const told = await scene.netdrift.line({ event: 'clock_stepped' }, { after, timeout: 15_000 });
      expect(Math.abs(Number(told['duration']) - offset * 1_000)).toBeLessThan(2_000);
      scene.address(SECOND);
      await scene.judged(provider, { timeout: 3_000 });
      expect(provider.exchanges.items.map(({ asked }) => asked.join())).toEqual([FIRST, SECOND]);
    });

    test.concurrent('while things settle: the window ends in time', async () => {
      await using world = await open();
      const { scene, provider, wall } = world;
      await world.start({}, { settle: '2s', settle_limit: '5s' });
      const began = now();
      scene.address(SECOND);
      await pause(300);
      wall.set(offset);
      await scene.judged(provider, { allowedDelay: 3_000 });
      expect(now() - began).toBeGreaterThan(1_900);
      expect(now() - began).toBeLessThan(4_000);
    });

    test.concurrent('while a retry is waited for: it comes when it would have come', async () => {
      await using world = await open();
      const { scene, provider, wall } = world;
      await world.start();
      provider.script = status('503 Service Unavailable');
      scene.address(SECOND);
      for (const seen of [2, 3]) await eventually('refused', () => provider.exchanges.items.length >= seen);
      wall.set(offset);
      // The third wait is 4 to 5 s from the second refusal.
      await eventually('refused', () => provider.exchanges.items.length >= 4, { timeout: 10_000 });
      const [second = 0, third = 0] = provider.exchanges.items.slice(2).map(({ at }) => at);
      expect(third - second).toBeGreaterThan(3_900);
      expect(third - second).toBeLessThan(6_000);
      provider.script = () => ({
        said: 'good',
        taken: true,
        play: (socket) =>
          void socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${5 + SECOND.length}\r\n\r\ngood ${SECOND}`),
      });
      await scene.judged(provider, { timeout: 15_000 });
    });

    test.concurrent('while a provider has asked to wait: the wait keeps its length, in both directions', async () => {
      await using world = await open();
      const { scene, provider, wall } = world;
      await world.start();
      provider.script = status('429 Too Many', ['retry-after: 7'], 7_000);
      scene.address(SECOND);
      const refused = await provider.exchanges.find(({ said }) => said === 'HTTP 429');
      const { agree } = await import('./support/provider.ts');
      provider.script = agree;
      await pause(1_000);
      wall.set(offset);
      const sent = await provider.exchanges.find(({ said }) => said === 'good', {
        after: 2,
        timeout: 15_000,
      });
      expect(sent.at - refused.at).toBeGreaterThan(6_980);
      expect(sent.at - refused.at).toBeLessThan(9_500);
      await scene.judged(provider);
    });

    test.concurrent('while the gap between two writes is waited for: it keeps its length', async () => {
      await using world = await open();
      const { scene, provider, wall } = world;
      await world.start({ minimum_gap: '5s' });
      scene.address(SECOND);
      await scene.netdrift.line({ event: 'record_pending' });
      wall.set(offset);
      scene.address(THIRD);
      await scene.judged(provider, { gap: 5_000 });
      const [first = 0, second = 0] = provider.exchanges.items.map(({ at }) => at);
      expect(second - first).toBeGreaterThan(4_980);
      expect(second - first).toBeLessThan(7_000);
      expect(provider.exchanges.items.map(({ asked }) => asked.join())).toEqual([FIRST, THIRD]);
    });

    test.concurrent.each(['restart', 'kill'] as const)(
      'while a ban of 30 minutes runs: it is in force, also after a %s',
      async (end) => {
        await using world = await open();
        const { scene, provider, wall } = world;
        await world.start();
        provider.script = word('911');
        scene.address(SECOND);
        await scene.netdrift.line((line) => /^write_(failed|held)$/.test(line.event), { timeout: 5_000 });
        const { agree } = await import('./support/provider.ts');
        provider.script = agree;
        const after = scene.netdrift.log.mark();
        wall.set(offset);
        await scene.netdrift.line({ event: 'clock_stepped' }, { after, timeout: 15_000 });
        scene.netdrift.signal('SIGUSR1');
        await pause(1_000);
        if (end === 'restart') await scene.netdrift.stop();
        else await scene.netdrift.kill();
        scene.happened('restarted');
        const ended = scene.netdrift.log.mark();
        scene.netdrift.start();
        await scene.netdrift.line({ event: 'write_held' }, { after: ended, timeout: 10_000 });
        expect(provider.exchanges.items.map(({ said }) => said)).toEqual(['good', '911']);
        expect(scene.faults(provider).filter(({ check }) => check !== 'last')).toEqual([]);
      },
    );
  });
});

describeLab('a process that has slept', has ? [] : ['faketime'], () => {
  let world: World;
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world[Symbol.asyncDispose]());

  test('an hour: it looks within seconds of the wake, and repeats nothing', async () => {
    const { scene, provider, wall } = world;
    using boot = new BootClock(scene.folder);
    scene.address(FIRST);
    scene.start(scene.config({ dyn: sink(provider) }), { env: wall.env, wrapper: boot.wrapper });
    await scene.judged(provider);
    await scene.netdrift.line({ event: 'record_updated' });
    // One heartbeat, so that there is a reading to compare with.
    await pause(11_000);
    expect(scene.netdrift.log.items.filter(({ event }) => event === 'clock_stepped')).toEqual([]);
    const after = scene.netdrift.log.mark();
    // The lid is closed for an hour: wall clock and time since boot go on, timers and the monotonic clock stand still.
    wall.set(3_600);
    boot.set(3_600);
    scene.address(SECOND, { tell: false });
    await scene.stands(provider, 12_000);
    const woken = await scene.netdrift.line({ event: 'trigger_received' }, { after });
    expect(JSON.stringify(woken)).toMatch(/wake/);
    await pause(11_000);
    expect(scene.faults(provider, { allowedDelay: 13_000 })).toEqual([]);
    expect(provider.standing(RECORD)).toEqual([SECOND]);
    expect(scene.netdrift.log.items.filter(({ event }) => event === 'clock_stepped')).toEqual([]);
  });

  test('stopped for 12 s in the middle of a retry: the newest address goes out, and the retry is no hail of requests', async () => {
    const { scene, provider } = world;
    await world.start();
    provider.script = status('503 Service Unavailable');
    scene.address(SECOND);
    await provider.exchanges.find(({ said }) => said === 'HTTP 503');
    scene.netdrift.signal('SIGSTOP');
    const { agree } = await import('./support/provider.ts');
    provider.script = agree;
    // The signal that tells of it waits with the process.
    scene.address(THIRD);
    await pause(12_000);
    scene.netdrift.signal('SIGCONT');
    await scene.stands(provider, 12_000);
    // The retry that was due may go out before the wake is noticed, for the address of before the sleep.
    expect(scene.faults(provider, { allowedDelay: 20_000 })).toEqual([]);
    expect(provider.exchanges.items.length).toBeLessThanOrEqual(4);
  });

  test('the clocks of the kernel ten years on (time namespace): it works as ever', async () => {
    const { scene, provider } = world;
    const years = String(3_650 * 86_400);
    const wrapper = ['unshare', '--time', '--monotonic', years, '--boottime', years];
    scene.address(FIRST);
    scene.start(scene.config({ dyn: sink(provider, { minimum_gap: '2s' }) }), { wrapper });
    await scene.judged(provider, { gap: 2_000 });
    await scene.netdrift.line({ event: 'record_updated' });
    scene.address(SECOND);
    await scene.judged(provider, { gap: 2_000, allowedDelay: 3_000 });
    await scene.killAndStart();
    scene.address(THIRD);
    await scene.judged(provider, { gap: 2_000, allowedDelay: 3_000 });
  });
});
