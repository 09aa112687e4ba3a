import type { HttpRequest } from '../../net/http.ts';
import { basicSeconds, canonicalQuery, hmacSha256, sha256Hex } from './digests.ts';

export interface HuaweiKey {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** SDK-HMAC-SHA256 of Huawei Cloud. https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html */
export function sdkHmacSha256(request: HttpRequest, key: HuaweiKey, wall: number): HttpRequest {
  const { method, url, headers = {}, body = '' } = request;
  const date = basicSeconds(wall);
  const type = headers['content-type'];
  const signed = {
    ...(type === undefined ? {} : { 'content-type': type }),
    host: url.host,
    'x-sdk-date': date,
  };
  const names = Object.keys(signed).join(';');
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value.trim()}\n`);
  // The signed path ends with a slash, whether the one asked for does or not.
  const path = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`;
  const query = canonicalQuery(url.searchParams);
  const canonical = [method, path, query, lines.join(''), names, sha256Hex(body)].join('\n');
  const text = `SDK-HMAC-SHA256\n${date}\n${sha256Hex(canonical)}`;
  const signature = hmacSha256(key.secretKey, text).toString('hex');
  const authorization = `SDK-HMAC-SHA256 Access=${key.accessKey}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...request, headers: { ...headers, 'x-sdk-date': date, authorization } };
}
