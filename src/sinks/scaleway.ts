import * as z from 'zod';
import { secret } from '../config/schema-types.ts';
import { type RestZone, withHeader } from './rest/api.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, type PagedList } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import * as dns from './rest/records.ts';
import { path } from './rest/request.ts';
import { zonesNamed } from './rest/zones.ts';

const options = z.strictObject({ secret_key: secret(), ...restOptions });

const text = z.string();
/** The list tells how many there are in all, and not how many are on a page. */
const PAGE = 100;
function paged<Body extends { readonly total_count: number }, Item>(
  schema: z.ZodType<Body>,
  items: (body: Body) => readonly Item[],
): PagedList<Body, Item> {
  let seen = 0;
  return {
    schema,
    items,
    next: ({ body }, page) => {
      seen += items(body).length;
      return seen < body.total_count && items(body).length > 0 ? { page: page + 1 } : undefined;
    },
    total: (body) => body.total_count,
  };
}
const zone = z.object({ domain: text, subdomain: text.default('') });
const zonePage = z.object({ total_count: z.int(), dns_zones: z.array(zone) });
// All other fields go back as they came: priority, comment, and the rules of dynamic records.
const record = z.looseObject({ id: text, name: text, type: text, data: text, ttl: z.int() });
type Record = z.output<typeof record>;
const recordPage = z.object({ total_count: z.int(), records: z.array(record) });
const done = z.object({ records: z.array(record) });
const refusal = z.object({ type: text.optional(), message: text });

const nameOf = ({ domain, subdomain }: z.output<typeof zone>): string =>
  subdomain === '' ? domain : `${subdomain}.${domain}`;

const recordsPath = ({ id }: RestZone) => path`/dns-zones/${id}/records`;

/** One record as Scaleway takes it: what it was, with another content. */
function written(zone: RestZone, change: dns.RestChange, value: string, found?: dns.RestRecord) {
  const { id, updated_at, ...rest } = (found?.extra ?? {}) as Partial<Record>;
  const { type, name } = change.key;
  // Documented range: 60 seconds to 30 days; their console offers an hour.
  const ttl = change.ttl ?? found?.ttl ?? 3_600;
  return { ...rest, name: dns.relativeTo(zone.name, name, ''), type, ttl, data: dns.quoted(type, value) };
}

function changeOf(zone: RestZone, change: dns.RestChange, edit: dns.RestEdit): unknown {
  switch (edit.kind) {
    case 'create':
      return { add: { records: [written(zone, change, edit.value)] } };
    case 'update':
      return { set: { id: edit.record.id, records: [written(zone, change, edit.value, edit.record)] } };
    case 'delete':
      return { delete: { id: edit.record.id } };
  }
}

export const scaleway = defineRestProvider<z.output<typeof options>>({
  name: 'scaleway',
  title: 'Scaleway',
  documentation: 'https://www.scaleway.com/en/developers/api/domains-and-dns/',
  credentials:
    'Scaleway console, IAM, API keys: the secret key of an application with DomainsDNSFullAccess on the project of the zone.',
  example: 'provider: scaleway\nsecret_key: { env: SCW_SECRET_KEY }\n',
  notes: [
    "No request limit and no largest batch were found in Scaleway's documentation; its refusals for too many requests are honoured.",
    'Zones are never made: `disallow_new_zone_creation` goes with every write.',
  ],
  options,
  traits: { batch: 100, multiple: true, creates: true, families: 'one' },
  // No number was found in Scaleway's documentation; a 429 is honoured.
  limits: [{ requests: 10, per: 1_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.scaleway.com/domain/v2beta1'),
    account: given.secret_key,
    authorize: withHeader('x-auth-token', () => given.secret_key.reveal()),
    refusal: ({ status, body }) => {
      const said = refusal.safeParse(status >= 400 ? body : undefined).data;
      return said && { ...(said.type === undefined ? {} : { code: said.type }), message: said.message };
    },
    // The error types of all their services: https://www.scaleway.com/en/developers/api/#error-codes
    verdicts: {
      credentials: ['denied_authentication', 'permissions_denied', 'expired'],
      not_found: ['not_found', 'unknown_resource'],
      conflict: ['transient_state', 'locked', 'conflict'],
      refused: ['quotas_exceeded', 'resource_expired', 'out_of_stock'],
      rate_limited: ['too_many_requests'],
      invalid: ['invalid_arguments', 'precondition_failed'],
    },
    zones: {
      list: async (ask) => {
        const list = paged(zonePage, (body) => body.dns_zones);
        const found = (await collect(ask, '/dns-zones', list, { page_size: PAGE })).map(nameOf);
        return zonesNamed(found.map((name) => ({ name, id: name })));
      },
      byName: async (ask, name) => {
        const list = paged(zonePage, (body) => body.dns_zones);
        const found = await collect(ask, '/dns-zones', list, { dns_zones: name, page_size: PAGE });
        return found.some((one) => nameOf(one) === name) ? { name, id: name } : undefined;
      },
    },
    records: async (ask, zone, name) => {
      // An empty name is no filter, so the apex takes the whole list.
      const query = { page_size: PAGE, name: name && (dns.relativeTo(zone.name, name, '') || undefined) };
      const found = await collect(
        ask,
        recordsPath(zone),
        paged(recordPage, (body) => body.records),
        query,
      );
      return found.map((one) => ({
        id: one.id,
        name: dns.absoluteIn(zone.name, one.name),
        type: one.type,
        content: dns.unquoted(one.type, one.data),
        ttl: one.ttl,
        extra: one,
      }));
    },
    write: {
      shape: 'batch',
      // The documentation names no most; all of a request are applied, or none.
      size: 100,
      apply: async (ask, zone, changes) => {
        const body = {
          changes: changes.flatMap((change) => change.edits.map((edit) => changeOf(zone, change, edit))),
          return_all_records: false,
          // Left out, a zone that does not exist is made, with a bill to follow.
          disallow_new_zone_creation: true,
        };
        await ask.send('PATCH', recordsPath(zone), done, { body });
      },
    },
  }),
});
