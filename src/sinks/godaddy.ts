import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import { withHeader } from './rest/api.ts';
import { type Codec, jsonCodec } from './rest/codec.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, type PagedList } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import * as dns from './rest/records.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({ key: secret(), secret: secret(), ...restOptions });

const text = z.string();
const domain = z.object({ domain: domainName() });
type Domain = z.output<typeof domain>;
/** The most this list gives at once. */
const PAGE = 1_000;
const domains: PagedList<readonly Domain[], Domain> = {
  schema: z.array(domain),
  items: (body) => body,
  next: ({ body }) => (body.length < PAGE ? undefined : { marker: body.at(-1)?.domain }),
};
const records = z.array(z.object({ name: text, type: text, data: text, ttl: z.int() }));
const refusal = z.object({
  code: text,
  message: text.default(''),
  fields: z.array(z.object({ message: text.default('') })).default([]),
  retryAfterSec: z.number().optional(),
});

/** A record set replaced, or removed, is answered with nothing. */
const codec: Codec = { ...jsonCodec, empty: [200, 204] };

export const godaddy = defineRestProvider<z.output<typeof options>>({
  name: 'godaddy',
  title: 'GoDaddy',
  documentation: 'https://developer.godaddy.com/doc/endpoint/domains',
  credentials:
    'developer.godaddy.com/keys: a key of the environment "Production". GoDaddy opens the DNS requests to accounts with ten or more domains or a Discount Domain Club plan only; others are told ACCESS_DENIED.',
  example: 'provider: godaddy\nkey: { env: GODADDY_KEY }\nsecret: { env: GODADDY_SECRET }\n',
  notes: [
    'TTLs are 600 seconds or more.',
    'How the list of all records is paged is not documented, so each name and type is asked for by itself.',
  ],
  options,
  traits: { batch: 10, multiple: true, creates: true, families: 'separate' },
  // 60 a minute for each endpoint (https://developer.godaddy.com/getstarted#terms); counted over all of them here.
  limits: [{ requests: 55, per: 60_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.godaddy.com'),
    account: given.key,
    authorize: withHeader('authorization', () => `sso-key ${given.key.reveal()}:${given.secret.reveal()}`),
    codec,
    refusal: ({ status, body }) => {
      const said = refusal.safeParse(status >= 400 ? body : undefined).data;
      if (said === undefined) return undefined;
      const { code, message, fields, retryAfterSec } = said;
      const words = [message, ...fields.map((field) => field.message)].filter((one) => one !== '').join(': ');
      return { code, message: words, ...(retryAfterSec && { retryAfter: retryAfterSec * 1_000 }) };
    },
    verdicts: {
      credentials: ['UNABLE_TO_AUTHENTICATE', 'MALFORMED_CREDENTIALS', 'ACCESS_DENIED'],
      not_found: ['NOT_FOUND', 'UNKNOWN_DOMAIN'],
      // A set that is replaced has no doubles: what stands in the way is a record of another type, mostly a CNAME.
      refused_record: ['DUPLICATE_RECORD'],
      conflict: ['CONFLICTING_STATUS'],
      rate_limited: ['TOO_MANY_REQUESTS', 'QUOTA_EXCEEDED'],
    },
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '/v1/domains', domains, { limit: PAGE });
        return found.map(({ domain: name }) => ({ name, id: name }));
      },
      byName: async (ask, name) => {
        const { domain: found } = await ask.get(path`/v1/domains/${name}`, domain);
        return { name: found, id: found };
      },
    },
    // How `offset` and `limit` count in the list of all records is not documented, so the sets themselves are asked for.
    lists: 'name',
    records: async (ask, { id, name: zone }, name = zone, types = ['A', 'AAAA']) => {
      const found: dns.ListedRecord[] = [];
      for (const type of types) {
        const set = path`/v1/domains/${id}/records/${type}/${dns.relativeTo(zone, name)}`;
        for (const { name: relative, type: kind, data, ttl } of await ask.get(set, records)) {
          found.push({ name: dns.absoluteIn(zone, relative), type: kind, content: data, ttl });
        }
      }
      return found;
    },
    write: {
      shape: 'sets',
      put: async (ask, { id, name: zone }, change) => {
        const { name, type } = change.key;
        // Without its last part this path means every record of the type in the whole zone: it is `@` for the apex.
        const set = path`/v1/domains/${id}/records/${type}/${dns.relativeTo(zone, name)}`;
        const ttl = change.ttl ?? change.actual[0]?.ttl;
        const body = dns.membersAfter(change).map(({ value }) => ({ data: value, ttl }));
        if (body.length === 0) await ask.send('DELETE', set, z.undefined());
        else await ask.send('PUT', set, z.undefined(), { body });
      },
    },
  }),
});
