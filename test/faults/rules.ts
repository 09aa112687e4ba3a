/** What one kind of provider bears, as its documentation says. */
export interface Rules {
  readonly provider: string;
  /** Words after which a value stands as asked for, and asking again for the same is abuse. */
  readonly success: ReadonlySet<string>;
  /** Words after which nothing may be sent until a person has acted, and for what. */
  readonly permanent: ReadonlyMap<string, 'account' | 'record'>;
  /** Milliseconds of silence after a word, for the whole account. */
  readonly waits: ReadonlyMap<string, number>;
  /** Milliseconds between two writes of one record. */
  readonly minimumGap: number;
  /** Requests for one record in any window, beside one for each change, that no provider minds. */
  readonly burst: { readonly window: number; readonly requests: number };
}

const MINUTE = 60_000;

/**
 * The "Remote Access Update API" of Dyn (help.dyn.com/remote-access-api) and what No-IP adds (www.noip.com/integrate/response): 30
 * minutes after 911 and dnserr; nothing after the words that only a person can mend; never the same address again after `good` or
 * `nochg`. The statuses are those of RFC 9110 and RFC 6585.
 */
export function dyndns2Rules(minimumGap: number): Rules {
  return {
    provider: 'dyndns2',
    success: new Set(['good', 'nochg']),
    permanent: new Map([
      ...['badauth', '!donator', 'abuse', 'badagent', 'badsys', 'HTTP 401', 'HTTP 403'].map(
        (word) => [word, 'account'] as const,
      ),
      ...['nohost', 'notfqdn', '!yours', 'HTTP 404'].map((word) => [word, 'record'] as const),
    ]),
    waits: new Map([
      ['911', 30 * MINUTE],
      ['dnserr', 30 * MINUTE],
      // RFC 6585 section 4 names no time; a minute is the least that does any good.
      ['HTTP 429', MINUTE],
    ]),
    minimumGap,
    // Waits of 2, 4, 8, 16 and 32 s and one for each change: what netdrift itself promises for a provider in trouble.
    burst: { window: MINUTE, requests: 7 },
  };
}

/** Milliseconds of silence that an answer calls for. */
export function waitAfter(rules: Rules, answer: { readonly said: string; readonly wait?: number }): number {
  return answer.wait ?? rules.waits.get(answer.said) ?? 0;
}
