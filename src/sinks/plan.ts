import { type IpAddress, parseAddress } from '../model/address.ts';
import { type ActualRecord, sameKey, type Target } from '../model/record.ts';
import type { Change, RecordEdit } from './contract.ts';

/**
 * What has to change so that every target holds: desired minus actual. Pure; the whole decision about a sink's records.
 *
 * A key that is right already gives no change. A record with the right address is written again with that address if it is `unfinished`,
 * or if its TTL is known and not the one the operator asks for. Within a key, records that satisfy the target stay untouched; stale ones
 * are recycled for addresses not yet there (so TTL, flags and comments survive); only then are records created, and what
 * is left over is deleted. The order of the edits is the order of need, should the work be interrupted: an address that
 * is missing, then one that is wrong.
 *
 * Keys that no target names are not looked at: neighbours and the other family are nobody's business here.
 */
export function plan(
  targets: readonly Target[],
  actual: readonly ActualRecord[],
  minds: TtlMinder = () => true,
): readonly Change[] {
  const changes: Change[] = [];
  for (const target of targets) {
    const found = actual.filter((record) => sameKey(record.key, target.key));
    const edits = editsFor(target, found, minds);
    if (edits.length > 0) changes.push({ target, actual: found, edits });
  }
  return changes;
}

/** For sinks that cannot be read: every target is a change, with nothing known about what stands there. */
export function planBlind(targets: readonly Target[]): readonly Change[] {
  return targets.map((target) => ({ target, actual: [], edits: [] }));
}

/** Whether a TTL that is not the one asked for is a reason to write; not so where the provider keeps its own. */
export type TtlMinder = (target: Target, found: FoundTtl) => boolean;

/** Seconds, or the zone's own. */
export type FoundTtl = number | 'default';

/** The TTL a record has, if it is asked for another; `undefined` also if nobody knows what it has. */
export function otherTtl({ ttl }: Target, record: ActualRecord): FoundTtl | undefined {
  const found = record.inheritsTtl === true ? 'default' : record.ttl;
  return ttl === undefined || found === ttl ? undefined : found;
}

function editsFor(target: Target, found: readonly ActualRecord[], minds: TtlMinder): readonly RecordEdit[] {
  const missing = new Set<IpAddress>(target.addresses);
  const stale: ActualRecord[] = [];
  const again: RecordEdit[] = [];
  const isMinded = (ttl: FoundTtl | undefined) => ttl !== undefined && minds(target, ttl);
  for (const record of found) {
    const address = parseAddress(record.content);
    // A second record with the same content is a double: it satisfies nothing that is not satisfied already.
    if (address === undefined || !missing.delete(address)) stale.push(record);
    else if (record.unfinished === true || isMinded(otherTtl(target, record)))
      again.push({ kind: 'update', record, address });
  }
  const edits: RecordEdit[] = [];
  for (const address of missing) {
    const record = stale.shift();
    edits.push(record ? { kind: 'update', record, address } : { kind: 'create', address });
  }
  edits.push(...again);
  for (const record of stale) edits.push({ kind: 'delete', record });
  return edits;
}

/** `192.0.2.1 -> 198.51.100.7`, or `192.0.2.1: TTL 300 -> 60`: one change for people. `before` where the records themselves were not read. */
export function describeChange(change: Change, before?: readonly string[]): string {
  const old = before ?? change.actual.map((record) => record.content);
  if (isRight(change)) return `${old.join(', ') || '(none)'}: nothing to change, only to be published`;
  if (keepsAddresses(change)) {
    const [ttl] = change.actual.flatMap((record) => otherTtl(change.target, record) ?? []);
    return `${old.join(', ')}: ${ttl === undefined ? 'what goes with it' : `TTL ${ttl} -> ${change.target.ttl}`}`;
  }
  return `${old.join(', ') || '(none)'} -> ${change.target.addresses.join(', ') || '(none)'}`;
}

/** True if nothing has to be written: what is read is what is wanted. */
const isRight = ({ target, actual, edits }: Change): boolean =>
  edits.length === 0 && actual.length > 0 && actual.length === target.addresses.length;

/** True if the addresses are right already, and only something beside them is written. */
export const keepsAddresses = ({ actual, edits }: Change): boolean =>
  edits.length > 0 &&
  edits.every((edit) => edit.kind === 'update' && parseAddress(edit.record.content) === edit.address) &&
  actual.length > 0;
