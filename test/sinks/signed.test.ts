import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { providers } from '../../src/sinks/registry.ts';

const NAMES = ['aliyun', 'desec', 'dnspod', 'dnspod-token', 'huawei', 'route53', 'scaleway'];
const OURS = providers.filter(({ name }) => NAMES.includes(name));

describe.each(OURS.map((provider) => [provider.name, provider] as const))('%s', (name, provider) => {
  const { provider: named, ...example } = parse(provider.example) as Record<string, unknown>;
  const given = Object.fromEntries(
    Object.entries(example).map(([key, value]) => [key, typeof value === 'object' ? 'a-secret' : value]),
  );

  test('its example is one it takes, and a misspelt key is not', () => {
    expect(named).toBe(name);
    expect(provider.options.safeParse(given).error?.issues).toBeUndefined();
    expect(provider.options.safeParse({ ...given, tokne: 'x' }).success).toBe(false);
  });

  test('every provider can be pointed elsewhere, given its zone, and told not to create', () => {
    const more = { endpoint: 'http://127.0.0.1:8080', zone: 'example.org', create: false };
    expect(provider.options.safeParse({ ...given, ...more }).success).toBe(true);
  });

  test('no secret of it is shown', () => {
    const options = provider.options.parse(given);
    expect(JSON.stringify(options)).not.toContain('a-secret');
  });
});

test('all of them are in the catalogue', () => {
  expect(OURS.map(({ name }) => name).sort()).toEqual(NAMES);
});
