import { formatDuration } from '../model/duration.ts';
import { either } from '../model/either.ts';
import type { Failure } from '../model/outcome.ts';
import type { HttpClient } from '../net/http.ts';
import type { Log } from '../telemetry/log.ts';
import { type Call, SinkError } from './contract.ts';

export interface CallInit {
  /** Milliseconds for one call of the sink. */
  readonly timeout: number;
  readonly http: HttpClient;
}

export interface CallRequest {
  /** Bound to sink and trace_id. */
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Milliseconds after the deadline for a sink to say how far it came. */
const LAST_WORD = 100;

export type Attempt<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * One call of the sink under its deadline. Ends when the signal does, even if the sink does not: a sink that ignores its signal must
 * not keep a newer address waiting.
 */
export async function within<Value>(
  init: CallInit,
  request: CallRequest,
  doing: 'reading' | 'writing',
  work: (call: Call) => Promise<Value>,
): Promise<Attempt<Value>> {
  const deadline = AbortSignal.timeout(init.timeout);
  const signal = either(request.signal, deadline);
  const unclear = doing === 'writing';
  try {
    const aborted = new Promise<never>((_, reject) => {
      const abort = () => reject(signal.reason);
      if (request.signal.aborted) abort();
      request.signal.addEventListener('abort', abort, { once: true });
      // The sink knows best how far it came: nothing was sent, if the connection was never there.
      deadline.addEventListener('abort', () => setTimeout(abort, LAST_WORD), { once: true });
    });
    const value = await Promise.race([work({ signal, log: request.log, http: init.http }), aborted]);
    return { kind: 'done', value };
  } catch (error) {
    request.signal.throwIfAborted();
    if (deadline.aborted && !(error instanceof SinkError)) {
      const message = `no answer within ${formatDuration(init.timeout)} while ${doing}`;
      return { kind: 'failed', failure: { class: 'transient', scope: 'sink', message, unclear } };
    }
    if (error instanceof SinkError) return { kind: 'failed', failure: error.failure };
    // A defect of the sink. Its records stay as they are believed to be unknown; the process goes on.
    const message = `defect while ${doing}: ${error instanceof Error ? error.message : String(error)}`;
    request.log.error('sink_defect', message, { error });
    return { kind: 'failed', failure: { class: 'transient', scope: 'sink', message, unclear } };
  }
}
