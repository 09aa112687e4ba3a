import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod';
import type { Parsed } from '../../src/config/load.ts';
import { formatProblems } from '../../src/config/load.ts';
import { parse, providers } from './fakes.ts';
import { WRONG_CONFIGURATIONS } from './wrong-configurations.ts';

function judged(parsed: Parsed): void {
  if (parsed.ok) return;
  expect(parsed.problems.length).toBeGreaterThan(0);
  expect(parsed.problems.length).toBeLessThanOrEqual(101);
  for (const { message, remedy, line = 1, column = 1 } of parsed.problems) {
    expect(message).not.toBe('');
    expect(remedy).not.toBe('');
    expect(line).toBeGreaterThan(0);
    expect(column).toBeGreaterThan(0);
  }
  expect(formatProblems(parsed.problems)).not.toMatch(/\bat .*:\d+:\d+\)?$|\[object|ZodError/m);
}

const KEYS = [
  'sinks',
  'uplinks',
  'watch',
  'wan',
  'local',
  'provider',
  'records',
  'listen',
  'ipv4',
  'detector',
  'every',
  'password',
  'name',
  '__proto__',
  'constructor',
  'toString',
];
const VALUES = [
  'embedded',
  'dyndns2',
  'webhook',
  'interface',
  'static',
  '127.0.0.1:53',
  'home.example.org',
  '5s',
  'wan',
  'A',
];

// Thousands of configurations a property: under coverage, or on a busy machine, that takes more than the usual time.
describe('whatever the file holds', { timeout: 90_000 }, () => {
  test('text at random gives settings or problems, never an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => judged(parse(text))),
      { numRuns: 1_000 },
    );
  });

  test('and so does text made of the characters that YAML cares about', () => {
    const text = fc.array(
      fc.constantFrom(...'{}[],:-&*!|>\'"%@`#?\n\n  \tabc', 'sinks:', '\n  ', '- ', '<<: '),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(text, (parts) => judged(parse(parts.join('')))),
      { numRuns: 2_000 },
    );
  });

  test('and so do values of every sort at every key', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>(...VALUES, ...KEYS, null, true, 0, -1, 1e300, ''),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...KEYS), tie('tree'), { maxKeys: 5 }),
      ),
    }));
    const file = fc.dictionary(fc.constantFrom(...KEYS), tree, { minKeys: 1 });
    fc.assert(
      fc.property(file, (value) => judged(parse(stringify(value)))),
      { numRuns: 2_000 },
    );
  });

  test('and so does any wrong configuration with one piece cut out', () => {
    const wrong = fc.constantFrom(...WRONG_CONFIGURATIONS.filter(({ text }) => text.length < 1_000));
    fc.assert(
      fc.property(wrong, fc.nat(), fc.nat(20), ({ text, changes }, at, length) => {
        const start = at % (text.length + 1);
        judged(parse(text.slice(0, start) + text.slice(start + length), changes));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a provider whose check throws is a problem too', () => {
    const failing = z.strictObject({ key: z.string() }).refine(() => {
      throw new Error('never thought of');
    });
    const [first] = providers;
    if (first === undefined) throw new Error('no provider');
    const text = 'sinks:\n  a: { provider: embedded, key: x, records: [a.example.org] }\n';
    const parsed = parse(text, { providers: [{ ...first, options: failing }] });
    expect(parsed.ok ? '' : formatProblems(parsed.problems)).toBe(
      'config.yaml:2:6 sinks.a: cannot be read\n    compare it with the documentation of its keys',
    );
  });

  test('a thousand mistakes are told a hundred at a time', () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => `wrong${index}: 1`).join('\n');
    const parsed = parse(`sinks: {}\n${keys}\n`);
    expect(parsed.ok ? [] : parsed.problems).toHaveLength(101);
    expect(parsed.ok ? '' : parsed.problems.at(-1)?.message).toBe('has 901 more problems');
  });
});
