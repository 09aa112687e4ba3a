import { createHash, createHmac } from 'node:crypto';
import type { SeenRequest } from '../fakes/http-server.ts';

/**
 * Signatures as the services check them: computed once more from what arrived (method, target, headers, body), each by the published
 * description of its service, with nothing of `src/`. True if the signature that came is the same.
 */
export type SignatureCheck = (request: SeenRequest, key: Key) => boolean;

export interface Key {
  readonly id: string;
  readonly secret: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (algorithm: 'sha1' | 'sha256', key: string | Buffer, text: string): Buffer =>
  createHmac(algorithm, key).update(text).digest();

/** RFC 3986 section 2.3: all but letters, digits and `-._~`, octet by octet. */
function encoded(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((octet) => {
      const character = String.fromCharCode(octet);
      return /[\w.~-]/.test(character) ? character : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** Path and query as they stood in the request line. */
function parted({ target }: SeenRequest): { path: string; query: string } {
  const at = target.indexOf('?');
  return at < 0 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function pairs(query: string): readonly (readonly [string, string])[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [encoded(decodeURIComponent(name)), encoded(decodeURIComponent(value.join('=')))] as const;
    })
    .toSorted(([a, x], [b, y]) => bytes(a, b) || bytes(x, y));
}

const joined = (list: readonly (readonly [string, string])[]): string =>
  list.map(([name, value]) => `${name}=${value}`).join('&');

const headerOf = ({ headers }: SeenRequest, name: string): string => String(headers[name] ?? '');

interface Parts {
  readonly names: string;
  /** `name:value` lines of the signed headers. */
  readonly lines: string;
  readonly query: string;
  readonly path: string;
  readonly digest: string;
}

/** What most of them put together; the order and the rest is their own. */
function partsOf(request: SeenRequest, lower = false): Parts {
  const { path, query } = parted(request);
  const names = /SignedHeaders=([^,\s]+)/.exec(headerOf(request, 'authorization'))?.[1] ?? '';
  const lines = names.split(';').map((name) => {
    const value = headerOf(request, name).trim().replaceAll(/ +/g, ' ');
    return `${name}:${lower ? value.toLowerCase() : value}\n`;
  });
  return { names, lines: lines.join(''), query: joined(pairs(query)), path, digest: sha256(request.body) };
}

const canonical = (request: SeenRequest, { path, query, lines, names, digest }: Parts): string =>
  sha256([request.method, path, query, lines, names, digest].join('\n'));

/** All that must be signed is named, or the signature is worth nothing. */
const covers = (parts: Parts, ...wanted: readonly string[]): boolean =>
  wanted.every((name) => parts.names.split(';').includes(name));

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export const sigV4: SignatureCheck = (request, { id, secret }) => {
  const parts = partsOf(request);
  const date = headerOf(request, 'x-amz-date');
  const scope = `${date.slice(0, 8)}/us-east-1/route53/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${canonical(request, parts)}`;
  const signing = scope
    .split('/')
    .reduce<string | Buffer>((key, part) => hmac('sha256', key, part), `AWS4${secret}`);
  const signature = hmac('sha256', signing, text).toString('hex');
  const whole = `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${parts.names}, Signature=${signature}`;
  return covers(parts, 'host', 'x-amz-date') && headerOf(request, 'authorization') === whole;
};

/** https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
export const acs3: SignatureCheck = (request, { id, secret }) => {
  const parts = partsOf(request);
  const signature = hmac('sha256', secret, `ACS3-HMAC-SHA256\n${canonical(request, parts)}`).toString('hex');
  const whole = `ACS3-HMAC-SHA256 Credential=${id},SignedHeaders=${parts.names},Signature=${signature}`;
  return (
    covers(parts, 'host', 'x-acs-action', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-version') &&
    headerOf(request, 'x-acs-content-sha256') === parts.digest &&
    headerOf(request, 'authorization') === whole
  );
};

/** https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism */
export const alibabaRpc: SignatureCheck = (request, { id, secret }) => {
  const all = pairs(parted(request).query);
  const valueAt = (name: string) => decodeURIComponent(all.find(([one]) => one === name)?.[1] ?? '');
  const query = joined(all.filter(([name]) => name !== 'Signature'));
  const text = `${request.method}&${encoded('/')}&${encoded(query)}`;
  const signature = hmac('sha1', `${secret}&`, text).toString('base64');
  const common = ['Action', 'SignatureNonce', 'Timestamp', 'Version'].every((name) => valueAt(name) !== '');
  return common && valueAt('AccessKeyId') === id && valueAt('Signature') === signature;
};

/** https://www.tencentcloud.com/document/product/1157/49029 */
export const tc3: SignatureCheck = (request, { id, secret }) => {
  const parts = partsOf(request, true);
  const seconds = headerOf(request, 'x-tc-timestamp');
  const date = new Date(Number(seconds) * 1_000).toISOString().slice(0, 10);
  const scope = `${date}/dnspod/tc3_request`;
  const text = `TC3-HMAC-SHA256\n${seconds}\n${scope}\n${canonical(request, parts)}`;
  const signing = scope
    .split('/')
    .reduce<string | Buffer>((key, part) => hmac('sha256', key, part), `TC3${secret}`);
  const signature = hmac('sha256', signing, text).toString('hex');
  const whole = `TC3-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${parts.names}, Signature=${signature}`;
  return covers(parts, 'content-type', 'host') && headerOf(request, 'authorization') === whole;
};

/** https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html */
export const sdkHmac: SignatureCheck = (request, { id, secret }) => {
  const parts = partsOf(request);
  const path = parts.path.endsWith('/') ? parts.path : `${parts.path}/`;
  const date = headerOf(request, 'x-sdk-date');
  const text = `SDK-HMAC-SHA256\n${date}\n${canonical(request, { ...parts, path })}`;
  const signature = hmac('sha256', secret, text).toString('hex');
  const whole = `SDK-HMAC-SHA256 Access=${id}, SignedHeaders=${parts.names}, Signature=${signature}`;
  return covers(parts, 'host', 'x-sdk-date') && headerOf(request, 'authorization') === whole;
};
