import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import { bearer, type RestZone } from './rest/api.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, linked } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import { absoluteIn, changedTtl, type RestRecord, relativeTo } from './rest/records.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({ token: secret(), ...restOptions });

const pages = z.object({ next: z.string().optional() }).optional();
const page = { links: z.object({ pages }).default({}), meta: z.object({ total: z.int() }) };
interface Page {
  readonly links: { readonly pages?: z.output<typeof pages> };
  readonly meta: { readonly total: number };
}
const listOf = <Body extends Page, Item>(
  schema: z.ZodType<Body>,
  items: (body: Body) => readonly Item[],
) => ({
  schema,
  items,
  next: ({ body }: { readonly body: Body }) => linked(body.links.pages?.next),
  total: (body: Body) => body.meta.total,
});
const domain = z.object({ name: domainName() });
const domains = listOf(z.object({ ...page, domains: z.array(domain) }), (body) => body.domains);
const fields = { id: z.int().transform(String), type: z.string(), name: z.string(), data: z.string() };
const record = z.object({ ...fields, ttl: z.int().nullish() });
const records = listOf(z.object({ ...page, domain_records: z.array(record) }), (body) => body.domain_records);
const written = z.object({ domain_record: record });
const refusal = z.object({ id: z.string(), message: z.string() });

const zoneOf = (name: RestZone['name']): RestZone => ({ name, id: name });
const recordsPath = (zone: RestZone) => path`/v2/domains/${zone.id}/records`;
const onePath = (zone: RestZone, { id = '' }: RestRecord) => `${recordsPath(zone)}${path`/${id}`}`;

export const digitalocean = defineRestProvider<z.output<typeof options>>({
  name: 'digitalocean',
  title: 'DigitalOcean',
  documentation: 'https://docs.digitalocean.com/reference/api/reference/domain-records/',
  credentials:
    'DigitalOcean control panel, API, Tokens: a token with the scopes domain:read, create, update and delete.',
  example: 'provider: digitalocean\ntoken: { env: DIGITALOCEAN_TOKEN }\n',
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  // 250 a minute and 5,000 an hour; some are left for others. https://docs.digitalocean.com/reference/api/intro/#rate-limit
  limits: [
    { requests: 220, per: 60_000 },
    { requests: 4_500, per: 3_600_000 },
  ],
  api: (given) => ({
    base: baseOf(given, 'https://api.digitalocean.com'),
    account: given.token,
    authorize: bearer(given.token),
    refusal: ({ status, body }) => {
      const said = refusal.safeParse(status >= 400 ? body : undefined).data;
      return said && { code: said.id, message: said.message };
    },
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '/v2/domains', domains, { per_page: 200 });
        return found.map(({ name }) => zoneOf(name));
      },
      byName: async (ask, name) =>
        zoneOf((await ask.get(path`/v2/domains/${name}`, z.object({ domain }))).domain.name),
    },
    records: async (ask, zone, name) => {
      const found = await collect(ask, recordsPath(zone), records, { per_page: 200, name });
      return found.map(({ id, name: relative, type, data, ttl }) => {
        return { id, name: absoluteIn(zone.name, relative), type, content: data, ttl: ttl ?? undefined };
      });
    },
    write: {
      shape: 'records',
      single: {
        create: async (ask, zone, { key, ttl }, value) => {
          const body = { type: key.type, name: relativeTo(zone.name, key.name), data: value, ttl };
          await ask.send('POST', recordsPath(zone), written, { body });
        },
        // PATCH changes the fields given; PUT would want all of them.
        update: async (ask, zone, change, { record: found, value }) => {
          const body = { type: change.key.type, data: value, ttl: changedTtl(change, found.ttl) };
          await ask.send('PATCH', onePath(zone, found), written, { body });
        },
        remove: async (ask, zone, _change, { record: found }) => {
          await ask.send('DELETE', onePath(zone, found), z.undefined());
        },
      },
    },
  }),
});
