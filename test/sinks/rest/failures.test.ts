import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../src/model/outcome.ts';
import { type HttpAnswer, HttpFailure } from '../../../src/net/http.ts';
import { SinkError } from '../../../src/sinks/contract.ts';
import { plan } from '../../../src/sinks/plan.ts';
import { callOf, components, fakeTime, key, target } from './support.ts';
import { answer, ToyService, toy } from './toy.ts';

const TOKEN = 'very-secret-token';
const WALL = Date.UTC(2026, 0, 1);

/** What reading, and writing, come to when the service answers so to everything but the search for the zone. */
async function meet(reply: HttpAnswer | Error): Promise<{ read: Failure; write: Failure }> {
  const service = new ToyService({ 'example.org': [] });
  service.instead = ({ url }) => (url.pathname.endsWith('/zones') ? undefined : reply);
  const provider = toy();
  const init = { name: 'toy', options: provider.options.parse({ token: TOKEN }), keys: [] };
  const sink = provider.create(init, components(fakeTime(WALL)));
  const call = callOf(service.http);
  const error = await sink.read?.([key('www.example.org')], call).catch((error: unknown) => error);
  const fresh = provider.create(init, components(fakeTime(WALL)));
  const [result] = await fresh.write(plan([target('www.example.org', '198.51.100.7')], []), call);
  if (!(error instanceof SinkError) || result?.kind !== 'failed') throw new Error('it was taken as success');
  return { read: error.failure, write: result.failure };
}

const html = (status: number): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<html><body>{"ok":true}</body></html>',
});

describe('what is not the documented success is a failure of the right class', () => {
  test.each([
    ['an HTML page with status 200', html(200), 'transient', true],
    ['an HTML page with status 403 (a gate on the way)', html(403), 'transient', true],
    ['an HTML page with status 404', html(404), 'transient', true],
    ['status 401 without words', html(401), 'credentials', undefined],
    ['status 429 without words', html(429), 'rate_limited', undefined],
    ['a redirect', answer(302, {}), 'transient', undefined],
    ['a redirect to a portal', html(302), 'transient', true],
    ['half an answer', { ...answer(200), body: '{"ok":tr' }, 'transient', true],
    ['an empty answer', { ...answer(200), body: '' }, 'transient', true],
    ['another JSON than documented', answer(200, { good: 1 }), 'transient', true],
    ['ok: false with status 200', answer(200, { ok: false }), 'transient', true],
    [
      'an error of the provider with status 200',
      answer(200, { error: 'key', message: 'bad key' }),
      'credentials',
      undefined,
    ],
    ['status 500', answer(500, { error: 'x', message: 'oops' }), 'transient', true],
    ['status 400', answer(400, { error: 'x', message: 'oops' }), 'invalid', undefined],
    ['status 403', answer(403, { error: 'x', message: 'oops' }), 'credentials', undefined],
    ['status 409', answer(409, { error: 'x', message: 'oops' }), 'conflict', undefined],
    ['status 402', answer(402, { error: 'x', message: 'pay' }), 'refused', undefined],
    [
      'a code of the table, whatever the status',
      answer(400, { error: 'banned', message: 'go away' }),
      'refused',
      undefined,
    ],
    ['no name', new HttpFailure('resolve', false, 'no such host'), 'unreachable', undefined],
    ['nobody there', new HttpFailure('connect', false, 'refused'), 'unreachable', undefined],
    ['a reset after sending', new HttpFailure('reset', true, 'reset'), 'transient', true],
    ['silence after sending', new HttpFailure('timeout', true, 'timeout'), 'transient', true],
  ] as const)('%s', async (_, reply, expected, unclear) => {
    const { read, write } = await meet(reply as HttpAnswer | Error);
    expect(read.class).toBe(expected);
    expect(read.unclear).toBeUndefined();
    expect(write.class).toBe(expected);
    expect(write.unclear).toBe(unclear);
  });

  test('a record that is gone when it is to be changed is a conflict: to be read again, not held', async () => {
    const { read, write } = await meet(answer(404, { error: 'x', message: 'gone' }));
    expect([read.class, write.class]).toEqual(['not_found', 'conflict']);
  });

  test('scope: what concerns one record does not stop the others', async () => {
    const scope = async (reply: HttpAnswer | Error) => (await meet(reply)).write.scope;
    expect(await scope(answer(400, { error: 'x', message: '' }))).toBe('record');
    expect(await scope(answer(400, { error: 'cname', message: '' }))).toBe('record');
    expect(await scope(answer(400, { error: 'banned', message: '' }))).toBe('sink');
    expect(await scope(answer(401, { error: 'x', message: '' }))).toBe('sink');
    expect(await scope(new HttpFailure('reset', true, ''))).toBe('sink');
  });
});

describe('the provider’s own words', () => {
  const said = async (message: string) => (await meet(answer(400, { error: 'e42', message }))).read.message;

  test('are kept with the code', async () => {
    expect(await said('Record is malformed.')).toBe('Toy: Record is malformed. (e42)');
  });

  test('are cut, put on one line, and rid of the token', async () => {
    const message = await said(`a\nb\u0007 ${TOKEN} ${'x'.repeat(500)}`);
    expect(message).toContain('a b [secret] xxx');
    expect(message).not.toContain(TOKEN);
    expect(message.length).toBeLessThan(220);
  });
});

describe('how long to wait', () => {
  const wait = async (headers: Record<string, string>) =>
    (await meet(answer(429, { error: 'x', message: 'slow down' }, headers))).read.retryAfter;

  test.each([
    ['seconds', { 'retry-after': '120' }, 120_000],
    ['a date', { 'retry-after': new Date(WALL + 90_000).toUTCString() }, 90_000],
    ['a date long past', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, undefined],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['a year is cut', { 'retry-after': '31536000' }, 7 * 86_400_000],
    ['a reset at an epoch second', { 'ratelimit-reset': String(WALL / 1_000 + 30) }, 30_000],
    ['a reset in so many seconds', { 'ratelimit-reset': '30' }, 30_000],
    ['a reset of a day long past', { 'ratelimit-reset': '1583891032' }, undefined],
    ['nothing', {}, undefined],
  ] as const)('%s', async (_, headers, expected) => {
    expect(await wait(headers)).toBe(expected);
  });
});

test('a maintenance page in HTML is believed in how long it asks to wait', async () => {
  const page = { ...html(503), headers: { 'content-type': 'text/html', 'retry-after': '600' } };
  expect((await meet(page)).read).toMatchObject({ class: 'transient', retryAfter: 600_000 });
});

test('an abort before the request is sent leaves nothing unclear', async () => {
  const service = new ToyService({ 'example.org': [] });
  const provider = toy();
  const init = { name: 'toy', options: provider.options.parse({ token: TOKEN }), keys: [] };
  const sink = provider.create(init, components());
  const call = callOf(service.http, AbortSignal.abort());
  await expect(sink.read?.([key('www.example.org')], call)).rejects.toMatchObject({
    failure: { class: 'unreachable' },
  });
  expect(service.asked).toEqual([]);
});
