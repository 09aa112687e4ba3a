import { expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { scaleway } from '../../src/sinks/scaleway.ts';
import { target } from './rest/support.ts';
import { answer } from './rest/toy.ts';
import { failed, trial } from './trial.ts';

const record = (id: string, name: string, data: string, more: object = {}) => ({
  id,
  name,
  type: data.includes(':') ? 'AAAA' : 'A',
  data,
  ttl: 900,
  priority: 0,
  comment: 'mine',
  updated_at: '2026-01-01T00:00:00Z',
  ...more,
});
const list = (records: readonly object[], total_count = records.length) =>
  answer(200, { records, total_count });

function service(
  held: readonly object[],
  given: object = {},
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  return trial(scaleway, { secret_key: 'a-secret-key', ...given }, (request) => {
    const other = instead(request);
    if (other !== undefined) return other;
    if (request.url.pathname.endsWith('/dns-zones')) {
      const dns_zones = [
        { domain: 'example.org', subdomain: '' },
        { domain: 'example.org', subdomain: 'lab' },
      ];
      return answer(200, { total_count: 2, dns_zones });
    }
    return request.method === 'GET' ? list(held) : answer(200, { records: [] });
  });
}
const writes = (asked: readonly HttpRequest[]) =>
  asked
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url, body }) => [method, url.pathname, JSON.parse(body ?? '')]);

const wanted = target('home.example.org', '198.51.100.7');
const RECORDS = '/domain/v2beta1/dns-zones/example.org/records';

test('one PATCH for a zone: add, set with all that the record had, delete; and never a new zone', async () => {
  const scw = service([
    record('a1', 'home', '192.0.2.1', { geo_ip_config: { matches: [], default: '192.0.2.1' } }),
    record('a2', 'old', '192.0.2.1'),
  ]);
  await scw.run({ ...wanted, ttl: 120 }, target('example.org', '2001:db8::7'), {
    key: target('old.example.org', '192.0.2.1').key,
    addresses: [],
  });
  const set = {
    name: 'home',
    type: 'A',
    data: '198.51.100.7',
    ttl: 120,
    priority: 0,
    comment: 'mine',
    geo_ip_config: { matches: [], default: '192.0.2.1' },
  };
  expect(writes(scw.asked)).toEqual([
    [
      'PATCH',
      RECORDS,
      {
        changes: [
          { set: { id: 'a1', records: [set] } },
          { add: { records: [{ name: '', type: 'AAAA', data: '2001:db8::7', ttl: 3_600 }] } },
          { delete: { id: 'a2' } },
        ],
        return_all_records: false,
        disallow_new_zone_creation: true,
      },
    ],
  ]);
  expect(scw.asked.every(({ headers }) => headers?.['x-auth-token'] === 'a-secret-key')).toBe(true);
});

test('a zone below a domain is a zone of its own', async () => {
  const scw = service([]);
  await scw.run(target('nas.lab.example.org', '198.51.100.7'));
  expect(writes(scw.asked)).toMatchObject([
    [
      'PATCH',
      RECORDS.replace('example', 'lab.example'),
      { changes: [{ add: { records: [{ name: 'nas' }] } }] },
    ],
  ]);
});

test('every page is read', async () => {
  const scw = service([], {}, ({ method, url }) => {
    if (method !== 'GET' || !url.pathname.endsWith('/records')) return undefined;
    const page = Number(url.searchParams.get('page') ?? 1);
    return list([record(`r${page}`, page === 3 ? 'home' : `x${page}`, '198.51.100.7')], 3);
  });
  expect(await scw.run(wanted)).toEqual([]);
});

test('a list that ends before its own count is not the whole list', async () => {
  const scw = service([], {}, ({ method, url }) =>
    method === 'GET' && url.pathname.endsWith('/records') ? list([], 4) : undefined,
  );
  await expect(scw.run(wanted)).rejects.toMatchObject({ failure: { class: 'transient' } });
  expect(writes(scw.asked)).toEqual([]);
});

test.each([
  [401, 'denied_authentication', 'credentials', 'sink'],
  [403, 'permissions_denied', 'credentials', 'sink'],
  [400, 'invalid_arguments', 'invalid', 'record'],
  [404, 'not_found', 'conflict', 'record'],
  [409, 'transient_state', 'conflict', 'record'],
  [403, 'quotas_exceeded', 'refused', 'sink'],
  [429, 'too_many_requests', 'rate_limited', 'sink'],
  [500, 'internal', 'transient', 'sink'],
])('status %i, %s is %s for the %s', async (status, type, expected, scope) => {
  const scw = service([], {}, ({ method }) =>
    method === 'PATCH' ? answer(status, { type, message: 'No.' }) : undefined,
  );
  expect(await scw.run(wanted)).toMatchObject(failed(expected, scope, `Scaleway: No. (${type})`));
});
