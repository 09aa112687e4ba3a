import { vultr } from '../../../src/sinks/vultr.ts';
import type { Kind } from './bench.ts';
import { bodyOf, byMethod, json, nothing, pathOf, ZONE } from './zone.ts';

const PAGE = 3;
const error = (status: number, words: string) => json(status, { error: words, status });

/** https://www.vultr.com/api/#tag/dns ; a cursor is the base64 of a word and a number here, and nobody's business. */
export const kind: Kind = {
  provider: vultr,
  options: (endpoint) => ({ endpoint: new URL('/v2', endpoint).href, api_key: 'the-key' }),
  pageSize: PAGE,
  service: (zone) => ({
    sort: byMethod,
    refuse: (trouble) =>
      trouble === 'credentials' ? error(401, 'Invalid API token.') : error(429, 'Rate limit exceeded.'),
    answer: (request) => {
      if (request.headers.authorization !== 'Bearer the-key') return error(401, 'Invalid API token.');
      const path = pathOf(request);
      const meta = { total: 1, links: { next: '', prev: '' } };
      if (path === '/v2/domains')
        return json(200, { domains: [{ domain: ZONE, dns_sec: 'disabled' }], meta });
      const [, id] = /^\/v2\/domains\/example\.org\/records(?:\/(\d+))?$/.exec(path) ?? [];
      if (!path.startsWith('/v2/domains/example.org/records')) return error(404, 'Invalid domain.');
      if (request.method === 'GET') {
        const cursor = request.url.searchParams.get('cursor');
        const start = cursor === null ? 0 : Number(Buffer.from(cursor, 'base64').toString().slice(5));
        const end = start + PAGE;
        const next = end < zone.records.length ? Buffer.from(`next_${end}`).toString('base64') : '';
        const records = zone.records
          .slice(start, end)
          .map(({ id: number, name, type, content, ttl, extra }) => {
            return { id: String(number), name, type, data: content, ttl, priority: -1, ...(extra as object) };
          });
        return json(200, { records, meta: { total: zone.records.length, links: { next, prev: '' } } });
      }
      const sent = bodyOf(request) as { name?: string; type?: string; data?: string; ttl?: number };
      if (request.method === 'POST') {
        const { name = '', type = '', data = '', ttl = 300 } = sent;
        const made = zone.add({ name, type, content: data, ttl });
        return json(201, { record: { id: String(made.id), name, type, data, ttl, priority: -1 } });
      }
      if (id === undefined || zone.find(id) === undefined) return error(404, 'Invalid record.');
      if (request.method === 'DELETE') zone.remove(id);
      else zone.change(id, { ...(sent.data && { content: sent.data }), ...(sent.ttl && { ttl: sent.ttl }) });
      // As recorded: called HTML, and empty.
      return { ...nothing(), headers: { 'content-type': 'text/html; charset=UTF-8' } };
    },
  }),
};
