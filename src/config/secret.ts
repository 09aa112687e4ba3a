import { inspect } from 'node:util';

/** Where a secret stands: literally in the file, in the environment, in a file, or in a systemd credential. */
export type SecretReference =
  | string
  | { readonly env: string }
  | { readonly file: string }
  | { readonly credential: string };

/**
 * A secret value that does not show itself: text, JSON and `util.inspect` all give `[secret]`.
 * Only `reveal()` gives the value, at the moment a request is made.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
