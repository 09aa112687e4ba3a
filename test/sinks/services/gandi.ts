import { gandi } from '../../../src/sinks/gandi.ts';
import type { Kind } from './bench.ts';
import { bodyOf, byMethod, held, json, nothing, part, pathOf, shown, ZONE } from './zone.ts';

const wrong = (code: number, object: string, cause: string, message: string) =>
  json(code, { code, object, cause, message });

/** https://api.gandi.net/docs/livedns/ */
export const kind: Kind = {
  provider: gandi,
  options: (endpoint) => ({ endpoint: new URL('/v5/livedns', endpoint).href, token: 'the-token' }),
  pageSize: 100,
  service: (zone) => ({
    sort: byMethod,
    refuse: (trouble) =>
      trouble === 'credentials'
        ? wrong(403, 'HTTPForbidden', 'Forbidden', 'Access was denied to this resource.')
        : wrong(429, 'HTTPTooManyRequests', 'Too Many Requests', 'Slow down.'),
    answer: (request) => {
      if (request.headers.authorization !== 'Bearer the-token') {
        return wrong(
          401,
          'HTTPUnauthorized',
          'Unauthorized',
          'The server could not verify that you are authorized.',
        );
      }
      const path = pathOf(request);
      if (path === '/v5/livedns/domains') return json(200, [{ fqdn: ZONE }], { 'total-count': '1' });
      const [, name, type] =
        /^\/v5\/livedns\/domains\/example\.org\/records(?:\/([^/]+)\/([^/]+))?$/.exec(path) ?? [];
      const missing = wrong(404, 'HTTPNotFound', 'Not Found', 'The resource could not be found.');
      if (path === `/v5/livedns/domains/${ZONE}`) return json(200, { fqdn: ZONE });
      if (!path.startsWith(`/v5/livedns/domains/${ZONE}/records`)) return missing;
      if (request.method === 'GET') {
        const query = request.url.searchParams;
        const sets = zone.sets().map(([owner, kind, members]) => ({
          rrset_name: shown(owner),
          rrset_type: kind,
          rrset_ttl: members[0]?.ttl,
          rrset_values: members.map(({ content }) => content),
          rrset_href: 'https://api.gandi.net/v5/livedns/x',
        }));
        const size = Number(query.get('per_page') ?? 100);
        const page = part(sets, Number(query.get('page') ?? 1), size);
        return json(200, page, { 'total-count': String(sets.length) });
      }
      if (name === undefined || type === undefined) return missing;
      const owner = held(name);
      if (request.method === 'DELETE') {
        zone.put(owner, type, [], 0);
        return nothing();
      }
      const there = zone.set(owner, type).length > 0;
      const { rrset_values: values, rrset_ttl: ttl = 10_800 } = bodyOf(request) as {
        rrset_values: string[];
        rrset_ttl?: number;
      };
      if (ttl < 300) {
        const description = `${ttl} is less than minimum value 300`;
        return json(400, { status: 'error', errors: [{ location: 'body', name: 'rrset_ttl', description }] });
      }
      if (request.method === 'POST' && there) {
        return wrong(409, 'HTTPConflict', 'Conflict', 'A DNS Record already exists with same value');
      }
      zone.put(owner, type, values, ttl);
      return json(201, { message: 'DNS Record Created' });
    },
  }),
};
