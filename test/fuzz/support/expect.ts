import assert from 'node:assert/strict';

/** What could move the cursor of a terminal or turn the direction of its text; line breaks aside. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** A message for people: one line, no control characters, of a bearable length. */
export function isFitToShow(message: string): void {
  assert.doesNotMatch(message, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u, 'control characters in a message');
  assert.ok(message.length <= 1_200, `a message of ${message.length} characters`);
}
