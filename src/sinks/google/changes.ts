import * as z from 'zod';
import { domainName } from '../../config/schema-types.ts';
import type { WriteEnd } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { after, type PagedList } from '../rest/pages.ts';
import * as dns from '../rest/records.ts';
import { path } from '../rest/request.ts';

/** Seconds for new sets without a TTL of their own: the service wants one. */
const NEW_TTL = 300;

const text = z.string();
const page = { nextPageToken: text.optional() };
interface Page {
  readonly nextPageToken?: string | undefined;
}
const listOf = <Body extends Page, Item>(
  schema: z.ZodType<Body>,
  items: (body: Body) => readonly Item[],
): PagedList<Body, Item> => {
  return { schema, items, next: ({ body }) => after('pageToken', body.nextPageToken) };
};
const zone = z.object({ name: text, dnsName: domainName(), visibility: text.default('public') });
export const zones = listOf(
  z.object({ ...page, managedZones: z.array(zone).default([]) }),
  (body) => body.managedZones,
);
const set = z.object({
  name: text,
  type: text,
  ttl: z.int().optional(),
  rrdatas: z.array(text).default([]),
  routingPolicy: z.object({}).optional(),
});
export const sets = listOf(z.object({ ...page, rrsets: z.array(set).default([]) }), (body) => body.rrsets);
const change = z.object({ id: text, status: z.enum(['pending', 'done']) });
export const refusal = z.object({
  error: z.object({
    message: text,
    errors: z.array(z.object({ reason: text })).default([]),
    status: text.optional(),
  }),
});

/** Kept of a set that is replaced: what it was, to the letter, for it is named by that. */
export type Kept = Pick<z.output<typeof set>, 'ttl' | 'rrdatas' | 'routingPolicy'>;
export const kept = (record: dns.RestRecord | undefined) => record?.extra as Kept | undefined;
export const rooted = (name: string): string => `${name}.`;

/** A set is changed by taking it away as it was and adding it anew, both in one transaction. */
function changesOf(changes: readonly dns.RestChange[]) {
  const body = { additions: [] as unknown[], deletions: [] as unknown[] };
  for (const one of changes) {
    const { name, type } = one.key;
    const found = kept(one.actual[0]);
    const set = { name: rooted(name), type };
    if (found !== undefined) body.deletions.push({ ...set, ttl: found.ttl, rrdatas: found.rrdatas });
    const rrdatas = dns.membersAfter(one).map(({ value }) => dns.quoted(type, value));
    if (rrdatas.length > 0) body.additions.push({ ...set, ttl: one.ttl ?? found?.ttl ?? NEW_TTL, rrdatas });
  }
  return body;
}

export async function send(
  ask: Ask,
  zonePath: string,
  changes: readonly dns.RestChange[],
): Promise<WriteEnd> {
  const first = await ask.send('POST', `${zonePath}/changes`, change, { body: changesOf(changes) });
  const again = () => ask.get(`${zonePath}${path`/changes/${first.id}`}`, change);
  const last = await ask.poll(
    { every: 1_000, tries: 5 },
    first,
    (state) => state.status === 'pending',
    again,
  );
  if (last.status === 'pending') return { pending: 'not yet on all name servers', retryAfter: 5_000 };
}
