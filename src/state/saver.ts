import type { Later } from '../telemetry/later.ts';
import type { Log } from '../telemetry/log.ts';

/**
 * One writer at a time, and one write for all who asked meanwhile: many sinks that settle together cost a few fsyncs. A promise
 * resolves when a write that began after the call has ended. A failing disk is reported once; memory goes on, and the disk is tried
 * again every half minute and at every further call.
 */
export interface Saver {
  save(): Promise<void>;
  close(): Promise<void>;
}

const RETRY = 30_000;

export function createSaver(write: () => Promise<void>, log: Log, later: Later): Saver {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let failing = false;
  let cancelRetry: (() => void) | undefined;
  let closed = false;

  const writeOnce = async (): Promise<void> => {
    cancelRetry?.();
    cancelRetry = undefined;
    try {
      await write();
      if (failing) log.info('state_saved_again', 'the state is written to disk again');
      failing = false;
    } catch (error) {
      if (!failing) {
        log.error('state_unsaved', 'cannot write the state file; going on in memory, trying again', {
          error,
        });
      }
      failing = true;
      if (!closed) cancelRetry = later(RETRY, () => void save());
    }
  };

  const start = (): Promise<void> => {
    const write = writeOnce().finally(() => {
      if (running === write) running = undefined;
    });
    running = write;
    return write;
  };

  const save = (): Promise<void> => {
    if (next !== undefined) return next;
    // One turn is waited even when idle: whoever asks in the same turn shares the write.
    const before = running ?? Promise.resolve();
    next = before.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };

  return {
    save: () => (closed ? Promise.resolve() : save()),
    async close() {
      const last = failing && !closed ? save() : (next ?? running);
      closed = true;
      await last;
      cancelRetry?.();
    },
  };
}
