import type * as z from 'zod';
import type { Finding } from './findings.ts';
import { missing, shownAs, size, unknownKey, wrongChoice, wrongType } from './issue-words.ts';
import type { Path } from './problems.ts';

type Issue = z.core.$ZodIssue;

/** The keys that a mapping at a path could have, to suggest one for an unknown one. */
type KeysFor = (path: Path) => readonly string[];

/** What zod found, in words for people; `input` is the value that was parsed. */
export function issueFindings(issue: Issue, input: unknown, keysFor: KeysFor): readonly Finding[] {
  const path = pathInFile(issue.path, input);
  const value = valueAt(input, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], key, keysFor(path)));
    case 'invalid_type':
      return [wrongType(path, value, issue.expected)];
    case 'invalid_value':
      return [value === undefined ? missing(path) : wrongChoice(path, value, issue.values)];
    case 'too_small':
    case 'too_big':
      return [{ path, ...size(issue), show: shownAs(value) }];
    case 'invalid_union':
      return union(issue, path, value, keysFor);
    case 'invalid_key':
      // What stands behind a wrong key was never parsed, so nobody knows yet whether it is a secret.
      return issue.issues.flatMap((inner) =>
        issueFindings(inner, valueAt(input, path.slice(0, -1)), keysFor).map(
          ({ message, remedy }): Finding => ({ path, message, remedy, at: 'key' }),
        ),
      );
    case 'invalid_element':
      return issue.issues.flatMap((inner) =>
        issueFindings(inner, value, (place) => keysFor([...path, ...place])).map((finding) => ({
          ...finding,
          path: [...path, ...finding.path],
        })),
      );
    case 'invalid_format':
    case 'not_multiple_of':
    case 'custom':
      return [own(issue, path, value)];
    default:
      return [
        { path, message: 'is not valid here', remedy: 'see what the documentation says about this key' },
      ];
  }
}

type UnionIssue = Extract<Issue, { readonly code: 'invalid_union' }>;

/** The branch that got furthest speaks; if all fail at once, the sorts that would do are named together. */
function union(issue: UnionIssue, path: Path, value: unknown, keysFor: KeysFor): readonly Finding[] {
  if (value === undefined) return [missing(path)];
  const told = (inner: Issue) => issueFindings(inner, value, (place) => keysFor([...path, ...place]));
  const within = (findings: readonly Finding[]) =>
    findings.map((finding) => ({ ...finding, path: [...path, ...finding.path] }));
  const branches = issue.errors.filter((errors) => errors.length > 0);
  const deep = branches
    .map((errors) => errors.flatMap(told))
    .filter((form) => form.every(({ path: at }) => at.length > 0));
  const [nearest] = deep.sort((a, b) => a.length - b.length);
  if (nearest !== undefined) return within(nearest);
  const all = branches.flat().flatMap(told);
  const secret = all.some(({ show }) => show === 'secret');
  // The form of the right sort knows what is wrong; the others only know that they are not meant.
  const right = branches.filter((errors) => errors.every((inner) => !isOtherSort(inner, value)));
  const [only, ...others] = right;
  if (only !== undefined && others.length === 0 && !secret) return within(only.flatMap(told));
  const remedies = [...new Set(all.map(({ remedy }) => remedy))];
  return [
    {
      path,
      message: value === null ? 'has no value' : 'is none of the forms this can have',
      remedy: remedies.join('; or ') || 'see what the documentation says about this key',
      show: secret ? 'secret' : shownAs(value),
    },
  ];
}

/** A reader of text refuses a number by words of its own: to it, too, that is another sort of value. */
function isOtherSort(issue: Issue, value: unknown): boolean {
  return (
    issue.path.length === 0 &&
    (issue.code === 'invalid_type' || (issue.code === 'custom' && typeof value !== 'string'))
  );
}

const ZODS_WORDS = /^(?:Invalid|Too |Unrecognized|Expected)/;

/** An issue whose words come from a schema of ours, with the remedy and secrecy it was given. */
function own(issue: Issue, path: Path, value: unknown): Finding {
  const params = issue.code === 'custom' ? issue.params : undefined;
  const remedy =
    typeof params?.['remedy'] === 'string'
      ? params['remedy']
      : 'see what the documentation says about this key';
  const absent = value === undefined;
  return {
    path,
    message: ZODS_WORDS.test(issue.message) ? 'is not of the right form' : issue.message,
    remedy,
    show: params?.['secret'] === true && !absent ? 'secret' : shownAs(value),
    missing: absent,
  };
}

/**
 * The path as the file has it: a schema that takes one value for a list of one speaks of `listen[0]` where the file
 * has but `listen`.
 */
function pathInFile(given: readonly PropertyKey[], input: unknown): Path {
  const path = given.filter((part) => typeof part !== 'symbol');
  const within = path.findIndex((_, index) => {
    const value = valueAt(input, path.slice(0, index));
    return value !== undefined && value !== null && typeof value !== 'object';
  });
  return within < 0 ? path : path.slice(0, within);
}

/** The value at a path of plain lists and mappings. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
