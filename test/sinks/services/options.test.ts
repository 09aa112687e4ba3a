import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type * as z from 'zod';
import { configurationSchema } from '../../../src/config/json-schema.ts';
import { Secret } from '../../../src/config/secret.ts';
import { providers } from '../../../src/sinks/registry.ts';
import { detectorKinds } from '../../../src/sources/addresses/registry.ts';
import { problemsOf } from '../../config/fakes.ts';
import { fits } from '../../config/schema-check.ts';
import { keyFile } from './google.ts';

const names = [
  'azure',
  'dnsimple',
  'gandi',
  'godaddy',
  'google',
  'linode',
  'namecheap',
  'ovh',
  'porkbun',
  'powerdns',
  'vultr',
];
const services = providers.filter(({ name }) => names.includes(name));
const told = (text: string) => problemsOf(text, { providers, detectors: detectorKinds });
const schema = configurationSchema(services, detectorKinds);

describe.each(services)('$name', (provider) => {
  const { name, example, options } = provider;
  /** The example with every secret written out. */
  const written = (text: string): Record<string, unknown> => {
    const mapping = parseYaml(text) as Record<string, unknown>;
    const secret = name === 'google' ? JSON.stringify(keyFile) : 'a-secret';
    return Object.fromEntries(
      Object.entries(mapping).map(([key, value]) => [key, typeof value === 'object' ? secret : value]),
    );
  };

  test('its example is a whole configuration', () => {
    const sink = { ...written(example), records: ['home.example.org'] };
    expect(
      told(`sinks: ${JSON.stringify({ s: sink })}\n`).filter(({ severity }) => severity === 'error'),
    ).toEqual([]);
    expect(fits(schema, { sinks: { s: { ...parseYaml(example), records: ['home.example.org'] } } })).toBe(
      true,
    );
  });

  test('its name is not taken', () => {
    expect(providers.filter((one) => one.name === name)).toHaveLength(1);
  });

  test('an unknown key is named, and no exception comes of what does not belong', () => {
    const lines = told(
      `sinks:\n  s: { provider: ${name}, no_such_key: hunter2, records: [a.example.org] }\n`,
    );
    expect(lines.filter(({ path }) => path === 'sinks.s.no_such_key')).toHaveLength(1);
    for (const key of Object.keys((options as unknown as z.ZodObject).shape)) {
      for (const value of ['null', '[[]]', '{ a: { b: c } }', '0', '""', 'true']) {
        const text = `sinks:\n  s: { provider: ${name}, ${key}: ${value}, records: [a.example.org] }\n`;
        expect(JSON.stringify(told(text))).not.toMatch(/Error|undefined|\[object/);
      }
    }
  });

  test('makes its sink without doing anything, and shows no secret', () => {
    const { provider: _, ...own } = written(example);
    const parsed = options.parse(own) as object;
    expect(Object.values(parsed).some((value) => value instanceof Secret)).toBe(true);
    expect(JSON.stringify(parsed)).not.toContain('a-secret');
    expect(JSON.stringify(parsed)).not.toContain('PRIVATE KEY');
  });
});

test('what is no key file is not shown', () => {
  const text = `sinks:\n  s: { provider: google, key: 'PRIVATE KEY, nearly', records: [a.example.org] }\n`;
  const problem = told(text).find(({ path }) => path === 'sinks.s.key');
  expect(problem).toMatchObject({
    message: 'is not the JSON key file of a service account',
    value: '[secret]',
  });
  expect(JSON.stringify(told(text))).not.toContain('nearly');
});
