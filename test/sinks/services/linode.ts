import { linode } from '../../../src/sinks/linode.ts';
import type { Kind } from './bench.ts';
import { bodyOf, byMethod, type Held, part, pathOf, json as plainJson, ZONE } from './zone.ts';

const PAGE = 3;
/** Every answer tells when the limit begins anew, as if something had been refused. */
const json = (status: number, body: unknown) =>
  plainJson(status, body, {
    'retry-after': '119',
    'x-ratelimit-limit': '400',
    'x-ratelimit-remaining': '399',
    'x-ratelimit-reset': '1767225719',
  });
const error = (status: number, reason: string, field?: string) =>
  json(status, { errors: [{ reason, ...(field && { field }) }] });
const listed = <Item>(items: readonly Item[], page: number) =>
  json(200, {
    data: part(items, page, PAGE),
    page,
    pages: Math.max(1, Math.ceil(items.length / PAGE)),
    results: items.length,
  });
const whole = ({ id, name, type, content, ttl }: Held) => {
  return {
    id,
    type,
    name,
    target: content,
    ttl_sec: ttl,
    priority: 0,
    weight: 0,
    port: 0,
    service: null,
    tag: null,
  };
};

/** https://techdocs.akamai.com/linode-api/reference/get-domain-records */
export const kind: Kind = {
  provider: linode,
  options: (endpoint) => ({ endpoint: new URL('/v4', endpoint).href, token: 'the-token' }),
  pageSize: PAGE,
  defaultTtl: 0,
  service: (zone) => ({
    sort: byMethod,
    refuse: (trouble) =>
      trouble === 'credentials' ? error(401, 'Invalid Token') : error(429, 'Too many requests'),
    answer: (request) => {
      if (request.headers.authorization !== 'Bearer the-token') return error(401, 'Invalid Token');
      const path = pathOf(request);
      const page = Number(request.url.searchParams.get('page') ?? 1);
      if (path === '/v4/domains') {
        return listed(
          [
            { id: 1, domain: 'copied.example.net', type: 'slave' },
            { id: 77, domain: ZONE, type: 'master' },
          ],
          page,
        );
      }
      if (!path.startsWith('/v4/domains/77/records')) return error(404, 'Not found');
      if (request.method === 'GET') return listed(zone.records.map(whole), page);
      const id = path.split('/')[5] ?? '';
      const sent = bodyOf(request) as { name?: string; type?: string; target?: string; ttl_sec?: number };
      if (request.method === 'POST') {
        const { name = '', type = '', target = '', ttl_sec: ttl = 0 } = sent;
        return json(200, whole(zone.add({ name, type, content: target, ttl })));
      }
      const found = zone.find(id);
      if (found === undefined) return error(404, 'Not found');
      if (request.method === 'DELETE') {
        zone.remove(id);
        return json(200, {});
      }
      const changed = zone.change(id, {
        ...(sent.target && { content: sent.target }),
        ...(sent.ttl_sec && { ttl: sent.ttl_sec }),
      });
      return json(200, whole(changed ?? found));
    },
  }),
};
