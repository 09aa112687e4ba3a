import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { fingerprint } from '../../src/config/fingerprint.ts';
import { missing, sortOf, unknownKey, wrongChoice, wrongType } from '../../src/config/issue-words.ts';
import { issueFindings, valueAt } from '../../src/config/issues.ts';
import { keysAt, keysOf } from '../../src/config/schema-keys.ts';
import { yamlWords } from '../../src/config/yaml-problems.ts';

/** `path: message | remedy`, one for each thing that is wrong with the value. */
function told(schema: z.ZodType, input: unknown): readonly string[] {
  const { error } = schema.safeParse(input);
  const findings = (error?.issues ?? []).flatMap((issue) =>
    issueFindings(issue as z.core.$ZodIssue, input, (path) => keysAt(schema, path)),
  );
  return findings.map(({ path, message, remedy }) => `${path.join('.')}: ${message} | ${remedy}`);
}

describe('what a schema finds, in words', () => {
  it.each([
    [z.string().min(1), '', ': is empty | write something, or remove the key'],
    [z.string().min(3), 'ab', ': is too short | write at least 3 characters'],
    [z.string().max(3), 'abcd', ': is too long | write at most 3 characters'],
    [z.array(z.string()).min(1), [], ': lists nothing | list at least one, or remove the key'],
    [z.array(z.string()).min(2), ['a'], ': lists too few | list at least 2'],
    [z.array(z.string()).max(1), ['a', 'b'], ': lists too many | list at most 1'],
    [z.number().min(3), 2, ': is too small | write at least 3'],
    [z.number().max(3), 4, ': is too large | write at most 3'],
    [z.number().gt(3), 3, ': is too small | write more than 3'],
    [z.number().lt(3), 3, ': is too large | write less than 3'],
    [z.set(z.string()).min(2), new Set(['a']), ': lists too few | list at least 2'],
    [z.map(z.string(), z.string()).min(2), new Map(), ': lists too few | list at least 2'],
    [
      z.number().multipleOf(5),
      7,
      ': is not of the right form | see what the documentation says about this key',
    ],
    [
      z.string().regex(/^a$/, 'must be a'),
      'b',
      ': must be a | see what the documentation says about this key',
    ],
    [z.strictObject({ level: z.literal('x') }), {}, 'level: is missing | add the key level'],
    [
      z.strictObject({ level: z.enum(['info', 'warn']) }),
      { level: 'wran' },
      'level: is not one of the possible words; did you mean warn? | write one of: info, warn',
    ],
    [z.literal('only'), 'quite another', ': is not one of the possible words | write only'],
    [z.enum(['a', 'b']), null, ': has no value | write one of: a, b'],
    [z.strictObject({ name: z.string() }), { nmae: 'x' }, 'name: is missing | add the key name'],
    [
      z.boolean(),
      'yes',
      ': must be true or false, but is text | write true or false (yes, no, on and off are plain text in YAML 1.2)',
    ],
    [z.date(), 'x', ': must be date, but is text | see what the documentation says about this key'],
    [
      z.record(z.string().regex(/^[a-z]+$/, 'must be lower case'), z.string()),
      { A: 'x' },
      'A: must be lower case | see what the documentation says about this key',
    ],
    [z.map(z.string(), z.number()), new Map([['a', 'x']]), 'a: is missing | add the key a'],
    [
      z.templateLiteral(['a', z.number()]),
      'b',
      ': is not of the right form | see what the documentation says about this key',
    ],
  ] as const)('%#', (schema, input, words) => {
    expect(told(schema, input)[0]).toBe(words.trimEnd());
  });

  it('says something of what no schema here makes', () => {
    const issue = { code: 'from_the_future', path: ['a'], message: '' } as unknown as z.core.$ZodIssue;
    expect(issueFindings(issue, {}, () => [])).toMatchObject([{ path: ['a'], message: 'is not valid here' }]);
  });

  it('names, for a value of several forms, what is wrong with the form that was meant', () => {
    const schema = z.strictObject({
      to: z.union([
        z.string().min(3),
        z.strictObject({ host: z.string(), port: z.number() }),
        z.array(z.number()),
      ]),
    });
    expect(told(schema, {})).toEqual(['to: is missing | add the key to']);
    expect(told(schema, { to: { host: 'a', port: 'x' } })[0]).toContain(
      'to.port: must be a number, but is text',
    );
    expect(told(schema, { to: 'ab' })).toEqual(['to: is too short | write at least 3 characters']);
    expect(told(schema, { to: null })[0]).toContain('to: has no value');
    expect(told(schema, { to: true })[0]).toContain('to: is none of the forms this can have');
    expect(told(schema, { to: ['x'] })[0]).toContain('to.0: must be a number');
    expect(
      told(z.union([z.strictObject({ a: z.string() }), z.strictObject({ b: z.string() })]), { c: 'x' })[0],
    ).toContain('is missing');
  });

  it('has nothing to suggest where a union has no forms', () => {
    const issue = { code: 'invalid_union', errors: [], path: [], message: '' } as unknown as z.core.$ZodIssue;
    expect(issueFindings(issue, 'x', () => [])[0]?.remedy).toBe(
      'see what the documentation says about this key',
    );
  });
});

describe('single words', () => {
  it('for keys that are unknown', () => {
    expect(unknownKey(['a'], 'a', [])).toMatchObject({ message: 'is not a known key', remedy: 'remove it' });
    expect(unknownKey(['pasword'], 'pasword', ['password']).message).toContain('did you mean password?');
  });

  it('for what is missing, of another sort, or no choice', () => {
    expect(missing([])).toMatchObject({ remedy: 'add the key' });
    expect(wrongType(['a'], undefined, 'string')).toMatchObject({ message: 'is missing' });
    expect(wrongType(['a'], null, 'nonsense')).toMatchObject({ message: 'has no value' });
    expect(wrongType(['a'], 'secret', 'object')).toMatchObject({ show: 'nothing' });
    expect(wrongChoice(['a'], 7, ['x', 'y'])).toMatchObject({ show: 'value', remedy: 'write one of: x, y' });
    expect([null, [], 'a', 1, true, {}, undefined].map(sortOf)).toEqual([
      'empty',
      'a list',
      'text',
      'a number',
      'true or false',
      'a mapping',
      'something else',
    ]);
  });

  it('for a slip in the text that has none of its own', () =>
    expect(yamlWords('FROM_THE_FUTURE').message).not.toBe(''));

  it('find values by whole paths only', () => {
    expect(valueAt({ a: [{ b: 1 }] }, ['a', 0, 'b'])).toBe(1);
    expect(valueAt({ a: 1 }, ['a', 'b'])).toBeUndefined();
    expect(valueAt({}, ['toString'])).toBeUndefined();
  });
});

describe('the keys a schema takes', () => {
  const inner = z.strictObject({ a: z.string(), b: z.strictObject({ c: z.string() }) });

  it.each([
    ['optional', inner.optional()],
    ['nullable', inner.nullable()],
    ['default', inner.default({ a: '', b: { c: '' } })],
    ['prefault', inner.prefault({ a: '', b: { c: '' } })],
    ['readonly', inner.readonly()],
    ['catch', inner.catch({ a: '', b: { c: '' } })],
    ['nonoptional', inner.optional().nonoptional()],
    ['a pipe', inner.transform((value) => value)],
    ['a preprocessed one', z.preprocess((value) => value, inner)],
    [
      'an intersection',
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.object({ c: z.string() }) })),
    ],
    ['a union', z.union([inner, z.string(), z.object({ a: z.number() })])],
  ] as const)('are found through %s', (_, schema) => {
    expect(keysOf(schema)).toEqual(['a', 'b']);
    expect(keysAt(schema, ['b'])).toEqual(['c']);
  });

  it('are found within lists and records, and nowhere else', () => {
    expect(keysAt(z.array(inner), [0])).toEqual(['a', 'b']);
    expect(keysAt(z.record(z.string(), inner), ['any', 'b'])).toEqual(['c']);
    expect(keysAt(inner, ['missing'])).toEqual([]);
    expect(keysAt(inner, ['a', 'b'])).toEqual([]);
    expect(keysOf(z.string())).toEqual([]);
  });
});

describe('the fingerprint of an account', () => {
  it('tells values of every sort apart, and equal ones not', () => {
    const values: readonly unknown[] = [
      'a',
      1,
      '1',
      null,
      true,
      ['a'],
      new Set(['a']),
      new Map([['a', 1]]),
      { a: 1 },
      Uint8Array.of(1),
      Uint8Array.of(1, 2),
      new URL('https://a.example'),
    ];
    const prints = values.map((value) => fingerprint('s', 'p', value));
    expect(new Set(prints).size).toBe(values.length);
    expect(fingerprint('s', 'p', { b: undefined, a: new Set([1]), c: 2 })).toBe(
      fingerprint('s', 'p', { c: 2, a: new Set([1]) }),
    );
  });
});
