import { now, pause } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import type { Bench } from './support/bench.ts';
import { hostAddress, openOwner } from './support/owner.ts';
import { mebibytes, usageOf } from './support/process-usage.ts';

const EVENTS = 30_000;

/** 15,000 addresses come and go beside the host's own: each says so twice or more (address, local route). */
function storm(next: string, current: string): readonly string[] {
  const commands: string[] = [];
  for (let count = 0; count < EVENTS / 2; count += 1) {
    const address = `10.${(count >> 14) & 255}.${(count >> 7) & 127}.${(count & 127) + 1}/32`;
    commands.push(`addr add ${address} dev eth0`, `addr del ${address} dev eth0`);
  }
  commands.splice(commands.length / 2, 0, `addr add ${next}/24 dev eth0`, `addr del ${current}/24 dev eth0`);
  return commands;
}

export const stormBench: Bench = {
  name: 'storm',
  about: `${EVENTS.toLocaleString('en')} address events in one go with a real change in their midst`,
  missing: () => missing(),
  async run({ runs }) {
    const rounds = Math.min(runs, 30);
    const { lab, network, service, start } = await openOwner();
    try {
      const netdrift = start();
      await netdrift.line({ event: 'record_updated' }, { timeout: 10_000 });
      await pause(5_000);
      const pid = Number(netdrift.process.child.pid);
      const before = mebibytes(usageOf(pid).resident);
      let current = network.address;
      const after: number[] = [];
      const requests: number[] = [];
      const late: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const next = hostAddress(round);
        const mark = service.requests.mark();
        await network.host.ipBatch(storm(next, current));
        const over = now();
        const request = await service.requests.find(({ url }) => url.includes(next), {
          after: mark,
          timeout: 20_000,
        });
        late.push(Math.max(0, request.at - over));
        await pause(1_000);
        requests.push(service.requests.items.length - mark);
        current = next;
      }
      await pause(5_000);
      after.push(mebibytes(usageOf(pid).resident));
      return [
        { title: 'end of the storm -> the right address published', unit: 'ms', samples: late },
        { title: 'requests per storm', unit: 'count', samples: requests },
        { title: 'resident memory before', unit: 'MiB', samples: [before] },
        {
          title: `resident memory after ${rounds} storms`,
          unit: 'MiB',
          samples: after,
          target: { max: before * 1.1 },
        },
      ];
    } finally {
      await lab.close();
    }
  },
};
