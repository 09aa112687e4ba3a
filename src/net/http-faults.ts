import { HttpFailure } from './http.ts';

/** How far an exchange came; what a failure means depends on it. */
export interface Progress {
  /** The connection is ready, and from here on octets of the request may have reached the peer. */
  sent: boolean;
  /** The status line and header have come. */
  answered: boolean;
}

/** The reason given to what `renew` drops: for the caller a lost connection, not an abort of its own. */
export const NETWORK_CHANGED = Symbol('network changed');

const RESOLVE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'EAI_FAMILY',
  'ENODATA',
  // What c-ares calls them.
  'ESERVFAIL',
  'EREFUSED',
  'ETIMEOUT',
  'EBADRESP',
]);

/** undici's or Node's error of one exchange as an `HttpFailure`. `place` is the origin: nothing else of a URL is ever shown. */
export function faultOf(error: unknown, progress: Progress, place: string): HttpFailure {
  if (error instanceof HttpFailure) return error;
  const code = codeOf(error);
  const fail = (kind: HttpFailure['kind'], what: string): HttpFailure =>
    new HttpFailure(kind, progress.sent, `${place}: ${what}`, { cause: withoutDetails(error, code) });

  if (RESOLVE.has(code)) return fail('resolve', `the name could not be resolved (${code})`);
  // Checks before anything is opened: a header value with a line break and the like.
  if (code === 'UND_ERR_INVALID_ARG' || code.startsWith('ERR_INVALID')) {
    return fail('malformed', `the request could not be formed (${code})`);
  }
  if (!progress.sent) {
    return isOfTls(error, code)
      ? fail('tls', `no TLS connection (${tlsWords(error, code)})`)
      : fail('connect', `no connection (${connectWords(error, code)})`);
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return fail('too_large', 'the header of the answer is too large');
  if (isParserError(error)) return fail('malformed', 'the answer is not HTTP');
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return fail('malformed', 'the length of the answer is not the one it names');
  }
  if (code === 'ETIMEDOUT') return fail('timeout', 'the connection died without a word (ETIMEDOUT)');
  const when = progress.answered ? 'in the middle of the answer' : 'before an answer';
  return fail('reset', `the connection was closed ${when} (${code || 'unknown'})`);
}

/** undici's errors for octets that are no answer, or more than one; they have no code of their own (7.30). */
export function isParserError(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'HTTPParserError' || error.message === 'bad response');
}

/** Before the request is sent, what fails is either a call that opens the connection, or the handshake on it. */
function isOfTls(error: unknown, code: string): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  const opening = syscall === 'connect' || syscall === 'bind' || error instanceof AggregateError;
  return !opening && !(code.startsWith('UND_ERR_') && code !== 'UND_ERR_PRX_TLS');
}

function connectWords(error: unknown, code: string): string {
  const status = /Proxy response \((\d{3})\)/.exec(error instanceof Error ? error.message : '')?.[1];
  return status === undefined ? code || 'unknown' : `the proxy answered ${status} to CONNECT`;
}

/** The failure for a signal: `timeout` where the signal was a deadline, `aborted` for every other reason. */
export function faultOfSignal(signal: AbortSignal, progress: Progress, place: string): HttpFailure {
  if (signal.reason === NETWORK_CHANGED) {
    return new HttpFailure('reset', progress.sent, `${place}: dropped, since the network has changed`);
  }
  const deadline = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
  const stage = !progress.sent ? 'connecting' : progress.answered ? 'reading the answer' : 'waiting';
  return deadline
    ? new HttpFailure('timeout', progress.sent, `${place}: the deadline passed while ${stage}`)
    : new HttpFailure('aborted', progress.sent, `${place}: given up while ${stage}`);
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

function tlsWords(error: unknown, code: string): string {
  if (code === 'ECONNRESET') return 'closed during the handshake';
  const text = error instanceof Error ? error.message : '';
  // OpenSSL's own text carries source file names of the build; its reason is the part after `SSL routines:`.
  const reason = /SSL routines:[^:]*:([^:]+)/.exec(text)?.[1];
  return reason ?? (code || 'unknown');
}

/** Node puts the whole request into some errors; only code and name go on. */
function withoutDetails(error: unknown, code: string): Error {
  return new Error(code || (error instanceof Error ? error.name : 'unknown'));
}
