import { expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { secretValues } from '../../src/daemon/secrets.ts';
import { providers } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { settingsOf } from '../config/fakes.ts';

test('finds secrets however deep, in lists too, each once, and follows circles', () => {
  const shared = new Secret('one');
  const settings: Record<string, unknown> = {
    a: shared,
    b: [{ c: { d: [shared, new Secret('two')] } }],
    e: null,
    f: 'three',
    g: new URL('https://example.org'),
  };
  settings['self'] = settings;
  expect(secretValues(settings)).toEqual(['one', 'two']);
});

test('nothing for what holds none', () => {
  for (const nothing of [undefined, null, 'text', 42, {}, []]) expect(secretValues(nothing)).toEqual([]);
});

test('finds those of real sinks, also in headers, URLs and bodies that take them', () => {
  const settings = settingsOf(
    [
      'sinks:',
      '  dyn: { provider: dyndns2, server: https://dyn.example, username: me, password: "planted-1", records: [a.example.org] }',
      '  cf: { provider: cloudflare, token: "planted-2-0123456789012345678901234567890123456789", records: [b.example.org] }',
      '  ns: { provider: rfc2136, server: ns1.example.org, zone: example.org, key: { name: k.example.org, secret: cGxhbnRlZC0z }, records: [c.example.org] }',
      '',
    ].join('\n'),
    { providers, detectors: detectorKinds },
  );
  const found = secretValues(settings);
  expect(found).toContain('planted-1');
  expect(found.some((value) => value.startsWith('planted-2'))).toBe(true);
  expect(found.length).toBe(3);
});
