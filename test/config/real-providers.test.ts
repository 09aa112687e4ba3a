import { describe, expect, test } from 'vitest';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { problemsOf } from './fakes.ts';

const told = (sink: string): readonly string[] =>
  problemsOf(`sinks:\n  s: { ${sink}, records: [a.example.org] }\n`, {
    providers,
    detectors: detectorKinds,
  }).map(
    ({ line, path, message, value, remedy }) => `${line} ${path}: ${message} (${value ?? ''}) | ${remedy}`,
  );

describe("mistakes in the keys of every provider's own", () => {
  test.each(providers)('$name: an unknown key, and none of its own', ({ name }) => {
    const [first, ...others] = told(`provider: ${name}, no_such_key: hunter2`).filter((line) =>
      line.includes('no_such_key'),
    );
    expect(first).toMatch(
      /^2 sinks\.s\.no_such_key: is not a known key \(\) \| remove it, or use one of: provider, records, /,
    );
    expect(others).toEqual([]);
  });

  test.each(providers)(
    '$name: null and lists where they do not belong give messages, not exceptions',
    ({ name }) => {
      for (const key of [
        'listen',
        'server',
        'token',
        'password',
        'key',
        'url',
        'argv',
        'headers',
        'zone',
        'body',
      ]) {
        for (const value of ['null', '[[]]', '{ a: { b: c } }', '0', '""', 'true']) {
          const lines = told(`provider: ${name}, ${key}: ${value}`);
          expect(lines.join('\n')).not.toMatch(/Error|undefined|\[object/);
        }
      }
    },
  );

  test('two servers at the default address', () => {
    const text =
      'sinks:\n  a: { provider: embedded, records: [a.example.org] }\n  b: { provider: embedded, records: [b.example.org] }\n';
    const [problem, ...others] = problemsOf(text, { providers, detectors: detectorKinds });
    expect(problem).toMatchObject({
      line: 3,
      path: 'sinks.b.listen',
      message: 'is where sink a listens already',
    });
    expect(others).toEqual([]);
  });
});
