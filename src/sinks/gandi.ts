import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import { bearer } from './rest/api.ts';
import type { DecodedAnswer } from './rest/exchange.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, type PagedList } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import * as dns from './rest/records.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({
  token: secret(),
  ...restOptions,
  token_type: z.enum(['personal', 'api_key']).prefault('personal').meta({
    description:
      'What `token` is: a personal access token, or an API key of the older sort (deprecated there).',
  }),
});

const PAGE = 100;
const text = z.string();
const domains = listOf(z.object({ fqdn: domainName() }));
const sets = listOf(
  z.object({ rrset_name: text, rrset_type: text, rrset_ttl: z.int(), rrset_values: z.array(text) }),
);
const written = z.object({ message: text });
const wrong = z.object({ message: text, cause: text.optional() });
const malformed = z.object({ errors: z.array(z.object({ name: text, description: text })).min(1) });

/**
 * Lists tell their length in the header Total-Count (https://api.gandi.net/docs/reference/#Pagination). Where it is missing, a
 * full page is taken to have another behind it.
 */
function listOf<Item>(item: z.ZodType<Item>): PagedList<readonly Item[], Item> {
  const next = ({ headers, body }: DecodedAnswer & { readonly body: readonly Item[] }, page: number) => {
    const total = Number(headers['total-count'] ?? Number.NaN);
    const more = Number.isNaN(total) ? body.length === PAGE : body.length > 0 && page * PAGE < total;
    return more ? { page: page + 1 } : undefined;
  };
  return { schema: z.array(item), items: (body) => body, next };
}

export const gandi = defineRestProvider<z.output<typeof options>>({
  name: 'gandi',
  title: 'Gandi LiveDNS',
  documentation: 'https://api.gandi.net/docs/livedns/',
  credentials:
    'admin.gandi.net, Organizations, Personal access tokens: one with "Manage domain name technical configurations" for the domain.',
  example: 'provider: gandi\ntoken: { env: GANDI_TOKEN }\n',
  notes: [
    'The official page for the bounds of the TTL could not be checked; netdrift keeps to them with a warning.',
    'TTLs are 300 seconds or more; new record sets without one get 10,800.',
    'The limit of requests was found as 1,000 a minute for one address in a copy of the reference only; half of that is used.',
  ],
  options,
  // TTL: `rrset_ttl` in https://api.gandi.net/docs/livedns/.
  traits: {
    batch: 20,
    multiple: true,
    creates: true,
    families: 'separate',
    ttl: { min: 300, max: 2_592_000 },
  },
  // 1,000 a minute for one address; the others behind it need some too.
  limits: [{ requests: 500, per: 60_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.gandi.net/v5/livedns'),
    account: given.token,
    authorize: bearer(given.token, given.token_type === 'personal' ? 'Bearer' : 'Apikey'),
    // No codes of its own beside the status; 400 comes with a list of fields, the rest with `message`.
    refusal: ({ status, body }) => {
      if (status < 400) return undefined;
      const fields = malformed.safeParse(body).data?.errors;
      if (fields) return { message: fields.map((one) => `${one.name}: ${one.description}`).join('; ') };
      return wrong.safeParse(body).data;
    },
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '/domains', domains, { per_page: PAGE });
        return found.map(({ fqdn }) => ({ name: fqdn, id: fqdn }));
      },
      byName: async (ask, name) => {
        const { fqdn } = await ask.get(path`/domains/${name}`, z.object({ fqdn: domainName() }));
        return { name: fqdn, id: fqdn };
      },
    },
    // Whether the list of one name is empty or "not found" for a name without records is not documented.
    lists: 'zone',
    records: async (ask, { id, name: zone }) => {
      const found = await collect(ask, path`/domains/${id}/records`, sets, { per_page: PAGE });
      return found.flatMap(({ rrset_name, rrset_type: type, rrset_ttl: ttl, rrset_values }) => {
        const name = dns.absoluteIn(zone, rrset_name);
        return rrset_values.map((value) => ({ name, type, content: dns.unquoted(type, value), ttl }));
      });
    },
    write: {
      shape: 'sets',
      put: async (ask, { id, name: zone }, change) => {
        const { name, type } = change.key;
        const to = path`/domains/${id}/records/${dns.relativeTo(zone, name)}/${type}`;
        const values = dns.membersAfter(change).map(({ value }) => dns.quoted(type, value));
        if (values.length === 0) {
          await ask.send('DELETE', to, z.undefined());
          return;
        }
        // Left out, the TTL would be set to Gandi's default of 10,800 seconds.
        const body = { rrset_values: values, rrset_ttl: change.ttl ?? change.actual[0]?.ttl };
        // POST is refused (409) if somebody else has made the set meanwhile; PUT would replace theirs.
        await ask.send(change.actual.length === 0 ? 'POST' : 'PUT', to, written, { body });
      },
    },
  }),
});
