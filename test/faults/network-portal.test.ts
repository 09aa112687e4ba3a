import { expect, test } from 'vitest';
import { eventually, now, pause } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { Recorder } from '../lab/support/recorder.ts';
import type { Reply } from '../lab/support/recording-server.ts';
import { Field, Home, PORT, SERVER } from './support/field.ts';

const [FIRST, SECOND] = ['203.0.113.10', '203.0.113.99'];
const [ONE, OTHER, PORTAL] = [8_081, 8_082, 8_088];

/** What a hotel's router says to everything, before the guest has agreed; with addresses in it, and the word of success. */
const PORTALS: ReadonlyArray<readonly [string, Reply]> = [
  [
    'a page with 200',
    {
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html><html><title>Welcome</title>good 192.168.1.10 203.0.113.77</html>',
    },
  ],
  ['plain text with 200', { body: 'good 203.0.113.77 - welcome, guest 192.168.1.10\n' }],
  [
    'a redirect to its page',
    { status: 302, headers: { location: 'http://login.hotel.example/?from=203.0.113.77' }, body: '' },
  ],
];

describeLab('a captive portal', [], () => {
  test.concurrent.each(PORTALS)(
    'at the start (%s): nothing is published; once it is gone, the address is within 5 s',
    async (_, reply) => {
      await using home = await Home.open();
      const { outside, router } = home.network;
      for (const port of [ONE, OTHER])
        await Recorder.start(home.lab, outside, { port, reply: { body: FIRST } });
      const portal = await Recorder.start(home.lab, router, { port: PORTAL, reply });
      await home.upstream.capture([PORT, ONE, OTHER], PORTAL);
      home.start([{ detector: 'http', services: [ONE, OTHER].map((port) => `http://${SERVER}:${port}/`) }]);
      await home.netdrift.line({ event: 'address_unavailable' }, { timeout: 10_000 });
      await eventually('asked again', () => portal.requests.items.length > 3, { timeout: 15_000 });
      expect(portal.requests.items.filter(({ url }) => url.includes('myip'))).toEqual([]);
      await home.upstream.release();
      const gone = now();
      await home.judged(home.provider);
      expect(now() - gone).toBeLessThan(5_000);
    },
  );

  test.concurrent.each(PORTALS)(
    'in a new network (%s): what was published stays; once it is gone, the new address is within 5 s',
    async (_, reply) => {
      await using home = await Home.open();
      const { host, outside, router } = home.network;
      const services = [];
      for (const port of [ONE, OTHER]) {
        services.push(await Recorder.start(home.lab, outside, { port, reply: { body: FIRST } }));
      }
      await Recorder.start(home.lab, router, { port: PORTAL, reply });
      home.start([{ detector: 'http', services: [ONE, OTHER].map((port) => `http://${SERVER}:${port}/`) }]);
      await home.judged(home.provider);
      await home.netdrift.line({ event: 'record_updated' });
      await home.upstream.capture([PORT, ONE, OTHER], PORTAL);
      for (const service of services) await service.reply({ body: SECOND });
      await home.change(SECOND);
      await host.replaceAddress('eth0', '192.168.1.10/24', '192.168.1.20/24');
      await home.netdrift.line({ event: 'address_unavailable' }, { timeout: 10_000 });
      await pause(5_000);
      await home.upstream.release();
      const gone = now();
      await home.judged(home.provider);
      expect(now() - gone).toBeLessThan(5_000);
      expect(home.provider.exchanges.items.map(({ asked }) => asked.join())).toEqual([FIRST, SECOND]);
    },
  );

  test.concurrent.each(PORTALS)(
    'before the provider alone (%s): no success is believed, and the write is made again',
    async (_, reply) => {
      await using field = await Field.open();
      field.start();
      await field.judged(field.provider);
      await field.netdrift.line({ event: 'record_updated' });
      const portal = await Recorder.start(field.lab, field.router, { port: PORTAL, reply });
      await field.upstream.capture([PORT], PORTAL);
      await field.change('198.51.100.11');
      await eventually('written again', () => portal.requests.items.length > 1, { timeout: 15_000 });
      await field.netdrift.line(({ event }) => /^write_(unclear|failed)$/.test(event));
      await field.upstream.release();
      await field.judged(field.provider, { timeout: 20_000 });
      expect(field.provider.exchanges.items).toHaveLength(2);
    },
  );
});
