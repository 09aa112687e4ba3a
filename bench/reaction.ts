import { now, pause } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import type { Bench } from './support/bench.ts';
import { hostAddress, openOwner } from './support/owner.ts';

export const reaction: Bench = {
  name: 'reaction',
  about: 'from an address replaced on the interface to the update request arriving at the provider',
  missing: () => missing(),
  async run({ runs }) {
    const { lab, network, service, start } = await openOwner();
    try {
      const netdrift = start();
      await netdrift.line({ event: 'record_updated' }, { timeout: 10_000 });
      await pause(500);
      let current = network.address;
      const samples: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        const next = hostAddress(run);
        const mark = service.requests.mark();
        const changed = now();
        await network.host.replaceAddress('eth0', `${current}/24`, `${next}/24`);
        const request = await service.requests.find(({ url }) => url.includes(next), {
          after: mark,
          timeout: 10_000,
        });
        samples.push(request.at - changed);
        current = next;
        await pause(150);
      }
      return [
        {
          title: 'address changed -> request received',
          unit: 'ms',
          samples,
          target: { median: 350, p95: 600 },
          note: 'of which 250 ms are the quiet time that `watch.settle` waits for by default',
        },
      ];
    } finally {
      await lab.close();
    }
  },
};
