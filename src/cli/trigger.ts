import { askControl } from '../control/client.ts';
import { EXIT } from './exit.ts';
import { ANSWER_TIME, controlSocket } from './running.ts';

/** Makes the running netdrift look now; with `release`, a sink that is held is tried again. */
export async function trigger(options: {
  readonly config?: string;
  readonly release?: string;
}): Promise<number> {
  const socket = await controlSocket(options);
  const request = options.release === undefined ? {} : { release: options.release };
  const { released } = await askControl(
    socket,
    { ask: 'trigger', ...request },
    AbortSignal.timeout(ANSWER_TIME),
  );
  const holds = options.release === undefined ? '' : `, ${released} hold(s) of ${options.release} released`;
  process.stdout.write(`looking now${holds}\n`);
  return EXIT.published;
}
