import type { Failure } from '../../model/outcome.ts';
import type { WriteEnd } from './api.ts';
import type { RestChange } from './records.ts';
import { failureOf } from './refusal.ts';

/** What became of one change. */
export type End =
  | { readonly kind: 'updated' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'pending'; readonly why: string; readonly retryAfter: number }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface RestResult {
  readonly change: RestChange;
  readonly end: End;
}

/**
 * What was there a moment ago and is gone now was taken away by somebody else: that is for reading again, not for holding until the
 * configuration changes.
 */
export function duringWrite(failure: Failure): Failure {
  return failure.class === 'not_found' ? { ...failure, class: 'conflict' } : failure;
}

/** The end of some work; rejects for defects only. */
export async function attempt(work: () => Promise<WriteEnd>): Promise<End> {
  try {
    return endOf(await work());
  } catch (error) {
    return { kind: 'failed', failure: duringWrite(failureOf(error)) };
  }
}

export function endOf(end: WriteEnd): End {
  return end === undefined
    ? { kind: 'updated' }
    : { kind: 'pending', why: end.pending, retryAfter: end.retryAfter };
}

/** The failure, if it would meet every other request too. */
export const stopping = (end: End): Failure | undefined =>
  end.kind === 'failed' && end.failure.scope === 'sink' ? end.failure : undefined;

/** The same failure for a change about which nothing was sent. */
export function notSent({ unclear, ...failure }: Failure): Failure {
  return failure;
}

export const failed = (changes: readonly RestChange[], failure: Failure): readonly RestResult[] =>
  changes.map((change) => ({ change, end: { kind: 'failed', failure } }));
