import { generateKeyPairSync } from 'node:crypto';
import { google } from '../../../src/sinks/google/provider.ts';
import type { Kind } from './bench.ts';
import { Tokens } from './tokens.ts';
import { bodyOf, byMethod, json, part, pathOf, ZONE } from './zone.ts';

export const keyPair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const keyFile = {
  type: 'service_account',
  project_id: 'the-project',
  private_key_id: 'key-1',
  private_key: keyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  client_email: 'netdrift@the-project.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
};

const PAGE = 3;
const error = (code: number, reason: string, message: string) =>
  json(code, { error: { code, message, errors: [{ message, domain: 'global', reason }] } });
const relative = (name: string) => name.replace(/\.?example\.org\.$/, '');

interface RRset {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly rrdatas: readonly string[];
}

/** https://cloud.google.com/dns/docs/reference/rest/v1 ; a change is done after `slow` looks at it. */
export function googleKind(tokens = new Tokens(), state = { slow: 1 }): Kind {
  return {
    provider: google,
    options: (endpoint) => ({
      endpoint: endpoint.href,
      token_endpoint: new URL('/token', endpoint).href,
      key: JSON.stringify(keyFile),
    }),
    pageSize: PAGE,
    service: (zone) => {
      let looks = 0;
      return {
        sort: (request) => (request.target === '/token' ? 'neither' : byMethod(request)),
        refuse: (trouble) =>
          trouble === 'credentials'
            ? error(403, 'forbidden', 'Forbidden')
            : error(403, 'rateLimitExceeded', 'Rate Limit Exceeded'),
        answer: (request) => {
          if (request.target === '/token') return tokens.grant(request);
          if (!tokens.accepts(request)) return error(401, 'authError', 'Invalid Credentials');
          const path = pathOf(request);
          const base = '/dns/v1/projects/the-project/managedZones';
          if (path === base) {
            const inner = { name: 'inner', dnsName: `${ZONE}.`, id: '1', visibility: 'private' };
            return json(200, {
              managedZones: [{ name: 'outer', dnsName: `${ZONE}.`, id: '2', visibility: 'public' }, inner],
            });
          }
          if (path === `${base}/outer/rrsets`) {
            const wanted = request.url.searchParams.get('name');
            const all = zone.sets().map(([name, type, members]) => {
              const policy = (members[0]?.extra as { policy?: object } | undefined)?.policy;
              const about = {
                name: name === '' ? `${ZONE}.` : `${name}.${ZONE}.`,
                type,
                ttl: members[0]?.ttl,
              };
              return policy
                ? { ...about, routingPolicy: policy }
                : { ...about, rrdatas: members.map(({ content }) => content), signatureRrdatas: [] };
            });
            const found = all.filter(({ name }) => wanted === null || name === wanted);
            const page = Number(request.url.searchParams.get('pageToken') ?? 1);
            const more = page * PAGE < found.length ? { nextPageToken: String(page + 1) } : {};
            return json(200, { rrsets: part(found, page, PAGE), ...more });
          }
          if (path.startsWith(`${base}/outer/changes/`)) {
            looks += 1;
            return json(200, { id: '7', status: looks >= state.slow ? 'done' : 'pending' });
          }
          if (path !== `${base}/outer/changes`) return error(404, 'notFound', 'not found');
          const { additions, deletions } = bodyOf(request) as unknown as Record<
            'additions' | 'deletions',
            readonly RRset[]
          >;
          const before = zone.records;
          for (const { name, type, ttl, rrdatas } of deletions) {
            const there = zone.set(relative(name), type);
            const same =
              there.map(({ content }) => content).join() === rrdatas.join() && there[0]?.ttl === ttl;
            if (!same) {
              zone.records = before;
              return error(412, 'conditionNotMet', "Precondition not met for 'entity.change.deletions[0]'");
            }
            zone.put(relative(name), type, [], 0);
          }
          for (const { name, type, ttl, rrdatas } of additions) {
            if (zone.set(relative(name), 'CNAME').length > 0) {
              zone.records = before;
              return error(400, 'cnameResourceRecordSetConflict', 'conflicts with a CNAME');
            }
            if (zone.set(relative(name), type).length > 0) {
              zone.records = before;
              return error(409, 'alreadyExists', "The resource 'entity.change.additions[0]' already exists");
            }
            zone.put(relative(name), type, rrdatas, ttl);
          }
          looks = 0;
          return json(200, { id: '7', status: 'pending', additions, deletions });
        },
      };
    },
  };
}
export const kind: Kind = googleKind();
