import { describe, expect, test } from 'vitest';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { problemsOf, settingsOf, warningsOf } from './fakes.ts';

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

  const real = { providers, detectors: detectorKinds };
  const sinkOf = (text: string) => `sinks:\n  s: { ${text} }\n`;

  test('a TTL the provider does not take is told, and the nearest one it takes is used', () => {
    const text = sinkOf(
      'provider: porkbun, api_key: a, secret_api_key: b, ttl: 5m, records: [a.example.org, { name: b.example.org, ttl: 60 }, { name: c.example.org, ttl: 900 }]',
    );
    expect(
      warningsOf(text, real).map(({ path, value, message, remedy }) => [path, value, message, remedy]),
    ).toEqual([
      [
        'sinks.s.ttl',
        '"5m"',
        'is shorter than provider porkbun allows; 600 (seconds) is used',
        'write 600 or more, or remove the key',
      ],
      [
        'sinks.s.records[1].ttl',
        '60',
        'is shorter than provider porkbun allows; 600 (seconds) is used',
        'write 600 or more, or remove the key',
      ],
    ]);
    const ttls = settingsOf(text, real).sinks[0]?.records.map(({ key, ttl }) => `${key.name} ${ttl}`);
    expect([...new Set(ttls)]).toEqual(['a.example.org 600', 'b.example.org 600', 'c.example.org 900']);
  });

  test('a TTL with a meaning of its own is left as it is', () => {
    const text = sinkOf('provider: cloudflare, token: a, ttl: 1, records: [a.example.org]');
    expect(warningsOf(text, real)).toEqual([]);
    expect(settingsOf(text, real).sinks[0]?.records[0]?.ttl).toBe(1);
  });

  test('types that nobody wrote are those the provider has a place for', () => {
    const text = sinkOf('provider: opendns, username: a, password: b, records: [a.example.org]');
    expect(settingsOf(text, real).sinks[0]?.records.map(({ key }) => key.type)).toEqual(['A']);
  });

  test('warned of: witnesses that cannot agree beside the host’s own word, and a timer shorter than a look', () => {
    const text = `watch: { every: 10s }\ndetection: { deadline: 8s }\nuplinks:\n  wan: { agree: 2, ipv4: [interface, { detector: stun, servers: [a.example] }] }\n${sinkOf('provider: embedded, records: [a.example.org]')}`;
    expect(
      warningsOf(text, real).map(({ path, message, value }) => `${path}: ${message} (${value})`),
    ).toEqual([
      'watch.every: is shorter than a look may take (settle_limit and detection.deadline: 11s), so slow witnesses may never be heard ("10s")',
      'uplinks.wan.agree: can never be reached by what ipv4 is told from outside, by one operator (2)',
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
