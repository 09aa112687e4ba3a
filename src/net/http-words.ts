import type { Secret } from '../config/secret.ts';

const LONGEST = 200;
// C0, DEL and C1 controls, and the invisible characters that turn the direction of text (Unicode UAX #9).
const CONTROLS = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * A provider's own words, fit for a message: one line, no control characters, at most 200 characters, and none of
 * the given secrets, in case the provider repeats what it was sent (plainly, percent-encoded, in base64 or as JSON).
 */
export function cleanWords(text: string, secrets: readonly Secret[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    for (const form of formsOf(secret.reveal())) clean = clean.replaceAll(form, '[secret]');
  }
  clean = clean.replaceAll(CONTROLS, ' ').replaceAll(/\s+/g, ' ').trim();
  // By code points, so that a character outside the basic plane is not cut in half.
  const characters = [...clean];
  return characters.length <= LONGEST ? clean : `${characters.slice(0, LONGEST - 1).join('')}…`;
}

function formsOf(value: string): readonly string[] {
  // Shorter ones stand by chance in ordinary words; masking those would tell more than it hides.
  if (value.length < 4) return [];
  const forms = new Set([
    value,
    encodeURIComponent(value),
    Buffer.from(value).toString('base64'),
    JSON.stringify(value).slice(1, -1),
  ]);
  // The longest first: the plain form may be part of another.
  return [...forms].sort((a, b) => b.length - a.length);
}

/** True for hosts that never leave this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d+){3}$/.test(host)
  );
}
