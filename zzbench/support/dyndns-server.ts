import { RecordingServer } from '../../test/lab/support/recording-server.ts';

export interface DyndnsServerOptions {
  /** Milliseconds each request takes. */
  readonly delay?: number;
  readonly port?: number;
}

/**
 * A dyndns2 service on loopback that agrees to every update after a delay. It counts: `requests` (with their times),
 * `connections` in all, `peak` open at one time. For one inside a namespace take `Recorder` of the lab.
 */
export function startDyndnsServer({ delay, port }: DyndnsServerOptions = {}): Promise<RecordingServer> {
  return RecordingServer.start({
    ...(port === undefined ? {} : { port }),
    reply: { body: 'dyndns2', ...(delay === undefined ? {} : { delay }) },
  });
}
