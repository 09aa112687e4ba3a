import type { HttpRequest } from '../../net/http.ts';
import { canonicalQuery, hmacSha256, isoSeconds, sha256Hex } from './digests.ts';

export interface TencentKey {
  readonly secretId: string;
  readonly secretKey: string;
}

/** Signed where the request has them; the service asks for the first two at least. */
const SIGNED = ['content-type', 'host', 'x-tc-action'];

/** TC3-HMAC-SHA256 of Tencent Cloud's API 3.0. https://www.tencentcloud.com/document/product/1157/49029 */
export function tc3(request: HttpRequest, key: TencentKey, service: string, wall: number): HttpRequest {
  const { method, url, headers = {}, body = '' } = request;
  const present: Readonly<Record<string, string>> = { ...headers, host: url.host };
  const names = SIGNED.filter((name) => present[name] !== undefined);
  const lines = names.map((name) => `${name}:${(present[name] ?? '').trim().toLowerCase()}\n`);
  const canonical = [
    method,
    url.pathname,
    canonicalQuery(url.searchParams),
    lines.join(''),
    names.join(';'),
    sha256Hex(body),
  ].join('\n');

  const timestamp = String(Math.floor(wall / 1_000));
  const date = isoSeconds(wall).slice(0, 10);
  const scope = `${date}/${service}/tc3_request`;
  const dated = hmacSha256(`TC3${key.secretKey}`, date);
  const signing = hmacSha256(hmacSha256(dated, service), 'tc3_request');
  const text = `TC3-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`;
  const signature = hmacSha256(signing, text).toString('hex');
  const authorization = `TC3-HMAC-SHA256 Credential=${key.secretId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...request, headers: { ...headers, 'x-tc-timestamp': timestamp, authorization } };
}
