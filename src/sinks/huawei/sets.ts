import * as z from 'zod';
import type { RestZone, WriteEnd } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import {
  changedTtl,
  type ListedRecord,
  membersAfter,
  quoted,
  type RestChange,
  type RestRecord,
  unquoted,
} from '../rest/records.ts';
import { RestError } from '../rest/refusal.ts';
import { path } from '../rest/request.ts';

export const set = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  ttl: z.int().nullish(),
  records: z.array(z.string()).nullish(),
  line: z.string().default('default_view'),
  status: z.string(),
});
type RecordSet = z.output<typeof set>;

export const setsPath = ({ id }: RestZone) => path`/v2.1/zones/${id}/recordsets`;

/** What is kept of a set with each of its records. */
type Place = Pick<RecordSet, 'id' | 'status'>;
const placeOf = ({ extra }: RestRecord): Place => extra as Place;

const isRunning = (status: string): boolean => status.startsWith('PENDING');
/** Sets that no name server answers from: switched off by somebody, or by the service. */
const OFF: ReadonlySet<string> = new Set(['DISABLE', 'FREEZE', 'ILLEGAL', 'POLICE']);
const isBad = (status: string): boolean => status === 'ERROR' || OFF.has(status);

/**
 * Accepted with 202 and carried out afterwards; a set that was removed is not found in the end.
 * https://support.huaweicloud.com/intl/en-us/api-dns/dns_api_80002.html
 */
async function settled(ask: Ask, zone: RestZone, first: Place): Promise<WriteEnd> {
  const again = (): Promise<Place | undefined> =>
    ask.get(`${setsPath(zone)}${path`/${first.id}`}`, set).catch((error: unknown) => {
      const gone = error instanceof RestError && error.failure.class === 'not_found';
      if (gone && first.status === 'PENDING_DELETE') return undefined;
      throw error;
    });
  const pace = { every: 1_000, tries: 3 };
  const last = await ask.poll<Place | undefined>(pace, first, (one) => isRunning(one?.status ?? ''), again);
  if (last === undefined) return undefined;
  if (isRunning(last.status)) return { pending: `still ${last.status} there`, retryAfter: 5_000 };
  if (isBad(last.status)) throw ask.failed({ message: `the record set ended in state ${last.status}` });
}

/** True if nothing but the state of the set was a reason to write. */
const isRight = (change: RestChange): boolean =>
  changedTtl(change) === undefined &&
  change.edits.every((edit) => edit.kind === 'update' && edit.value === edit.record.content);

/** Makes, changes or removes the set, and waits for it. */
export async function put(ask: Ask, zone: RestZone, change: RestChange, line: string): Promise<WriteEnd> {
  const { name, type } = change.key;
  const records = membersAfter(change).map(({ value }) => quoted(type, value));
  const [first] = change.actual;
  if (first === undefined) {
    const body = { name: `${name}.`, type, line, ttl: change.ttl, records };
    return settled(ask, zone, await ask.send('POST', setsPath(zone), set, { body }));
  }
  const found = placeOf(first);
  // A set that is being worked on takes no other change meanwhile.
  if (isRunning(found.status)) {
    const end = await settled(ask, zone, found);
    if (end !== undefined || isRight(change)) return end;
  }
  const one = `${setsPath(zone)}${path`/${found.id}`}`;
  if (records.length === 0) return settled(ask, zone, await ask.send('DELETE', one, set));
  // Description and weight stay when left out; of the TTL that is not said, so it goes along.
  const body = { name: `${name}.`, type, ttl: change.ttl ?? first.ttl, records };
  return settled(ask, zone, await ask.send('PUT', one, set, { body }));
}

/** The records of a set, with what is needed to write it. */
export function recordsIn({ id, name, type, ttl, records, status }: RecordSet): readonly ListedRecord[] {
  const extra: Place = { id, status };
  // Right only once it is answered: what ended in an error is written again, and what is off is reported.
  const unfinished = (isRunning(status) || isBad(status)) && { unfinished: true as const };
  return (records ?? []).map((value) => {
    return { name, type, content: unquoted(type, value), ttl: ttl ?? undefined, extra, ...unfinished };
  });
}

/** Why sets must not be written, if so. */
export function untouchable({ key, actual }: RestChange): string | undefined {
  const places = actual.map(placeOf);
  if (new Set(places.map(({ id }) => id)).size > 1)
    return `${key.name} has several weighted record sets of type ${key.type}, which stay as they are`;
  const off = places.find(({ status }) => OFF.has(status));
  if (off === undefined) return undefined;
  return `the ${key.type} record set of ${key.name} is switched off there (${off.status}), and stays as it is; switch it on, or delete it`;
}
