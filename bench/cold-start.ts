import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { now } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import { PROGRAM } from '../test/lab/support/netdrift.ts';
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
    'from the start of the process to its first update request; and what does less, from the start to the end, which tells what the time is spent on',
  missing: () => missing(),
  async run({ runs }) {
    const { lab, service, start } = await openOwner();
    try {
      const samples: number[] = [];
      const netdrift = start();
      await service.requests.find(() => true, { timeout: 10_000 });
      const less = {
        'node -e 0': [process.execPath, '-e', '0'],
        'netdrift --version': [process.execPath, PROGRAM, '--version'],
        'netdrift check': [process.execPath, PROGRAM, 'check', '--config', netdrift.configFile],
      };
      const lesser = new Map(Object.keys(less).map((title) => [title, [] as number[]]));
      for (let run = 0; run < runs; run += 1) {
        await netdrift.kill();
        for (const [title, command] of Object.entries(less)) lesser.get(title)?.push(await timeOf(command));
        rmSync(netdrift.stateFolder, { recursive: true });
        const mark = service.requests.mark();
        const started = now();
        netdrift.start();
        const request = await service.requests.find(() => true, { after: mark, timeout: 10_000 });
        samples.push(request.at - started);
      }
      return [
        ...[...lesser].map(([title, times]) => ({ title, unit: 'ms' as const, samples: times })),
        {
          title: 'process start -> request received',
          unit: 'ms',
          samples,
          target: { median: 350 },
          note: 'each row above does a part of it: Node itself, the reading of the code, the reading of the configuration; what is left is the look at the host, the HTTP client and the request',
        },
      ];
    } finally {
      await lab.close();
    }
  },
};
