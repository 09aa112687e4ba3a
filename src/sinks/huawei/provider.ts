import * as z from 'zod';
import { secret } from '../../config/schema-types.ts';
import type { RestZone } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { collect, linked, type PagedList } from '../rest/pages.ts';
import { defineRestProvider } from '../rest/provider.ts';
import { zonesNamed } from '../rest/zones.ts';
import { sdkHmacSha256 } from '../signatures/huawei.ts';
import { put, recordsIn, set, setsPath, untouchable } from './sets.ts';

const options = z.strictObject({
  access_key: z.string().min(1),
  secret_key: secret(),
  ...restOptions,
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional()
    .meta({ description: 'Such as eu-west-101; left out, the address for all regions is used.' }),
  line: z.string().default('default_view').meta({
    description:
      'The identifier of the line whose record sets are kept. Those of other lines are not touched.',
  }),
});

const text = z.string();
const page = {
  links: z.object({ next: text.optional() }).default({}),
  metadata: z.object({ total_count: z.int() }),
};
interface Page {
  readonly links: { readonly next?: string | undefined };
  readonly metadata: { readonly total_count: number };
}
const listOf = <Body extends Page, Item>(
  schema: z.ZodType<Body>,
  items: (body: Body) => readonly Item[],
): PagedList<Body, Item> => ({
  schema,
  items,
  next: ({ body }) => linked(body.links.next),
  total: (body) => body.metadata.total_count,
});
const zones = listOf(
  z.object({ ...page, zones: z.array(z.object({ id: text, name: text })) }),
  (body) => body.zones,
);
const sets = listOf(z.object({ ...page, recordsets: z.array(set) }), (body) => body.recordsets);
const refusal = z.union([
  z.object({ code: text, message: text }),
  // From the gateway in front of all services.
  z
    .object({ error_code: text, error_msg: text })
    .transform((body) => ({ code: body.error_code, message: body.error_msg })),
]);

async function zonesOf(ask: Ask, query: Readonly<Record<string, string>>): Promise<readonly RestZone[]> {
  return zonesNamed(await collect(ask, '/v2/zones', zones, { type: 'public', limit: 500, ...query }));
}

export const huawei = defineRestProvider<z.output<typeof options>>({
  name: 'huawei',
  title: 'Huawei Cloud DNS',
  documentation: 'https://support.huaweicloud.com/intl/en-us/api-dns/UpdateRecordSets.html',
  credentials:
    'Huawei Cloud console, My Credentials, Access Keys: AK and SK of an IAM user with DNS FullAccess.',
  example:
    'provider: huawei\naccess_key: HPUA0000000000000000\nsecret_key: { env: HUAWEICLOUD_SECRET_KEY }\n',
  notes: [
    'Public zones only. Record sets of other lines than `line` are not touched, nor are several weighted ones of one name, nor those that are switched off, which are reported.',
    "No request limit was found in Huawei Cloud's documentation; its refusals for too many requests are honoured.",
  ],
  options,
  // One set a call: each has to be waited for.
  traits: { batch: 1, multiple: true, creates: true, families: 'separate' },
  // No number was found in Huawei's documentation; refusals for too many (APIGW.0308, DNS.0014) are honoured.
  limits: [{ requests: 10, per: 1_000 }],
  api: (given) => ({
    base: baseOf(
      given,
      `https://dns${given.region === undefined ? '' : `.${given.region}`}.myhuaweicloud.com`,
    ),
    account: given.secret_key,
    timed: true,
    authorize: (request, { clock }) => {
      const key = { accessKey: given.access_key, secretKey: given.secret_key.reveal() };
      return sdkHmacSha256(request, key, clock.wall());
    },
    refusal: ({ status, body }) => refusal.safeParse(status >= 400 ? body : undefined).data,
    // https://support.huaweicloud.com/intl/en-us/api-dns/ErrorCode.html and, for the gateway's,
    // https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html ; others mean what their status says.
    verdicts: {
      credentials: [
        'APIGW.0301',
        'APIGW.0302',
        'APIGW.0303',
        'APIGW.0305',
        'APIGW.0306',
        'DNS.0005',
        'DNS.0013',
        'DNS.0030',
      ],
      // An account without real-name verification; the quota of record sets.
      refused: ['DNS.0040', 'DNS.0403'],
      // A zone that is not in normal state, suspended, or in an abnormal one.
      refused_record: ['DNS.0209', 'DNS.0213', 'DNS.0214'],
      rate_limited: ['APIGW.0308', 'DNS.0014'],
      not_found: ['DNS.0004', 'DNS.0301', 'DNS.0302', 'DNS.0313', 'DNS.1206'],
      // Exists already, in conflict, the same again; being worked on.
      conflict: ['DNS.0016', 'DNS.0312', 'DNS.0335', 'DNS.0021'],
      transient: ['DNS.0000', 'DNS.0001', 'DNS.0003', 'DNS.0012', 'DNS.0015', 'DNS.0022', 'DNS.0036'],
    },
    zones: {
      list: (ask) => zonesOf(ask, {}),
      byName: async (ask, name) =>
        (await zonesOf(ask, { name, search_mode: 'equal' })).find((zone) => zone.name === name),
    },
    records: async (ask, zone, name) => {
      const query = name === undefined ? {} : { name: `${name}.`, search_mode: 'equal' };
      const found = await collect(ask, setsPath(zone), sets, { limit: 500, ...query });
      return found
        .filter(({ line, status }) => line === given.line && status !== 'PENDING_DELETE')
        .flatMap(recordsIn);
    },
    guard: untouchable,
    write: { shape: 'sets', put: (ask, zone, change) => put(ask, zone, change, given.line) },
  }),
});
