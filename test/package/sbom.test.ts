import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

const licences = z
  .array(
    z.union([
      z.strictObject({ license: z.strictObject({ id: z.string().min(2) }) }),
      z.strictObject({ expression: z.string() }),
    ]),
  )
  .length(1);
const purl = z.string().regex(/^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+[\w.+-]*$/);
const version = z.string().regex(/^\d+\.\d+\.\d+/);

/** What of https://cyclonedx.org/docs/1.5/json/ is used here, and nothing else. */
const bill = z.strictObject({
  $schema: z.literal('http://cyclonedx.org/schema/bom-1.5.schema.json'),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.5'),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.literal(1),
  metadata: z.strictObject({
    lifecycles: z.tuple([z.strictObject({ phase: z.literal('build') })]),
    component: z.strictObject({
      type: z.literal('application'),
      'bom-ref': purl,
      name: z.literal('netdrift'),
      version,
      description: z.string(),
      licenses: licences,
      purl,
    }),
  }),
  components: z
    .array(
      z.strictObject({
        type: z.literal('library'),
        'bom-ref': purl,
        group: z.string().startsWith('@').optional(),
        name: z.string(),
        version,
        scope: z.enum(['required', 'optional']),
        licenses: licences,
        purl,
        hashes: z.tuple([
          z.strictObject({ alg: z.literal('SHA-512'), content: z.string().regex(/^[0-9a-f]{128}$/) }),
        ]),
        properties: z.tuple([
          z.strictObject({ name: z.literal('netdrift:bundled'), value: z.enum(['true', 'false']) }),
        ]),
      }),
    )
    .min(20),
  dependencies: z.array(z.strictObject({ ref: purl, dependsOn: z.array(purl) })),
});

describe('dist/sbom.cdx.json', () => {
  const made = bill.parse(JSON.parse(read('dist/sbom.cdx.json')));
  const named = made.components.map(
    ({ group, name, version: of }) => `${group ? `${group}/` : ''}${name} ${of}`,
  );
  const bundled = named.filter((_, index) => made.components[index]?.properties[0].value === 'true');

  test('names the packages inside the bundle, one for one with their licence texts', () => {
    const carried = [...read('dist/LICENCES.txt').matchAll(/^(\S+ \d+\.\d+\.\d+\S*) \([^)]+\)$/gm)];
    expect([...bundled].sort()).toEqual(carried.map(([, name]) => name).sort());
    for (const name of ['pino', 'undici', 'yaml', 'zod', 'rxjs', 'stun'])
      expect(bundled.some((entry) => entry.startsWith(`${name} `))).toBe(true);
  });

  test('names what npm installs beside it', () => {
    const manifest = JSON.parse(read('package.json'));
    const beside = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    for (const name of beside) expect(named.some((entry) => entry.startsWith(`${name} `))).toBe(true);
  });

  test('refers only to what it holds, and holds nothing twice', () => {
    const refs = made.components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    const known = new Set([...refs, made.metadata.component['bom-ref']]);
    expect(made.dependencies.map(({ ref }) => ref).sort()).toEqual([...known].sort());
    for (const { dependsOn } of made.dependencies) for (const ref of dependsOn) expect(known).toContain(ref);
  });

  test('has the version of the package', () => {
    expect(made.metadata.component.version).toBe(JSON.parse(read('package.json')).version);
  });
});
