import * as z from 'zod';
import { secret } from '../config/schema-types.ts';
import type { HttpRequest } from '../net/http.ts';
import { bearer, type RestZone } from './rest/api.ts';
import type { DecodedAnswer } from './rest/exchange.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, linked, nextLink } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import * as dns from './rest/records.ts';
import { path } from './rest/request.ts';
import { zonesNamed } from './rest/zones.ts';

const options = z.strictObject({ token: secret(), ...restOptions });

const text = z.string();
// https://desec.readthedocs.io/en/latest/dns/domains.html#domain-object-structure
const domain = z.object({ name: text.optional(), minimum_ttl: z.int().default(3_600) });
const set = z.object({ subname: text, type: text, ttl: z.int(), records: z.array(text) });

/** Lists of more than 500 come in pages, to those only who ask with a cursor: the first one is empty. */
const FIRST = { cursor: '' };
const listOf = <Item>(item: z.ZodType<Item>) => ({
  schema: z.array(item),
  items: (body: readonly Item[]) => body,
  next: ({ headers }: DecodedAnswer) => linked(nextLink(headers['link'])),
});

const zoneOf = (name: string, { minimum_ttl }: z.output<typeof domain>) => ({
  name,
  id: name,
  extra: minimum_ttl,
});

const setsPath = ({ id }: RestZone) => path`/domains/${id}/rrsets/`;

/** All words of a refusal, however deep: `{detail}`, `{field: [...]}`, and a list with one object for each set of a batch. */
function wordsIn(body: unknown): readonly string[] {
  if (typeof body === 'string') return [body];
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    const plain = Array.isArray(body) || name === 'detail' || name === 'non_field_errors';
    return wordsIn(value).map((words) => (plain ? words : `${name}: ${words}`));
  });
}

/** One set of a bulk PATCH. Without records it is deleted; without a TTL it keeps its own, and a new one has to have one. */
function patch(zone: RestZone, change: dns.RestChange) {
  const { type, name } = change.key;
  const least = zone.extra as number;
  const found = change.actual[0]?.ttl;
  // A TTL below the domain's least is refused, and the name would be left without an address for its sake.
  const asked = change.ttl === undefined ? undefined : Math.max(change.ttl, least);
  const ttl = asked === found ? undefined : asked;
  const records = dns.membersAfter(change).map(({ value }) => dns.quoted(type, value));
  return {
    subname: dns.relativeTo(zone.name, name, ''),
    type,
    records,
    ttl: found === undefined ? (ttl ?? least) : ttl,
  };
}

/** The domain whose records a request writes. */
function written({ method, url }: HttpRequest): string | undefined {
  return method === 'GET' ? undefined : /\/domains\/([^/]+)\/rrsets\//.exec(url.pathname)?.[1];
}
/** The domain whose records a request reads, as one for the whole account. */
const read = ({ method }: HttpRequest): string | undefined => (method === 'GET' ? '' : undefined);

export const desec = defineRestProvider<z.output<typeof options>>({
  name: 'desec',
  title: 'deSEC',
  documentation: 'https://desec.readthedocs.io/en/latest/dns/rrsets.html',
  credentials:
    'desec.io, Token Management: a token; a policy may limit it to the domain and its A and AAAA sets.',
  example: 'provider: desec\ntoken: { env: DESEC_TOKEN }\n',
  notes: [
    "A TTL below the domain's least (`minimum_ttl`, 3600 for most) is raised to it; deSEC lowers it on request.",
    'deSEC allows 300 writes a day for a domain; all names of a domain go in one.',
  ],
  options,
  traits: { batch: 100, multiple: true, creates: true, families: 'one' },
  // https://desec.readthedocs.io/en/latest/rate-limits.html ; a few of each are left for others.
  limits: [
    { requests: 1_900, per: 86_400_000 },
    { requests: 9, per: 1_000, of: read },
    { requests: 45, per: 60_000, of: read },
    { requests: 2, per: 1_000, of: written },
    { requests: 14, per: 60_000, of: written },
    { requests: 95, per: 3_600_000, of: written },
    { requests: 290, per: 86_400_000, of: written },
  ],
  api: (given) => ({
    base: baseOf(given, 'https://desec.io/api/v1'),
    account: given.token,
    authorize: bearer(given.token, 'Token'),
    // No codes: what it means is in the status.
    refusal: ({ status, body }) => (status >= 400 ? { message: wordsIn(body).join('; ') } : undefined),
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '/domains/', listOf(domain), FIRST);
        return zonesNamed(found.flatMap((one) => (one.name === undefined ? [] : [zoneOf(one.name, one)])));
      },
      byName: async (ask, name) =>
        zonesNamed([zoneOf(name, await ask.get(path`/domains/${name}/`, domain))])[0],
    },
    records: async (ask, zone, name) => {
      const query = { ...FIRST, subname: name && dns.relativeTo(zone.name, name, '') };
      const found = await collect(ask, setsPath(zone), listOf(set), query);
      return found.flatMap(({ subname, type, ttl, records }) =>
        records.map((value) => {
          const content = dns.unquoted(type, value);
          return { name: dns.absoluteIn(zone.name, subname), type, content, ttl };
        }),
      );
    },
    write: {
      shape: 'batch',
      // Bulk requests are atomic; the documentation names no most. https://desec.readthedocs.io/en/latest/dns/rrsets.html#bulk-operations
      size: 100,
      apply: async (ask, zone, changes) => {
        const body = changes.map((change) => patch(zone, change));
        // A set without records has nothing to show; for sets alone that is documented as 204.
        await ask.send('PATCH', setsPath(zone), z.array(set).optional(), { body });
      },
    },
  }),
});
