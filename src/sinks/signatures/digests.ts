import { createHash, createHmac } from 'node:crypto';

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export const hmacSha256 = (key: string | Uint8Array, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

/** Percent-encoding as all these signatures want it: everything but the unreserved characters (RFC 3986 section 2.3). */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A query by name and then value, each percent-encoded. */
export function canonicalQuery(parameters: Iterable<readonly [string, string]>): string {
  return [...parameters]
    .map(([name, value]) => [percentEncoded(name), percentEncoded(value)] as const)
    .sort(([a, x], [b, y]) => compared(a, b) || compared(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

// By code points of ASCII text: never by the rules of some language.
const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `2026-01-01T00:00:00Z`. */
export const isoSeconds = (wall: number): string => new Date(wall).toISOString().replace(/\.\d+Z$/, 'Z');

/** `20260101T000000Z`. */
export const basicSeconds = (wall: number): string => isoSeconds(wall).replace(/[-:]/g, '');
