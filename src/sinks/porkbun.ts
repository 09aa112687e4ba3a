import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import type { Authorize } from './rest/api.ts';
import type { Ask } from './rest/exchange.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, type PagedList } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import { type RestChange, type RestRecord, relativeTo } from './rest/records.ts';
import type { Verdict } from './rest/refusal.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({ api_key: secret(), secret_api_key: secret(), ...restOptions });

// A status of 200 is not yet success: `status` says it. https://porkbun.com/api/json/v3/documentation
const success = { status: z.literal('SUCCESS') };
const done = z.object(success);
const text = z.string();
/** Domains in one answer; more are asked for with `start`. */
const CHUNK = 1_000;
const domains: PagedList<
  { domains: { domain: z.output<ReturnType<typeof domainName>> }[] },
  { domain: string }
> = {
  schema: z.object({ ...success, domains: z.array(z.object({ domain: domainName() })) }),
  items: (body) => body.domains,
  next: ({ body }, page) => (body.domains.length < CHUNK ? undefined : { start: page * CHUNK }),
  post: ({ start }) => ({ start: String(start ?? 0) }),
};
// Numbers come as text, and as numbers in some answers.
const record = z.object({
  id: z.union([text, z.int()]).transform(String),
  name: text,
  type: text,
  content: text,
  ttl: z.coerce.number().int(),
  prio: z.union([text, z.number()]).nullish(),
  notes: text.nullish(),
});
const records = z.object({ ...success, records: z.array(record) });
const refusal = z.object({
  status: text,
  message: text.default(''),
  code: text.optional(),
  ttlRemaining: z.number().optional(),
});

/** Older answers have no code, only these words (recorded and quoted by users). */
const WORDS: ReadonlyArray<readonly [RegExp, Verdict]> = [
  [/^invalid api key\b|require an api key/i, 'credentials'],
  [/^invalid (?:domain|record id)\b/i, 'not_found'],
  // A switch of the domain: the key may be good for others.
  [/not opted in to api access/i, 'refused_record'],
];
const verdictOf = (message: string): Verdict | undefined => WORDS.find(([words]) => words.test(message))?.[1];

type Kept = Pick<z.output<typeof record>, 'prio' | 'notes'>;

/** Every request is a POST with the two keys in its body. */
function withKeys({ api_key, secret_api_key }: z.output<typeof options>): Authorize {
  return (request) => {
    const body = JSON.parse(request.body ?? '{}') as object;
    const keys = { apikey: api_key.reveal(), secretapikey: secret_api_key.reveal() };
    return { ...request, body: JSON.stringify({ ...body, ...keys }) };
  };
}

/** `name` is relative when written and absolute when read; an empty one is the apex, so it is never left out. */
function bodyOf(
  zone: RestRecord['key']['name'],
  { key, ttl, actual }: RestChange,
  content: string,
  found?: RestRecord,
) {
  const { prio, notes } = (found?.extra ?? {}) as Kept;
  const name = relativeTo(zone, key.name, '');
  const kept = { prio: prio ?? undefined, notes: notes ?? undefined };
  return { name, type: key.type, content, ttl: ttl ?? found?.ttl ?? actual[0]?.ttl, ...kept };
}

const recordsOf = (ask: Ask, zone: string) =>
  ask.send('POST', path`/dns/retrieve/${zone}`, records, { body: {}, mutating: false });

export const porkbun = defineRestProvider<z.output<typeof options>>({
  name: 'porkbun',
  title: 'Porkbun',
  documentation: 'https://porkbun.com/api/json/v3/documentation',
  credentials:
    'porkbun.com, Account, API Access: an API key and its secret; then switch "API Access" on in the details of each domain.',
  example:
    'provider: porkbun\napi_key: { env: PORKBUN_API_KEY }\nsecret_api_key: { env: PORKBUN_SECRET_API_KEY }\n',
  notes: [
    'The official page for the bounds of the TTL could not be checked; netdrift keeps to them with a warning.',
    'TTLs are 600 seconds or more.',
    'Porkbun publishes no limit for DNS requests; one a second is used.',
    'The documentation does not say whether an edit without `notes` keeps them, so they are sent back as found.',
  ],
  options,
  // TTL: 600 seconds at least, and by default; https://porkbun.com/api/json/v3/documentation.
  traits: { batch: 10, multiple: true, creates: true, families: 'separate', ttl: { min: 600 } },
  // Only the limit of domain checks is published; bursts of DNS requests are refused all the same.
  limits: [{ requests: 60, per: 60_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.porkbun.com/api/json/v3'),
    account: given.api_key,
    authorize: withKeys(given),
    refusal: ({ body }) => {
      const said = refusal.safeParse(body).data;
      if (said === undefined || said.status === 'SUCCESS') return undefined;
      const { message, code, ttlRemaining } = said;
      const wait = ttlRemaining && { retryAfter: ttlRemaining * 1_000 };
      return code === undefined
        ? { message, verdict: verdictOf(message), ...wait }
        : { message, code, ...wait };
    },
    // The codes of https://porkbun.com/api/json/v3/spec; refusals without a code mean what their words or else their status say.
    verdicts: {
      credentials: [
        'INVALID_API_KEYS_001',
        'INVALID_API_KEYS_002',
        'API_KEY_REQUIRED',
        'MISSING_APIKEY',
        'MISSING_SECRETAPIKEY',
        'INVALID_TOKEN',
        'INVALID_USER',
        'IP_NOT_ALLOWED',
        'DOMAIN_NOT_ALLOWED',
      ],
      // Also said of a domain for which API access is off.
      not_found: ['INVALID_DOMAIN', 'DOMAIN_NOT_FOUND', 'INVALID_RECORD_ID', 'RECORD_NOT_FOUND'],
      conflict: ['DUPLICATE_RECORD'],
      // It has answered 503 to bursts, without a code.
      rate_limited: ['RATE_LIMIT_EXCEEDED', 503],
    },
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '/domain/listAll', domains);
        return found.map(({ domain }) => ({ name: domain as RestRecord['key']['name'], id: domain }));
      },
      // The list of its records is the only request about a single domain that older keys may make.
      byName: async (ask, name) => {
        await recordsOf(ask, name);
        return { name, id: name };
      },
    },
    // One answer holds them all; filters exist for a name *and* type only.
    lists: 'zone',
    records: async (ask, zone) => {
      const found = await recordsOf(ask, zone.id);
      return found.records.map(({ prio, notes, ...one }) => ({ ...one, extra: { prio, notes } }));
    },
    write: {
      shape: 'records',
      single: {
        create: async (ask, zone, change, value) => {
          await ask.send('POST', path`/dns/create/${zone.id}`, done, {
            body: bodyOf(zone.name, change, value),
          });
        },
        // The edit by id: the one by name and type would give every record of the set the same content.
        update: async (ask, zone, change, { record: found, value }) => {
          const body = bodyOf(zone.name, change, value, found);
          await ask.send('POST', path`/dns/edit/${zone.id}/${found.id ?? ''}`, done, { body });
        },
        remove: async (ask, zone, _change, { record: found }) => {
          await ask.send('POST', path`/dns/delete/${zone.id}/${found.id ?? ''}`, done, { body: {} });
        },
      },
    },
  }),
});
