import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { HttpRequest } from '../../../src/net/http.ts';
import { alibabaAcs3, alibabaV1 } from '../../../src/sinks/signatures/alibaba.ts';
import { sdkHmacSha256 } from '../../../src/sinks/signatures/huawei.ts';
import { sigV4 } from '../../../src/sinks/signatures/sigv4.ts';
import { tc3 } from '../../../src/sinks/signatures/tc3.ts';
import { describeRecorded } from '../../replay/recorded.ts';
import { CONTRACTS } from '../../replay/recording.ts';

const vector = (path: string) =>
  JSON.parse(readFileSync(new URL(`vectors/${path}`, CONTRACTS), 'utf8')) as Record<string, never>;

interface SigV4Case {
  readonly context: {
    readonly credentials: { access_key_id: string; secret_access_key: string; token?: string };
    readonly region: string;
    readonly service: string;
    readonly sign_body: boolean;
    readonly timestamp: string;
  };
  readonly request: string;
  readonly header: { readonly signature: string; readonly signedRequest: string };
}

/** The raw request of a case as ours; several lines of one header are one value, as everywhere in the program. */
function parsed(raw: string): { request: HttpRequest; body: string } {
  const [head = '', body = ''] = raw.split('\n\n');
  const [first = '', ...lines] = head.trimEnd().split('\n');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? [];
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [name = '', value = ''] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)];
    const known = headers[name.toLowerCase()];
    headers[name.toLowerCase()] = known === undefined ? value.trim() : `${known},${value.trim()}`;
  }
  // A double slash at the start would be read as a host.
  const url = new URL(`https://${headers['host']}${target}`);
  const { host, ...others } = headers;
  return {
    request: {
      method: method as HttpRequest['method'],
      url,
      headers: others,
      ...(body === '' ? {} : { body }),
    },
    body,
  };
}

// Three cases cannot come up with a WHATWG URL: it has neither dot segments left (which S3 alone signs unnormalised) nor a bare space.
// Of each case the form in headers is checked; the one with the signature in the query is for links to hand on, and no sink makes it.
const UNTHINKABLE = /unnormalized|space/;

describeRecorded('SigV4, the vectors of awslabs/aws-c-auth', () => {
  const cases = readdirSync(new URL('vectors/sigv4/', CONTRACTS)).filter((name) => !UNTHINKABLE.test(name));

  test.each(cases)('%s', async (name) => {
    const { context, request: raw, header } = vector(`sigv4/${name}`) as unknown as SigV4Case;
    const { request } = parsed(raw);
    const { access_key_id, secret_access_key, token } = context.credentials;
    const digest = /x-amz-content-sha256:(\S+)/.exec(header.signedRequest)?.[1];
    const headers = {
      ...request.headers,
      ...(digest === undefined ? {} : { 'x-amz-content-sha256': digest }),
    };
    const signed = await sigV4(
      { ...request, headers },
      {
        accessKeyId: access_key_id,
        secretAccessKey: secret_access_key,
        ...(token === undefined ? {} : { sessionToken: token }),
      },
      context,
      Date.parse(context.timestamp),
    );
    const expected = /^Authorization:(.*)$/m.exec(header.signedRequest)?.[1];
    expect(signed.headers?.['authorization']).toBe(expected);
    expect(signed.headers?.['authorization']).toContain(header.signature);
  });

  test('sixteen of nineteen', () => {
    expect(cases).toHaveLength(16);
  });
});

describeRecorded('Alibaba Cloud, the worked examples of its documentation', () => {
  test('V1, HMAC-SHA1', () => {
    const example = vector('alibaba/v1-rpc-hmac-sha1.json') as unknown as {
      endpoint: string;
      accessKeySecret: string;
      parameters: Record<string, string>;
      canonicalQuery: string;
      signature: string;
    };
    const { parameters } = example;
    const url = new URL(example.endpoint);
    for (const name of ['Action', 'Format']) url.searchParams.set(name, parameters[name] ?? '');
    const signed = alibabaV1(
      { method: 'GET', url },
      { accessKeyId: parameters['AccessKeyId'] ?? '', accessKeySecret: example.accessKeySecret },
      parameters['Version'] ?? '',
      { wall: Date.parse(parameters['Timestamp'] ?? ''), nonce: parameters['SignatureNonce'] ?? '' },
    );
    expect(signed.url.searchParams.get('Signature')).toBe(example.signature);
    expect(signed.url.search).toBe(
      `?${example.canonicalQuery}&Signature=${encodeURIComponent(example.signature)}`,
    );
  });

  test('ACS3-HMAC-SHA256', () => {
    const example = vector('alibaba/v3-acs3-hmac-sha256.json') as unknown as {
      query: string;
      headers: Record<string, string>;
      accessKeyId: string;
      accessKeySecret: string;
      authorization: string;
    };
    const { headers } = example;
    const url = new URL(
      `https://${headers['host']}/?${example.query}&Action=${headers['x-acs-action'] ?? ''}`,
    );
    const signed = alibabaAcs3({ method: 'POST', url }, example, headers['x-acs-version'] ?? '', {
      wall: Date.parse(headers['x-acs-date'] ?? ''),
      nonce: headers['x-acs-signature-nonce'] ?? '',
    });
    expect(signed.headers?.['authorization']).toBe(example.authorization);
    expect(signed.url.search).toBe(`?${example.query}`);
    const { host, ...sent } = headers;
    expect(signed.headers).toMatchObject(sent);
  });
});

test('V1 encodes a space as %20 and a star as %2A, and leaves a tilde', () => {
  const url = new URL('https://alidns.aliyuncs.com/?RR=a+*~');
  const key = { accessKeyId: 'id', accessKeySecret: 'key' };
  const signed = alibabaV1({ method: 'GET', url }, key, '2015-01-09', { wall: 0, nonce: 'n' });
  expect(signed.url.search).toContain('RR=a%20%2A~');
});

// The page gives key, request and result: https://cloud.tencent.com/document/api/213/30654
test('TC3-HMAC-SHA256, the worked example of Tencent Cloud', () => {
  const signed = tc3(
    {
      method: 'POST',
      url: new URL('https://cvm.tencentcloudapi.com/'),
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`,
    },
    { secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE', secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE' },
    'cvm',
    1_551_113_065_000,
  );
  expect(signed.headers).toMatchObject({
    'x-tc-timestamp': '1551113065',
    authorization:
      'TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168',
  });
});

test('TC3 signs the action where there is one, in lower case', () => {
  const url = new URL('https://dnspod.tencentcloudapi.com/');
  const request = (action: string) => {
    const headers = { 'content-type': 'application/json', 'x-tc-action': action };
    return tc3(
      { method: 'POST', url, headers, body: '{}' },
      { secretId: 'id', secretKey: 'key' },
      'dnspod',
      0,
    );
  };
  const [one, same, other] = ['CreateRecord', 'createrecord', 'DeleteRecord'].map(
    (action) => request(action).headers?.['authorization'],
  );
  expect(one).toContain('SignedHeaders=content-type;host;x-tc-action,');
  expect(same).toBe(one);
  expect(other).not.toBe(one);
});

// https://support.huaweicloud.com/devg-apisign/api-sign-algorithm-002.html
test('SDK-HMAC-SHA256, the worked example of Huawei Cloud', () => {
  const signed = sdkHmacSha256(
    {
      method: 'GET',
      url: new URL(
        'https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0',
      ),
      headers: { 'content-type': 'application/json' },
    },
    { accessKey: 'QTWAOYTTINDUT2QVKYUC', secretKey: 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc' },
    Date.UTC(2019, 10, 15, 3, 36, 55),
  );
  expect(signed.headers).toMatchObject({
    'x-sdk-date': '20191115T033655Z',
    authorization:
      'SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe',
  });
});
