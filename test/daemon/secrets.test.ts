import { expect, test } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { proxySecrets, secretValues } from '../../src/daemon/secrets.ts';
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

test('finds what may be a token in URLs and in paths with a query, and leaves names and short words', () => {
  const settings = {
    services: [
      new URL('https://me:p%40ss@ip.example.org/v1/abcdef0123456789?format=json&token=planted%2D4'),
      new URL('https://only-a-token@ip.example.org/?name=home.example.org'),
    ],
    path: '/nic/update?system=dyndns&key=planted-5&host=home.example.org',
    file: '/var/lib/a-rather-long-name-of-a-file',
  };
  expect(secretValues(settings)).toEqual([
    'p@ss',
    'planted-4',
    'abcdef0123456789',
    'only-a-token',
    'planted-5',
  ]);
});

test('finds the credentials of the proxies that the environment names', () => {
  const environment = {
    HTTPS_PROXY: 'http://me:planted-6@proxy.example.org:3128',
    http_proxy: 'http://planted-7@proxy.example.org:3128',
    HTTP_PROXY: 'proxy.example.org:3128',
    NO_PROXY: 'example.org',
  };
  expect(proxySecrets(environment)).toEqual(['planted-7', 'planted-6']);
});
