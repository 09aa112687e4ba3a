import { describe, expect, test } from 'vitest';
import { formatProblems } from '../../src/config/load.ts';
import { problemsOf } from './fakes.ts';
import { WRONG_CONFIGURATIONS } from './wrong-configurations.ts';

describe('a wrong configuration says where, what, and what to do', () => {
  test.each(WRONG_CONFIGURATIONS)('$title', ({ text, told, changes }) => {
    const problems = problemsOf(text, changes);
    const lines = problems.map(({ line, column, path, message, value, remedy }) => {
      return `${line}:${column} ${path}: ${message}${value === undefined ? '' : ` (${value})`} | ${remedy}`;
    });
    expect(lines).toEqual(told);
    expect(lines.length).toBeGreaterThan(0);
    const report = formatProblems(problems);
    expect(report).not.toMatch(/\bat .*:\d+:\d+|Error:|\[object|undefined|ZodError/);
    expect(report).not.toContain('hunter2');
    expect(report).not.toContain('31337');
  });

  test('the same with CRLF at the ends of lines', () => {
    for (const { text, told, changes } of WRONG_CONFIGURATIONS) {
      const problems = problemsOf(text.replaceAll('\n', '\r\n'), changes);
      expect(problems.map(({ line }) => line)).toEqual(told.map((line) => Number(line.split(':')[0])));
    }
  });
});
