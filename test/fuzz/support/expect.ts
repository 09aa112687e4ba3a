import assert from 'node:assert/strict';

/** A message for people: one line, no control characters, of a bearable length. */
export function isFitToShow(message: string): void {
  assert.doesNotMatch(message, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u, 'control characters in a message');
  assert.ok(message.length <= 1_200, `a message of ${message.length} characters`);
}
