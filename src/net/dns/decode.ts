import { addressFromBytes, familyOf } from '../../model/address.ts';
import { CLASS, HEADER_LENGTH, TYPE } from './codes.ts';
import type { Header, Message, Question, RecordData, ResourceRecord } from './message.ts';
import { readName } from './names.ts';

export interface Decoded {
  readonly message: Message;
  /** Offset where the last record begins; TSIG, which must be the last one, is cut off there. 0 without records. */
  readonly lastRecordAt: number;
}

/** Reads the header alone, for answering a message whose rest is not understood. `undefined` below 12 octets. */
export function decodeHeader(octets: Uint8Array): Header | undefined {
  if (octets.length < HEADER_LENGTH) return undefined;
  const view = viewOf(octets);
  const flags = view.getUint16(2);
  return {
    id: view.getUint16(0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0x0f,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    rcode: flags & 0x0f,
  };
}

/**
 * Reads a whole message, strictly: every count kept, every length right, nothing left over. `undefined` for anything else. Total and
 * linear in the length of the input: a name costs at most 255 octets and 127 pointers, wherever they lead.
 */
export function decodeMessage(octets: Uint8Array): Decoded | undefined {
  const header = decodeHeader(octets);
  if (header === undefined) return undefined;
  const view = viewOf(octets);
  let at = HEADER_LENGTH;

  const questions: Question[] = [];
  for (let count = view.getUint16(4); count > 0; count -= 1) {
    const name = readName(octets, at);
    if (name === undefined || name.next + 4 > octets.length) return undefined;
    questions.push({
      name: name.name,
      type: view.getUint16(name.next),
      class: view.getUint16(name.next + 2),
    });
    at = name.next + 4;
  }

  let lastRecordAt = 0;
  const sections: ResourceRecord[][] = [];
  for (const countAt of [6, 8, 10]) {
    const records: ResourceRecord[] = [];
    for (let count = view.getUint16(countAt); count > 0; count -= 1) {
      const record = readRecord(octets, view, at);
      if (record === undefined) return undefined;
      lastRecordAt = at;
      records.push(record.record);
      at = record.next;
    }
    sections.push(records);
  }
  if (at !== octets.length) return undefined;
  const [answers = [], authorities = [], additionals = []] = sections;
  return { message: { ...header, questions, answers, authorities, additionals }, lastRecordAt };
}

function readRecord(
  octets: Uint8Array,
  view: DataView,
  offset: number,
): { record: ResourceRecord; next: number } | undefined {
  const name = readName(octets, offset);
  if (name === undefined || name.next + 10 > octets.length) return undefined;
  const type = view.getUint16(name.next);
  const recordClass = view.getUint16(name.next + 2);
  const start = name.next + 10;
  const end = start + view.getUint16(name.next + 8);
  if (end > octets.length) return undefined;
  const data = readData(octets, view, { type, recordClass, start, end });
  if (data === undefined) return undefined;
  const record = { name: name.name, type, class: recordClass, ttl: view.getUint32(name.next + 4), data };
  return { record, next: end };
}

interface DataPlace {
  readonly type: number;
  readonly recordClass: number;
  readonly start: number;
  readonly end: number;
}

function readData(octets: Uint8Array, view: DataView, place: DataPlace): RecordData | undefined {
  const { type, recordClass, start, end } = place;
  const opaque: RecordData = { kind: 'opaque', octets: Uint8Array.from(octets.subarray(start, end)) };
  // UPDATE names RRsets by records of class ANY or NONE without content (RFC 2136 sections 2.4 and 2.5).
  const empty = start === end && (recordClass === CLASS.ANY || recordClass === CLASS.NONE);
  if (empty || (recordClass !== CLASS.IN && recordClass !== CLASS.NONE)) return opaque;
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA: {
      if (end - start !== (type === TYPE.A ? 4 : 16)) return undefined;
      const address = addressFromBytes(octets.subarray(start, end));
      // An IPv4-mapped AAAA is read as IPv4 by the model; its octets would not come back.
      const faithful = address !== undefined && (familyOf(address) === 'ipv4') === (type === TYPE.A);
      return faithful ? { kind: 'address', address } : opaque;
    }
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.PTR:
    case TYPE.DNAME: {
      const name = readName(octets, start);
      return name?.next === end ? { kind: 'name', name: name.name } : undefined;
    }
    case TYPE.SOA: {
      const primary = readName(octets, start);
      const mailbox = primary && readName(octets, primary.next);
      if (mailbox === undefined || mailbox.next + 20 !== end) return undefined;
      return {
        kind: 'soa',
        primary: primary?.name ?? '',
        mailbox: mailbox.name,
        serial: view.getUint32(mailbox.next),
        refresh: view.getUint32(mailbox.next + 4),
        retry: view.getUint32(mailbox.next + 8),
        expire: view.getUint32(mailbox.next + 12),
        minimum: view.getUint32(mailbox.next + 16),
      };
    }
    default:
      return opaque;
  }
}

const viewOf = (octets: Uint8Array): DataView =>
  new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
