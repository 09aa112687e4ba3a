import type { FailureMeaning, MeaningText } from '../table/meaning.ts';

/**
 * The return codes of dyndns2 (the "Remote Access Update API" of Dyn, No-IP's "Integrate" page, and `!yours`/`!active` of its older
 * relatives). What is not in the table is not understood, and never a success.
 */
export const DYNDNS2_WORDS = {
  good: 'updated',
  nochg: 'unchanged',
  badauth: { class: 'credentials', means: 'user name or password is wrong' },
  '!donator': {
    class: 'refused',
    means: 'the account has no right to this feature; it may have to be paid for',
  },
  '!active': { class: 'refused', for: 'record', means: 'the host is not activated at the provider' },
  '!yours': { class: 'not_found', means: 'the host belongs to another account' },
  // About the name, whatever the address: another one is no reason to ask again.
  notfqdn: { class: 'not_found', means: 'the server takes it for no full domain name' },
  nohost: 'not_found',
  numhost: {
    class: 'invalid',
    for: 'account',
    means: 'too many names in one request; lower names_per_request',
  },
  abuse: { class: 'refused', means: 'blocked for abuse; only the provider can lift it, ask there' },
  badagent: { class: 'refused', means: 'the server refuses this client' },
  badsys: { class: 'refused', means: 'the server refuses this form of request' },
  // "The client must not try again before 30 minutes have passed": the remote access API on 911 and dnserr.
  dnserr: { class: 'transient', means: 'a DNS fault at the provider', wait: '30m' },
  '911': { class: 'transient', wait: '30m' },
} as const satisfies Readonly<Record<string, MeaningText>>;

const WAIT_UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `w30s`, `w5m`, `w1h`: the server asks to wait so long. `undefined` for other words. */
export function waitCode(word: string): FailureMeaning | undefined {
  const wait = /^w(\d{1,6})([smh])$/i.exec(word);
  if (wait === null) return undefined;
  const retryAfter = Number(wait[1]) * (WAIT_UNITS[wait[2]?.toLowerCase() ?? ''] ?? 0);
  return {
    kind: 'failed',
    class: 'rate_limited',
    account: true,
    means: 'the server asks to wait',
    retryAfter,
  };
}
