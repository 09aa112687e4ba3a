import { porkbun } from '../../../src/sinks/porkbun.ts';
import type { Kind } from './bench.ts';
import { bodyOf, json, pathOf, ZONE } from './zone.ts';

const error = (status: number, code: string, message: string) =>
  json(status, { status: 'ERROR', message, code });
const success = (more: object = {}) => json(200, { status: 'SUCCESS', ...more });

/** https://porkbun.com/api/json/v3/documentation */
export const kind: Kind = {
  provider: porkbun,
  options: (endpoint) => ({
    endpoint: new URL('/api/json/v3', endpoint).href,
    api_key: 'pk1_the_key',
    secret_api_key: 'sk1_the_secret',
  }),
  service: (zone) => ({
    sort: (request) => (/\/dns\/(create|edit|delete)/.test(request.target) ? 'write' : 'read'),
    refuse: (trouble) =>
      trouble === 'credentials'
        ? error(400, 'INVALID_API_KEYS_001', 'Invalid API key. (001)')
        : error(429, 'RATE_LIMIT_EXCEEDED', 'Too many requests.'),
    answer: (request) => {
      const { apikey, secretapikey, ...body } = bodyOf(request);
      if (request.method !== 'POST' || apikey !== 'pk1_the_key' || secretapikey !== 'sk1_the_secret') {
        return error(400, 'INVALID_API_KEYS_001', 'Invalid API key. (001)');
      }
      const [what = '', domain = '', id = ''] = pathOf(request)
        .replace('/api/json/v3/', '')
        .split(/(?<=\w)\/(?=[^/]+\.org)|(?<=\.org)\//);
      if (what === 'domain/listAll') return success({ domains: [{ domain: ZONE, status: 'ACTIVE' }] });
      if (domain !== ZONE) return error(400, 'INVALID_DOMAIN', 'Invalid domain.');
      const name = String(body['name'] ?? '');
      const prio = String(body['prio'] ?? '0');
      const notes = String(body['notes'] ?? '');
      const fields = { name, type: String(body['type']), content: String(body['content']) };
      const ttl = Math.max(600, Number(body['ttl'] ?? 600));
      switch (what) {
        case 'dns/retrieve':
          return success({
            cloudflare: 'disabled',
            records: zone.records.map(
              ({ id: number, name: relative, type, content, ttl: seconds, extra }) => ({
                id: String(number),
                name: relative === '' ? ZONE : `${relative}.${ZONE}`,
                type,
                content,
                ttl: String(seconds),
                ...(extra as object),
              }),
            ),
          });
        case 'dns/create':
          return success({ id: zone.add({ ...fields, ttl, extra: { prio, notes } }).id });
        case 'dns/edit': {
          const edited = zone.change(id, { ...fields, ttl, extra: { prio, notes } });
          return edited ? success() : error(400, 'INVALID_RECORD_ID', 'Invalid record ID.');
        }
        case 'dns/delete':
          return zone.remove(id) ? success() : error(400, 'INVALID_RECORD_ID', 'Invalid record ID.');
        default:
          return error(404, 'NOT_FOUND', 'No such endpoint.');
      }
    },
  }),
  extra: (number) => ({ prio: '0', notes: `note ${number}` }),
};
