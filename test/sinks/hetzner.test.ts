import { describe, expect, test } from 'vitest';
import { type HttpAnswer, HttpFailure, type HttpRequest } from '../../src/net/http.ts';
import { hetzner } from '../../src/sinks/hetzner.ts';
import { plan } from '../../src/sinks/plan.ts';
import { illegalities } from '../replay/legal.ts';
import { testRecorded } from '../replay/recorded.ts';
import { callOf, components, fakeTime, target } from './rest/support.ts';
import { answer } from './rest/toy.ts';

const BASE = 'https://api.hetzner.cloud/v1';
const meta = (total: number) => ({
  pagination: {
    page: 1,
    per_page: 50,
    last_page: 1,
    next_page: null,
    previous_page: null,
    total_entries: total,
  },
});
const set = (
  name: string,
  ttl: number | null,
  ...records: readonly { value: string; comment?: string }[]
) => ({
  id: `${name}/A`,
  name,
  type: records[0]?.value.includes(':') ? 'AAAA' : 'A',
  ttl,
  records,
});
const action = (status: string, error: object | null = null) =>
  answer(201, { action: { id: 7, status, error } });

function service(
  sets: readonly ReturnType<typeof set>[],
  instead: (request: HttpRequest) => HttpAnswer | Error | undefined = () => undefined,
) {
  const asked: HttpRequest[] = [];
  const time = fakeTime();
  const http = async (request: HttpRequest): Promise<HttpAnswer> => {
    asked.push(request);
    const other = instead(request);
    if (other instanceof Error) throw other;
    if (other !== undefined) return other;
    const { pathname } = request.url;
    if (pathname === '/v1/zones')
      return answer(200, { zones: [{ id: 53_091, name: 'example.org' }], meta: meta(1) });
    if (pathname.includes('/actions/')) return action('success');
    return request.method === 'GET'
      ? answer(200, { rrsets: sets, meta: meta(sets.length) })
      : action('success');
  };
  const options = hetzner.options.parse({ token: 'token-token' });
  const sink = hetzner.create({ name: 'hz', options, keys: [] }, components(time));
  const call = callOf(http);
  const run = async (...targets: ReturnType<typeof target>[]) =>
    sink.write(
      plan(
        targets,
        (await sink.read?.(
          targets.map((one) => one.key),
          call,
        )) ?? [],
      ),
      call,
    );
  return { asked, run, time };
}

const sent = (asked: readonly HttpRequest[]) =>
  asked
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url, body }) => [
      method,
      url.pathname.replace('/v1/zones/53091', ''),
      body === undefined ? undefined : JSON.parse(body),
    ]);

describe('what is sent', () => {
  test('a set that exists is set, with the comments of its records', async () => {
    const hz = service([
      set('www', 300, { value: '192.0.2.1', comment: 'at home' }, { value: '192.0.2.2', comment: 'spare' }),
    ]);
    await hz.run(target('www.example.org', '192.0.2.2', '198.51.100.7'));
    expect(sent(hz.asked)).toEqual([
      [
        'POST',
        '/rrsets/www/A/actions/set_records',
        {
          records: [
            { value: '198.51.100.7', comment: 'at home' },
            { value: '192.0.2.2', comment: 'spare' },
          ],
        },
      ],
    ]);
  });

  test('a set that is missing is created, at the apex as @', async () => {
    const hz = service([]);
    await hz.run({ ...target('example.org', '2001:db8::7'), ttl: 120 });
    expect(sent(hz.asked)).toEqual([
      ['POST', '/rrsets', { name: '@', type: 'AAAA', ttl: 120, records: [{ value: '2001:db8::7' }] }],
    ]);
  });

  test('a set that is to be empty is deleted, for it cannot be empty', async () => {
    const hz = service([set('www', 300, { value: '192.0.2.1' })]);
    await hz.run({ key: target('www.example.org', '192.0.2.1').key, addresses: [] });
    expect(sent(hz.asked)).toEqual([['DELETE', '/rrsets/www/A', undefined]]);
  });

  test('another TTL is set first', async () => {
    const hz = service([set('www', null, { value: '192.0.2.1' })]);
    await hz.run({ ...target('www.example.org', '198.51.100.7'), ttl: 120 });
    expect(sent(hz.asked).map(([, path]) => path)).toEqual([
      '/rrsets/www/A/actions/change_ttl',
      '/rrsets/www/A/actions/set_records',
    ]);
  });

  testRecorded('every request is legal by the OpenAPI document', async () => {
    const hz = service(
      [set('www', 300, { value: '192.0.2.1', comment: 'x' }), set('old', 60, { value: '192.0.2.1' })],
      ({ method }) => (method === 'GET' ? undefined : action('running')),
    );
    await hz.run(
      { ...target('www.example.org', '198.51.100.7'), ttl: 120 },
      target('new.example.org', '198.51.100.7'),
      { key: target('old.example.org', '192.0.2.1').key, addresses: [] },
    );
    const faults = hz.asked.flatMap((request) => illegalities('hetzner-zones.openapi.json', BASE, request));
    expect(sent(hz.asked)).toHaveLength(4);
    expect(faults).toEqual([]);
  });
});

describe('actions', () => {
  const records = [set('www', 300, { value: '192.0.2.1' })];
  const wanted = target('www.example.org', '198.51.100.7');

  test('success only when the action has succeeded', async () => {
    const states = ['running', 'running', 'success'];
    const hz = service(records, ({ method, url }) => {
      if (method === 'GET' && url.pathname.includes('/actions/')) return action(states.shift() ?? 'success');
      return method === 'GET' ? undefined : action('running');
    });
    expect(await hz.run(wanted)).toMatchObject([{ kind: 'updated' }]);
    expect(hz.time.slept).toEqual([1_000, 1_000, 1_000]);
  });

  test('one that takes long is pending, not done', async () => {
    const hz = service(records, ({ method, url }) =>
      method === 'GET' && !url.pathname.includes('/actions/') ? undefined : action('running'),
    );
    expect(await hz.run(wanted)).toMatchObject([{ kind: 'pending', retryAfter: 5_000 }]);
  });

  test('one that fails is a failure with the provider’s words, and unclear', async () => {
    const hz = service(records, ({ method }) =>
      method === 'GET' ? undefined : action('error', { code: 'action_failed', message: 'Action failed' }),
    );
    expect(await hz.run(wanted)).toMatchObject([
      {
        kind: 'failed',
        failure: { class: 'transient', message: 'Hetzner: Action failed (action_failed)', unclear: true },
      },
    ]);
  });

  test('one whose state cannot be asked is unclear', async () => {
    const hz = service(records, ({ method, url }) => {
      if (method !== 'GET') return action('running');
      return url.pathname.includes('/actions/') ? new HttpFailure('connect', false, 'refused') : undefined;
    });
    expect(await hz.run(wanted)).toMatchObject([
      { kind: 'failed', failure: { class: 'unreachable', unclear: true } },
    ]);
  });
});

test.each([
  [401, 'unauthorized', 'credentials', 'sink'],
  [403, 'token_readonly', 'credentials', 'sink'],
  [409, 'uniqueness_error', 'conflict', 'record'],
  [423, 'locked', 'conflict', 'record'],
  [422, 'invalid_input', 'invalid', 'record'],
  [422, 'incorrect_zone_mode', 'refused', 'record'],
  [403, 'protected', 'refused', 'record'],
  [429, 'rate_limit_exceeded', 'rate_limited', 'sink'],
  [503, 'maintenance', 'transient', 'sink'],
])('status %i, code %s is %s for the %s; nothing else is tried', async (status, code, expected, scope) => {
  const hz = service([], ({ method }) =>
    method === 'GET' ? undefined : answer(status, { error: { code, message: 'Their words.' } }),
  );
  expect(await hz.run(target('www.example.org', '198.51.100.7'))).toMatchObject([
    { kind: 'failed', failure: { class: expected, scope, message: `Hetzner: Their words. (${code})` } },
  ]);
  expect(sent(hz.asked)).toHaveLength(1);
});
