// Import zod as `import * as z from 'zod'`, here and in every options schema: bundled, `import { z }` keeps all of its
// languages, which costs 11 ms of start and 2 MiB of memory more.
import * as z from 'zod';

// Each schema is used once or twice in a process: compiling it costs 3 ms and 1 MiB, and is never earned back.
z.config({ jitless: true });

/** Why a value is not taken, and what to write instead; `secret` keeps the value itself out of the report. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
  readonly secret?: boolean;
}

export type ReadResult<T> = { readonly value: T } | { readonly refused: Refusal };

/** A schema from anything to `T`; the usual `.optional()`, `.prefault('5s')`, `.meta({ description })` follow it. */
export type Reader<T> = z.ZodPipe<z.ZodUnknown, z.ZodTransform<T, unknown>>;

export type JsonSchema = Readonly<Record<string, unknown>>;

export const refuse = (message: string, remedy: string, secret = false): { readonly refused: Refusal } => ({
  refused: { message, remedy, secret },
});

/**
 * A schema made of one function. `json` is its JSON Schema for editors. Give defaults with `.prefault(text)`, never
 * `.default(value)`: the JSON Schema shows what is written in the file, not what comes of it.
 */
export function reader<T>(json: JsonSchema, read: (input: unknown) => ReadResult<T>): Reader<T> {
  return z
    .unknown()
    .meta(json)
    .transform((input, context): T => {
      const result = read(input);
      if ('value' in result) return result.value;
      const { message, ...params } = result.refused;
      const missing = input === undefined;
      context.addIssue({
        code: 'custom',
        message: missing ? 'is missing' : message,
        params,
        continue: false,
      });
      return z.NEVER;
    });
}

/** A reader of text: everything else is refused with the same words. `sort` completes "must be". */
export function textReader<T>(
  json: JsonSchema,
  sort: string,
  remedy: string,
  read: (text: string) => ReadResult<T>,
): Reader<T> {
  return reader({ type: 'string', ...json }, (input) =>
    typeof input === 'string' ? read(input) : refuse(`must be ${sort}`, remedy),
  );
}
