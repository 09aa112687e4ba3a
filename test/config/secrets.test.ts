import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblems } from '../../src/config/load.ts';
import type { Secret } from '../../src/config/secret.ts';
import { parse, settingsOf } from './fakes.ts';

const password = (reference: string, changes = {}): string => {
  const text = `sinks: { dyn: { provider: dyndns2, username: me, password: ${reference}, records: [a.example.org] } }`;
  const options = settingsOf(text, changes).sinks[0]?.options as { readonly password: Secret };
  return options.password.reveal();
};

describe('secrets', () => {
  test('stand in the file, the environment, another file, or a systemd credential', () => {
    expect(password('"in the file"')).toBe('in the file');
    expect(password('{ env: DYN_PASSWORD }')).toBe('from the environment');
    expect(password('{ file: /run/secrets/dyn }')).toBe('out-of-a-file');
    expect(password('{ file: beside }')).toBe('beside the configuration');
    const env = { CREDENTIALS_DIRECTORY: '/run/credentials' };
    expect(password('{ credential: dyn }', { env })).toBe('from systemd');
  });

  test('are taken inside headers, lists and refined schemas of a provider', () => {
    const text =
      'sinks: { h: { provider: webhook, url: "https://a.example/", headers: { X: plain, Authorization: { env: DYN_PASSWORD } }, key: { env: KEY }, records: [a.example.org] } }';
    const options = settingsOf(text, { env: { DYN_PASSWORD: 'Bearer x', KEY: 'abc123' } }).sinks[0]
      ?.options as {
      readonly headers: { readonly X: string; readonly Authorization: Secret };
    };
    expect(options.headers.X).toBe('plain');
    expect(options.headers.Authorization.reveal()).toBe('Bearer x');
  });

  test('a resolved secret that a provider refuses is not shown', () => {
    const text =
      'sinks: { h: { provider: webhook, url: "https://a.example/", key: { env: KEY }, records: [a.example.org] } }';
    const parsed = parse(text, { env: { KEY: 'not-hexadecimal' } });
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain('not-hexadecimal');
  });

  test('never appear in what is told, wherever else the file is wrong', () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9+/=_.!*&@#%-]{8,24}$/);
    const places = [
      (value: string) => `sinks:\n  d:\n    provider: dyndns2\n    password: ${value}\n    nonsense: 1\n`,
      (value: string) => `sinks:\n  d:\n    provider: dyndns2\n    pasword: ${value}\n    records: []\n`,
      (value: string) => `sinks:\n  d: ${value}\n`,
      (value: string) =>
        `sinks:\n  d:\n    provider: webhook\n    key: ${value}\n    records: [a.example.org]\n    url: https://x.example\n`,
      (value: string) =>
        `sinks:\n  d:\n    provider: webhook\n    url: "https://me:${value}@x.example/"\n    records: [x]\n`,
      (value: string) =>
        `sinks:\n  d:\n    provider: webhook\n    url: "ftp://x.example/?token=${value}"\n    records: [x]\n`,
      (value: string) => `sinks:\n  d:\n    provider: nobody\n    token: ${value}\n    records: [x]\n`,
      (value: string) =>
        `sinks:\n  d:\n    provider: webhook\n    url: https://x.example\n    headers: { A: [${value}] }\n    records: [x]\n`,
    ];
    fc.assert(
      fc.property(word, fc.constantFrom(...places), fc.boolean(), (value, place, quoted) => {
        const parsed = parse(place(quoted ? JSON.stringify(value) : value), { mode: 0o644 });
        const told = formatProblems(parsed.ok ? parsed.warnings : parsed.problems);
        expect(told).not.toContain(value);
      }),
      { numRuns: 500 },
    );
  });
});
