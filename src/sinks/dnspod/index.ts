import * as z from 'zod';
import { secret } from '../../config/schema-types.ts';
import type { RestZone } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { defineRestProvider } from '../rest/provider.ts';
import { absoluteIn, changedTtl, type ListedRecord, relativeTo } from '../rest/records.ts';
import { zonesNamed } from '../rest/zones.ts';
import { tc3 } from '../signatures/tc3.ts';
import { domainPage, done, oneDomain, problem, recordPage } from './answers.ts';
import { doing, listed, listOf } from './lists.ts';
import { VERDICTS, verdictByPrefix } from './refusals.ts';

const options = z.strictObject({
  secret_id: z.string().min(1),
  secret_key: secret(),
  ...restOptions,
  line: z.string().optional().meta({
    description:
      'The line whose records are kept, by its name; left out, the default line. Those of other lines are not touched.',
  }),
});

const act = (ask: Ask, action: string, body: object) =>
  ask.send('POST', '/', done, { body, headers: doing(action) }).then(() => undefined);

const place = ({ name, id }: RestZone) => ({ Domain: name, DomainId: Number(id) });

export const dnspod = defineRestProvider<z.output<typeof options>>({
  name: 'dnspod',
  title: 'Tencent Cloud DNSPod',
  documentation: 'https://cloud.tencent.com/document/api/1427/56193',
  credentials:
    'Tencent Cloud console, Access Management, API keys: SecretId and SecretKey of a sub-user with QcloudDNSPodFullAccess.',
  example:
    'provider: dnspod\nsecret_id: AKID00000000000000000000000000000000\nsecret_key: { env: TENCENTCLOUD_SECRET_KEY }\n',
  notes: [
    'Records of other lines than `line`, and those that are switched off, are not touched.',
    'For an account of the international site: `endpoint: https://dnspod.intl.tencentcloudapi.com`.',
    'The smallest TTL depends on the plan of the domain; it is 600 on the free one.',
  ],
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  // 20 a second where the pages of the actions used name a number, more for others; some are left.
  // There are batch actions too: they start a job, and each changes one field of many records to the same value.
  // https://cloud.tencent.com/document/api/1427/56156
  limits: [{ requests: 15, per: 1_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://dnspod.tencentcloudapi.com'),
    account: given.secret_key,
    timed: true,
    authorize: (request, { clock }) => {
      const key = { secretId: given.secret_id, secretKey: given.secret_key.reveal() };
      return tc3(request, key, 'dnspod', clock.wall());
    },
    // Always with status 200.
    refusal: ({ body }) => {
      const error = problem.safeParse(body).data?.Response.Error;
      return error && { code: error.Code, message: error.Message, verdict: verdictByPrefix(error.Code) };
    },
    verdicts: VERDICTS,
    zones: {
      list: async (ask) => {
        const found = await listed(
          ask,
          listOf(
            'DescribeDomainList',
            domainPage,
            (body) => body.Response.DomainList,
            (body) => body.Response.DomainCountInfo.DomainTotal,
            { Type: 'ALL' },
          ),
        );
        return zonesNamed(
          found.map(({ DomainId, Name, Punycode = Name }) => ({ name: Punycode, id: DomainId })),
        );
      },
      byName: async (ask, name) => {
        const asking = { body: { Domain: name }, headers: doing('DescribeDomain'), mutating: false };
        const { DomainInfo } = (await ask.send('POST', '/', oneDomain, asking)).Response;
        return { name, id: DomainInfo.DomainId };
      },
    },
    records: async (ask, zone, name) => {
      const found = await listed(
        ask,
        listOf(
          'DescribeRecordList',
          recordPage,
          (body) => body.Response.RecordList,
          (body) => body.Response.RecordCountInfo.TotalCount,
          { ...place(zone), Subdomain: name && relativeTo(zone.name, name), ErrorOnEmpty: 'no' },
        ),
      );
      const { line } = given;
      return (
        found
          .filter(({ Line, LineId }) => (line === undefined ? LineId === '0' : Line === line))
          // One that is switched off is answered by no name server: nothing to plan with, and not ours to switch on.
          .filter(({ Status }) => Status !== 'DISABLE')
          .map(({ RecordId, Name, Type, Value, TTL }): ListedRecord => {
            return { id: RecordId, name: absoluteIn(zone.name, Name), type: Type, content: Value, ttl: TTL };
          })
      );
    },
    write: {
      shape: 'records',
      single: {
        create: (ask, zone, { key, ttl }, value) =>
          act(ask, 'CreateRecord', {
            ...place(zone),
            SubDomain: relativeTo(zone.name, key.name),
            RecordType: key.type,
            // The identifier goes before the name, which differs between the Chinese and the international site.
            RecordLine: given.line ?? '默认',
            RecordLineId: given.line === undefined ? '0' : undefined,
            Value: value,
            TTL: ttl,
          }),
        // Changes what is named and nothing else: line, weight, remark and status stay. https://cloud.tencent.com/document/api/1427/83364
        update: (ask, zone, change, { record: found, value }) => {
          const ttl = changedTtl(change, found.ttl);
          const fields = [
            { Key: 'value', Value: value },
            ...(ttl === undefined ? [] : [{ Key: 'ttl', Value: String(ttl) }]),
          ];
          return act(ask, 'ModifyRecordFields', {
            ...place(zone),
            RecordId: Number(found.id),
            FieldList: fields,
          });
        },
        remove: (ask, zone, _change, { record: found }) =>
          act(ask, 'DeleteRecord', { ...place(zone), RecordId: Number(found.id) }),
      },
    },
  }),
});
