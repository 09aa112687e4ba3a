import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { DEFAULTS } from '../../src/config/defaults.ts';
import { configurationSchema, type Json } from '../../src/config/json-schema.ts';
import { providers as realProviders } from '../../src/sinks/registry.ts';
import { detectorKinds } from '../../src/sources/addresses/registry.ts';
import { detectors, parse, providers } from './fakes.ts';
import { fits } from './schema-check.ts';
import { WRONG_CONFIGURATIONS } from './wrong-configurations.ts';

const read = (name: string): Promise<string> => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');
const real = configurationSchema(realProviders, detectorKinds);

/** Every default in a schema, with the schema it stands in. */
function defaultsIn(schema: unknown): readonly Json[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = Object.hasOwn(schema, 'default') && !Array.isArray(schema) ? [schema as Json] : [];
  return [...own, ...Object.values(schema).flatMap(defaultsIn)];
}

describe('the JSON Schema for editors', () => {
  test('in the repository is what the code says (node scripts/run-ts.mjs scripts/generate-schema.ts)', async () => {
    expect(JSON.parse(await read('schema/netdrift.schema.json'))).toEqual(JSON.parse(JSON.stringify(real)));
  });

  test('accepts the default configuration', async () => {
    expect(fits(real, parseYaml(await read('config.yaml')))).toBe(true);
  });

  test("accepts every provider's own example", () => {
    for (const { name, example } of realProviders) {
      const sink = { ...parseYaml(example), records: ['home.example.org'] };
      expect([name, fits(real, { sinks: { [name]: sink } })]).toEqual([name, true]);
    }
  });

  test('gives defaults in the words of the file', () => {
    const found = defaultsIn(real);
    expect(found.length).toBeGreaterThan(10);
    for (const schema of found)
      expect([schema, fits(real, schema['default'], schema)]).toEqual([schema, true]);
    expect(real).toMatchObject({
      properties: { watch: { properties: { every: { default: DEFAULTS.watch.every } } } },
    });
  });

  test('describes every key', () => {
    const nameless = (schema: Json, path: string): readonly string[] =>
      Object.entries((schema['properties'] ?? {}) as Record<string, Json>).flatMap(([key, inner]) => {
        const told = ['description', 'const', '$ref'].some((word) => Object.hasOwn(inner, word));
        return [...(told ? [] : [`${path}.${key}`]), ...nameless(inner, `${path}.${key}`)];
      });
    const { definitions } = configurationSchema([], []) as { readonly definitions: Record<string, Json> };
    const common = Object.entries(definitions).flatMap(([name, schema]) => nameless(schema, name));
    expect([...nameless(configurationSchema([], []), ''), ...common]).toEqual([]);
  });

  test('and the loader agree on whatever concerns one place alone', () => {
    const schema = configurationSchema(providers, detectors);
    /** What only the loader can see: the text itself, other places, the host, the meaning of a name. */
    const beyond =
      /twice|duplicate|times in|several uplinks|an unknown uplink|not looked for|two sinks|environment|secret file|credential|of the wrong form|two documents|binary|bracket|without end|quote left|alias|a tab|indentation|begins with|with a colon|merge|as key|broken YAML|too short|too long|for a name|with a blank|out of range|with ~|with a password|TTL of|another host|reaches into|length of prefix|other family|for IPv4|more witnesses|outside the zone|no place for|numbers that are none/;
    for (const { title, text, changes } of WRONG_CONFIGURATIONS) {
      if (beyond.test(title)) continue;
      const value: unknown = parseYaml(text);
      expect([title, fits(schema, value), parse(text, changes).ok]).toEqual([title, false, false]);
    }
    const sound =
      'sinks: { a: { provider: embedded, listen: "127.0.0.1:53", records: [a.example.org, { name: b.example.org, types: [A], ttl: 5m }] }, b: { provider: dyndns2, username: me, password: { env: DYN_PASSWORD }, records: [a.example.org], timeout: 3s } }\nuplinks: { wan: { ipv4: [interface, { detector: static, address: 192.0.2.1 }], ipv6: [http], allow: [ula] } }';
    expect([fits(schema, parseYaml(sound)), parse(sound).ok]).toEqual([true, true]);
  });
});
