import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const DIST = path.resolve(import.meta.dirname, '../../dist');

// Loaded before the launcher; tells what V8 made of the cache that the launcher found, if it found one.
const SPY = `
  const vm = require('node:vm');
  const { Script } = vm;
  vm.Script = class extends Script {
    constructor(text, options) {
      super(text, options);
      console.error(options.cachedData === undefined ? 'none' : this.cachedDataRejected ? 'refused' : 'taken');
    }
  };
`;

describe('the code cache', () => {
  let folder: string;
  const cacheFile = (): string => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.cache'));
    expect(names).toEqual([
      expect.stringContaining(`-${process.version}-${process.platform}-${process.arch}`),
    ]);
    return path.join(folder, names[0] ?? '');
  };
  const start = () => {
    writeFileSync(path.join(folder, 'spy.cjs'), SPY);
    const words = ['--require', path.join(folder, 'spy.cjs'), path.join(folder, 'netdrift.cjs'), '--version'];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    return { status, stdout: stdout.trim(), cache: stderr.trim() };
  };
  const { version } = JSON.parse(readFileSync(path.join(DIST, '../package.json'), 'utf8'));

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'netdrift-dist-'));
    for (const name of readdirSync(DIST))
      if (/\.(?:cjs|cache)$/.test(name)) cpSync(path.join(DIST, name), path.join(folder, name));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  // Where another Node than the builder's runs the tests there is none for it, and none is the other case below.
  const built = readdirSync(DIST).some((name) => name.includes(`-${process.version}-`));
  test.skipIf(!built)('is made by the build, and taken by the Node that built', () => {
    cacheFile();
    expect(start()).toEqual({ status: 0, stdout: version, cache: 'taken' });
  });

  test.skipIf(!built)(
    'that is cut off, of another text or no cache at all is refused, and the program starts',
    () => {
      const file = cacheFile();
      const whole = readFileSync(file);
      for (const octets of [whole.subarray(0, whole.length / 2), Buffer.alloc(0), Buffer.from('no cache')]) {
        writeFileSync(file, octets);
        expect(start()).toEqual({ status: 0, stdout: version, cache: 'refused' });
      }
      writeFileSync(file, whole);
      const program = path.join(folder, 'program.cjs');
      writeFileSync(program, `${readFileSync(program, 'latin1')} `);
      expect(start()).toEqual({ status: 0, stdout: version, cache: 'refused' });
    },
  );

  test('is not needed: without it the program starts as well', () => {
    for (const name of readdirSync(folder)) if (name.endsWith('.cache')) rmSync(path.join(folder, name));
    expect(start()).toEqual({ status: 0, stdout: version, cache: 'none' });
  });
});
