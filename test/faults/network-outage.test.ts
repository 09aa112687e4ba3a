import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/model/duration.ts';
import { now, pause } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { startTurnserver } from '../lab/support/turn.ts';
import { A, Field, Home, SERVER } from './support/field.ts';

/** `NETDRIFT_OUTAGE=10m` makes each outage as long as that. */
const OUTAGE: number = parseDuration(process.env['NETDRIFT_OUTAGE'] ?? '30s') ?? Number.NaN;
const LIMIT = 5_000;
const SECOND = '198.51.100.11';

/** What each way of losing the network looks like to the host, from nothing at all to a dead link. */
const WAYS: ReadonlyArray<{
  readonly name: string;
  readonly begin: (field: Field) => Promise<unknown>;
  readonly end: (field: Field) => Promise<unknown>;
}> = [
  {
    name: 'the router swallows everything',
    begin: ({ upstream }) => upstream.cut('drop'),
    end: ({ upstream }) => upstream.mend(),
  },
  {
    name: 'the router says unreachable',
    begin: ({ upstream }) => upstream.cut('reject'),
    end: ({ upstream }) => upstream.mend(),
  },
  { name: 'the cable is out', begin: (field) => field.cableOut(), end: (field) => field.cableIn() },
  {
    name: 'the router is gone',
    begin: ({ router }) => router.link('lan', 'down'),
    end: async ({ router }) => {
      await router.link('lan', 'up');
    },
  },
  {
    name: 'the default route is gone',
    begin: ({ host }) => host.ip('route del default'),
    end: (field) => field.routes(),
  },
];

describeLab(`an outage of ${OUTAGE / 1_000} s`, ['turnserver'], () => {
  const limit = { timeout: OUTAGE + 60_000 };

  describe.concurrent('with a change in it: published within 5 s of the return of the network', () => {
    test.each(WAYS)('$name', limit, async ({ name, begin, end }) => {
      await using field = await Field.open();
      // With the gap between writes as it is by default: an attempt that reached nobody must not start it.
      field.start(field.config({ sink: { minimum_gap: '5s' } }));
      await field.judged(field.provider);
      await field.netdrift.line({ event: 'record_updated' });
      await begin(field);
      await pause(1_000);
      await field.change(SECOND);
      await pause(OUTAGE);
      const back = now();
      await end(field);
      await field.judged(field.provider, { timeout: 60_000 });
      const sent = await field.provider.exchanges.find(({ asked }) => asked.join() === SECOND);
      console.log(`      ${name}: published ${Math.round(sent.at - back)} ms after the return`);
      expect(sent.at - back).toBeLessThan(LIMIT);
      expect(field.provider.exchanges.items).toHaveLength(2);
    });

    test('behind NAT, the outside address changes, and nothing on the host does', limit, async () => {
      await using home = await Home.open();
      await startTurnserver(home.lab, home.network.outside, { addresses: [SERVER] });
      home.start([{ detector: 'stun', servers: [`${SERVER}:3478`] }]);
      await home.judged(home.provider);
      // By now the keep-watch has an answer to compare with.
      await home.netdrift.line({ event: 'keep_watch_started' }, { timeout: 10_000 });
      await home.upstream.cut('drop');
      await pause(1_000);
      await home.change('203.0.113.99');
      await pause(OUTAGE);
      const back = now();
      await home.upstream.mend();
      const sent = await home.provider.exchanges.find(({ asked }) => asked.join() === '203.0.113.99', {
        timeout: 60_000,
      });
      console.log(`      behind NAT: published ${Math.round(sent.at - back)} ms after the return`);
      expect(sent.at - back).toBeLessThan(LIMIT);
      await home.judged(home.provider);
    });
  });

  test('without a change: nothing is sent', limit, async () => {
    await using field = await Field.open();
    field.start();
    await field.judged(field.provider);
    await field.netdrift.line({ event: 'record_updated' });
    await field.upstream.cut('drop');
    await pause(OUTAGE / 3);
    await field.upstream.mend();
    await field.change(SECOND);
    await field.judged(field.provider);
    expect(field.provider.exchanges.items.filter(({ record }) => record === A)).toHaveLength(2);
  });
});
