import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { now } from '../test/lab/support/moment.ts';
import type { Bench } from './support/bench.ts';

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
  about: 'what starting costs: Node with nothing to do, below which no program on Node can be',
  async run({ runs }) {
    const samples: number[] = [];
    for (let run = 0; run < runs; run += 1) samples.push(await timeOf([process.execPath, '-e', '0']));
    return [{ title: 'node -e 0', unit: 'ms', samples }];
  },
};
