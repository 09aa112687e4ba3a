import { keyText, type Target } from '../model/record.ts';
import { chunks, neighbouring } from './batches.ts';
import type { Observation, Sink } from './contract.ts';
import { triesOf } from './tries.ts';
import { type CallInit, type CallRequest, within } from './within.ts';

/** Records in one call: as many as are looked up at the same time, so that each has the whole of the call's deadline. */
const LOOK = 16;

/** Looks in a row that tell nothing at all, until that is worth a warning: an outage is none, a firewall is. */
const BLIND_LOOKS = 3;

/**
 * What the world is told of these records, where the sink can find out. A part whose look fails or takes too long is unknown and keeps
 * nothing from the others.
 */
export async function lookOutside(
  targets: readonly Target[],
  init: CallInit & { readonly sink: Sink },
  request: CallRequest,
): Promise<readonly Observation[]> {
  const { sink } = init;
  const observations: Observation[] = [];
  const asked = targets.map((target) => ({ target }));
  for (const part of chunks(neighbouring(asked, LOOK), LOOK)) {
    const keys = part.map(({ target }) => target.key);
    const result = await within(
      init,
      request,
      'reading',
      (call) => sink.observe?.(keys, call) ?? Promise.resolve([]),
    );
    if (result.kind === 'done') observations.push(...result.value);
    else
      observations.push(
        ...keys.map((key): Observation => ({ key, kind: 'unknown', why: result.failure.message })),
      );
  }
  const seen = observations.some(({ kind }) => kind === 'seen');
  if (triesOf(sink).looked(seen) === BLIND_LOOKS) {
    const [first] = observations;
    const why = first?.kind === 'unknown' ? ` (${keyText(first.key)}: ${first.why})` : '';
    request.log.warn(
      'drift_unseen',
      `${BLIND_LOOKS} looks at the name servers told nothing; what somebody else changes goes unnoticed${why}`,
    );
  }
  return observations;
}
