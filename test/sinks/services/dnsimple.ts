import { dnsimple } from '../../../src/sinks/dnsimple.ts';
import type { Kind } from './bench.ts';
import { bodyOf, byMethod, type Held, json, nothing, part, pathOf, ZONE, type Zone } from './zone.ts';

const PAGE = 3;
const refusal = (status: number, message: string, errors?: object) =>
  json(status, { message, ...(errors && { errors }) });
const whole = ({ id, name, type, content, ttl, extra }: Held) => {
  return {
    id,
    zone_id: ZONE,
    parent_id: null,
    name,
    content,
    ttl,
    type,
    priority: null,
    system_record: false,
    ...(extra as object),
  };
};
const listed = <Item>(items: readonly Item[], page: number) =>
  json(200, {
    data: part(items, page, PAGE),
    pagination: {
      current_page: page,
      per_page: PAGE,
      total_entries: items.length,
      total_pages: Math.max(1, Math.ceil(items.length / PAGE)),
    },
  });

interface Sent {
  readonly id?: number;
  readonly name?: string;
  readonly type?: string;
  readonly content?: string;
  readonly ttl?: number;
}
type Batch = Readonly<Record<'creates' | 'updates' | 'deletes', readonly Sent[]>>;

const create = (zone: Zone, { name = '', type = '', content = '', ttl = 3_600 }: Sent) =>
  zone.add({ name, type, content, ttl, extra: { regions: ['global'] } });
const update = (zone: Zone, id: string | number, { content, ttl }: Sent) =>
  zone.change(id, { ...(content && { content }), ...(ttl && { ttl }) });

/** https://developer.dnsimple.com/v2/zones/records/ ; the batch request is of the Enterprise plan only. */
export function dnsimpleKind({
  plan = 'enterprise',
  user = false,
}: {
  plan?: 'solo' | 'enterprise';
  user?: boolean;
} = {}): Kind {
  return {
    provider: dnsimple,
    options: (endpoint) => ({ endpoint: new URL('/v2', endpoint).href, token: 'the-token' }),
    pageSize: PAGE,
    service: (zone) => ({
      sort: byMethod,
      refuse: (trouble) =>
        trouble === 'credentials' ? refusal(401, 'Authentication failed') : refusal(429, 'quota exceeded'),
      answer: (request) => {
        if (request.headers.authorization !== 'Bearer the-token')
          return refusal(401, 'Authentication failed');
        const path = pathOf(request);
        const query = request.url.searchParams;
        const page = Number(query.get('page') ?? 1);
        if (path === '/v2/whoami') {
          const account = user ? null : { id: 1_010, email: 'somebody@example.net', plan_identifier: plan };
          return json(200, { data: { user: user ? { id: 1 } : null, account } });
        }
        if (path === '/v2/1010/zones')
          return listed([{ id: 1, account_id: 1_010, name: ZONE, reverse: false }], page);
        if (path === `/v2/1010/zones/${ZONE}/batch`) {
          if (plan === 'solo') return refusal(412, 'The feature is not enabled');
          const { creates, updates, deletes } = bodyOf(request) as unknown as Batch;
          const wrong = creates.find(({ name }) => zone.set(name ?? '', 'CNAME').length > 0);
          if (wrong) return refusal(400, 'Validation failed', { creates: ['record conflicts with a CNAME'] });
          for (const one of deletes) zone.remove(one.id ?? 0);
          for (const one of updates) update(zone, one.id ?? 0, one);
          for (const one of creates) create(zone, one);
          return json(200, { data: { creates, updates, deletes } });
        }
        const [, id] = new RegExp(`^/v2/1010/zones/${ZONE}/records(?:/(\\d+))?$`).exec(path) ?? [];
        if (!path.startsWith(`/v2/1010/zones/${ZONE}/records`)) return refusal(404, 'Zone not found');
        if (request.method === 'GET') {
          const wanted = query.get('name');
          return listed(
            zone.records.filter(({ name }) => wanted === null || name === wanted).map(whole),
            page,
          );
        }
        const sent = bodyOf(request) as Sent;
        if (request.method === 'POST') {
          if (zone.set(sent.name ?? '', 'CNAME').length > 0) {
            return refusal(400, 'Validation failed', { content: ['conflicts with a CNAME'] });
          }
          return json(201, { data: whole(create(zone, sent)) });
        }
        if (id === undefined || zone.find(id) === undefined)
          return refusal(404, `Record \`${id}\` not found`);
        if (request.method === 'DELETE') {
          zone.remove(id);
          return nothing();
        }
        const changed = update(zone, id, sent);
        return json(200, { data: changed && whole(changed) });
      },
    }),
    extra: () => ({ regions: ['SV1', 'IAD'] }),
  };
}
export const kind: Kind = dnsimpleKind();
