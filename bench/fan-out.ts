import { now, pause } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import type { Bench, Figure } from './support/bench.ts';
import { hostAddress, openOwner } from './support/owner.ts';

const DELAY = 50;

export const fanOut: Bench = {
  name: 'fan-out',
  about:
    'from an address replaced to the last name answered, for 1 to 1000 names of one dyndns2 account at 50 ms a request',
  missing: () => missing(),
  async run({ runs }) {
    const figures: Figure[] = [];
    for (const names of [1, 10, 100, 1_000]) figures.push(...(await measure(names, runs)));
    return figures;
  },
};

async function measure(names: number, runs: number): Promise<readonly Figure[]> {
  const { lab, network, service, start } = await openOwner({
    names,
    reply: { body: 'dyndns2', delay: DELAY },
  });
  try {
    const netdrift = start();
    const requests = Math.ceil(names / 20);
    await service.requests.find(() => service.requests.items.length >= requests, { timeout: 20_000 });
    await pause(1_000);
    let current = network.address;
    const samples: number[] = [];
    let most = 0;
    for (let run = 0; run < runs; run += 1) {
      const next = hostAddress(run);
      const mark = service.requests.mark();
      const logged = netdrift.log.mark();
      const changed = now();
      await network.host.replaceAddress('eth0', `${current}/24`, `${next}/24`);
      let arrived = 0;
      await netdrift.line(
        ({ event, address }) => {
          if (event === 'record_updated' && String(address) === next) arrived += 1;
          return arrived === names;
        },
        { after: logged, timeout: 30_000 },
      );
      const round = service.requests.items.slice(mark);
      samples.push(Math.max(...round.map(({ at }) => at)) + DELAY - changed);
      most = Math.max(most, new Set(round.map(({ connection }) => connection)).size);
      current = next;
      await pause(200);
    }
    const title = `${names} name${names === 1 ? '' : 's'}`;
    return [
      { title, unit: 'ms', samples, ...(names === 1_000 && { target: { median: 1_200 } }) },
      { title: `${title}: connections`, unit: 'count', samples: [most], target: { max: 4 } },
    ];
  } finally {
    await lab.close();
  }
}
