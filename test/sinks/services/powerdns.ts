import { powerdns } from '../../../src/sinks/powerdns.ts';
import type { Kind } from './bench.ts';
import { bodyOf, byMethod, json, nothing, pathOf, ZONE } from './zone.ts';

interface Extra {
  readonly disabled?: true;
  readonly comment?: string;
}
interface RRset {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly changetype: 'REPLACE' | 'DELETE';
  readonly records: readonly { readonly content: string; readonly disabled: boolean }[];
  readonly comments?: unknown;
}

const text = (status: number, body: string) => ({ status, headers: { 'content-type': 'text/plain' }, body });
const relative = (name: string) => name.replace(/\.?example\.org\.$/, '');

/** https://doc.powerdns.com/authoritative/http-api/zone.html, and as PowerDNS 4.7 does it (test/lab/powerdns.test.ts). */
export const kind: Kind = {
  provider: powerdns,
  options: (endpoint) => ({ endpoint: endpoint.href, api_key: 'the-api-key' }),
  service: (zone) => ({
    sort: byMethod,
    refuse: (trouble) =>
      trouble === 'credentials' ? text(401, 'Unauthorized') : text(429, 'Too Many Requests'),
    answer: (request) => {
      if (request.headers['x-api-key'] !== 'the-api-key') return text(401, 'Unauthorized');
      const path = pathOf(request);
      const zones = '/api/v1/servers/localhost/zones';
      if (path === zones) {
        const found = request.url.searchParams.get('zone') === `${ZONE}.`;
        return json(200, found ? [{ id: `${ZONE}.`, name: `${ZONE}.`, kind: 'Native', serial: 1 }] : []);
      }
      if (path !== `${zones}/${ZONE}.`) return text(404, 'Not Found');
      if (request.method === 'GET') {
        const name = request.url.searchParams.get('rrset_name');
        const rrsets = zone.sets().map(([owner, type, members]) => {
          const records = members.map(({ content, extra }) => {
            return { content, disabled: (extra as Extra | undefined)?.disabled === true };
          });
          return {
            name: owner === '' ? `${ZONE}.` : `${owner}.${ZONE}.`,
            type,
            ttl: members[0]?.ttl,
            comments: [],
            // Asked for one name, the server does not tell what is switched off.
            records: records.filter(({ disabled }) => name === null || !disabled),
          };
        });
        return json(200, {
          id: `${ZONE}.`,
          rrsets: rrsets.filter((one) => name === null || one.name === name),
        });
      }
      for (const set of bodyOf(request)['rrsets'] as readonly RRset[]) {
        if (!set.name.endsWith(`.${ZONE}.`) && set.name !== `${ZONE}.`) {
          return json(422, { error: `RRset ${set.name} IN ${set.type}: Name is out of zone` });
        }
        if (set.type !== 'CNAME' && zone.set(relative(set.name), 'CNAME').length > 0) {
          return json(422, { error: `RRset ${set.name} IN ${set.type}: Conflicts with pre-existing RRset` });
        }
      }
      for (const set of bodyOf(request)['rrsets'] as readonly RRset[]) {
        const name = relative(set.name);
        const comment = (zone.set(name, set.type)[0]?.extra as Extra | undefined)?.comment;
        zone.put(name, set.type, [], 0);
        if (set.changetype === 'DELETE') continue;
        for (const { content, disabled } of set.records) {
          const extra = { ...(comment && { comment }), ...(disabled && { disabled: true }) };
          zone.add({ name, type: set.type, content, ttl: set.ttl, extra });
        }
      }
      return nothing();
    },
  }),
  extra: (number) => ({ comment: `comment ${number}` }),
};
