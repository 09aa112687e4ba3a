import { Secret } from '../../config/secret.ts';
import { type HttpAnswer, HttpFailure, type HttpRequest } from '../../net/http.ts';
import type { Call, Provider, Sink, SinkComponents, SinkInit, WriteResult } from '../contract.ts';
import { failureOfHttpFailure, failureOfStatus } from '../failures.ts';
import { failedAll, sendAll } from '../send-all.ts';
import { readBody, type Verdict } from './answer.ts';
import { type Batch, batchesOf, urlOf } from './batches.ts';
import { type Dyndns2Options, dyndns2Options } from './options.ts';

// No provider publishes a number; four is what a browser of the protocol's time opened to one host.
const AT_ONCE = 4;
// 100 names of 253 characters repeated, with room for words.
const MAX_ANSWER = 65_536;

/**
 * The update protocol that most dynamic DNS services speak. It cannot be asked what it holds and removes nothing.
 * Facts: "Remote Access Update API" (help.dyn.com/remote-access-api), No-IP (www.noip.com/integrate/request, /response).
 */
export const dyndns2: Provider<Dyndns2Options> = {
  name: 'dyndns2',
  title: 'Any server that speaks dyndns2 (DynDNS, No-IP, Dynu, deSEC, routers and many more)',
  documentation: 'https://help.dyn.com/remote-access-api/',
  credentials: 'User name and password, or the update key, from the account page of the provider.',
  options: dyndns2Options,
  traits: { batch: Number.POSITIVE_INFINITY, multiple: false, creates: false, families: 'one' },
  example: [
    'provider: dyndns2',
    'server: https://members.dyndns.org',
    'username: alice',
    'password: { env: DYNDNS_PASSWORD }',
    '',
  ].join('\n'),
  create: createDyndns2,
};

function createDyndns2({ options }: SinkInit<Dyndns2Options>, { clock }: SinkComponents): Sink {
  const pair = `${options.username}:${options.password.reveal()}`;
  const secrets = [new Secret(pair), options.password];
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;

  const send = async (batch: Batch, call: Call): Promise<readonly WriteResult[]> => {
    const url = urlOf(batch, options);
    const request: HttpRequest = { method: 'GET', url, headers: { authorization }, maxBytes: MAX_ANSWER };
    try {
      const answer = await call.http(request, call.signal);
      return resultsOf(batch, verdictsOf(answer, batch));
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      return failedAll(batch.keys, failureOfHttpFailure(error, 'write'));
    }
  };

  /** Some servers send the code with a status to match (401 badauth); the code says more, but never turns an error into a success. */
  const verdictsOf = (answer: HttpAnswer, { names, addresses }: Batch): readonly Verdict[] => {
    const verdicts = readBody(answer.body, names.length, addresses, secrets);
    if (answer.status >= 200 && answer.status < 300) return verdicts;
    const context = { effect: 'write', now: clock.wall(), secrets } as const;
    const failure = failureOfStatus(answer, context);
    return verdicts.map((verdict) => {
      const coded = verdict.kind === 'failed' && verdict.failure.unclear !== true && answer.status !== 429;
      if (!coded) return { kind: 'failed', failure };
      const { retryAfter = 0, ...rest } = verdict.failure;
      const longest = Math.max(retryAfter, failure.retryAfter ?? 0);
      return { kind: 'failed', failure: longest > 0 ? { ...rest, retryAfter: longest } : rest };
    });
  };

  return {
    write: async (changes, call) => {
      const { batches, refused } = batchesOf(changes, options.names_per_request, options.families);
      return [...refused, ...(await sendAll(batches, AT_ONCE, (batch) => send(batch, call)))];
    },
  };
}

/** One verdict a name, in order; a name with both families has two keys. */
function resultsOf({ names, keys }: Batch, verdicts: readonly Verdict[]): readonly WriteResult[] {
  const byName = new Map(names.map((name, index) => [name, verdicts[index]]));
  return keys.flatMap((key) => {
    const verdict = byName.get(key.name);
    return verdict === undefined ? [] : [{ key, ...verdict }];
  });
}
