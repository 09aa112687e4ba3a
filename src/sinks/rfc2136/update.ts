import { addressFromBytes, familyOf, parseAddress } from '../../model/address.ts';
import type { Fqdn } from '../../model/name.ts';
import type { ActualRecord, RecordKey } from '../../model/record.ts';
import { CLASS, OPCODE, TYPE } from '../../net/dns/codes.ts';
import {
  EMPTY_MESSAGE,
  type Message,
  NO_DATA,
  type RecordData,
  type ResourceRecord,
} from '../../net/dns/message.ts';
import type { Change } from '../contract.ts';
import type { markParts } from './marks.ts';

/**
 * What must still hold for an update to be carried out:
 * - `as_read`: each RRset is as `read` found it, value for value, or still missing;
 * - `missing`: none of them exists;
 * - `none`: nothing, since nothing was read.
 *
 * Where no address is known to stand at a name, it must in any case not be an alias: a server leaves out what would stand beside a CNAME and
 * says NOERROR all the same (RFC 2136 section 3.4.2.2).
 */
export type Prerequisites = 'as_read' | 'missing' | 'none';

export interface UpdateInit {
  readonly zone: Fqdn;
  readonly prerequisites: Prerequisites;
  /** Seconds, for records that did not exist. */
  readonly ttl: number;
  /** What goes along to prove, or to take, ownership. */
  readonly marks?: (change: Change) => ReturnType<typeof markParts> | undefined;
}

/**
 * One UPDATE for several RRsets of a zone, atomic as a whole (RFC 2136 section 3.4.2.7): each is deleted and written anew with all its
 * addresses. Other names and types are not mentioned and so not touched.
 */
export function updateMessage(changes: readonly Change[], init: UpdateInit): Message {
  return {
    ...EMPTY_MESSAGE,
    opcode: OPCODE.UPDATE,
    questions: [{ name: init.zone, type: TYPE.SOA, class: CLASS.IN }],
    answers: changes.flatMap((change) => [
      ...prerequisites(change, init.prerequisites),
      ...(init.marks?.(change)?.prerequisites ?? []),
    ]),
    authorities: changes.flatMap((change) => [
      ...updates(change, init.ttl),
      ...(init.marks?.(change)?.updates ?? []),
    ]),
  };
}

function prerequisites({ target, actual }: Change, kind: Prerequisites): readonly ResourceRecord[] {
  const owner = rrset(target.key);
  if (kind === 'as_read' && actual.length > 0)
    return actual.map((record) => ({ ...owner, class: CLASS.IN, ttl: 0, data: dataOf(record) }));
  const missing = (type: number): ResourceRecord => ({
    ...owner,
    type,
    class: CLASS.NONE,
    ttl: 0,
    data: NO_DATA,
  });
  return [
    ...(kind === 'none' ? [] : [missing(owner.type)]),
    ...(target.addresses.length > 0 ? [missing(TYPE.CNAME)] : []),
  ];
}

function updates({ target, actual }: Change, defaultTtl: number): readonly ResourceRecord[] {
  const owner = rrset(target.key);
  const ttl = target.ttl ?? actual[0]?.ttl ?? defaultTtl;
  return [
    { ...owner, class: CLASS.ANY, ttl: 0, data: NO_DATA },
    ...target.addresses.map(
      (address): ResourceRecord => ({ ...owner, class: CLASS.IN, ttl, data: { kind: 'address', address } }),
    ),
  ];
}

const rrset = (key: RecordKey) => ({ name: key.name, type: TYPE[key.type] });

/** Where `ActualRecord.extra` keeps the content as it was on the wire, since an IPv4-mapped AAAA has no other faithful form. */
interface Wire {
  readonly data: RecordData;
}

/** What a record of the server's answer is to the rest of netdrift. A CNAME stands for itself, so that nobody writes beside it. */
export function actualRecord(key: RecordKey, record: ResourceRecord): ActualRecord {
  const extra: Wire = { data: record.data };
  return { key, content: contentOf(record.data), ttl: record.ttl, extra };
}

function contentOf(data: RecordData): string {
  switch (data.kind) {
    case 'address':
      return data.address;
    case 'name':
      return data.name;
    case 'soa':
      return data.primary;
    case 'opaque':
      return `::ffff:${addressFromBytes(data.octets.subarray(12)) ?? '0.0.0.0'}`;
  }
}

function dataOf(record: ActualRecord): RecordData {
  const wire = record.extra as Wire | undefined;
  if (wire !== undefined) return wire.data;
  const address = parseAddress(record.content);
  if (address === undefined) throw new TypeError(`not an address: ${record.content}`);
  return { kind: 'address', address };
}

/** The target of the CNAME that stands at a name, if one does: no address can be written there (RFC 2136 section 3.4.2.2). */
export function aliasAt(change: Change): string | undefined {
  return change.actual.find((record) => (record.extra as Wire | undefined)?.data.kind === 'name')?.content;
}

/** True if the addresses belong to the type; anything else would be a defect elsewhere, and no message to send. */
export function fitsType({ target }: Change): boolean {
  const family = target.key.type === 'A' ? 'ipv4' : 'ipv6';
  return target.addresses.every((address) => familyOf(address) === family);
}
