import type { SecretReference } from './secret.ts';

/** What became of a reference: the value, or why there is none and what to do. Neither text ever holds a value. */
export type SecretAnswer =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

/**
 * Answers for one secret of the configuration; called while a schema is being parsed. `harmless` says that text standing
 * in the file is most likely no secret at all, unless it looks like one.
 */
export type SecretSource = (reference: SecretReference, harmless: boolean) => SecretAnswer;

/** Literals stand for themselves; every reference is refused: for schemas parsed outside the loader. */
export const literalSecrets: SecretSource = (reference) =>
  typeof reference === 'string'
    ? { ok: true, value: reference }
    : {
        ok: false,
        message: 'the secret is a reference, and nothing here resolves references',
        remedy: 'read the configuration with loadConfiguration',
      };

let current: SecretSource = literalSecrets;

/**
 * Runs `parse` with `source` answering for every `secret()` in it. zod gives a schema no context of its own, and a
 * second walk over the result would come too late for refinements that look at the value (a key that must be
 * base64). Parsing is synchronous, so no other parse can see this source.
 */
export function withSecretSource<T>(source: SecretSource, parse: () => T): T {
  const previous = current;
  current = source;
  try {
    return parse();
  } finally {
    current = previous;
  }
}

export const answerSecret: SecretSource = (reference, harmless) => current(reference, harmless);
