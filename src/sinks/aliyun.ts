import * as z from 'zod';
import { secret } from '../config/schema-types.ts';
import type { RestZone } from './rest/api.ts';
import type { Ask } from './rest/exchange.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, counted } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import { absoluteIn, type RestChange, type RestRecord, relativeTo } from './rest/records.ts';
import type { Query } from './rest/request.ts';
import { zonesNamed } from './rest/zones.ts';
import { alibabaAcs3, alibabaV1 } from './signatures/alibaba.ts';

const options = z.strictObject({
  access_key_id: z.string().min(1),
  access_key_secret: secret(),
  ...restOptions,
  signature: z.enum(['acs3', 'v1']).default('acs3').meta({
    description:
      'acs3: ACS3-HMAC-SHA256. v1: HMAC-SHA1, which Alibaba calls discontinued, for gateways that know no other.',
  }),
  line: z.string().default('default').meta({
    description: 'The resolution line whose records are kept. Those of other lines are not touched.',
  }),
});
type Options = z.output<typeof options>;

const VERSION = '2015-01-09';
const text = z.string();
const page = { PageNumber: z.int(), PageSize: z.int().positive(), TotalCount: z.int() };
const place = (body: { PageNumber: number; PageSize: number; TotalCount: number }) => {
  return { page: body.PageNumber, last: Math.ceil(body.TotalCount / body.PageSize), total: body.TotalCount };
};
const domain = z.object({ DomainName: text, PunyCode: text.optional() });
const domainPage = z.object({ ...page, Domains: z.object({ Domain: z.array(domain) }) });
// Identifiers have more digits than a number can hold.
const record = z.object({
  RecordId: text,
  RR: text,
  Type: text,
  Value: text,
  TTL: z.int(),
  Line: text.default('default'),
  Status: text.default('ENABLE'),
  Priority: z.int().optional(),
});
const recordPage = z.object({ ...page, DomainRecords: z.object({ Record: z.array(record) }) });
const done = z.object({ RequestId: text, RecordId: text });
const refusal = z.object({ Code: text, Message: text });

/** The domain's name in ASCII; requests take it in place of the one that is shown. */
const zonesOf = (domains: readonly z.output<typeof domain>[]): readonly RestZone[] =>
  zonesNamed(domains.map(({ DomainName, PunyCode = DomainName }) => ({ name: PunyCode, id: DomainName })));

const domains = counted(domainPage, (body) => body.Domains.Domain, place);
const records = counted(recordPage, (body) => body.DomainRecords.Record, place);

// RPC names its pages otherwise than the framework.
const rpcPages = <List extends { next: (...answer: never[]) => Query | undefined }>(list: List): List => ({
  ...list,
  next: (...answer: Parameters<List['next']>) => {
    const more = list.next(...answer);
    return more && { PageNumber: more['page'] };
  },
});

async function act(ask: Ask, action: string, parameters: Query): Promise<void> {
  await ask.send('GET', '/', done, { query: { Action: action, ...parameters }, mutating: true });
}

/** All of a record: an update puts what is left out back to its default. The remark and the weight have actions of their own. */
function whole(
  { name }: RestZone,
  change: RestChange,
  value: string,
  line: string,
  found?: RestRecord,
): Query {
  const { key, ttl = found?.ttl } = change;
  const { Priority } = (found?.extra ?? {}) as { Priority?: number };
  return { RR: relativeTo(name, key.name), Type: key.type, Value: value, TTL: ttl, Line: line, Priority };
}

export const aliyun = defineRestProvider<Options>({
  name: 'aliyun',
  title: 'Alibaba Cloud DNS',
  documentation: 'https://www.alibabacloud.com/help/en/dns/api-alidns-2015-01-09-updatedomainrecord',
  credentials:
    'Alibaba Cloud console, RAM, Users: an AccessKey of a user with AliyunDNSFullAccess, or with the actions of alidns that list, add, update and delete records.',
  example:
    'provider: aliyun\naccess_key_id: LTAI0000000000000000\naccess_key_secret: { env: ALIYUN_SECRET }\n',
  notes: [
    'Records of other resolution lines than `line`, and those that are switched off, are not touched.',
    'The free edition refuses a TTL below 600.',
    "No request limit was found in Alibaba Cloud's documentation: users report 20 a second, and netdrift stays at half of that.",
  ],
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  // No number was found in Alibaba's documentation. Users report 20 a second for an account, hence half of that.
  limits: [{ requests: 10, per: 1_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://alidns.aliyuncs.com'),
    account: given.access_key_secret,
    timed: true,
    authorize: (request, { clock, nonce }) => {
      const sign = given.signature === 'v1' ? alibabaV1 : alibabaAcs3;
      const key = {
        accessKeyId: given.access_key_id,
        accessKeySecret: given.access_key_secret.reveal(),
      };
      return sign(request, key, VERSION, { wall: clock.wall(), nonce: nonce() });
    },
    refusal: ({ body }) => {
      const said = refusal.safeParse(body).data;
      return said && { code: said.Code, message: said.Message };
    },
    // Listed with each action in its documentation, and common ones at https://api.alibabacloud.com/document/Alidns/2015-01-09/errorCode ;
    // codes not listed mean what their status says.
    verdicts: {
      credentials: [
        'InvalidAccessKeyId.NotFound',
        'InvalidAccessKeyId.Inactive',
        'InvalidAccessKeyId',
        'SignatureDoesNotMatch',
        'IncompleteSignature',
        'Forbidden',
        'Forbidden.RAM',
        'NoPermission',
        'InvalidTimeStamp.Expired',
      ],
      not_found: [
        'InvalidDomainName.NoExist',
        'IncorrectDomainUser',
        'DomainRecordNotBelongToUser',
        'InvalidRR.NoExist',
      ],
      conflict: ['DomainRecordDuplicate', 'LastOperationNotFinished'],
      refused_record: [
        'DomainRecordConflict',
        'DomainRecordLocked',
        'DomainForbidden',
        'QuotaExceeded.Record',
        'QuotaExceeded.ARecord',
        'RecordForbidden.BlackHole',
        'RecordForbidden.DNSChange',
      ],
      rate_limited: ['Throttling', 'Throttling.User', 'Throttling.Api'],
      transient: ['SignatureNonceUsed', 'InternalError', 'ServiceUnavailable', 'UnKnownError'],
    },
    zones: {
      list: async (ask) =>
        zonesOf(await collect(ask, '/', rpcPages(domains), { Action: 'DescribeDomains', PageSize: 100 })),
      byName: async (ask, name) =>
        zonesOf([await ask.get('/', domain, { Action: 'DescribeDomainInfo', DomainName: name })])[0],
    },
    records: async (ask, zone, name) => {
      // A fuzzy search: longer names come with it, and the framework takes the exact one.
      const found = await collect(ask, '/', rpcPages(records), {
        Action: 'DescribeDomainRecords',
        DomainName: zone.id,
        PageSize: 500,
        RRKeyWord: name && relativeTo(zone.name, name),
      });
      return (
        found
          .filter(({ Line }) => Line === given.line)
          // One that is switched off is answered by no name server: nothing to plan with, and not ours to switch on.
          .filter(({ Status }) => Status.toUpperCase() !== 'DISABLE')
          .map(({ RecordId, RR, Type, Value, TTL, Priority }) => {
            const extra = { Priority };
            return {
              id: RecordId,
              name: absoluteIn(zone.name, RR),
              type: Type,
              content: Value,
              ttl: TTL,
              extra,
            };
          })
      );
    },
    write: {
      shape: 'records',
      single: {
        create: (ask, zone, change, value) =>
          act(ask, 'AddDomainRecord', { DomainName: zone.id, ...whole(zone, change, value, given.line) }),
        update: (ask, zone, change, { record: found, value }) =>
          act(ask, 'UpdateDomainRecord', {
            RecordId: found.id,
            ...whole(zone, change, value, given.line, found),
          }),
        remove: (ask, _zone, _change, { record: found }) =>
          act(ask, 'DeleteDomainRecord', { RecordId: found.id }),
      },
    },
  }),
});
