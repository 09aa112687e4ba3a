import { createHmac } from 'node:crypto';
import type { HttpRequest } from '../../net/http.ts';
import { canonicalQuery, hmacSha256, isoSeconds, percentEncoded, sha256Hex } from './digests.ts';

export interface AlibabaKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

/** What every signature must have of its own. */
export interface AlibabaMoment {
  /** Milliseconds since 1970. */
  readonly wall: number;
  /** Never the same twice. */
  readonly nonce: string;
}

/**
 * RPC signature version 1.0, HMAC-SHA1, in the query. Alibaba calls it discontinued and still takes it.
 * https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
 */
export function alibabaV1(
  request: HttpRequest,
  key: AlibabaKey,
  version: string,
  { wall, nonce }: AlibabaMoment,
): HttpRequest {
  const parameters = new URLSearchParams(request.url.search);
  const common = {
    AccessKeyId: key.accessKeyId,
    // The published example asks for XML; what the request says goes before.
    Format: parameters.get('Format') ?? 'JSON',
    SignatureMethod: 'HMAC-SHA1',
    SignatureNonce: nonce,
    SignatureVersion: '1.0',
    Timestamp: isoSeconds(wall),
    Version: version,
  };
  for (const [name, value] of Object.entries(common)) parameters.set(name, value);
  const query = canonicalQuery(parameters);
  const text = `${request.method}&${percentEncoded('/')}&${percentEncoded(query)}`;
  const signature = createHmac('sha1', `${key.accessKeySecret}&`).update(text).digest('base64');
  const url = new URL(request.url);
  url.search = `${query}&Signature=${percentEncoded(signature)}`;
  return { ...request, url };
}

/**
 * Signature version 3, ACS3-HMAC-SHA256, in the headers; the parameter `Action` of the query becomes a header too.
 * https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
export function alibabaAcs3(
  request: HttpRequest,
  key: AlibabaKey,
  version: string,
  { wall, nonce }: AlibabaMoment,
): HttpRequest {
  const parameters = new URLSearchParams(request.url.search);
  const action = parameters.get('Action') ?? '';
  parameters.delete('Action');
  const query = canonicalQuery(parameters);
  const digest = sha256Hex(request.body ?? '');
  const signed = {
    host: request.url.host,
    'x-acs-action': action,
    'x-acs-content-sha256': digest,
    'x-acs-date': isoSeconds(wall),
    'x-acs-signature-nonce': nonce,
    'x-acs-version': version,
  };
  const names = Object.keys(signed).join(';');
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [request.method, request.url.pathname, query, lines.join(''), names, digest].join('\n');
  const signature = hmacSha256(key.accessKeySecret, `ACS3-HMAC-SHA256\n${sha256Hex(canonical)}`);
  const authorization = `ACS3-HMAC-SHA256 Credential=${key.accessKeyId},SignedHeaders=${names},Signature=${signature.toString('hex')}`;
  const url = new URL(request.url);
  url.search = query;
  const { host, ...sent } = signed;
  return { ...request, url, headers: { ...request.headers, ...sent, authorization } };
}
