import type { Secret } from '../config/secret.ts';
import type { Failure, FailureClass } from '../model/outcome.ts';
import type { HttpAnswer, HttpFailure } from '../net/http.ts';
import { cleanWords } from '../net/http-words.ts';

/** What the request was for: only a write leaves it unclear what was done. */
export type Effect = 'read' | 'write';

/** No wait longer than this is believed: recorded `Retry-After` and reset stamps reach from the past to decades ahead. */
const LONGEST_WAIT = 7 * 86_400_000;

/** An exchange that gave no answer, as the outcome class to go on with. */
export function failureOfHttpFailure(failure: HttpFailure, effect: Effect): Failure {
  const unclear = effect === 'write' && failure.sent;
  return {
    class: failure.sent ? 'transient' : 'unreachable',
    scope: 'sink',
    message: unclear ? `${failure.message}; it may have been carried out all the same` : failure.message,
    ...(unclear ? { unclear } : {}),
  };
}

interface StatusMeaning {
  readonly class: FailureClass;
  readonly scope: Failure['scope'];
  readonly means: string;
  /** The server may have done it before it failed. */
  readonly unclear?: true;
}

/** RFC 9110 section 15 and RFC 6585, for statuses that are no success. A provider's own words come first, if it has any. */
const STATUSES: Readonly<Record<number, StatusMeaning>> = {
  401: { class: 'credentials', scope: 'sink', means: 'login or key refused' },
  402: { class: 'refused', scope: 'sink', means: 'payment required' },
  403: { class: 'credentials', scope: 'sink', means: 'not allowed with these credentials' },
  404: { class: 'not_found', scope: 'record', means: 'not found' },
  407: { class: 'credentials', scope: 'sink', means: 'the proxy wants credentials' },
  408: { class: 'transient', scope: 'sink', means: 'the server waited too long for the request' },
  409: { class: 'conflict', scope: 'record', means: 'in conflict with what is there' },
  410: { class: 'not_found', scope: 'record', means: 'no longer there' },
  412: { class: 'conflict', scope: 'record', means: 'changed by somebody else meanwhile' },
  421: { class: 'transient', scope: 'sink', means: 'another server was meant' },
  423: { class: 'conflict', scope: 'record', means: 'locked' },
  425: { class: 'transient', scope: 'sink', means: 'too early' },
  429: { class: 'rate_limited', scope: 'sink', means: 'too many requests' },
  451: { class: 'refused', scope: 'sink', means: 'blocked for legal reasons' },
  500: { class: 'transient', scope: 'sink', means: 'the server failed', unclear: true },
  502: { class: 'transient', scope: 'sink', means: 'the server behind the gateway failed', unclear: true },
  503: { class: 'transient', scope: 'sink', means: 'the service is not available' },
  504: {
    class: 'transient',
    scope: 'sink',
    means: 'the server behind the gateway did not answer',
    unclear: true,
  },
};

function meaningOf(status: number): StatusMeaning {
  const known = STATUSES[status];
  if (known !== undefined) return known;
  if (status >= 500) return { class: 'transient', scope: 'sink', means: 'the server failed', unclear: true };
  if (status >= 400) return { class: 'invalid', scope: 'record', means: 'the request was refused' };
  // Not held: a captive portal redirects everything for a while, and the service itself has nothing to do with it.
  if (status >= 300)
    return { class: 'transient', scope: 'sink', means: 'redirected elsewhere, which is not followed' };
  return { class: 'transient', scope: 'sink', means: 'an answer that is not understood', unclear: true };
}

export interface StatusContext {
  readonly effect: Effect;
  /** Milliseconds since 1970, for a `Retry-After` that names a moment. */
  readonly now: number;
  /** The part of the answer worth showing; default: the body, unless it is a web page. */
  readonly words?: string;
  /** Kept out of the message, should the service repeat them. */
  readonly secrets?: readonly Secret[];
}

/** An answer whose status is no success, as the outcome class to go on with; with `Retry-After` in full. */
export function failureOfStatus(answer: HttpAnswer, context: StatusContext): Failure {
  const { unclear, means, ...meaning } = meaningOf(answer.status);
  const words = cleanWords(context.words ?? (isWebPage(answer.body) ? '' : answer.body), context.secrets);
  const retryAfter = retryAfterOf(answer.headers, context.now);
  const where = answer.status >= 300 && answer.status < 400 ? newPlace(answer) : '';
  return {
    ...meaning,
    message: `HTTP ${answer.status}: ${means}${where}${words === '' ? '' : ` (${words})`}`,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(unclear && context.effect === 'write' ? { unclear } : {}),
  };
}

/** Only the origin of Location: its path may repeat what was secret in ours. */
function newPlace(answer: HttpAnswer): string {
  const location = answer.headers['location'] ?? '';
  return URL.canParse(location) ? `, ${new URL(location).origin}` : '';
}

/**
 * Milliseconds to wait by `Retry-After`, in seconds or as a moment (RFC 9110 section 10.2.3). A moment counts from the
 * server's own `Date` where it gives one, so that neither clock need be right. `undefined` for none, past or malformed.
 */
export function retryAfterOf(headers: HttpAnswer['headers'], now: number): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  const wait = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : momentOf(text) - (momentOf(headers['date']) || now);
  return wait > 0 ? Math.min(wait, LONGEST_WAIT) : undefined;
}

// Date.parse reads nearly anything; an HTTP date always names its day (`Sun, 06 Nov 1994 08:49:37 GMT`).
const momentOf = (text = ''): number => (/^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN);

/** True for HTML where something else was due: an error page, a captive portal, a parked domain. */
export const isWebPage = (body: string): boolean =>
  /^\s*(?:<!doctype html|<html|<head|<body|<\?xml)/i.test(body);
