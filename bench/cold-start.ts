import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { now } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import type { Bench } from './support/bench.ts';
import { openOwner } from './support/owner.ts';

/** From the start of the process to its end. */
async function timeOf(command: readonly string[]): Promise<number> {
  const [file = '', ...words] = command;
  const started = now();
  const child = spawn(file, words, { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
  return now() - started;
}

export const coldStart: Bench = {
  name: 'cold-start',
  about:
    'from the start of the process to its first update request; and Node with nothing to do, below which no program on Node can be',
  missing: () => missing(),
  async run({ runs }) {
    const bare: number[] = [];
    for (let run = 0; run < runs; run += 1) bare.push(await timeOf([process.execPath, '-e', '0']));
    const { lab, service, start } = await openOwner();
    try {
      const samples: number[] = [];
      const netdrift = start();
      await service.requests.find(() => true, { timeout: 10_000 });
      for (let run = 0; run < runs; run += 1) {
        await netdrift.kill();
        rmSync(netdrift.stateFolder, { recursive: true });
        const mark = service.requests.mark();
        const started = now();
        netdrift.start();
        const request = await service.requests.find(() => true, { after: mark, timeout: 10_000 });
        samples.push(request.at - started);
      }
      return [
        { title: 'node -e 0', unit: 'ms', samples: bare },
        { title: 'process start -> request received', unit: 'ms', samples, target: { median: 350 } },
      ];
    } finally {
      await lab.close();
    }
  },
};
