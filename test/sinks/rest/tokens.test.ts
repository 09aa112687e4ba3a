import { expect, test } from 'vitest';
import { type HttpAnswer, HttpFailure, type HttpRequest } from '../../../src/net/http.ts';
import type { SigningTools } from '../../../src/sinks/rest/api.ts';
import { withToken } from '../../../src/sinks/rest/tokens.ts';
import { fakeTime } from './support.ts';
import { answer } from './toy.ts';

const REQUEST: HttpRequest = { method: 'GET', url: new URL('https://api.example.net/') };
const grant = (token: string) => answer(200, { access_token: token, expires_in: 3_600 });

function start() {
  const bearer = withToken({
    title: 'Toy',
    secrets: [],
    ask: () => ({ url: new URL('https://login.example.net/token'), form: {} }),
  });
  const { clock, pass } = fakeTime();
  const asked: ((answer: HttpAnswer) => void)[] = [];
  /** A call of its own: what it asks is answered by hand, or ends with its signal. */
  const authorize = async (signal = new AbortController().signal) => {
    const http: SigningTools['http'] = () =>
      new Promise((resolve, reject) => {
        const stop = () => reject(new HttpFailure('aborted', true, 'stopped'));
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop);
        asked.push(resolve);
      });
    const signed = await bearer.authorize(REQUEST, { clock, http, nonce: () => '' });
    return signed.headers?.['authorization'];
  };
  return { ...bearer, authorize, asked, pass };
}

test('calls at the same time share one question, and later ones its answer', async () => {
  const { authorize, asked, pass } = start();
  const both = Promise.all([authorize(), authorize()]);
  asked[0]?.(grant('one'));
  expect(await both).toEqual(['Bearer one', 'Bearer one']);
  pass(3_600_000 - 300_001);
  expect(await authorize()).toBe('Bearer one');
  pass(2);
  const next = authorize();
  asked[1]?.(grant('two'));
  expect(await next).toBe('Bearer two');
  expect(asked).toHaveLength(2);
});

test('a call that is stopped does not take along those that wait for its token', async () => {
  const { authorize, asked } = start();
  const stop = new AbortController();
  const first = authorize(stop.signal);
  const others = Promise.all([authorize(), authorize()]);
  stop.abort();
  await expect(first).rejects.toThrow('stopped');
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.(grant('two'));
  expect(await others).toEqual(['Bearer two', 'Bearer two']);
  expect(asked).toHaveLength(2);
});

test('a call that is stopped itself asks no more', async () => {
  const { authorize, asked } = start();
  const stop = new AbortController();
  const calls = [authorize(stop.signal), authorize(stop.signal)];
  stop.abort();
  for (const call of calls) await expect(call).rejects.toThrow('stopped');
  // The second one tries, and is refused before anything leaves.
  expect(asked.length).toBeLessThanOrEqual(2);
  const next = authorize();
  asked.at(-1)?.(grant('three'));
  expect(await next).toBe('Bearer three');
});

test('a refusal is told to all that wait for it, and not repeated for each', async () => {
  const { authorize, asked } = start();
  const calls = [authorize(), authorize()];
  asked[0]?.(answer(401, { error: 'invalid_client', error_description: 'unknown' }));
  for (const call of calls) await expect(call).rejects.toMatchObject({ failure: { class: 'credentials' } });
  expect(asked).toHaveLength(1);
});
