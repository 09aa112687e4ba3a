import { describe, expect, it } from 'vitest';
import { textLine } from '../../src/telemetry/text-line.ts';

const line = (fields: object): string =>
  textLine(
    JSON.stringify({ time: '2026-01-01T00:00:00.000Z', level: 'info', message: 'hello', ...fields }),
    false,
  );

describe('a line for people, made of what nobody writes', () => {
  it('shows as it came what is nested deeper than the stack', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    expect(textLine(deep, false)).toBe(deep);
    expect(textLine(`{"level":"info","value":${deep}}`, true)).toContain(deep);
  });

  it('shows as it came what cannot become text', () => {
    expect(line({ time: { toString: 1, valueOf: 1 } })).toContain('"valueOf":1');
  });

  it('lets no name, level or value steer the terminal', () => {
    const steering = '\u001b[2J\u009b\u202e';
    expect(
      line({ [steering]: steering, level: steering, message: steering, nested: { [steering]: [steering] } }),
    ).not.toMatch(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      /[\u0000-\u001f\u007f-\u009f\u202e]/,
    );
    expect(textLine('{"level":"constructor","message":"x"}', true)).not.toContain('function');
  });
});
