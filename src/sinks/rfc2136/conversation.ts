import { OPCODE, RCODE } from '../../net/dns/codes.ts';
import { decodeHeader, decodeMessage } from '../../net/dns/decode.ts';
import { encodeMessage } from '../../net/dns/encode.ts';
import {
  type Exchange,
  ExchangeFailure,
  type ExchangeTiming,
  exchange,
  type Judgement,
  type Peer,
} from '../../net/dns/exchange.ts';
import type { Message, Question } from '../../net/dns/message.ts';
import { sameName } from '../../net/dns/names.ts';
import { type Signed, signMessage, type TsigKey, verifyMessage } from '../../net/dns/tsig.ts';
import { exchangeError } from './failures.ts';
import type { PeerOrder } from './peer-order.ts';

/** How to talk to servers. */
export interface Conversation {
  readonly key?: TsigKey | undefined;
  readonly transport: Exchange<unknown>['transport'];
  readonly timing: ExchangeTiming;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Seconds since 1970. */
  readonly wallSeconds: () => number;
  /** Where those who did not answer are remembered. */
  readonly order: PeerOrder;
}

/** An answer to our message, from the server asked, with our id and question, and with what its signature said. */
export interface Reply {
  readonly message: Message;
  readonly rcode: number;
  readonly peer: Peer;
  /** How often the request went out before this came back. */
  readonly sendings: number;
  readonly signature:
    | { readonly kind: 'none' | 'verified' }
    /** The server did not accept our signature (TSIG error code). */
    | { readonly kind: 'refused'; readonly error: number }
    /** The clocks differ: theirs minus ours, in seconds. */
    | { readonly kind: 'time'; readonly skew: number };
}

/**
 * Sends one message to the first of `peers` that can be reached; its id is chosen here. An UPDATE goes on to the next one only if it
 * cannot have arrived. @throws SinkError without an acceptable answer
 */
export async function converse(
  conversation: Conversation,
  peers: readonly Peer[],
  message: Message,
  signal: AbortSignal,
): Promise<Reply> {
  const purpose = message.opcode === OPCODE.UPDATE ? 'update' : 'query';
  let last: ExchangeFailure | undefined;
  for (const peer of conversation.order.sorted(peers)) {
    try {
      const reply = await converseWith(conversation, peer, message, signal);
      conversation.order.answered(peer);
      return reply;
    } catch (error) {
      if (!(error instanceof ExchangeFailure)) throw error;
      last = error;
      // One that was given up for another reason than time might still have answered.
      if (error.kind !== 'aborted' || isTimeout(signal)) conversation.order.silent(peer);
      if (error.kind === 'aborted' || (purpose === 'update' && error.sent)) break;
    }
  }
  throw exchangeError(
    last ?? new ExchangeFailure('unreachable', false, 'the server has no address'),
    purpose,
  );
}

const isTimeout = ({ reason }: AbortSignal): boolean =>
  reason instanceof Error && reason.name === 'TimeoutError';

async function converseWith(
  conversation: Conversation,
  peer: Peer,
  message: Message,
  signal: AbortSignal,
): Promise<Reply> {
  const { key, wallSeconds, timing, transport } = conversation;
  const id = Buffer.from(conversation.randomBytes(2)).readUInt16BE(0);
  const request = { ...message, id };
  const octets = encodeMessage(request);
  const signed = key && signMessage(octets, key, { time: wallSeconds() });
  const { value, sendings } = await exchange<Omit<Reply, 'peer' | 'sendings'>>({
    peer,
    transport,
    signal,
    timing,
    request: signed?.message ?? octets,
    judge: (answer) =>
      judge(answer, request, key && signed ? { key, signed, time: wallSeconds() } : undefined),
  });
  return { ...value, peer, sendings };
}

interface Proof {
  readonly key: TsigKey;
  readonly signed: Signed;
  readonly time: number;
}

function judge(
  octets: Uint8Array,
  request: Message,
  proof: Proof | undefined,
): Judgement<Omit<Reply, 'peer' | 'sendings'>> {
  const header = decodeHeader(octets);
  if (!header?.response || header.id !== request.id || header.opcode !== request.opcode) {
    return { kind: 'stranger' };
  }
  if (header.truncated) return { kind: 'truncated' };
  const message = decodeMessage(octets)?.message;
  if (message === undefined) return { kind: 'stranger', why: 'it was malformed' };
  if (!answersTo(message, request)) return { kind: 'stranger', why: 'it was about something else' };
  const { rcode } = message;
  if (proof === undefined) return { kind: 'answer', value: { message, rcode, signature: { kind: 'none' } } };

  const verification = verifyMessage(octets, proof.key, proof.time, proof.signed.mac);
  switch (verification.kind) {
    case 'verified':
      return { kind: 'answer', value: { message, rcode, signature: { kind: 'verified' } } };
    case 'time':
      return {
        kind: 'answer',
        value: { message, rcode, signature: { kind: 'time', skew: verification.skew } },
      };
    case 'error':
      // Cannot be signed (RFC 8945 section 5.2), so anybody could have sent it; a signed answer is given its chance.
      return {
        kind: 'doubtful',
        value: { message, rcode, signature: { kind: 'refused', error: verification.error } },
      };
    case 'unsigned':
      // A refusal without signature may be believed in the end, a success or data never.
      if (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN)
        return { kind: 'stranger', why: 'it was not signed' };
      return { kind: 'doubtful', value: { message, rcode, signature: { kind: 'none' } } };
    case 'forged':
      return { kind: 'stranger', why: verification.why };
  }
}

/** The question comes back as asked; only where nothing was done may it be missing (a bare header for FORMERR or NOTIMP). */
function answersTo(message: Message, request: Message): boolean {
  const [asked] = request.questions;
  const [echoed, ...more] = message.questions;
  if (echoed === undefined) return message.opcode === OPCODE.UPDATE || message.rcode !== RCODE.NOERROR;
  return more.length === 0 && asked !== undefined && sameQuestion(asked, echoed);
}

const sameQuestion = (a: Question, b: Question): boolean =>
  sameName(a.name, b.name) && a.type === b.type && a.class === b.class;
