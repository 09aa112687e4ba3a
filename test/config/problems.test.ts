import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { formatProblems, type Problem, pathText, valueText } from '../../src/config/problems.ts';
import { suggest } from '../../src/config/suggest.ts';

describe('problems as people read them', () => {
  const problem: Problem = {
    severity: 'error',
    file: 'config.yaml',
    line: 12,
    column: 9,
    path: 'sinks.dyn.timeout',
    value: '5',
    message: 'is a number without a unit',
    remedy: 'write 5s for seconds or 5m for minutes',
  };

  test('stand in the order of the file, with place, path, value and remedy', () => {
    const { line: _line, column: _column, value: _value, ...whole } = problem;
    const earlier: Problem = { ...problem, line: 2, severity: 'warning', path: 'log' };
    const later: Problem = { ...problem, line: 12, column: 10, path: '' };
    expect(formatProblems([later, problem, earlier, { ...whole, path: '' }])).toBe(
      [
        'config.yaml is a number without a unit',
        '    write 5s for seconds or 5m for minutes',
        'config.yaml:2:9 warning: log: is a number without a unit (found 5)',
        '    write 5s for seconds or 5m for minutes',
        'config.yaml:12:9 sinks.dyn.timeout: is a number without a unit (found 5)',
        '    write 5s for seconds or 5m for minutes',
        'config.yaml:12:10 is a number without a unit (found 5)',
        '    write 5s for seconds or 5m for minutes',
      ].join('\n'),
    );
    expect(formatProblems([])).toBe('');
  });

  test('paths', () => {
    expect(pathText(['sinks', 'dyn', 'records', 0, 'name'])).toBe('sinks.dyn.records[0].name');
    expect(pathText(['sinks', 'my sink', 'a.b'])).toBe('sinks."my sink"."a.b"');
    expect(pathText([])).toBe('');
  });

  test('values stay on one line, short, and do nothing to a terminal', () => {
    expect(valueText('a\nb\u001b[31m')).toBe('"a\\nb\\u001b[31m"');
    expect(valueText('\u202ereversed\u009b')).toBe('"\ufffdreversed\ufffd"');
    expect(valueText('x'.repeat(500))).toHaveLength(80);
    expect(valueText(5)).toBe('5');
  });
});

describe('what was meant', () => {
  const known = ['provider', 'records', 'password', 'minimum_gap', 'ttl', 'settle'];

  test.each([
    ['pasword', 'password'],
    ['passwrod', 'password'],
    ['minimum-gap', 'minimum_gap'],
    ['minimumGap', 'minimum_gap'],
    ['record', 'records'],
    ['tll', 'ttl'],
    ['Settle', 'settle'],
  ])('%s is %s', (word, meant) => expect(suggest(word, known)).toBe(meant));

  test.each(['nonsense', 'xyz', 'host', '', 'p'.repeat(1_000)])('%s is nothing known', (word) => {
    expect(suggest(word, known)).toBeUndefined();
  });
});

test('zod is imported whole everywhere, so that a bundle can leave out what is not used', async () => {
  const folder = new URL('../../src/', import.meta.url);
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((file) => file.endsWith('.ts'))) {
    const text = await readFile(new URL(name, folder), 'utf8');
    expect([name, /^import (?!type|\* as z )[^;]*from 'zod/m.test(text)]).toEqual([name, false]);
  }
});
