import type { Secret } from '../config/secret.ts';
import { createMask } from '../model/mask.ts';
import { oneLine, shortened } from '../model/words.ts';

/** The most of a provider's own words that a message repeats. */
const LONGEST = 200;

/** The most of a text that should have been something else: it may be anything, a key included, and its beginning says what it is. */
const LONGEST_QUOTE = 60;

/**
 * A provider's own words, fit for a message: one line, no control characters, at most 200 characters, and none of
 * the given secrets, in case the provider repeats what it was sent (plainly, percent-encoded, in base64 or as JSON). They are
 * taken out first: half of a secret, or one on another line, is not found again.
 */
export function cleanWords(text: string, secrets: readonly Secret[] = [], longest = LONGEST): string {
  const mask = createMask(secrets.map((secret) => secret.reveal()));
  return shortened(oneLine(mask.scrub(text)), longest);
}

/** A text that is not what was asked for, shown in part. */
export const quoted = (text: string): string => cleanWords(text, [], LONGEST_QUOTE);

/** True for hosts that never leave this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d+){3}$/.test(host)
  );
}
