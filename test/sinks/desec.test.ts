import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { desec } from '../../src/sinks/desec.ts';
import { target } from './rest/support.ts';
import { answer } from './rest/toy.ts';
import { failed, trial } from './trial.ts';

const set = (subname: string, ttl: number, ...records: string[]) => ({
  subname,
  type: records[0]?.includes(':') ? 'AAAA' : 'A',
  ttl,
  records,
});

function service(
  held: readonly object[],
  minimum_ttl = 3_600,
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  return trial(desec, { token: 'token-token' }, (request) => {
    const other = instead(request);
    if (other !== undefined) return other;
    if (request.url.pathname.endsWith('/domains/'))
      return answer(200, [{ name: 'example.org', minimum_ttl }]);
    return answer(200, request.method === 'GET' ? held : []);
  });
}
const writes = (asked: readonly HttpRequest[]) =>
  asked
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url, body }) => [method, url.pathname, JSON.parse(body ?? '')]);

const wanted = target('home.example.org', '198.51.100.7');
const SETS = '/api/v1/domains/example.org/rrsets/';

describe('what is sent', () => {
  test('one bulk PATCH for a domain: a change keeps its TTL, a new set has the least, an empty one goes', async () => {
    const de = service([set('home', 7_200, '192.0.2.1'), set('old', 3_600, '192.0.2.1')]);
    await de.run(wanted, target('example.org', '2001:db8::7'), {
      key: target('old.example.org', '192.0.2.1').key,
      addresses: [],
    });
    expect(writes(de.asked)).toEqual([
      [
        'PATCH',
        SETS,
        [
          { subname: 'home', type: 'A', records: ['198.51.100.7'] },
          { subname: '', type: 'AAAA', records: ['2001:db8::7'], ttl: 3_600 },
          { subname: 'old', type: 'A', records: [] },
        ],
      ],
    ]);
    expect(de.asked.every(({ headers }) => headers?.['authorization'] === 'Token token-token')).toBe(true);
  });

  test.each([
    [3_600, 60, 3_600],
    [60, 60, 60],
    [60, 300, 300],
  ])('a domain whose least TTL is %i, asked for %i, gets %i', async (least, asked, sent) => {
    const de = service([], least);
    await de.run({ ...wanted, ttl: asked });
    expect(writes(de.asked)).toMatchObject([['PATCH', SETS, [{ ttl: sent }]]]);
  });

  test('the other members of a set stay', async () => {
    const de = service([set('home', 3_600, '192.0.2.1', '192.0.2.2')]);
    await de.run(target('home.example.org', '192.0.2.2', '198.51.100.7'));
    expect(writes(de.asked)).toMatchObject([['PATCH', SETS, [{ records: ['198.51.100.7', '192.0.2.2'] }]]]);
  });
});

test('every page is read, by the cursor of the Link header', async () => {
  const de = service([], 3_600, ({ method, url }) => {
    if (method !== 'GET' || !url.pathname.endsWith('/rrsets/')) return undefined;
    const link = (rel: string, cursor: string) => `<https://desec.io${SETS}?cursor=${cursor}>; rel="${rel}"`;
    return url.searchParams.get('cursor') === ''
      ? answer(200, [set('other', 3_600, '192.0.2.1')], {
          link: `${link('first', '')}, ${link('next', ':NjQw')}`,
        })
      : answer(200, [set('home', 3_600, '198.51.100.7')], { link: link('first', '') });
  });
  expect(await de.run(wanted)).toEqual([]);
  expect(de.asked.at(-1)?.url.searchParams.get('cursor')).toBe(':NjQw');
});

describe('request limits', () => {
  test('the fifteenth write of a domain within a minute has to wait; reading goes on', async () => {
    const de = service([]);
    const results = [];
    for (let turn = 0; turn < 15; turn += 1) {
      results.push((await de.run(target(`n${turn}.example.org`, '198.51.100.7')))[0]);
    }
    expect(results.slice(0, 14).map((one) => one?.kind)).toEqual(Array.from({ length: 14 }, () => 'updated'));
    expect(results[14]).toMatchObject(failed('rate_limited', 'sink')[0] ?? {});
    expect(writes(de.asked)).toHaveLength(14);
    expect(await de.read('n0.example.org')).toEqual([]);
  });

  test('a hundred names are one write', async () => {
    const de = service([]);
    await de.run(
      ...Array.from({ length: 100 }, (_, index) => target(`n${index}.example.org`, '198.51.100.7')),
    );
    expect(writes(de.asked)).toHaveLength(1);
  });

  test('429 is kept in full', async () => {
    const de = service([], 3_600, ({ method }) =>
      method === 'PATCH'
        ? answer(
            429,
            { detail: 'Request was throttled. Expected available in 41 seconds.' },
            { 'retry-after': '41' },
          )
        : undefined,
    );
    expect(await de.run(wanted)).toMatchObject([
      { failure: { class: 'rate_limited', scope: 'sink', retryAfter: 41_000 } },
    ]);
  });
});

test.each([
  [401, { detail: 'Invalid token.' }, 'credentials', 'sink', 'Invalid token.'],
  [
    403,
    { detail: 'Insufficient token permissions.' },
    'credentials',
    'sink',
    'Insufficient token permissions.',
  ],
  [404, { detail: 'Not found.' }, 'conflict', 'record', 'Not found.'],
  [
    400,
    [{ ttl: ['Ensure this value is greater than or equal to 3600.'] }],
    'invalid',
    'record',
    'ttl: Ensure this value is greater than or equal to 3600.',
  ],
  [
    400,
    [{ non_field_errors: ['RRset with conflicting type present: CNAME.'] }],
    'invalid',
    'record',
    'RRset with conflicting type present: CNAME.',
  ],
  [503, { detail: 'Later.' }, 'transient', 'sink', 'Later.'],
])('status %i, %o is %s for the %s', async (status, body, expected, scope, words) => {
  const de = service([], 3_600, ({ method }) => (method === 'PATCH' ? answer(status, body) : undefined));
  expect(await de.run(wanted)).toMatchObject(failed(expected, scope, `deSEC: ${words}`));
});

test('one set that is refused is found by halving, and the others get through', async () => {
  const de = service([], 3_600, ({ method, body = '' }) =>
    method === 'PATCH' && body.includes('"b"')
      ? answer(400, [{}, { non_field_errors: ['RRset with conflicting type present: CNAME.'] }])
      : undefined,
  );
  const results = await de.run(
    ...['a', 'b', 'c'].map((name) => target(`${name}.example.org`, '198.51.100.7')),
  );
  expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(2);
  expect(results.find(({ kind }) => kind === 'failed')?.key.name).toBe('b.example.org');
});
