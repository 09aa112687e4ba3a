import { describe, expect, test } from 'vitest';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { problemsOf, warningsOf } from './fakes.ts';

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

  test('a webhook: what to write for a header and a status, and which placeholder is unknown', () => {
    const lines = told(
      "provider: webhook, url: 'https://a.example', headers: { 'X A': Bearer hunter2, X-B: '{nam}' }, body: '{unknown}', success: [2xx]",
    );
    expect(lines.map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
      'sinks.s.headers."X A": is not a header name () | use letters, digits and the signs !#$%&\'*+.^_`|~- without a space or colon, such as X-Api-Key',
      'sinks.s.headers.X-B: uses the unknown placeholder {nam} ("{nam}") | use one of {name} {type} {address} {family} {addresses} {ipv4} {ipv6} {ttl}',
      'sinks.s.body: uses the unknown placeholder {unknown} ("{unknown}") | use one of {name} {type} {address} {family} {addresses} {ipv4} {ipv6} {ttl}',
      'sinks.s.success[0]: is no range of statuses ("2xx") | write a status such as 204, or a range such as 200-299',
    ]);
  });

  test('a webhook in a file that others can read: only what looks like a key is worth a warning', () => {
    const warned = (lines: string) =>
      warningsOf(
        `sinks:\n  s:\n    provider: webhook\n    url: https://a.example/u?ip={address}\n${lines}\n    records: [a.example.org]\n`,
        { providers, detectors: detectorKinds, mode: 0o644 },
      ).map(({ path, value }) => `${path} ${value}`);
    expect(warned('    headers: { Good: x }\n    body: \'{"at": "{address}"}\'')).toEqual([]);
    expect(warned('    headers: { Authorization: Bearer 6f1ed002ab5595859014ebf0951522d9 }')).toEqual([
      'sinks.s.headers.Authorization [secret]',
    ]);
  });

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
