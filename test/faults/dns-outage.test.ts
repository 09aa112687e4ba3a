import { afterAll, beforeAll, expect, test } from 'vitest';
import { now, pause } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { Provider } from './support/provider.ts';
import { Resolver } from './support/resolver.ts';
import { Scene, sink } from './support/scene.ts';

const LIMIT = 5_000;

describeLab('a resolver that was silent: published within 5 s of its return', ['unshare'], () => {
  let first: Scene;
  let resolver: Resolver;

  beforeAll(async () => {
    first = await Scene.open();
    resolver = await Resolver.start(first.folder);
  });
  afterAll(async () => {
    resolver?.close();
    await first?.close();
  });

  // Different lengths, so that the return falls on different moments of the C library's wait and of the lane's.
  test.concurrent.each([9_000, 10_300, 11_600, 12_900])(
    'after %d ms',
    { timeout: 90_000 },
    async (outage) => {
      await using scene = await Scene.open();
      const provider = await Provider.start();
      try {
        const name = `after-${outage}.provider.test`;
        resolver.names.set(name, 'silence');
        scene.address('198.51.100.1');
        // With the deadline of a call as it is by default.
        const { timeout: _, ...dyn } = sink(`http://${name}:${provider.port}`);
        scene.start(scene.config({ dyn }), { wrapper: resolver.wrapper });
        await scene.netdrift.line({ event: 'started' }, { timeout: 20_000 });
        await pause(outage);
        expect(provider.exchanges.items).toEqual([]);
        resolver.names.set(name, { address: '127.0.0.1' });
        const back = now();
        await scene.judged(provider, { timeout: 30_000 });
        const took = (provider.exchanges.items[0]?.at ?? Number.NaN) - back;
        console.log(`      silent for ${outage} ms: published ${Math.round(took)} ms after the return`);
        expect(took).toBeLessThan(LIMIT);
      } finally {
        await provider.close();
      }
    },
  );
});
