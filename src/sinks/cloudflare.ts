import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import type { RecordKey } from '../model/record.ts';
import { isUnfinished, markOf, verdictOn } from './ownership.ts';
import { bearer, type RestZone } from './rest/api.ts';
import type { Ask } from './rest/exchange.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, counted } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import { changedTtl, type RestChange, type RestRecord } from './rest/records.ts';
import { path, type Query } from './rest/request.ts';

const options = z.strictObject({
  token: secret(),
  ...restOptions,
  proxied: z.boolean().optional().meta({
    description:
      'Whether records go through the proxy. Left out, new records do not and found ones stay as they are. Given, it holds for new records and, with the next change of address, for found ones; by itself it is no reason to write.',
  }),
  comment: z.string().max(100).optional().meta({ description: 'For new records; found ones keep theirs.' }),
  batch: z.int().min(1).max(3_500).optional().meta({
    description:
      'Changes in one request: up to 200 on the Free plan, and that if left out, up to 3500 on the others. More need a longer `timeout`.',
  }),
  tags: z.array(z.string()).optional().meta({
    description: 'For new records, as name:value; found ones keep theirs. Not on the Free plan.',
  }),
});
type Options = z.output<typeof options>;
/** https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/ : 200 on Free, 3,500 on others. */
const FREE_BATCH = 200;

// Every answer is this envelope: https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
const done = z.object({ success: z.literal(true), result: z.object({}) });
const info = z
  .object({ page: z.int(), total_pages: z.int(), total_count: z.int() })
  .transform(({ page, total_pages, total_count }) => ({ page, last: total_pages, total: total_count }));
const listOf = <Item>(item: z.ZodType<Item>) => {
  const page = z.object({ success: z.literal(true), result: z.array(item), result_info: info });
  return counted(
    page,
    (body) => body.result,
    (body) => body.result_info,
  );
};
const text = z.string();
const zones = listOf(z.object({ id: text, name: domainName(), status: text.default('') }));
const record = z.object({ id: text, name: text, type: text, content: text.default(''), ttl: z.number() });
const records = listOf(record.extend({ proxied: z.boolean().default(false), comment: text.nullish() }));
const reason = z.object({ code: z.number(), message: text });
const refusal = z.object({ errors: z.array(reason.extend({ error_chain: z.array(reason).default([]) })) });

interface Extra {
  readonly proxied: boolean;
  readonly comment: string;
}
const extraOf = (record: RestRecord): Extra => record.extra as Extra;
const isProxied = (record: RestRecord): boolean => extraOf(record).proxied;

const MARK = /(?:^|\s)netdrift:([\w.-]+)/;
const ownerIn = (comment: string): string | undefined => MARK.exec(comment)?.[1];
const ownersIn = (comments: readonly string[]) => comments.flatMap((comment) => ownerIn(comment) ?? []);
/** 100 characters on the Free plan: the mark comes first, so that it is never what is cut. */
const commentOf = ({ owner, comment }: Options): string | undefined =>
  owner === undefined
    ? comment
    : `${markOf(owner)}${comment === undefined ? '' : ` ${comment}`}`.slice(0, 100);

const isUnmarked = (comment: string): boolean => ownerIn(comment) === undefined;

/** Why a name is not ours to write: one of its records has another's mark, or none. */
function guard({ key, actual }: RestChange, { owner, owner_adopt }: Options): string | undefined {
  if (owner === undefined || key.type === 'TXT') return undefined;
  const comments = actual.map((record) => extraOf(record).comment);
  const verdict = verdictOn(key as RecordKey, ownersIn(comments), comments.some(isUnmarked), {
    owner,
    owner_adopt,
  });
  return verdict.kind === 'refused' ? verdict.message : undefined;
}

/** The comment of a record that is taken over: the mark, then what somebody has written there. */
function adopted(record: RestRecord, { owner }: Options): string | undefined {
  const { comment } = extraOf(record);
  if (owner === undefined || !isUnmarked(comment)) return undefined;
  return `${markOf(owner)} ${comment}`.trim();
}

/** A new record. TTL 1 is "automatic", the only one a proxied record can have. */
function post({ key: { type, name }, ttl = 1 }: RestChange, content: string, given: Options) {
  const { proxied = false, tags } = given;
  const flag = type === 'TXT' ? {} : { proxied };
  return { type, name, content, ttl: proxied ? 1 : ttl, ...flag, comment: commentOf(given), tags };
}

/** Changed fields only: a patch leaves the rest of the record alone, where a PUT would reset it. */
function patch(change: RestChange, record: RestRecord, content: string, given: Options) {
  const proxied = given.proxied ?? isProxied(record);
  const ttl = proxied ? undefined : changedTtl(change, record.ttl);
  const flag = proxied === isProxied(record) ? undefined : proxied;
  return { content, ttl, proxied: flag, comment: adopted(record, given) };
}

/** A name may be there twice, active in one account and pending in another: the last of a name is taken. */
async function zonesOf(ask: Ask, query: Query): Promise<readonly RestZone[]> {
  const isActive = ({ status }: { status: string }) => Number(status === 'active');
  return (await collect(ask, '/zones', zones, query)).toSorted((a, b) => isActive(a) - isActive(b));
}

const recordsPath = (zone: RestZone) => path`/zones/${zone.id}/dns_records`;
const onePath = (zone: RestZone, { id = '' }: RestRecord) => `${recordsPath(zone)}${path`/${id}`}`;

/** Carried out as deletes, patches, posts, in one transaction: the first error leaves everything as it was. */
function batchOf(changes: readonly RestChange[], given: Options) {
  const body = { deletes: [] as unknown[], patches: [] as unknown[], posts: [] as unknown[] };
  for (const change of changes) {
    for (const edit of change.edits) {
      if (edit.kind === 'create') body.posts.push(post(change, edit.value, given));
      else if (edit.kind === 'delete') body.deletes.push({ id: edit.record.id });
      else body.patches.push({ id: edit.record.id, ...patch(change, edit.record, edit.value, given) });
    }
  }
  return body;
}

export const cloudflare = defineRestProvider<Options>({
  name: 'cloudflare',
  title: 'Cloudflare',
  documentation: 'https://developers.cloudflare.com/api/resources/dns/subresources/records/',
  credentials:
    'Dashboard, My Profile, API Tokens: a token with Zone / DNS / Edit and Zone / Zone / Read for the zone.',
  example: 'provider: cloudflare\ntoken: { env: CLOUDFLARE_API_TOKEN }\n',
  options,
  notes: [
    'Requests are counted for the user, over all tokens: sinks with tokens of their own want the same `shared_limits`.',
    '`owner` marks a record in its comment, where the others use a TXT record beside it.',
  ],
  marks: 'own',
  // TTL: https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/create/ (30 for Enterprise zones).
  traits: {
    batch: FREE_BATCH,
    multiple: true,
    creates: true,
    families: 'one',
    ttl: { min: 60, max: 86_400, automatic: 1 },
  },
  // 1,200 in 5 minutes for the user, over all tokens and the dashboard, then blocked for 5 minutes; some are left for others.
  // https://developers.cloudflare.com/fundamentals/api/reference/limits/
  limits: [{ requests: 1_000, per: 300_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://api.cloudflare.com/client/v4'),
    account: given.token,
    authorize: bearer(given.token),
    refusal: ({ body }) => {
      const [first] = refusal.safeParse(body).data?.errors ?? [];
      const words = [first, ...(first?.error_chain ?? [])].map((one) => one?.message);
      return first && { code: first.code, message: words.join(': ') };
    },
    // Cloudflare publishes no list: these were seen in answers users reported. Others mean what their status says.
    verdicts: {
      // Invalid request headers (a malformed token), unknown key, missing headers, invalid token or no right to it, and both.
      credentials: [6003, 9103, 9106, 9109, 10000],
      // Invalid zone identifier, no such route, could not route (a wrong object identifier), record does not exist.
      not_found: [1001, 7000, 7003, 81044],
      // The record already exists; an identical record already exists.
      conflict: [81057, 81058],
      // A, AAAA or CNAME with that host exists; CNAME with that host exists: two kinds that exclude each other.
      refused_record: [81053, 81054],
      rate_limited: [971],
    },
    zones: {
      // 50 a page is the most this list gives.
      list: (ask) => zonesOf(ask, { per_page: 50 }),
      byName: async (ask, name) => (await zonesOf(ask, { name })).findLast((zone) => zone.name === name),
    },
    records: async (ask, zone, name) => {
      const found = await collect(ask, recordsPath(zone), records, { per_page: 1_000, 'name.exact': name });
      return found.map(({ proxied, comment, ttl, ...record }) => ({
        ...record,
        // A proxied record has no TTL of its own: 1 stands for automatic, and nothing else can be asked for.
        ttl: proxied ? undefined : ttl,
        ...(isUnfinished(ownersIn([comment ?? '']), given) && { unfinished: true as const }),
        extra: { proxied, comment: comment ?? '' } satisfies Extra,
      }));
    },
    guard: (change) => guard(change, given),
    batch: given.batch,
    write: {
      shape: 'batch',
      size: given.batch ?? FREE_BATCH,
      // No such route, could not route, and whatever stands in front and has never heard of it.
      missing: [404, 7000, 7003],
      apply: async (ask, zone, changes) => {
        await ask.send('POST', `${recordsPath(zone)}/batch`, done, { body: batchOf(changes, given) });
      },
      single: {
        create: async (ask, zone, change, value) => {
          await ask.send('POST', recordsPath(zone), done, { body: post(change, value, given) });
        },
        update: async (ask, zone, change, { record, value }) => {
          await ask.send('PATCH', onePath(zone, record), done, { body: patch(change, record, value, given) });
        },
        remove: async (ask, zone, _change, { record }) => {
          await ask.send('DELETE', onePath(zone, record), done);
        },
      },
    },
  }),
});
