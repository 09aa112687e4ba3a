import { EXIT } from './exit.ts';
import { askRunning } from './running.ts';

/** Makes the running netdrift look now; with `release`, a sink that is held is tried again. */
export async function trigger(options: {
  readonly config?: string;
  readonly release?: string;
}): Promise<number> {
  const request = options.release === undefined ? {} : { release: options.release };
  const { released } = await askRunning(options, { ask: 'trigger', ...request });
  const holds = options.release === undefined ? '' : `, ${released} hold(s) of ${options.release} released`;
  process.stdout.write(`looking now${holds}\n`);
  return EXIT.published;
}
