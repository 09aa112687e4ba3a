import { godaddy } from '../../../src/sinks/godaddy.ts';
import type { Kind } from './bench.ts';
import { byMethod, held, json, nothing, pathOf, shown, ZONE } from './zone.ts';

interface Sent {
  readonly data: string;
  readonly ttl?: number;
}

/** https://developer.godaddy.com/doc/endpoint/domains */
export const kind: Kind = {
  provider: godaddy,
  options: (endpoint) => ({ endpoint: endpoint.href, key: 'the-key', secret: 'the-secret' }),
  service: (zone) => ({
    sort: byMethod,
    refuse: (trouble) =>
      trouble === 'credentials'
        ? json(401, {
            code: 'UNABLE_TO_AUTHENTICATE',
            message: 'Unauthorized : Could not authenticate API key/secret',
          })
        : json(429, {
            code: 'TOO_MANY_REQUESTS',
            message: 'Too many requests received within interval',
            retryAfterSec: 30,
          }),
    answer: (request) => {
      if (request.headers.authorization !== 'sso-key the-key:the-secret') {
        return json(401, { code: 'UNABLE_TO_AUTHENTICATE', message: 'Unauthorized' });
      }
      const path = pathOf(request);
      if (path === '/v1/domains') return json(200, [{ domain: ZONE, domainId: 1, status: 'ACTIVE' }]);
      const [, type, name] = /^\/v1\/domains\/example\.org\/records\/(\w+)(?:\/(.*))?$/.exec(path) ?? [];
      if (type === undefined) return json(404, { code: 'NOT_FOUND', message: 'Not found' });
      if (request.method === 'GET') {
        const found = zone.set(held(name), type);
        return json(
          200,
          found.map(({ content: data, ttl }) => ({ data, name: shown(held(name)), ttl, type })),
        );
      }
      if (request.method === 'DELETE') {
        zone.put(held(name), type, [], 0);
        return nothing();
      }
      const sent = JSON.parse(request.body) as readonly Sent[];
      if (name === undefined || name === '') {
        // The form without a name: every record of the type is replaced.
        zone.records = zone.records.filter((record) => record.type !== type);
      }
      if (zone.set(held(name), 'CNAME').length > 0) {
        const fields = [
          { code: 'DUPLICATE_RECORD', message: `conflicts with another record.`, path: 'records' },
        ];
        return json(422, {
          code: 'DUPLICATE_RECORD',
          message: 'Another record with the same attributes already exists',
          fields,
        });
      }
      if (sent.some(({ ttl = 3_600 }) => ttl < 600))
        return json(422, { code: 'INVALID_BODY', message: 'ttl' });
      zone.put(
        held(name),
        type,
        sent.map(({ data }) => data),
        sent[0]?.ttl ?? 3_600,
      );
      return nothing(200);
    },
  }),
};
