import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import { bearer, type RestZone, type WriteEnd } from './rest/api.ts';
import type { Ask } from './rest/exchange.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, counted } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import * as dns from './rest/records.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({ token: secret(), ...restOptions });

const text = z.string();
const meta = z.object({
  pagination: z.object({ page: z.int(), last_page: z.int(), total_entries: z.int() }),
});
const place = ({ meta: { pagination } }: { readonly meta: z.output<typeof meta> }) => {
  return { page: pagination.page, last: pagination.last_page, total: pagination.total_entries };
};
const zone = z.object({ id: z.int().transform(String), name: domainName() });
const zones = counted(z.object({ zones: z.array(zone), meta }), (body) => body.zones, place);
const member = z.object({ value: text, comment: text.optional() });
const set = z.object({ name: text, type: text, ttl: z.int().nullish(), records: z.array(member) });
const sets = counted(z.object({ rrsets: z.array(set), meta }), (body) => body.rrsets, place);
const reason = z.object({ code: text, message: text });
const refusal = z.object({ error: reason });
const status = z.enum(['running', 'success', 'error']);
const started = z.object({ action: z.object({ id: z.int(), status, error: reason.nullish() }) });

/** Every write only starts an action, which takes 2 to 20 seconds: longer than a call may last, so a slow one is `pending`. */
async function act(ask: Ask, method: 'POST' | 'DELETE', to: string, body?: unknown): Promise<WriteEnd> {
  const first = await ask.send(method, to, started, { body });
  const again = () => ask.get(path`/zones/actions/${first.action.id}`, started);
  const running = (state: typeof first) => state.action.status === 'running';
  const { action } = await ask.poll({ every: 1_000, tries: 6 }, first, running, again);
  if (action.status === 'running') return { pending: 'still being carried out there', retryAfter: 5_000 };
  if (action.status === 'error') throw ask.failed(action.error ?? { message: 'the action failed' });
}

/** Sets the whole record set, with the comments of the records that stay or change. */
async function put(ask: Ask, { id, name }: RestZone, change: dns.RestChange): Promise<WriteEnd> {
  const { type } = change.key;
  const relative = dns.relativeTo(name, change.key.name);
  const set = path`/zones/${id}/rrsets/${relative}/${type}`;
  const records = dns.membersAfter(change).map(({ value, from }) => {
    return { value: dns.quoted(type, value), comment: from?.extra };
  });
  if (records.length === 0) return act(ask, 'DELETE', set);
  // Refused if somebody else has created the set meanwhile; `add_records` would add to theirs.
  if (change.actual.length === 0) {
    return act(ask, 'POST', path`/zones/${id}/rrsets`, { name: relative, type, ttl: change.ttl, records });
  }
  // The TTL first: once the addresses are right nothing would ask for it any more.
  const ttl = dns.changedTtl(change);
  const end = ttl === undefined ? ttl : await act(ask, 'POST', `${set}/actions/change_ttl`, { ttl });
  return end ?? act(ask, 'POST', `${set}/actions/set_records`, { records });
}

export const hetzner = defineRestProvider<z.output<typeof options>>({
  name: 'hetzner',
  title: 'Hetzner',
  documentation: 'https://docs.hetzner.cloud/reference/cloud#zone-rrsets',
  credentials: 'Hetzner Console, the project of the zone, Security, API tokens: a token with Read & Write.',
  example: 'provider: hetzner\ntoken: { env: HCLOUD_TOKEN }\n',
  options,
  // One set a call: each has to be waited for.
  // TTL: `minimum` in https://docs.hetzner.cloud/cloud.spec.json.
  traits: { batch: 1, multiple: true, creates: true, families: 'separate', ttl: { min: 60 } },
  // https://docs.hetzner.cloud/reference/cloud#rate-limiting: 3,600 an hour for the project; some are left for others.
  limits: [{ requests: 3_000, per: 3_600_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.hetzner.cloud/v1'),
    account: given.token,
    authorize: bearer(given.token),
    refusal: ({ body }) => refusal.safeParse(body).data?.error,
    // https://docs.hetzner.cloud/reference/cloud#errors; codes not listed mean what their status says.
    verdicts: {
      credentials: ['unauthorized', 'forbidden', 'token_readonly'],
      conflict: ['uniqueness_error', 'conflict', 'locked'],
      refused_record: ['protected', 'incorrect_zone_mode'],
      refused: ['resource_limit_exceeded'],
      rate_limited: ['rate_limit_exceeded'],
      transient: ['maintenance', 'unavailable', 'timeout', 'server_error', 'service_error'],
    },
    zones: {
      list: (ask) => collect(ask, '/zones', zones, { per_page: 50 }),
      byName: async (ask, name) => (await ask.get(path`/zones/${name}`, z.object({ zone }))).zone,
    },
    records: async (ask, { id, name: zone }, name) => {
      // Twice as many as elsewhere: https://docs.hetzner.cloud/reference/cloud#zone-rrsets-list-rrsets
      const query = { per_page: 100, name: name && dns.relativeTo(zone, name) };
      const found = await collect(ask, path`/zones/${id}/rrsets`, sets, query);
      return found.flatMap(({ name: relative, type, ttl, records }) =>
        records.map(({ value, comment }) => {
          const [name, content] = [dns.absoluteIn(zone, relative), dns.unquoted(type, value)];
          return { name, type, content, ...dns.ownTtl(ttl), extra: comment };
        }),
      );
    },
    write: { shape: 'sets', put },
  }),
});
