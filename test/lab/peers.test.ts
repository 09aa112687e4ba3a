import { expect, test } from 'vitest';
import type { Client } from '../../bench/peers/client.ts';
import { KINDS } from '../../bench/peers/outage-kinds.ts';
import { Place } from '../../bench/peers/place.ts';
import { now, pause } from './support/moment.ts';
import { describeLab } from './support/needs.ts';

/** Publishes its address five times a second, whatever comes of it. */
const restless: Client = {
  name: 'restless',
  interval: { default: 1, shortest: 1 },
  intervalSource: 'here',
  version: () => '1',
  prepare: ({ names, provider }) => {
    const program = `
      const { get } = require('node:http');
      const { networkInterfaces } = require('node:os');
      setInterval(() => {
        const address = networkInterfaces().eth0?.find(({ family }) => family === 'IPv4')?.address;
        const url = 'http://${provider}/nic/update?hostname=${names[0]}&myip=' + address;
        get(url, { agent: false, timeout: 2_000 }, (answer) => answer.resume())
          .on('timeout', function () { this.destroy(); })
          .on('error', () => {});
      }, 200);`;
    return [process.execPath, '--eval', program];
  },
};

describeLab('the outages that clients are compared by', [], () => {
  test.concurrent.each(KINDS)('$title', { timeout: 60_000 }, async (kind) => {
    const place = await Place.open(restless, { pace: 'default', byName: kind.byName === true });
    try {
      const since = place.start();
      await place.published(since, 20_000);
      await kind.begin(place);
      // For what was on its way.
      await pause(1_000);
      const known = place.provider.updates.mark();
      await place.change();
      await pause(3_000);
      expect(place.provider.updates.items.slice(known).filter(({ accepted }) => accepted)).toEqual([]);
      const ended = now();
      await kind.end(place);
      await place.published(ended, 20_000);
    } finally {
      await place.close();
    }
  });
});
