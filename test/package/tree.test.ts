import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
const readJson = (name: string) => JSON.parse(readFileSync(path.join(ROOT, name), 'utf8'));

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  /** A folder of ours: a stand-in. */
  readonly link?: boolean;
}

const locked = Object.entries(readJson('package-lock.json').packages as Record<string, Locked>);
const packages = locked.filter(([place, { link }]) => place.startsWith('node_modules/') && link !== true);
const standIns = locked.filter(([, { link }]) => link === true);
const nameOf = (place: string): string => place.replace(/.*node_modules\//, '');
/** `name@version` of what is in the bundle or is installed with the package. */
const shipped = new Set(
  (readJson('dist/sbom.cdx.json').components as ReadonlyArray<{ purl: string }>).map(({ purl }) =>
    purl.replace('pkg:npm/', '').replace('%40', '@'),
  ),
);
const ships = (place: string, { version, dev }: Locked): boolean =>
  dev !== true || shipped.has(`${nameOf(place)}@${version}`);

describe('the tree of dependencies', () => {
  test('has no install script among what ships', () => {
    const among = packages.filter(([place, entry]) => ships(place, entry));
    expect(among.length).toBeGreaterThanOrEqual(shipped.size);
    expect(among.filter(([, { hasInstallScript }]) => hasInstallScript).map(([place]) => place)).toEqual([]);
  });

  test('has two of them among the tools, which are not run', () => {
    const among = packages.filter(([, { hasInstallScript }]) => hasInstallScript);
    // fsevents is for macOS and locked on some machines only.
    expect(among.map(([place]) => nameOf(place)).filter((name) => name !== 'fsevents')).toEqual([
      'esbuild',
      'koffi',
    ]);
    expect(readFileSync(path.join(ROOT, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
  });

  test('has no install script of its own', () => {
    const { scripts } = readJson('package.json');
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(scripts).not.toHaveProperty(name);
  });

  test('comes from the registry, with a digest each', () => {
    for (const [place, { integrity, resolved }] of packages) {
      expect(integrity, place).toMatch(/^sha512-/);
      if (resolved !== undefined) expect(resolved, place).toMatch(/^https:\/\/registry\.npmjs\.org\//);
    }
  });

  test('has no package of ours but the stand-ins', () => {
    expect(standIns).toEqual([['node_modules/ip', { resolved: 'scripts/stand-ins/ip', link: true }]]);
    const others = locked.map(([place]) => place).filter((place) => !place.startsWith('node_modules/'));
    expect(others).toEqual(['', 'scripts/stand-ins/ip']);
  });

  test('has none of the packages that no version mends', () => {
    expect(packages.map(([place]) => nameOf(place))).not.toContain('ip');
  });

  test('explains every override and stand-in in docs/dependencies.md', () => {
    const page = readFileSync(path.join(ROOT, 'docs/dependencies.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    const overridden = Object.values(readJson('package.json').overrides).flatMap((of) =>
      Object.keys(of as object),
    );
    expect(rows).toEqual(expect.arrayContaining(overridden));
  });
});

describe('the stand-in for ip', () => {
  const require = createRequire(import.meta.url);
  const standIn = require('../../scripts/stand-ins/ip/index.cjs') as { toString(octets: Buffer): string };

  test('keeps the package out of what ships', () => {
    expect([...shipped].filter((name) => /^ip@/.test(name))).toEqual([]);
    expect(readFileSync(path.join(ROOT, 'dist/LICENCES.txt'), 'utf8')).not.toMatch(/^ip \d/m);
  });

  test('gives a text that means the same octets, for every address', () => {
    const octet = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
    const octets = (length: number) => fc.array(octet, { minLength: length, maxLength: length });
    fc.assert(
      fc.property(fc.oneof(octets(4), octets(16)), (given) => {
        const buffer = Buffer.from(given);
        const text = standIn.toString(buffer);
        expect(net.isIP(text)).toBe(given.length === 4 ? 4 : 6);
        expect(ipaddr.parse(text).toByteArray()).toEqual(given);
      }),
      { numRuns: 2_000 },
    );
  });

  test('gives text that is no address for what is none', () => {
    for (const length of [0, 3, 5, 15, 17]) expect(net.isIP(standIn.toString(Buffer.alloc(length)))).toBe(0);
  });
});
