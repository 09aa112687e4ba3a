import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { dnspod } from '../../src/sinks/dnspod/index.ts';
import { target } from './rest/support.ts';
import { answer } from './rest/toy.ts';
import { failed, trial } from './trial.ts';

const GIVEN = { secret_id: 'AKIDEXAMPLE', secret_key: 'a-secret-key' };
const actionOf = ({ headers }: HttpRequest) => headers?.['x-tc-action'] ?? '';
const ok = (response: object) => answer(200, { Response: { RequestId: 'x', ...response } });
const no = (Code: string, status = 200) =>
  answer(status, { Response: { RequestId: 'x', Error: { Code, Message: 'No.' } } });
const record = (Name: string, Value: string, more: object = {}) => ({
  RecordId: 162,
  Name,
  Type: Value.includes(':') ? 'AAAA' : 'A',
  Value,
  TTL: 600,
  Line: '默认',
  LineId: '0',
  ...more,
});
const list = (records: readonly object[], total = records.length) =>
  ok({ RecordCountInfo: { TotalCount: total, ListCount: records.length }, RecordList: records });

function service(
  held: readonly object[],
  given: object = {},
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  return trial(dnspod, { ...GIVEN, ...given }, (request) => {
    const other = instead(request);
    if (other !== undefined) return other;
    switch (actionOf(request)) {
      case 'DescribeDomainList':
        return ok({
          DomainCountInfo: { DomainTotal: 1 },
          DomainList: [{ DomainId: 62, Name: 'example.org', Punycode: 'example.org' }],
        });
      case 'DescribeDomain':
        return ok({ DomainInfo: { DomainId: 62, Domain: 'example.org' } });
      case 'DescribeRecordList':
        return held.length === 0 ? no('ResourceNotFound.NoDataOfRecord') : list(held);
      default:
        return ok({ RecordId: 162 });
    }
  });
}
const writes = (asked: readonly HttpRequest[]) =>
  asked
    .filter((request) => !actionOf(request).startsWith('Describe'))
    .map((request) => [actionOf(request), JSON.parse(request.body ?? '')]);

const wanted = target('home.example.org', '198.51.100.7');

describe('what is sent', () => {
  test('of a record that is there, the value alone: line, weight, remark and status stay', async () => {
    const pod = service([record('home', '192.0.2.1', { Weight: 20, Remark: 'mine' })]);
    await pod.run(wanted);
    expect(writes(pod.asked)).toEqual([
      [
        'ModifyRecordFields',
        {
          Domain: 'example.org',
          DomainId: 62,
          RecordId: 162,
          FieldList: [{ Key: 'value', Value: '198.51.100.7' }],
        },
      ],
    ]);
  });

  test('and the TTL, where another is asked for', async () => {
    const pod = service([record('home', '192.0.2.1')]);
    await pod.run({ ...wanted, ttl: 120 });
    expect(writes(pod.asked)).toMatchObject([
      ['ModifyRecordFields', { FieldList: [{ Key: 'value' }, { Key: 'ttl', Value: '120' }] }],
    ]);
  });

  test('a new record on the default line, at the apex as @', async () => {
    const pod = service([]);
    await pod.run(target('example.org', '2001:db8::7'));
    expect(writes(pod.asked)).toEqual([
      [
        'CreateRecord',
        {
          Domain: 'example.org',
          DomainId: 62,
          SubDomain: '@',
          RecordType: 'AAAA',
          RecordLine: '默认',
          RecordLineId: '0',
          Value: '2001:db8::7',
        },
      ],
    ]);
  });

  test('signed with the action and the time, as JSON', async () => {
    const pod = service([]);
    await pod.run(wanted);
    for (const { headers, url } of pod.asked) {
      expect(url.href).toBe('https://dnspod.tencentcloudapi.com/');
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-tc-version': '2021-03-23',
        'x-tc-timestamp': '1767225600',
        authorization: expect.stringContaining('SignedHeaders=content-type;host;x-tc-action'),
      });
    }
  });
});

test('records of other lines are not touched', async () => {
  const others = [
    record('home', '192.0.2.1', { RecordId: 1, Line: '电信', LineId: '10=0' }),
    record('home', '192.0.2.2', { RecordId: 2 }),
  ];
  const pod = service(others);
  await pod.run(wanted);
  expect(writes(pod.asked)).toMatchObject([['ModifyRecordFields', { RecordId: 2 }]]);
  const line = service(others, { line: '电信' });
  await line.run(wanted);
  expect(writes(line.asked)).toMatchObject([['ModifyRecordFields', { RecordId: 1 }]]);
});

describe('records that are switched off are no records', () => {
  test('the live one is changed, and the other one stays as it is', async () => {
    const pod = service([
      record('home', '192.0.2.1', { RecordId: 1, Status: 'DISABLE' }),
      record('home', '192.0.2.2', { RecordId: 2, Status: 'ENABLE' }),
    ]);
    await pod.run(wanted);
    expect(writes(pod.asked)).toMatchObject([['ModifyRecordFields', { RecordId: 2 }]]);
  });

  test('one that has the right address does not answer for the name', async () => {
    const pod = service([record('home', '198.51.100.7', { Status: 'DISABLE' })]);
    await pod.run(wanted);
    expect(writes(pod.asked)).toMatchObject([['CreateRecord', { Value: '198.51.100.7' }]]);
  });
});

test('every page is read, by offset', async () => {
  const pod = service([], {}, (request) => {
    if (actionOf(request) !== 'DescribeRecordList') return undefined;
    const { Offset } = JSON.parse(request.body ?? '') as { Offset: number };
    return list([record(Offset === 2 ? 'home' : `other${Offset}`, '198.51.100.7')], 3);
  });
  expect(await pod.run(wanted)).toEqual([]);
});

test('a list that failed is not taken for "no record": nothing is created', async () => {
  const pod = service([], {}, (request) =>
    actionOf(request) === 'DescribeRecordList' ? no('InternalError') : undefined,
  );
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'transient' } });
  expect(writes(pod.asked)).toEqual([]);
});

test('a second page that is said to be empty makes half a list, not an empty one', async () => {
  const pod = service([], {}, (request) => {
    if (actionOf(request) !== 'DescribeRecordList') return undefined;
    const { Offset } = JSON.parse(request.body ?? '') as { Offset: number };
    return Offset === 0 ? list([record('home', '192.0.2.1')], 2) : no('ResourceNotFound.NoDataOfRecord');
  });
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'not_found' } });
  expect(writes(pod.asked)).toEqual([]);
});

test('a domain that is not in the account', async () => {
  const pod = service([], { zone: 'example.org' }, (request) =>
    actionOf(request) === 'DescribeDomain' ? no('InvalidParameterValue.DomainNotExists') : undefined,
  );
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'not_found', scope: 'record' } });
});

test.each([
  ['AuthFailure.SecretIdNotFound', 'credentials', 'sink'],
  ['AuthFailure.SignatureFailure', 'credentials', 'sink'],
  ['UnauthorizedOperation', 'credentials', 'sink'],
  ['RequestLimitExceeded', 'rate_limited', 'sink'],
  ['RequestLimitExceeded.RequestLimitExceeded', 'rate_limited', 'sink'],
  ['InvalidParameter.DomainRecordExist', 'conflict', 'record'],
  ['InvalidParameterValue.DomainNotExists', 'conflict', 'record'],
  ['FailedOperation.DomainIsLocked', 'refused', 'record'],
  ['LimitExceeded.SubdomainRollLimit', 'refused', 'record'],
  ['LimitExceeded.RecordTtlLimit', 'invalid', 'record'],
  ['InvalidParameter.AccountIsBanned', 'refused', 'sink'],
  ['InvalidParameter', 'invalid', 'record'],
  ['FailedOperation.UnknowError', 'transient', 'sink'],
  ['InternalError', 'transient', 'sink'],
])('%s, with status 200, is %s for the %s', async (code, expected, scope) => {
  const pod = service([], {}, (request) => (actionOf(request) === 'CreateRecord' ? no(code) : undefined));
  expect(await pod.run(wanted)).toMatchObject(failed(expected, scope, `Tencent Cloud DNSPod: No. (${code})`));
});

test('a signature that is refused for its time is not held against the key', async () => {
  const late = { ...no('AuthFailure.SignatureExpire') };
  const headers = { ...late.headers, date: 'Thu, 01 Jan 2026 00:10:00 GMT' };
  const pod = service([], {}, () => ({ ...late, headers }));
  await expect(pod.run(wanted)).rejects.toMatchObject({ failure: { class: 'transient' } });
});
