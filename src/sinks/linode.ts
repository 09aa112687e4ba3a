import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import { bearer, type RestZone } from './rest/api.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, counted } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import { absoluteIn, changedTtl, ownTtl, type RestRecord, relativeTo } from './rest/records.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({ token: secret(), ...restOptions });

const text = z.string();
const id = z.int().transform(String);
const page = { page: z.int(), pages: z.int(), results: z.int() };
interface Page {
  readonly page: number;
  readonly pages: number;
  readonly results: number;
}
const place = (body: Page) => ({ page: body.page, last: body.pages, total: body.results });
const domain = z.object({ id, domain: domainName(), type: text });
const domains = counted(z.object({ ...page, data: z.array(domain) }), (body) => body.data, place);
const record = z.object({ id, type: text, name: text.nullish(), target: text.nullish(), ttl_sec: z.int() });
const records = counted(z.object({ ...page, data: z.array(record) }), (body) => body.data, place);
const refusal = z.object({ errors: z.array(z.object({ reason: text, field: text.optional() })).min(1) });

const recordsPath = (zone: RestZone) => path`/domains/${zone.id}/records`;
const onePath = (zone: RestZone, found: RestRecord) => `${recordsPath(zone)}${path`/${found.id ?? ''}`}`;

export const linode = defineRestProvider<z.output<typeof options>>({
  name: 'linode',
  title: 'Linode (Akamai)',
  documentation: 'https://techdocs.akamai.com/linode-api/reference/get-domain-records',
  credentials: 'Cloud Manager, profile, API Tokens: a personal access token with Domains: Read/Write.',
  example: 'provider: linode\ntoken: { env: LINODE_TOKEN }\n',
  notes: [
    'TTLs are rounded by the service to its own steps (300, 3600, 7200 seconds and so on).',
    'Refusals have no codes beside the HTTP status.',
  ],
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  // Lists 200 a minute, everything else more: https://techdocs.akamai.com/linode-api/reference/rate-limits
  limits: [{ requests: 180, per: 60_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.linode.com/v4'),
    account: given.token,
    authorize: bearer(given.token),
    // No codes beside the status: https://techdocs.akamai.com/linode-api/reference/errors
    refusal: ({ status, body }) => {
      const said = refusal.safeParse(status >= 400 ? body : undefined).data;
      const words = said?.errors.map(({ field, reason }) => (field ? `${field}: ${reason}` : reason));
      return words && { message: words.join('; ') };
    },
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '/domains', domains, { page_size: 500 });
        // What is copied from another server cannot be changed here.
        const own = found.filter(({ type }) => type !== 'slave');
        return own.map((one) => ({ name: one.domain, id: one.id }));
      },
    },
    lists: 'zone',
    records: async (ask, zone) => {
      const found = await collect(ask, recordsPath(zone), records, { page_size: 500 });
      return found.map(({ id: record, name, type, target, ttl_sec: ttl }) => {
        // 0 stands for the zone's default.
        const absolute = absoluteIn(zone.name, name ?? '');
        return { id: record, name: absolute, type, content: target ?? '', ...ownTtl(ttl) };
      });
    },
    write: {
      shape: 'records',
      single: {
        // TTLs are rounded by the service to the next of its own values (300, 3600, 7200 ...), which is no reason to write again.
        create: async (ask, zone, { key, ttl }, value) => {
          const body = {
            type: key.type,
            name: relativeTo(zone.name, key.name, ''),
            target: value,
            ttl_sec: ttl,
          };
          await ask.send('POST', recordsPath(zone), record, { body });
        },
        // Fields left out stay as they are.
        update: async (ask, zone, change, { record: found, value }) => {
          const body = { target: value, ttl_sec: changedTtl(change, found.ttl) };
          await ask.send('PUT', onePath(zone, found), record, { body });
        },
        remove: async (ask, zone, _change, { record: found }) => {
          await ask.send('DELETE', onePath(zone, found), z.object({}));
        },
      },
    },
  }),
});
