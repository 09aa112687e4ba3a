import type * as z from 'zod';
import type { Finding } from './findings.ts';
import type { Path } from './problems.ts';
import { suggest } from './suggest.ts';

/** "Unknown key", with the key that was meant if one is near. Its value is never shown: it may be `pasword`. */
export function unknownKey(path: Path, key: string, known: readonly string[]): Finding {
  const meant = suggest(key, known);
  const choice = known.length === 0 ? 'remove it' : `remove it, or use one of: ${known.join(', ')}`;
  return {
    path,
    message: meant === undefined ? 'is not a known key' : `is not a known key; did you mean ${meant}?`,
    remedy: meant === undefined ? choice : `write ${meant}, or remove the key`,
    at: 'key',
  };
}

/** A word that is none of several; for names of providers and detectors too. */
export function wrongChoice(
  path: Path,
  value: unknown,
  choices: readonly unknown[],
  wrong = 'is not one of the possible words',
): Finding {
  const words = choices.map(String);
  const meant = typeof value === 'string' ? suggest(value, words) : undefined;
  const question = meant === undefined ? '' : `; did you mean ${meant}?`;
  return {
    path,
    message: value === null ? 'has no value' : `${wrong}${question}`,
    remedy: words.length === 1 ? `write ${words[0]}` : `write one of: ${words.join(', ')}`,
    show: shownAs(value),
    missing: value === null,
  };
}

export function missing(path: Path): Finding {
  const key = path.at(-1);
  return { path, message: 'is missing', remedy: `add the key ${key ?? ''}`.trim(), missing: true };
}

const SORTS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

const HOW: Readonly<Record<string, string>> = {
  string: 'write text; a number or true/false that is meant as text needs quotes',
  number: 'write a number without quotes or unit',
  int: 'write a number without quotes, unit or fraction',
  boolean: 'write true or false (yes, no, on and off are plain text in YAML 1.2)',
  array: 'write a list: [first, second], or one line with "- " for each',
  object: 'write a mapping: indented `key: value` lines, or { key: value }',
  record: 'write a mapping: indented `key: value` lines, or { key: value }',
};

/** What a value of the file is, in one or two words. */
export function sortOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return SORTS[typeof value] ?? 'something else';
}

export function wrongType(path: Path, value: unknown, expected: string): Finding {
  if (value === undefined) return missing(path);
  const remedy = HOW[expected] ?? 'see what the documentation says about this key';
  if (value === null)
    return { path, message: 'has no value', remedy: `${remedy}; or remove the key`, missing: true };
  // .nan and .inf are numbers to YAML.
  const found = typeof value === 'number' && !Number.isFinite(value) ? 'none that counts' : sortOf(value);
  const message = `must be ${SORTS[expected] ?? expected}, but is ${found}`;
  // A scalar in place of a mapping may be anything, a password at the wrong depth too.
  const scalar = ['string', 'number', 'int', 'boolean'].includes(expected);
  return { path, message, remedy, show: scalar ? shownAs(value) : 'nothing' };
}

type SizeIssue = Extract<z.core.$ZodIssue, { readonly code: 'too_small' | 'too_big' }>;

export function size(issue: SizeIssue): Pick<Finding, 'message' | 'remedy'> {
  const small = issue.code === 'too_small';
  const bound = String(small ? issue.minimum : issue.maximum);
  const exclusive = issue.inclusive === false;
  const limit = exclusive
    ? `${small ? 'more' : 'less'} than ${bound}`
    : `at ${small ? 'least' : 'most'} ${bound}`;
  switch (issue.origin) {
    case 'string':
      return small && bound === '1'
        ? { message: 'is empty', remedy: 'write something, or remove the key' }
        : { message: `is too ${small ? 'short' : 'long'}`, remedy: `write ${limit} characters` };
    case 'array':
    case 'set':
    case 'map':
      return small && bound === '1'
        ? { message: 'lists nothing', remedy: 'list at least one, or remove the key' }
        : { message: `lists too ${small ? 'few' : 'many'}`, remedy: `list ${limit}` };
    default:
      return { message: `is too ${small ? 'small' : 'large'}`, remedy: `write ${limit}` };
  }
}

/** Scalars are shown, unless something makes a secret of them. */
export const shownAs = (value: unknown): 'value' | 'nothing' =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? 'value' : 'nothing';
