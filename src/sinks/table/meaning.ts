import * as z from 'zod';
import { duration } from '../../config/schema-types.ts';
import type { Failure, FailureClass } from '../../model/outcome.ts';

/** What a word or a status of a service says. */
export type Meaning = { readonly kind: 'updated' | 'unchanged' } | FailureMeaning;

export interface FailureMeaning {
  readonly kind: 'failed';
  readonly class: FailureClass;
  /** True for what concerns everything under this login; it may come once for many names. */
  readonly account: boolean;
  readonly means: string;
  /** Milliseconds. */
  readonly retryAfter?: number;
}

const CLASSES = [
  'transient',
  'rate_limited',
  'conflict',
  'credentials',
  'not_found',
  'invalid',
  'refused',
] as const;
type WordClass = (typeof CLASSES)[number];

const MEANS: Readonly<Record<WordClass, string>> = {
  transient: 'a fault at the provider',
  rate_limited: 'too many updates in too short a time',
  conflict: 'in conflict with what is there',
  credentials: 'the credentials are refused',
  not_found: 'there is no such host in this account; create it at the provider',
  invalid: 'the request is refused as malformed',
  refused: 'refused by the provider; ask there',
};

/** Of one name unless listed here: these are about the login, or the service as a whole. */
const OF_ACCOUNT: ReadonlySet<WordClass> = new Set(['transient', 'rate_limited', 'credentials', 'refused']);

/** As rows and the configuration write it: `updated`, `unchanged`, the class of a failure, or that class with more said. */
export type MeaningText =
  | 'updated'
  | 'unchanged'
  | WordClass
  | {
      readonly class: WordClass;
      readonly for?: 'account' | 'record' | undefined;
      readonly means?: string | undefined;
      readonly wait?: unknown;
    };

export const meaningSchema: z.ZodType<Meaning, MeaningText> = z
  .union([
    z.enum(['updated', 'unchanged', ...CLASSES]),
    z.strictObject({
      class: z.enum(CLASSES),
      for: z.enum(['account', 'record']).optional(),
      means: z.string().min(1).max(200).optional(),
      wait: duration().optional(),
    }),
  ])
  .transform((said): Meaning => {
    if (said === 'updated' || said === 'unchanged') return { kind: said };
    const whole = typeof said === 'string' ? { class: said } : said;
    const { for: whom, means = MEANS[whole.class], wait } = { for: undefined, wait: undefined, ...whole };
    const account = whom === undefined ? OF_ACCOUNT.has(whole.class) : whom === 'account';
    const base = { kind: 'failed', class: whole.class, account, means } as const;
    return wait === undefined ? base : { ...base, retryAfter: wait };
  });

/** @param alone false if the same answer treats other names otherwise: then even what is said of the account is about this name only. */
export function failureOfMeaning(word: string, meaning: FailureMeaning, alone = true): Failure {
  return {
    class: meaning.class,
    scope: meaning.account && alone ? 'sink' : 'record',
    message: `${word}: ${meaning.means}`,
    ...(meaning.retryAfter === undefined ? {} : { retryAfter: meaning.retryAfter }),
  };
}
