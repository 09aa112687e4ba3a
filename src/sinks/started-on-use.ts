import type { Call, Sink } from './contract.ts';

/**
 * The sink, opened by its first use if it could not be opened before: an address that the host has not got yet, or a port that somebody
 * else has, comes free in time. Until then its attempts fail like those of a provider that nobody reaches, and the lane tries again.
 */
export function startedOnUse(sink: Sink): Sink {
  const { start, stop, read, observe, write, ...said } = sink;
  if (start === undefined) return sink;
  let opening: Promise<void> | undefined;
  const opened = (): Promise<void> => {
    opening ??= start.call(sink).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  const before =
    <Asked, Answer>(method: (asked: Asked, call: Call) => Promise<Answer>) =>
    async (asked: Asked, call: Call): Promise<Answer> => {
      call.signal.throwIfAborted();
      await opened();
      return method.call(sink, asked, call);
    };
  return {
    ...said,
    start: opened,
    write: before(write),
    ...(read && { read: before(read) }),
    ...(observe && { observe: before(observe) }),
    stop: async () => {
      // What is just being opened would be left open.
      await opening?.catch(() => undefined);
      opening = undefined;
      await stop?.call(sink);
    },
  };
}
