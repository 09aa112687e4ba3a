import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** What may be in the package. `npm test` builds without types, so those are allowed and not demanded. */
const ALLOWED: readonly RegExp[] = [
  /^dist\/(?:netdrift\.cjs|program\.cjs|index\.js)$/,
  /^dist\/types\/[\w/.-]+\.d\.ts$/,
  /^dist\/(?:LICENCES\.txt|sbom\.cdx\.json)$/,
  /^schema\/netdrift\.schema\.json$/,
  /^docs\/[\w/.-]+\.md$/,
  /^packaging\/systemd\/netdrift\.service$/,
  /^(?:config\.yaml|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
];

const NEEDED = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'config.yaml',
  'dist/LICENCES.txt',
  'dist/index.js',
  'dist/netdrift.cjs',
  'dist/program.cjs',
  'dist/sbom.cdx.json',
  'docs/running.md',
  'package.json',
  'packaging/systemd/netdrift.service',
  'schema/netdrift.schema.json',
];

/** Unpacked, in octets: twice what it is, so that something large that slips in is noticed. */
const LARGEST = 8 * 1024 * 1024;

describe('npm pack', () => {
  let files: ReadonlyArray<{ readonly path: string; readonly size: number; readonly mode: number }>;

  beforeAll(() => {
    const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--loglevel=error'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    const [packed] = JSON.parse(text);
    files = packed.files;
  });

  test('holds what is needed', () => {
    expect(files.map((file) => file.path)).toEqual(expect.arrayContaining(NEEDED));
  });

  test('holds nothing else', () => {
    const names = files.map((file) => file.path);
    expect(names.filter((name) => !ALLOWED.some((allowed) => allowed.test(name)))).toEqual([]);
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(LARGEST);
  });

  test('marks the program as one', () => {
    expect(files.find((file) => file.path === 'dist/netdrift.cjs')?.mode).toBe(0o755);
    expect(readFileSync(path.join(ROOT, 'dist/netdrift.cjs'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
