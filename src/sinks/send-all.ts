import type { Failure } from '../model/outcome.ts';
import type { RecordKey } from '../model/record.ts';
import { createLimit } from '../net/limit.ts';
import type { WriteResult } from './contract.ts';

/** The same failure for each key. */
export function failedAll(keys: readonly RecordKey[], failure: Failure): readonly WriteResult[] {
  return keys.map((key) => ({ key, kind: 'failed', failure }));
}

/**
 * Sends jobs, at most `places` at once, and collects their results. The first goes alone, and after a failure that
 * concerns the whole sink nothing more is sent: a wrong password is tried once, not fifty times.
 */
export async function sendAll<Job extends { readonly keys: readonly RecordKey[] }>(
  jobs: readonly Job[],
  places: number,
  send: (job: Job) => Promise<readonly WriteResult[]>,
): Promise<readonly WriteResult[]> {
  const limit = createLimit(places);
  let stopped: Failure | undefined;

  const attempt = async (job: Job): Promise<readonly WriteResult[]> => {
    if (stopped !== undefined) return failedAll(job.keys, stopped);
    const results = await send(job);
    for (const result of results) {
      if (result.kind !== 'failed' || result.failure.scope !== 'sink') continue;
      const { unclear: _, ...failure } = result.failure;
      stopped ??= { ...failure, message: `not sent, since another request failed: ${failure.message}` };
    }
    return results;
  };

  const [first, ...rest] = jobs;
  if (first === undefined) return [];
  const begun = await attempt(first);
  const followed = await Promise.all(rest.map((job) => limit(() => attempt(job))));
  return [...begun, ...followed.flat()];
}
