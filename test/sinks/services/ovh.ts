import { createHash } from 'node:crypto';
import { ovh } from '../../../src/sinks/ovh/provider.ts';
import type { SeenRequest } from '../../fakes/http-server.ts';
import type { Kind } from './bench.ts';
import { bodyOf, byMethod, pathOf, json as plainJson, ZONE } from './zone.ts';

/** The service's clock at the start: three hours ahead of that of the tests. */
export const OVH_TIME = Date.UTC(2026, 0, 1) / 1_000 + 3 * 3_600;

/** With what it sends beside the answer. */
const json = (status: number, body: unknown) =>
  plainJson(status, body, {
    'access-control-allow-origin': '*',
    'cache-control': 'no-cache',
    'x-ovh-queryid': 'FR.ws-1.5b1e76ed.15492.6081',
  });
const error = (status: number, errorCode: string, message: string) =>
  json(status, { errorCode, httpCode: String(status), message });

/** From what arrived, as the service does it: https://help.ovhcloud.com/csm/en-gb-api-getting-started-ovhcloud-api */
function signatureOf({ method, target, headers, body }: SeenRequest): string {
  const address = `http://${headers.host}${target}`;
  const text = `application-secret+consumer-key+${method}+${address}+${body}+${String(headers['x-ovh-timestamp'])}`;
  return `$1$${createHash('sha1').update(text, 'utf8').digest('hex')}`;
}

/** https://eu.api.ovh.com/console/?section=%2Fdomain ; `published` is what its name servers answer. */
export function ovhKind(published: { refreshes: number } = { refreshes: 0 }): Kind {
  return {
    provider: ovh,
    options: (endpoint) => ({
      endpoint: new URL('/1.0', endpoint).href,
      application_key: 'application-key',
      application_secret: 'application-secret',
      consumer_key: 'consumer-key',
    }),
    defaultTtl: 0,
    wrongKey: { application_secret: 'another' },
    service: (zone, clock) => ({
      sort: (request) => (request.target === '/1.0/auth/time' ? 'neither' : byMethod(request)),
      refuse: (trouble) =>
        trouble === 'credentials'
          ? error(403, 'INVALID_CREDENTIAL', 'This credential is not valid')
          : json(429, { class: 'Client::TooManyRequests', message: 'Too many requests' }),
      answer: (request) => {
        const path = pathOf(request);
        const now = OVH_TIME + Math.floor(clock.monotonic() / 1_000);
        if (path === '/1.0/auth/time') return json(200, now);
        const seconds = Number(request.headers['x-ovh-timestamp']);
        if (Math.abs(seconds - now) > 300) return error(400, 'QUERY_TIME_OUT', 'Query out of time');
        if (request.headers['x-ovh-signature'] !== signatureOf(request)) {
          return error(400, 'INVALID_SIGNATURE', 'Invalid signature');
        }
        if (path === '/1.0/domain/zone') return json(200, [ZONE]);
        const [, what, id = ''] =
          /^\/1\.0\/domain\/zone\/example\.org\/(record|refresh)(?:\/(\d+))?$/.exec(path) ?? [];
        const missing = json(404, {
          class: 'Client::NotFound',
          message: 'The requested object does not exist',
        });
        if (what === 'refresh') {
          published.refreshes += 1;
          return json(200, null);
        }
        if (what !== 'record') return missing;
        const whole = (found: (typeof zone.records)[number]) => ({
          id: found.id,
          zone: ZONE,
          subDomain: found.name,
          fieldType: found.type,
          target: found.content,
          ttl: found.ttl,
        });
        const sent = bodyOf(request) as {
          fieldType?: string;
          subDomain?: string;
          target?: string;
          ttl?: number;
        };
        const { fieldType = '', subDomain = '', target = '', ttl = 0 } = sent;
        if (request.method === 'POST') {
          const made = zone.add({ name: subDomain, type: fieldType, content: target, ttl });
          return json(200, whole(made));
        }
        if (request.method === 'GET' && id === '') {
          const wanted = request.url.searchParams.get('subDomain');
          const found = zone.records.filter(({ name }) => wanted === null || name === wanted);
          return json(
            200,
            found.map((one) => one.id),
          );
        }
        const found = zone.find(id);
        if (found === undefined) return missing;
        if (request.method === 'GET') return json(200, whole(found));
        if (request.method === 'DELETE') zone.remove(id);
        else zone.change(id, { name: subDomain, content: target, ttl });
        return json(200, null);
      },
    }),
  };
}
export const kind: Kind = ovhKind();
