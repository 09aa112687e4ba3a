import * as z from 'zod';
import type { RestZone } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import * as dns from '../rest/records.ts';
import { RestError } from '../rest/refusal.ts';

export const VERSION = { 'api-version': '2018-05-01' } as const;

const text = z.string();
const properties = z.object({
  TTL: z.int().optional(),
  ARecords: z.array(z.object({ ipv4Address: text })).optional(),
  AAAARecords: z.array(z.object({ ipv6Address: text })).optional(),
  TXTRecords: z.array(z.object({ value: z.array(text) })).optional(),
  targetResource: z.object({ id: text.nullish() }).nullish(),
});
export const set = z.object({ name: text, type: text, etag: text, properties });

interface Kept {
  readonly etag: string;
  /** The resource an alias set points at; such a set has no addresses of its own. */
  readonly alias?: string;
}
export const kept = (record: dns.RestRecord) => record.extra as Kept;

export function recordsIn(zone: RestZone['name'], found: z.output<typeof set>): readonly dns.ListedRecord[] {
  const { TTL: ttl, ARecords = [], AAAARecords = [], TXTRecords = [], targetResource } = found.properties;
  // The type is `Microsoft.Network/dnszones/A`.
  const about = {
    name: dns.absoluteIn(zone, found.name),
    type: found.type.slice(found.type.lastIndexOf('/') + 1),
    ttl,
  };
  const contents = [
    ...ARecords.map((one) => one.ipv4Address),
    ...AAAARecords.map((one) => one.ipv6Address),
    ...TXTRecords.map((one) => one.value.join('')),
  ];
  const extra: Kept = { etag: found.etag };
  const alias = targetResource?.id;
  if (alias) return [{ ...about, content: `alias of ${alias}`, extra: { ...extra, alias } }];
  return contents.map((content) => ({ ...about, content, extra }));
}

export function propertiesFor(type: string, values: readonly string[], ttl: number | undefined): object {
  switch (type) {
    case 'A':
      return { TTL: ttl, ARecords: values.map((ipv4Address) => ({ ipv4Address })) };
    case 'AAAA':
      return { TTL: ttl, AAAARecords: values.map((ipv6Address) => ({ ipv6Address })) };
    default:
      return { TTL: ttl, TXTRecords: values.map((value) => ({ value: [value] })) };
  }
}

/** One set; `undefined` if there is none. That the zone is missing is another code, and thrown. */
export async function setAt(ask: Ask, to: string): Promise<z.output<typeof set> | undefined> {
  try {
    return await ask.get(to, set, VERSION);
  } catch (error) {
    if (error instanceof RestError && error.status === 404 && error.code === 'NotFound') return undefined;
    throw error;
  }
}
