import { createHash } from 'node:crypto';
import { Secret } from './secret.ts';

/**
 * Digest of what identifies a sink's account and place, secrets included, so that a hold ends when any of it
 * changes. One-way: SHA-256 over the canonical text, with the sink's name in it. Records and timings do not count.
 */
export function fingerprint(sink: string, provider: string, options: unknown): string {
  return createHash('sha256')
    .update(canonical(['netdrift', sink, provider, options]))
    .digest('hex');
}

/** One text for equal values: keys sorted, every value marked with what it is. */
function canonical(value: unknown): string {
  if (value instanceof Secret) return `secret${JSON.stringify(value.reveal())}`;
  if (value instanceof URL) return `url${JSON.stringify(value.href)}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value instanceof Map) return `map${canonical(Object.fromEntries(value))}`;
  if (value instanceof Set) return `set${canonical([...value])}`;
  if (ArrayBuffer.isView(value))
    return `bytes${canonical([...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)])}`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Freezes lists and plain mappings all the way down; `Secret`, `URL` and other objects of a class are left alone. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
