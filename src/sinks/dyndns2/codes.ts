import type { Failure, FailureClass } from '../../model/outcome.ts';

/** What one return code says. `account` codes concern everything under this login and may come once for many names. */
export interface CodeMeaning {
  readonly class: FailureClass;
  readonly account: boolean;
  readonly means: string;
  /** Milliseconds. */
  readonly retryAfter?: number;
}

// "The client must not try again before 30 minutes have passed": the remote access API on 911 and dnserr.
const SERVICE_FAULT_WAIT = 30 * 60_000;

/**
 * The return codes of dyndns2 other than success (the "Remote Access Update API" of Dyn, No-IP's "Integrate" page, and
 * `!yours`/`!active` of its older relatives). One table: what is not in it is not understood, and never a success.
 */
const CODES: Readonly<Record<string, CodeMeaning>> = {
  badauth: { class: 'credentials', account: true, means: 'user name or password is wrong' },
  '!donator': {
    class: 'refused',
    account: true,
    means: 'the account has no right to this feature; it may have to be paid for',
  },
  '!active': { class: 'refused', account: false, means: 'the host is not activated at the provider' },
  '!yours': { class: 'not_found', account: false, means: 'the host belongs to another account' },
  notfqdn: { class: 'invalid', account: false, means: 'the server takes it for no full domain name' },
  nohost: {
    class: 'not_found',
    account: false,
    means: 'there is no such host in this account; create it at the provider',
  },
  numhost: {
    class: 'invalid',
    account: true,
    means: 'too many names in one request; lower names_per_request',
  },
  abuse: {
    class: 'refused',
    account: true,
    means: 'blocked for abuse; only the provider can lift it, ask there',
  },
  badagent: { class: 'refused', account: true, means: 'the server refuses this client' },
  badsys: { class: 'refused', account: true, means: 'the server refuses this form of request' },
  dnserr: {
    class: 'transient',
    account: true,
    means: 'a DNS fault at the provider',
    retryAfter: SERVICE_FAULT_WAIT,
  },
  '911': {
    class: 'transient',
    account: true,
    means: 'a fault at the provider',
    retryAfter: SERVICE_FAULT_WAIT,
  },
};

const WAIT_UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** The meaning of a code; `undefined` for unknown words. `w30s`, `w5m`, `w1h` ask to wait so long. */
export function meaningOf(code: string): CodeMeaning | undefined {
  const word = code.toLowerCase();
  if (Object.hasOwn(CODES, word)) return CODES[word];
  const wait = /^w(\d{1,6})([smh])$/.exec(word);
  if (wait === null) return undefined;
  const retryAfter = Number(wait[1]) * (WAIT_UNITS[wait[2] ?? ''] ?? 0);
  return { class: 'rate_limited', account: true, means: 'the server asks to wait', retryAfter };
}

/** @param alone false if the same answer treats other names otherwise: then even `abuse` is about this name only. */
export function failureOfCode(code: string, meaning: CodeMeaning, alone: boolean): Failure {
  return {
    class: meaning.class,
    scope: meaning.account && alone ? 'sink' : 'record',
    message: `${code}: ${meaning.means}`,
    ...(meaning.retryAfter === undefined ? {} : { retryAfter: meaning.retryAfter }),
  };
}
