import * as z from 'zod';
import { domainName, httpUrl, secret } from '../config/schema-types.ts';
import { withHeader } from './rest/api.ts';
import { type Codec, jsonCodec } from './rest/codec.ts';
import { restOptions } from './rest/options.ts';
import { defineRestProvider } from './rest/provider.ts';
import * as dns from './rest/records.ts';
import { RestError } from './rest/refusal.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({
  ...restOptions,
  endpoint: httpUrl().meta({
    description: 'Where the web server of PowerDNS listens, such as http://127.0.0.1:8081.',
  }),
  api_key: secret(),
  server: z.string().min(1).prefault('localhost').meta({
    description: 'The id of the server; `localhost` for PowerDNS itself, another for a proxy before several.',
  }),
});

/** Seconds for new record sets without a TTL of their own: the API wants one, and the zone's default is not in its reach. */
const NEW_TTL = 300;

const text = z.string();
const zones = z.array(z.object({ id: text, name: domainName(), kind: text.default('') }));
/** Kinds whose records come from another server, and would be overwritten by the next transfer. */
const COPIES: ReadonlySet<unknown> = new Set(['Slave', 'Secondary', 'Consumer']);
const member = z.object({ content: text, disabled: z.boolean().default(false) });
const set = z.object({ name: text, type: text, ttl: z.int(), records: z.array(member) });
const whole = z.object({ rrsets: z.array(set) });
const refusal = z.union([z.object({ error: text }).transform(({ error }) => error), text]);

/**
 * Refusals are `{ "error": ... }` or, from the web server in front (401, 404, 405, 500), plain text.
 * https://doc.powerdns.com/authoritative/http-api/index.html#errors
 */
const codec: Codec = {
  ...jsonCodec,
  reads: (type) => jsonCodec.reads(type) || /^text\/plain\b/i.test(type),
  decode: (body) => (/^\s*(?:[{["]|null\b)/.test(body) ? jsonCodec.decode(body) : body),
};

// PowerDNS has no codes, only these words (seen with 4.7.3).
const WORDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/could not find domain/i, 'no_zone'],
  [/conflicts with (?:pre-existing|another) rrset/i, 'rrset_conflict'],
  [/does not support editing/i, 'read_only'],
];

const rooted = (name: string): string => `${name}.`;

export const powerdns = defineRestProvider<z.output<typeof options>>({
  name: 'powerdns',
  title: 'PowerDNS',
  documentation: 'https://doc.powerdns.com/authoritative/http-api/zone.html',
  credentials:
    'In pdns.conf: `api=yes`, `api-key=...`, `webserver-address` and `webserver-allow-from`. For secondaries to notice changes the zone needs SOA-EDIT-API (`pdnsutil set-meta ZONE SOA-EDIT-API DEFAULT`).',
  example: 'provider: powerdns\nendpoint: http://127.0.0.1:8081\napi_key: { env: PDNS_API_KEY }\n',
  notes: [
    'The zone is read whole, because asked for one name PowerDNS leaves out records that are switched off; a zone of more than about 50,000 record sets is too large for that.',
    'Record sets without a TTL of their own are made with 300 seconds.',
    'Refusals have no codes; they are told apart by their words, as PowerDNS 4.7.3 gives them.',
  ],
  options,
  traits: { batch: Number.POSITIVE_INFINITY, multiple: true, creates: true, families: 'one' },
  // The operator's own server; it documents no limit.
  limits: [],
  api: (given) => {
    const zonesPath = path`/api/v1/servers/${given.server}/zones`;
    // A record set is replaced whole, and members that are switched off are no records to plan with: kept here meanwhile.
    const switchedOff = new Map<string, readonly string[]>();
    const setKey = (name: string, type: string) => `${name}/${type}`;

    const replacement = (change: dns.RestChange) => {
      const { name, type } = change.key;
      const on = dns.membersAfter(change).map(({ value }) => {
        return { content: dns.quoted(type, value), disabled: false };
      });
      const off = (switchedOff.get(setKey(rooted(name), type)) ?? []).map((content) => {
        return { content, disabled: true };
      });
      const records = [...on, ...off];
      if (records.length === 0) return { name: rooted(name), type, changetype: 'DELETE' };
      const ttl = change.ttl ?? change.actual[0]?.ttl ?? NEW_TTL;
      // Without `comments` those of the set stay.
      return { name: rooted(name), type, ttl, changetype: 'REPLACE', records };
    };

    return {
      base: given.endpoint.href.replace(/\/+$/, ''),
      account: given.api_key,
      authorize: withHeader('x-api-key', () => given.api_key.reveal()),
      codec,
      refusal: ({ status, body }) => {
        const message = status >= 400 ? refusal.safeParse(body).data : undefined;
        if (message === undefined) return undefined;
        const code = WORDS.find(([words]) => words.test(message))?.[1];
        return code === undefined ? { message } : { code, message };
      },
      verdicts: {
        not_found: ['no_zone'],
        refused_record: ['rrset_conflict'],
        refused: ['read_only'],
      },
      zones: {
        // A server may hold a hundred thousand zones: it is asked for names, never for the list.
        byName: async (ask, name) => {
          const found = await ask.get(zonesPath, zones, { zone: rooted(name) });
          const zone = found.find((one) => one.name === name);
          return zone && { name, id: zone.id, extra: zone.kind };
        },
      },
      // Asked for one name (`rrset_name`), the server leaves out members that are switched off (seen with
      // 4.7.3), and writing the set without them would delete them.
      lists: 'zone',
      records: async (ask, { id }) => {
        const { rrsets } = await ask.get(`${zonesPath}${path`/${id}`}`, whole);
        return rrsets.flatMap(({ name: owner, type, ttl, records }) => {
          const off = records.filter(({ disabled }) => disabled).map(({ content }) => content);
          if (off.length > 0) switchedOff.set(setKey(owner, type), off);
          else switchedOff.delete(setKey(owner, type));
          const on = records.filter(({ disabled }) => !disabled);
          return on.map(({ content }) => ({ name: owner, type, content: dns.unquoted(type, content), ttl }));
        });
      },
      write: {
        shape: 'batch',
        // One transaction, of any size: https://doc.powerdns.com/authoritative/http-api/zone.html#patch--servers-server_id-zones-zone_id
        size: 1_000,
        apply: async (ask, { id, name, extra: kind }, changes) => {
          if (COPIES.has(kind)) {
            const message = `PowerDNS: ${name} is a zone of kind ${kind}, a copy from another server; write there`;
            throw new RestError({ class: 'refused', scope: 'record', message });
          }
          const body = { rrsets: changes.map(replacement) };
          await ask.send('PATCH', `${zonesPath}${path`/${id}`}`, z.undefined(), { body });
        },
      },
    };
  },
});
