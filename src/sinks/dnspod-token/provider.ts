import * as z from 'zod';
import { secret } from '../../config/schema-types.ts';
import type { HttpRequest } from '../../net/http.ts';
import type { RestZone } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { defineRestProvider } from '../rest/provider.ts';
import {
  absoluteIn,
  type ListedRecord,
  type RestChange,
  type RestRecord,
  relativeTo,
} from '../rest/records.ts';
import { zonesNamed } from '../rest/zones.ts';
import { codec, domain, domainPage, done, type Found, recordPage, refusal, success } from './answers.ts';
import { form, listed, listOf } from './lists.ts';

const options = z.strictObject({
  token: secret(),
  ...restOptions,
  line: z.string().optional().meta({
    description:
      'The line whose records are kept, by its name; left out, the default line. Those of other lines are not touched.',
  }),
});

const act = (ask: Ask, to: string, fields: object) =>
  ask.send('POST', to, done, { body: form(fields) }).then(() => undefined);

type Extra = Pick<Found, 'line' | 'line_id' | 'mx' | 'weight'>;

/** All of a record, for `Record.Modify` puts what is left out back to its default. The remark has an action of its own. */
function whole({ id, name }: RestZone, change: RestChange, value: string, found: RestRecord) {
  const { line, line_id, mx, weight } = found.extra as Extra;
  return {
    domain_id: id,
    record_id: found.id,
    sub_domain: relativeTo(name, change.key.name),
    record_type: change.key.type,
    record_line: line,
    record_line_id: line_id,
    value,
    ttl: change.ttl ?? found.ttl,
    mx: change.key.type === 'MX' ? mx : undefined,
    weight,
  };
}

export const dnspodToken = defineRestProvider<z.output<typeof options>>({
  name: 'dnspod-token',
  title: 'DNSPod',
  documentation: 'https://dnspod-api-doc.readthedocs.io/en/latest/records.html',
  credentials:
    'DNSPod console, Account, API keys, DNSPod Token: identifier and token joined with a comma, such as 13490,6b5976c68aba5b14a0558b77c17c3932.',
  example: 'provider: dnspod-token\ntoken: { env: DNSPOD_TOKEN }\n',
  notes: [
    'The older API; DNSPod recommends the one of Tencent Cloud (`provider: dnspod`).',
    'Records of other lines than `line`, and those that are switched off, are not touched.',
    'For an account of the international site: `endpoint: https://api.dnspod.com`.',
    "No request limit was found in DNSPod's documentation, only that too many requests, or changes that change nothing, ban the account for about an hour.",
  ],
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  // The documentation gives no number, but bans accounts for an hour for asking too often or modifying without a change.
  // https://dnspod-api-doc.readthedocs.io/en/latest/info.html
  limits: [{ requests: 5, per: 1_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://dnsapi.cn'),
    account: given.token,
    codec,
    authorize: (request): HttpRequest => {
      const body = new URLSearchParams(request.body);
      body.set('login_token', given.token.reveal());
      for (const [name, value] of [
        ['format', 'json'],
        ['lang', 'en'],
        ['error_on_empty', 'no'],
      ] as const) {
        body.set(name, value);
      }
      return { ...request, body: body.toString() };
    },
    // The status is always 200, and the code tells.
    refusal: ({ body }) => {
      const said = refusal.safeParse(body).data?.status;
      if (said === undefined || said.code === '1') return undefined;
      // The codes for a token that is no good are in no list; 10002, as recorded, says "The login token ID is invalid".
      return /login token/i.test(said.message) ? { ...said, verdict: 'credentials' } : said;
    },
    // https://dnspod-api-doc.readthedocs.io/en/latest/info.html and the pages of the actions. The same number may mean another thing to
    // another action; these are the meanings for those used here.
    verdicts: {
      // Login failed, after which a client has to stop; no right to this; account locked; login from elsewhere refused.
      credentials: ['-1', '-7', '83', '85'],
      // No legal agent; banned for a while for too many failed logins.
      refused: ['-3', '-8'],
      // Used too much: lifted after an hour or so.
      rate_limited: ['-2'],
      // No such domain; not its owner; no such record; no domains; no records; "Domain is not exists", as recorded for one that is not in
      // the account.
      not_found: ['6', '7', '8', '9', '10', '13'],
      // The record exists already.
      conflict: ['104'],
      // Domain banned or locked; A, CNAME and URL exclude each other; too many AAAA; a blacklisted address; too many records of the name.
      refused_record: ['-15', '21', '31', '33', '82', '500025', '500026'],
      // Unknown error; closed for a while.
      transient: ['3', '-99'],
      // POST only; name, level, wildcard, line, type, priority, TTL, value, NS of the apex.
      invalid: ['2', '17', '22', '23', '24', '26', '27', '30', '32', '34', '35', '36'],
    },
    zones: {
      list: async (ask) => {
        const list = listOf(
          domainPage,
          (body) => body.domains,
          (body) => body.info.domain_total,
          { type: 'all' },
        );
        const found = await listed(ask, '/Domain.List', list, '9');
        return zonesNamed(found.map(({ id, name, punycode = name }) => ({ name: punycode, id })));
      },
      byName: async (ask, name) => {
        const schema = z.object({ ...success, domain });
        const asking = { body: form({ domain: name }), mutating: false };
        return { name, id: (await ask.send('POST', '/Domain.Info', schema, asking)).domain.id };
      },
    },
    records: async (ask, zone, name) => {
      const list = listOf(
        recordPage,
        (body) => body.records,
        (body) => body.info.record_total,
        { domain_id: zone.id, sub_domain: name && relativeTo(zone.name, name) },
      );
      const { line } = given;
      return (
        (await listed(ask, '/Record.List', list, '10'))
          .filter((one) => (line === undefined ? isDefault(one) : one.line === line))
          // One that is switched off is answered by no name server: nothing to plan with, and not ours to switch on.
          .filter(({ enabled }) => enabled !== '0')
          .map(({ id, name: relative, type, value, ttl, ...extra }): ListedRecord => {
            return { id, name: absoluteIn(zone.name, relative), type, content: value, ttl, extra };
          })
      );
    },
    write: {
      shape: 'records',
      single: {
        create: (ask, zone, { key, ttl }, value) =>
          act(ask, '/Record.Create', {
            domain_id: zone.id,
            sub_domain: relativeTo(zone.name, key.name),
            record_type: key.type,
            record_line: given.line,
            record_line_id: given.line === undefined ? '0' : undefined,
            value,
            ttl,
          }),
        update: (ask, zone, change, { record: found, value }) =>
          act(ask, '/Record.Modify', whole(zone, change, value, found)),
        remove: (ask, zone, _change, { record: found }) =>
          act(ask, '/Record.Remove', { domain_id: zone.id, record_id: found.id }),
      },
    },
  }),
});

/** The line has another name on the international site, and the same identifier. */
const isDefault = ({ line, line_id }: { line: string; line_id?: string | undefined }): boolean =>
  line_id === undefined ? ['默认', 'default', 'Default'].includes(line) : line_id === '0';
