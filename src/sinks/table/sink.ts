import { Secret } from '../../config/secret.ts';
import { isPermanent } from '../../model/outcome.ts';
import { type HttpAnswer, HttpFailure } from '../../net/http.ts';
import type { Call, Sink, SinkComponents, SinkInit, WriteResult } from '../contract.ts';
import { failureOfHttpFailure, failureOfStatus, retryAfterOf } from '../failures.ts';
import { failedAll, sendAll } from '../send-all.ts';
import { type Batch, batchesOf, sentIn, singles } from './batches.ts';
import type { Account } from './checks.ts';
import { turnsOf } from './limits.ts';
import { failureOfMeaning } from './meaning.ts';
import { type Context, readLines, readWhole, unclear, type Verdict } from './reading.ts';
import { pairOf, requestOf, valuesOf } from './request.ts';
import type { Service } from './service.ts';

// No provider publishes a number; four is what a browser of the protocol's time opened to one host.
const AT_ONCE = 4;

/** A sink that speaks to a service of the GET family. It cannot be asked what it holds. */
export function tableSink(
  service: Service,
  account: Account,
  { keys }: Pick<SinkInit<unknown>, 'keys'>,
  components: Pick<SinkComponents, 'clock' | 'sleep'>,
): Sink {
  const { clock } = components;
  const { answer: reading, statuses } = service;
  const turns = turnsOf(service, account, components);
  const byName = reading.read === 'lines';

  const send = async (batch: Batch, call: Call): Promise<readonly WriteResult[]> => {
    const request = requestOf(batch, service, account);
    try {
      const late = await turns.take(request, batch.names, call.signal);
      if (late !== undefined) return failedAll(batch.keys, late);
      const answer = await call.http(request, call.signal);
      const verdicts = verdictsOf(answer, batch);
      if (batch.names.length > 1 && !byName && isOfOne(verdicts[0])) {
        // One answer for all, and one of them is not right: asked one by one, the others get through and the culprit is known.
        return await sendAll(singles(batch), 1, (single) => send(single, call));
      }
      return resultsOf(batch, verdicts);
    } catch (error) {
      if (error instanceof HttpFailure && !error.sent) turns.giveBack(request, batch.names);
      if (!(error instanceof HttpFailure) && !call.signal.aborted) throw error;
      const failure =
        error instanceof HttpFailure
          ? error
          : new HttpFailure('aborted', false, 'stopped before the request was sent');
      return failedAll(batch.keys, failureOfHttpFailure(failure, 'write'));
    }
  };

  const verdictsOf = (answer: HttpAnswer, batch: Batch): readonly Verdict[] => {
    const secrets = secretsOf(batch, service, account);
    const context: Context = { names: batch.names, sent: sentIn(batch), words: reading.words, secrets };
    const said = byName
      ? readLines(answer.body, context)
      : Array<Verdict>(batch.names.length).fill(readWhole(answer, reading, context));
    const good = answer.status >= 200 && answer.status < 300;
    if (good && reading.read !== 'status') return said;
    return said.map((verdict) => (good ? ofStatus(answer, verdict) : ofRefusal(answer, verdict, secrets)));
  };

  /** The status is the answer, and beside it stands nothing or a word the service is known to say: anything else is not from it. */
  const ofStatus = (answer: HttpAnswer, said: Verdict): Verdict => {
    const meaning = statuses.get(answer.status);
    if (meaning === undefined)
      return unclear('record', `HTTP ${answer.status}, which the service does not document`);
    if (meaning.kind === 'failed')
      return { kind: 'failed', failure: failureOfMeaning(`HTTP ${answer.status}`, meaning) };
    return answer.body.trim() === '' ? { kind: meaning.kind } : said;
  };

  /** Some servers send the code with a status to match (401 badauth); the code says more, but never turns an error into a success. */
  const ofRefusal = (answer: HttpAnswer, said: Verdict, secrets: readonly Secret[]): Verdict => {
    const meaning = statuses.get(answer.status);
    const usual = failureOfStatus(answer, { effect: 'write', now: clock.wall(), secrets });
    const failure = meaning?.kind === 'failed' ? failureOfMeaning(usual.message, meaning) : usual;
    const coded = said.kind === 'failed' && said.failure.unclear !== true && answer.status !== 429;
    const { retryAfter = 0, ...rest } = coded ? said.failure : failure;
    const longest = Math.max(retryAfter, retryAfterOf(answer.headers, clock.wall()) ?? 0);
    return { kind: 'failed', failure: longest > 0 ? { ...rest, retryAfter: longest } : rest };
  };

  return {
    ...(service.other_family === 'both' ? { wholeName: true } : {}),
    ...(service.other_family === 'known' ? { wholeName: 'known' } : {}),
    write: async (changes, call) => {
      const { batches, refused } = batchesOf(changes, {
        service,
        keys,
        single_family: account.single_family,
      });
      return [...refused, ...(await sendAll(batches, AT_ONCE, (batch) => send(batch, call)))];
    },
  };
}

/** True if it was refused for good because of one name. */
const isOfOne = (verdict: Verdict | undefined): boolean =>
  verdict?.kind === 'failed' && verdict.failure.scope === 'record' && isPermanent(verdict.failure.class);

function secretsOf(batch: Batch, service: Service, account: Account): readonly Secret[] {
  const { basic } = service;
  const pair = basic === undefined ? [] : [new Secret(pairOf(basic, valuesOf(batch, service, account)))];
  return [...pair, ...[account.password, account.token].filter((secret) => secret !== undefined)];
}

/** One verdict a name, in order; a name with both families has two keys. */
function resultsOf({ names, keys }: Batch, verdicts: readonly Verdict[]): readonly WriteResult[] {
  const byName = new Map(names.map((name, index) => [name, verdicts[index]]));
  return keys.flatMap((key) => {
    const verdict = byName.get(key.name);
    return verdict === undefined ? [] : [{ key, ...verdict }];
  });
}
