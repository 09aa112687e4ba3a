import { type Family, recordTypeOf } from '../../model/family.ts';
import { CLASS, OPCODE, RCODE, rcodeText, TYPE } from '../../net/dns/codes.ts';
import { decodeHeader, decodeMessage } from '../../net/dns/decode.ts';
import { encodeMessage } from '../../net/dns/encode.ts';
import type { Judgement } from '../../net/dns/exchange.ts';
import { EMPTY_MESSAGE, type Message, type ResourceRecord } from '../../net/dns/message.ts';
import { sameName } from '../../net/dns/names.ts';
import { type AddressText, checkFamily, readAddressText } from './answer.ts';
import type { WhoamiName } from './dns-services.ts';

/** One question as it goes out. */
export interface WhoamiQuestion extends WhoamiName {
  /** 16 bits that nobody can guess (RFC 5452 section 9.2). */
  readonly id: number;
  readonly family: Family;
}

const typeName = ({ type, family }: WhoamiQuestion): 'A' | 'AAAA' | 'TXT' =>
  type === 'address' ? recordTypeOf(family) : type;

export function encodeWhoami(question: WhoamiQuestion): Uint8Array {
  const { id, name, authoritative } = question;
  return encodeMessage({
    ...EMPTY_MESSAGE,
    id,
    // Not desired of a server that is to know by itself: a resolver in its place has then less reason to go and ask.
    recursionDesired: !authoritative,
    questions: [{ name, type: TYPE[typeName(question)], class: CLASS[question.class] }],
  });
}

/**
 * What a message received is worth as an answer to `question`. Taken is only one with its id, its question, and exactly one record of the name,
 * type and class asked, which is exactly one address of the family: no chain of aliases, nothing searched for. Total: never throws.
 */
export function judgeWhoami(octets: Uint8Array, question: WhoamiQuestion): Judgement<AddressText> {
  const header = decodeHeader(octets);
  if (header === undefined) return { kind: 'stranger', why: 'it is too short for a DNS message' };
  if (!header.response || header.id !== question.id || header.opcode !== OPCODE.QUERY) {
    return { kind: 'stranger', why: 'it does not belong to the question' };
  }
  if (header.truncated) return { kind: 'truncated' };
  const message = decodeMessage(octets)?.message;
  if (message === undefined) return { kind: 'stranger', why: 'it is malformed' };
  // A server that cannot read the question does not repeat it (RFC 1035 section 4.1.1, FORMERR).
  const unread = message.questions.length === 0 && message.rcode !== RCODE.NOERROR;
  if (!unread && !repeats(message, question)) {
    return { kind: 'stranger', why: 'it is about another question' };
  }
  return { kind: 'answer', value: read(message, question) };
}

function repeats({ questions }: Message, asked: WhoamiQuestion): boolean {
  const [repeated] = questions;
  return repeated !== undefined && questions.length === 1 && isAsked(repeated, asked);
}

const isAsked = (
  entry: { readonly name: string; readonly type: number; readonly class: number },
  asked: WhoamiQuestion,
): boolean =>
  sameName(entry.name, asked.name) &&
  entry.type === TYPE[typeName(asked)] &&
  entry.class === CLASS[asked.class];

function read(message: Message, asked: WhoamiQuestion): AddressText {
  if (message.rcode !== RCODE.NOERROR) return wrong(`answered ${rcodeText(message.rcode)}`);
  if (asked.authoritative && !message.authoritative) {
    return wrong('not the answer of the server itself: somebody on the path answers in its place');
  }
  const [record, ...more] = message.answers;
  const wanted = typeName(asked);
  if (record === undefined) return wrong(`answered without a record of type ${wanted}`);
  if (more.length > 0) return wrong(`answered with ${message.answers.length} records and not one`);
  if (!isAsked(record, asked))
    return wrong(`answered with a record other than the ${wanted} record asked for`);
  return readRecord(record, asked.family);
}

function readRecord({ data, type }: ResourceRecord, family: Family): AddressText {
  if (data.kind === 'address') return checkFamily(data.address, family);
  if (data.kind !== 'opaque' || type !== TYPE.TXT) return wrong('the record holds no plain address');
  const [length, ...rest] = data.octets;
  // Character strings with their length before them (RFC 1035 section 3.3.14).
  if (length === undefined || length > rest.length) return wrong('the TXT record is malformed');
  if (length < rest.length) return wrong('the TXT record holds several strings and not one');
  return readAddressText(Buffer.from(rest).toString('latin1'), family);
}

const wrong = (why: string): AddressText => ({ kind: 'wrong', why });
