import type { IpAddress } from '../../model/address.ts';
import { PLAIN_UDP_LENGTH } from './codes.ts';
import { exchangeTcp } from './exchange-tcp.ts';
import { exchangeUdp } from './exchange-udp.ts';

/** One server to talk to. */
export interface Peer {
  readonly host: IpAddress;
  readonly port: number;
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export const peerText = (peer: Peer): string =>
  peer.host.includes(':') ? `[${peer.host}]:${peer.port}` : `${peer.host}:${peer.port}`;

/**
 * What a message received is worth, decided by the caller:
 * - `answer`: this is it;
 * - `doubtful`: take it if nothing better comes within a moment (an error that the server could not sign);
 * - `truncated`: ask again over TCP;
 * - `stranger`: not an answer to this question; `why` is kept for the message, if nothing better ever comes.
 */
export type Judgement<Value> =
  | { readonly kind: 'answer'; readonly value: Value }
  | { readonly kind: 'doubtful'; readonly value: Value }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'stranger'; readonly why?: string };

export interface Exchange<Value> {
  readonly peer: Peer;
  readonly request: Uint8Array;
  /**
   * `auto`: UDP first where the request fits 512 octets, then TCP if the answer is truncated, and if there is none where the timing says so.
   * `tls`: RFC 7858.
   */
  readonly transport: 'auto' | 'tcp' | 'tls';
  /** The name the server's certificate must hold; without it the peer's address. For `tls` only. */
  readonly tlsName?: string | undefined;
  /** Source address, of the peer's family; without it the system chooses. */
  readonly localAddress?: IpAddress | undefined;
  readonly signal: AbortSignal;
  readonly timing: ExchangeTiming;
  readonly judge: (message: Uint8Array) => Judgement<Value>;
}

/** Milliseconds. */
export interface ExchangeTiming {
  /** How long to wait for an answer after each sending of a datagram; the number of entries is the number of sendings. */
  readonly datagramWaits: readonly number[];
  /** How long a doubtful answer waits for a better one. */
  readonly doubt: number;
  /** For a whole exchange over TCP, connecting included. */
  readonly stream: number;
  /** How long to try to connect over TCP when no datagram was answered: a firewall may drop UDP alone. Without it nobody tries. */
  readonly fallback?: number;
}

export const DEFAULT_TIMING: ExchangeTiming = {
  datagramWaits: [1_000, 2_000, 4_000],
  doubt: 200,
  stream: 10_000,
};

export interface Exchanged<Value> {
  readonly value: Value;
  /** How often the request went out; an earlier copy may have been carried out before the one answered. */
  readonly sendings: number;
}

/** Why no answer was had. `sent`: whether the request may have reached the server. */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure';
  readonly kind: 'unreachable' | 'timeout' | 'aborted' | 'broken';
  readonly sent: boolean;

  constructor(kind: ExchangeFailure['kind'], sent: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.sent = sent;
  }
}

/**
 * Sends one request and waits for the answer that `judge` accepts. Only datagrams from the very peer are looked at (connected
 * socket). Rejects with `ExchangeFailure` only; leaves no socket and no timer behind.
 */
export async function exchange<Value>(task: Exchange<Value>): Promise<Exchanged<Value>> {
  if (task.signal.aborted) throw new ExchangeFailure('aborted', false, 'aborted before anything was sent');
  if (task.transport !== 'auto' || task.request.length > PLAIN_UDP_LENGTH) return exchangeTcp(task, 0);
  const result = await exchangeUdp(task);
  switch (result.kind) {
    case 'answered':
      return { value: result.value, sendings: result.sendings };
    case 'truncated':
      return exchangeTcp(task, result.sendings);
    case 'silent':
      return withoutDatagrams(task, result.sendings, result.failure);
  }
}

/** Over TCP what no datagram brought. The failure is that of the datagrams, with what came of this beside it. */
async function withoutDatagrams<Value>(
  task: Exchange<Value>,
  sendings: number,
  silence: ExchangeFailure,
): Promise<Exchanged<Value>> {
  const { fallback } = task.timing;
  if (fallback === undefined) throw silence;
  try {
    return await exchangeTcp(task, sendings, fallback);
  } catch (error) {
    if (!(error instanceof ExchangeFailure) || error.kind === 'aborted') throw error;
    throw new ExchangeFailure(silence.kind, silence.sent, `${silence.message}; then ${error.message}`);
  }
}

/** The wording of one system error: `ECONNREFUSED`, else its message. */
export function systemErrorText(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}
