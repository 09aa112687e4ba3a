import { CLASS, EDNS_UDP_LENGTH, OPCODE, PLAIN_UDP_LENGTH, RCODE, TYPE } from '../../net/dns/codes.ts';
import { decodeHeader, decodeMessage } from '../../net/dns/decode.ts';
import { type Edns, EXTENDED_ERRORS, extendedError, optRecord, readEdns } from '../../net/dns/edns.ts';
import { encodeMessage, LONGEST_MESSAGE } from '../../net/dns/encode.ts';
import { EMPTY_MESSAGE, type Header, type Message, type Question } from '../../net/dns/message.ts';
import { labelsOf } from '../../net/dns/names.ts';
import { find, soaRecord } from './lookup.ts';
import type { RecordStore } from './store.ts';
import type { Zone } from './zones.ts';

/**
 * Octets that one octet of a query brings back over UDP at most, whatever the records are: a sender can be forged, and who is named as such
 * gets the answer. An address or two fit always; beyond it the asker comes back over TCP, which cannot be forged.
 */
export const MOST_AMPLIFIED = 5;

/** How an answer may travel: `udp` with the usual limits, `tcp` at length, `cut` as a mere "ask again over TCP". */
export type Carriage = 'udp' | 'tcp' | 'cut';

/**
 * The answer to one message, or `undefined` where silence is right: below 12 octets, and for answers (or two servers would talk
 * for ever). Total: any octets are a message to it. Standards: RFC 1035, 2308, 6891, 8482, 9619.
 */
export function respond(request: Uint8Array, carriage: Carriage, store: RecordStore): Uint8Array | undefined {
  const header = decodeHeader(request);
  if (header === undefined || header.response) return undefined;
  if (header.opcode !== OPCODE.QUERY) return bare(header, RCODE.NOTIMP);
  const message = decodeMessage(request)?.message;
  const [question, ...more] = message?.questions ?? [];
  if (message === undefined || question === undefined || more.length > 0) return bare(header, RCODE.FORMERR);
  const edns = readEdns(message);
  if (edns === 'malformed') return bare(header, RCODE.FORMERR);
  return withinLimit(answer(header, question, edns, store), edns, carriage, request.length);
}

const bare = (header: Header, rcode: number): Uint8Array => encodeMessage({ ...reply(header), rcode });

const reply = (header: Header): Message => ({
  ...EMPTY_MESSAGE,
  id: header.id,
  response: true,
  opcode: header.opcode,
  recursionDesired: header.recursionDesired,
});

type Body = Partial<Pick<Message, 'authoritative' | 'answers' | 'authorities' | 'additionals'>>;

function answer(header: Header, question: Question, edns: Edns | undefined, store: RecordStore): Message {
  const build = (rcode: number, body: Body = {}, extended?: number): Message => {
    const opt = edns && [
      optRecord({
        extendedRcode: rcode >> 4,
        dnssecOk: edns.dnssecOk,
        options: extended === undefined ? [] : [extendedError(extended)],
      }),
    ];
    return {
      ...reply(header),
      ...body,
      rcode: rcode & 0x0f,
      questions: [question],
      additionals: [...(body.additionals ?? []), ...(opt ?? [])],
    };
  };

  if (edns !== undefined && edns.version > 0) return build(RCODE.BADVERS);
  if (question.type === TYPE.OPT || question.type === TYPE.TSIG) return build(RCODE.FORMERR);
  const transfer = question.type === TYPE.AXFR || question.type === TYPE.IXFR;
  if (transfer || question.type === TYPE.TKEY || question.class !== CLASS.IN) return build(RCODE.REFUSED);

  const finding = find(store, question.name, question.type);
  switch (finding.kind) {
    case 'records':
      return build(RCODE.NOERROR, {
        authoritative: true,
        answers: finding.answers,
        additionals: finding.additionals,
      });
    case 'no_data':
      return build(RCODE.NOERROR, negative(store, finding.zone, question));
    case 'no_name':
      return build(RCODE.NXDOMAIN, negative(store, finding.zone, question));
    case 'not_ready':
      return build(RCODE.SERVFAIL, {}, EXTENDED_ERRORS.notReady);
    case 'foreign':
      return build(RCODE.REFUSED, {}, EXTENDED_ERRORS.notAuthoritative);
  }
}

function negative(store: RecordStore, zone: Zone, question: Question): Body {
  // The apex as the question spells it, so that it becomes a pointer: negative answers stay short.
  const apex = labelsOf(question.name).slice(-labelsOf(zone.apex).length).join('.');
  return { authoritative: true, authorities: [soaRecord(store, zone, apex)] };
}

/** Keeps within what the asker takes and may be sent: first without the additional records, then as an empty answer with TC (RFC 2181 section 9). */
function withinLimit(
  message: Message,
  edns: Edns | undefined,
  carriage: Carriage,
  asked: number,
): Uint8Array {
  const opt = message.additionals.filter((record) => record.type === TYPE.OPT);
  const cut: Message = { ...message, truncated: true, answers: [], authorities: [], additionals: opt };
  if (carriage === 'cut') return encodeMessage(cut);
  const taken = edns === undefined ? PLAIN_UDP_LENGTH : Math.min(edns.udpLength, EDNS_UDP_LENGTH);
  const limit = carriage === 'tcp' ? LONGEST_MESSAGE : Math.min(taken, asked * MOST_AMPLIFIED);
  for (const candidate of [message, { ...message, additionals: opt }]) {
    const octets = encodeMessage(candidate);
    if (octets.length <= limit) return octets;
  }
  return encodeMessage(cut);
}
