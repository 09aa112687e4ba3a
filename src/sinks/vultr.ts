import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import { bearer, type RestZone } from './rest/api.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { after, collect, type PagedList } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import { absoluteIn, changedTtl, quoted, type RestRecord, relativeTo, unquoted } from './rest/records.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({ api_key: secret(), ...restOptions });

const text = z.string();
const meta = z.object({ total: z.int(), links: z.object({ next: text.default('') }) });
interface Page {
  readonly meta: z.output<typeof meta>;
}
const listOf = <Body extends Page, Item>(
  schema: z.ZodType<Body>,
  items: (body: Body) => readonly Item[],
): PagedList<Body, Item> => ({
  schema,
  items,
  // `next` is the cursor itself, empty at the end.
  next: ({ body }) => after('cursor', body.meta.links.next),
  total: (body) => body.meta.total,
});
const domain = z.object({ domain: domainName() });
const domains = listOf(z.object({ domains: z.array(domain), meta }), (body) => body.domains);
const record = z.object({ id: text, type: text, name: text, data: text, ttl: z.int() });
const records = listOf(z.object({ records: z.array(record), meta }), (body) => body.records);
const created = z.object({ record });
const refusal = z.object({ error: text });

const recordsPath = (zone: RestZone) => path`/domains/${zone.id}/records`;
const onePath = (zone: RestZone, { id = '' }: RestRecord) => `${recordsPath(zone)}${path`/${id}`}`;

export const vultr = defineRestProvider<z.output<typeof options>>({
  name: 'vultr',
  title: 'Vultr',
  documentation: 'https://www.vultr.com/api/#tag/dns',
  credentials:
    'Vultr console, Account, API: the personal access token. Its access control must let in the addresses this host will have, IPv4 and IPv6.',
  example: 'provider: vultr\napi_key: { env: VULTR_API_KEY }\n',
  notes: ['Refusals have no codes beside the HTTP status.'],
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  // 30 a second for one address: https://www.vultr.com/api/#section/Introduction/Rate-Limiting
  limits: [{ requests: 25, per: 1_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.vultr.com/v2'),
    account: given.api_key,
    authorize: bearer(given.api_key),
    // No codes beside the status: https://www.vultr.com/api/#section/Introduction/Response-Codes
    refusal: ({ status, body }) => {
      const said = refusal.safeParse(status >= 400 ? body : undefined).data;
      return said && { message: said.error };
    },
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '/domains', domains, { per_page: 500 });
        return found.map(({ domain: name }) => ({ name, id: name }));
      },
      byName: async (ask, name) => {
        const found = (await ask.get(path`/domains/${name}`, z.object({ domain }))).domain.domain;
        return { name: found, id: found };
      },
    },
    lists: 'zone',
    records: async (ask, zone) => {
      const found = await collect(ask, recordsPath(zone), records, { per_page: 500 });
      return found.map(({ id, name, type, data, ttl }) => {
        return { id, name: absoluteIn(zone.name, name), type, content: unquoted(type, data), ttl };
      });
    },
    write: {
      shape: 'records',
      single: {
        create: async (ask, zone, { key, ttl }, value) => {
          const name = relativeTo(zone.name, key.name, '');
          const body = { name, type: key.type, data: quoted(key.type, value), ttl };
          await ask.send('POST', recordsPath(zone), created, { body });
        },
        update: async (ask, zone, change, { record: found, value }) => {
          const body = { data: quoted(change.key.type, value), ttl: changedTtl(change, found.ttl) };
          await ask.send('PATCH', onePath(zone, found), z.undefined(), { body });
        },
        remove: async (ask, zone, _change, { record: found }) => {
          await ask.send('DELETE', onePath(zone, found), z.undefined());
        },
      },
    },
  }),
});
