import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** A program of somebody else with netdrift installed from its tarball, and the one dependency beside it. */
let consumer: string;

beforeAll(() => {
  consumer = mkdtempSync(path.join(os.tmpdir(), 'netdrift-library-'));
  const stage = path.join(consumer, 'stage');
  // Packed from a copy, so that the declarations built here disturb nobody who is building in the repository.
  mkdirSync(stage);
  for (const name of [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'config.yaml',
    'schema',
    'scripts',
    'src',
  ]) {
    cpSync(path.join(ROOT, name), path.join(stage, name), { recursive: true });
  }
  cpSync(path.join(ROOT, 'package-lock.json'), path.join(stage, 'package-lock.json'));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(stage, 'node_modules'), 'junction');
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: stage, stdio: 'pipe' });
  const packed = execFileSync(NPM, ['pack', '--ignore-scripts', '--offline', '--json', '--loglevel=error'], {
    cwd: stage,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const installed = path.join(consumer, 'node_modules/netdrift');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', path.join(stage, filename), '-C', installed, '--strip-components=1']);
  for (const name of ['rxjs', 'tslib']) {
    symlinkSync(path.join(ROOT, 'node_modules', name), path.join(consumer, 'node_modules', name), 'junction');
  }
  rmSync(stage, { recursive: true });
  writeFileSync(path.join(consumer, 'package.json'), '{ "type": "module", "private": true }\n');
}, 60_000);
afterAll(() => rmSync(consumer, { recursive: true, force: true }));

const installed = (name: string): string => path.join(consumer, 'node_modules/netdrift', name);

const PROGRAM = `
import { firstValueFrom, take, toArray } from 'rxjs';
import { type AddressChange, addressChanges, classify, type Family, type IpAddress, parseAddress } from 'netdrift';

const changes: AddressChange[] = await firstValueFrom(
  addressChanges({
    ipv4: [{ detector: 'file', path: process.argv[2] }],
    ipv6: [{ detector: 'static', address: '2001:db8::7' }],
    allow: ['documentation'],
  }).pipe(take(2), toArray()),
);
const families: Family[] = changes.map((change) => change.family);
const address: IpAddress | null | undefined = changes[0]?.address;
console.log(JSON.stringify({ changes, families, address, class: classify(parseAddress('203.0.113.7') ?? '' as IpAddress) }));
// @ts-expect-error a text is no duration that the compiler would let pass as a number
addressChanges({ settle: 250 });
`;

describe('the package', () => {
  test('holds program, library, types, licences, and needs rxjs alone', () => {
    const manifest = JSON.parse(readFileSync(installed('package.json'), 'utf8'));
    expect(Object.keys(manifest.dependencies)).toEqual(['rxjs']);
    for (const name of [
      'dist/netdrift.cjs',
      'dist/index.js',
      'dist/types/index.d.ts',
      'dist/LICENCES.txt',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      'config.yaml',
    ]) {
      expect(readFileSync(installed(name), 'utf8').length).toBeGreaterThan(0);
    }
    const entries = readdirSync(installed('.'));
    for (const name of ['src', 'test', 'node_modules']) expect(entries).not.toContain(name);
  });

  test('runs as a program from there, and its default configuration is right', () => {
    const words = [installed('dist/netdrift.cjs'), 'check', '--config', installed('config.yaml')];
    expect(execFileSync(process.execPath, words, { cwd: consumer, encoding: 'utf8' })).toContain('is right');
  });

  test('its declarations can be read without anything but rxjs', () => {
    const outside = new Set<string>();
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
      for (const [, name = ''] of code.matchAll(/(?:from\s+|import\()['"]([^'"]+)['"]/g)) {
        if (!name.startsWith('.')) outside.add(name);
        else visit(path.resolve(path.dirname(file), name.replace(/\.js$/, '.d.ts')));
      }
    };
    visit(installed('dist/types/index.d.ts'));
    expect([...outside]).toEqual(['rxjs']);
  });
});

describe('import { addressChanges } from netdrift', () => {
  test('passes the type check of a strict program', () => {
    writeFileSync(path.join(consumer, 'program.ts'), PROGRAM);
    symlinkSync(
      path.join(ROOT, 'node_modules/@types'),
      path.join(consumer, 'node_modules/@types'),
      'junction',
    );
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const words = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
      'program.ts',
    ];
    const run = (): string => {
      try {
        return execFileSync(process.execPath, [compiler, ...words], { cwd: consumer, encoding: 'utf8' });
      } catch (error) {
        return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
      }
    };
    expect(run()).toBe('');
  }, 60_000);

  test('runs: both families, then nothing is left that keeps the program alive', () => {
    const file = path.join(consumer, 'address');
    writeFileSync(file, '203.0.113.7\n');
    writeFileSync(
      path.join(consumer, 'program.js'),
      PROGRAM.replace(
        /import \{ type[^;]*;/,
        "import { addressChanges, classify, parseAddress } from 'netdrift';",
      )
        .replaceAll(/: (?:AddressChange\[\]|Family\[\]|IpAddress \| null \| undefined)/g, '')
        .replace("?? '' as IpAddress", '')
        .replace('addressChanges({ settle: 250 });', ''),
    );
    const output = execFileSync(process.execPath, ['program.js', file], {
      cwd: consumer,
      encoding: 'utf8',
      timeout: 10_000,
    });
    const { changes, class: kind } = JSON.parse(output);
    expect(kind).toBe('documentation');
    expect(changes).toEqual(
      expect.arrayContaining([
        { family: 'ipv4', address: '203.0.113.7', witness: file, reasons: ['start'] },
        { family: 'ipv6', address: '2001:db8::7', witness: '2001:db8::7', reasons: ['start'] },
      ]),
    );
  });

  test('leaves the signals of the program to the program while it watches', () => {
    const script = `
      import { addressChanges } from 'netdrift';
      addressChanges({ ipv4: [{ detector: 'static', address: '203.0.113.7' }], ipv6: [], allow: ['documentation'] })
        .subscribe(() => {
          console.log(JSON.stringify(process.eventNames().filter((name) => /^SIG/.test(String(name)))));
          process.exit();
        });`;
    const words = ['--input-type=module', '-e', script];
    const output = execFileSync(process.execPath, words, {
      cwd: consumer,
      encoding: 'utf8',
      timeout: 10_000,
    });
    expect(JSON.parse(output)).toEqual([]);
  });

  test('wrong options are told when it is called', () => {
    const script = (options: string): string =>
      execFileSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { addressChanges } from 'netdrift'; try { addressChanges(${options}); } catch (error) { console.log(error.name, error.message); }`,
        ],
        { cwd: consumer, encoding: 'utf8', timeout: 10_000 },
      );
    expect(script("{ ipv4: ['stunn'] }")).toMatch(/^TypeError no witness stunn; there are .*interface.*\n$/);
    expect(script("{ ipv4: [{ detector: 'static' }] }")).toMatch(
      /^TypeError wrong options for witness static/,
    );
    expect(script("{ settle: 'soon' }")).toBe('TypeError not a duration: soon\n');
  });
});
