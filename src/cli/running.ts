import { askControl } from '../control/client.ts';
import { controlPath } from '../control/path.ts';
import type { ControlAnswers, ControlRequest } from '../control/protocol.ts';
import { stateFolderOf } from '../daemon/loading.ts';
import { NetdriftError } from '../errors.ts';
import { formatDuration } from '../model/duration.ts';
import { type Configured, configuration, configurationFile } from './configuration.ts';

interface Options {
  readonly config?: string;
}

/** Milliseconds for a running netdrift to answer. */
const ANSWER_TIME = 10_000;

/**
 * Talks to the netdrift that runs with this configuration. It may well run while the file is wrong (it keeps the last right one), so
 * only its place is read from the file; what else is wrong is told where nobody answers. `alone` is what to do then with a right one.
 */
export async function withRunning<Value>(
  options: Options,
  talk: (socket: string) => Promise<Value>,
  alone?: (configured: Configured) => Promise<Value>,
): Promise<Value> {
  const file = await configurationFile(options.config);
  const folder = await stateFolderOf(file);
  // An unreadable file has no place in it: `configuration` says so.
  if (folder === undefined) await configuration({ config: file });
  const socket = controlPath(folder ?? '');
  try {
    return await talk(socket);
  } catch (error) {
    if (!(error instanceof NetdriftError) || error.code !== 'NETDRIFT_NOT_RUNNING') throw error;
    const configured = await configuration({ config: file });
    if (alone === undefined) throw error;
    return alone(configured);
  }
}

/** @throws NetdriftError NETDRIFT_NO_ANSWER after `time` milliseconds, and as `withRunning`. */
export function askRunning<Ask extends keyof ControlAnswers>(
  options: Options,
  request: Extract<ControlRequest, { ask: Ask }>,
  time = ANSWER_TIME,
): Promise<ControlAnswers[Ask]> {
  return withRunning(options, async (socket) => {
    const signal = AbortSignal.timeout(time);
    try {
      return await askControl<Ask>(socket, request, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new NetdriftError('NETDRIFT_NO_ANSWER', [socket, formatDuration(time)], { cause: error });
    }
  });
}
