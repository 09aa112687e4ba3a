import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { aliyun } from '../../src/sinks/aliyun.ts';
import { target } from './rest/support.ts';
import { answer } from './rest/toy.ts';
import { failed, trial } from './trial.ts';

const GIVEN = { access_key_id: 'testid', access_key_secret: 'testsecret' };
const actionOf = ({ url, headers }: HttpRequest) =>
  url.searchParams.get('Action') ?? headers?.['x-acs-action'] ?? '';
const record = (RR: string, Value: string, more: object = {}) => ({
  RecordId: '17526443068756992',
  RR,
  Type: Value.includes(':') ? 'AAAA' : 'A',
  Value,
  TTL: 900,
  Line: 'default',
  ...more,
});
const page = (list: readonly object[], at = 1, size = 500, total = list.length) =>
  answer(200, {
    PageNumber: at,
    PageSize: size,
    TotalCount: total,
    RequestId: 'x',
    DomainRecords: { Record: list },
  });
const domains = (...names: readonly string[]) =>
  answer(200, {
    PageNumber: 1,
    PageSize: 100,
    TotalCount: names.length,
    RequestId: 'x',
    Domains: { Domain: names.map((DomainName) => ({ DomainName, PunyCode: DomainName })) },
  });
const no = (status: number, Code: string) =>
  answer(status, { RequestId: 'x', HostId: 'h', Code, Message: 'No.' });

function service(
  held: readonly object[],
  given: object = {},
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  return trial(aliyun, { ...GIVEN, ...given }, (request) => {
    const other = instead(request);
    if (other !== undefined) return other;
    switch (actionOf(request)) {
      case 'DescribeDomains':
        return domains('example.org');
      case 'DescribeDomainRecords':
        return page(held);
      default:
        return answer(200, { RequestId: 'x', RecordId: '17526443068756992' });
    }
  });
}
const writes = (asked: readonly HttpRequest[]) =>
  asked
    .filter((request) => !actionOf(request).startsWith('Describe'))
    .map((request) => [actionOf(request), Object.fromEntries(request.url.searchParams)]);

const wanted = target('home.example.org', '198.51.100.7');

describe('what is sent', () => {
  test('an update with all that would go back to its default: TTL and line', async () => {
    const ali = service([record('home', '192.0.2.1')]);
    await ali.run(wanted);
    expect(writes(ali.asked)).toEqual([
      [
        'UpdateDomainRecord',
        {
          RecordId: '17526443068756992',
          RR: 'home',
          Type: 'A',
          Value: '198.51.100.7',
          TTL: '900',
          Line: 'default',
        },
      ],
    ]);
  });

  test('a new record at the apex, and the removal of one', async () => {
    const ali = service([record('old', '192.0.2.1')]);
    await ali.run(
      { ...target('example.org', '2001:db8::7'), ttl: 600 },
      { key: target('old.example.org', '192.0.2.1').key, addresses: [] },
    );
    expect(writes(ali.asked)).toEqual([
      [
        'AddDomainRecord',
        {
          DomainName: 'example.org',
          RR: '@',
          Type: 'AAAA',
          Value: '2001:db8::7',
          TTL: '600',
          Line: 'default',
        },
      ],
      ['DeleteDomainRecord', { RecordId: '17526443068756992' }],
    ]);
  });

  test('V1 puts all of it in the query, with a nonce of its own each time', async () => {
    const ali = service([], { signature: 'v1' });
    await ali.run(wanted);
    const queries = ali.asked.map(({ url }) => Object.fromEntries(url.searchParams));
    expect(queries.at(-1)).toMatchObject({
      Action: 'AddDomainRecord',
      AccessKeyId: 'testid',
      Format: 'JSON',
      SignatureMethod: 'HMAC-SHA1',
      Timestamp: '2026-01-01T00:00:00Z',
      Version: '2015-01-09',
    });
    const nonces = queries.map((query) => query['SignatureNonce']);
    expect(new Set(nonces).size).toBe(nonces.length);
    expect(ali.asked.some(({ url }) => url.href.includes('testsecret'))).toBe(false);
  });
});

test('what the fuzzy search finds besides is not touched: a longer name, another line, the other family', async () => {
  const ali = service([
    record('myhome', '192.0.2.1', { RecordId: '1' }),
    record('home.sub', '192.0.2.1', { RecordId: '2' }),
    record('home', '192.0.2.1', { RecordId: '3', Line: 'telecom' }),
    record('home', '2001:db8::1', { RecordId: '4' }),
    record('home', '192.0.2.1', { RecordId: '5' }),
  ]);
  await ali.run(wanted);
  expect(writes(ali.asked)).toMatchObject([['UpdateDomainRecord', { RecordId: '5' }]]);
});

describe('records that are switched off are no records', () => {
  test.each(['DISABLE', 'Disable'])(
    '%s: the live one is changed, and the other one stays',
    async (Status) => {
      const ali = service([
        record('home', '192.0.2.1', { RecordId: '1', Status }),
        record('home', '192.0.2.2', { RecordId: '2', Status: 'ENABLE' }),
      ]);
      await ali.run(wanted);
      expect(writes(ali.asked)).toMatchObject([['UpdateDomainRecord', { RecordId: '2' }]]);
    },
  );

  test('one that has the right address does not answer for the name', async () => {
    const ali = service([record('home', '198.51.100.7', { Status: 'DISABLE' })]);
    await ali.run(wanted);
    expect(writes(ali.asked)).toMatchObject([['AddDomainRecord', { Value: '198.51.100.7' }]]);
  });
});

test('line: the records of that line', async () => {
  const ali = service([record('home', '192.0.2.1', { RecordId: '3', Line: 'telecom' })], { line: 'telecom' });
  await ali.run(wanted);
  expect(writes(ali.asked)).toMatchObject([['UpdateDomainRecord', { RecordId: '3', Line: 'telecom' }]]);
});

test('every page is read, by PageNumber', async () => {
  const ali = service([], {}, (request) => {
    if (actionOf(request) !== 'DescribeDomainRecords') return undefined;
    const at = Number(request.url.searchParams.get('PageNumber') ?? 1);
    return page([record(at === 3 ? 'home' : `home${at}`, '198.51.100.7')], at, 1, 3);
  });
  expect(await ali.run(wanted)).toEqual([]);
  expect(ali.asked.map(({ url }) => url.searchParams.get('PageNumber'))).toEqual([null, null, '2', '3']);
});

test('a domain of letters beyond ASCII is asked for by the name it is shown with', async () => {
  const ali = service([], {}, (request) =>
    actionOf(request) === 'DescribeDomains'
      ? answer(200, {
          PageNumber: 1,
          PageSize: 100,
          TotalCount: 1,
          Domains: { Domain: [{ DomainName: '例子.org', PunyCode: 'xn--fsqu00a.org' }] },
        })
      : undefined,
  );
  await ali.run(target('home.xn--fsqu00a.org', '198.51.100.7'));
  expect(writes(ali.asked)).toMatchObject([['AddDomainRecord', { DomainName: '例子.org', RR: 'home' }]]);
});

test.each([
  [404, 'InvalidAccessKeyId.NotFound', 'credentials', 'sink'],
  [400, 'SignatureDoesNotMatch', 'credentials', 'sink'],
  [403, 'Forbidden.RAM', 'credentials', 'sink'],
  [400, 'DomainRecordDuplicate', 'conflict', 'record'],
  [400, 'DomainRecordNotBelongToUser', 'conflict', 'record'],
  [400, 'LastOperationNotFinished', 'conflict', 'record'],
  [400, 'DomainRecordConflict', 'refused', 'record'],
  [400, 'DomainRecordLocked', 'refused', 'record'],
  [400, 'QuotaExceeded.ARecord', 'refused', 'record'],
  [400, 'Throttling.User', 'rate_limited', 'sink'],
  [400, 'SignatureNonceUsed', 'transient', 'sink'],
  [400, 'InvalidRR.Format', 'invalid', 'record'],
  [500, 'InternalError', 'transient', 'sink'],
])('status %i, %s is %s for the %s', async (status, code, expected, scope) => {
  const ali = service([], {}, (request) =>
    actionOf(request) === 'AddDomainRecord' ? no(status, code) : undefined,
  );
  expect(await ali.run(wanted)).toMatchObject(failed(expected, scope, `Alibaba Cloud DNS: No. (${code})`));
  expect(writes(ali.asked)).toHaveLength(1);
});

test('a failed list is not an empty one: nothing is created', async () => {
  const ali = service([], {}, (request) =>
    actionOf(request) === 'DescribeDomainRecords' ? no(503, 'ServiceUnavailable') : undefined,
  );
  await expect(ali.run(wanted)).rejects.toMatchObject({ failure: { class: 'transient' } });
  expect(writes(ali.asked)).toEqual([]);
});
