import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import { execute, type Result } from './support/namespace.ts';
import { missing } from './support/needs.ts';

const UNIT = path.resolve(import.meta.dirname, '../../packaging/systemd/netdrift.service');
/** Of 10; what is left is what netdrift is for: the network, netlink, a JIT. */
const HIGHEST_EXPOSURE = 1.5;

const why = missing(['systemd-analyze']);
const title = 'packaging/systemd/netdrift.service';
const describeUnit = why === undefined ? describe : describe.skip;

describeUnit(why === undefined ? title : `${title} [skipped: ${why}]`, () => {
  let lab: Lab;
  let unit: string;

  beforeAll(async () => {
    lab = await Lab.open();
    unit = path.join(lab.folder('unit'), 'netdrift.service');
    // Not installed here: any program that exists will do for a look at the unit.
    writeFileSync(unit, readFileSync(UNIT, 'utf8').replace('/usr/bin/netdrift ', `${process.execPath} `));
  });
  afterAll(() => lab?.close());

  const analyze = (...words: readonly string[]): Promise<Result> =>
    execute(['env', 'LC_ALL=C.UTF-8', 'systemd-analyze', ...words, unit]);

  test('is accepted by systemd-analyze verify without a word', async () => {
    expect(await analyze('verify', '--recursive-errors=no')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('keeps no core of a process that the watchdog ended: secrets are in its memory', () => {
    expect(readFileSync(UNIT, 'utf8')).toMatch(/^LimitCORE=0$/m);
  });

  test(`has an exposure of ${HIGHEST_EXPOSURE} at most`, async () => {
    const { stdout, stderr } = await analyze('security', '--offline=true', '--no-pager');
    const exposure = /Overall exposure level for netdrift\.service: (\d+\.\d+) /.exec(stdout)?.[1];
    expect(exposure, stderr).toBeDefined();
    expect(Number(exposure)).toBeLessThanOrEqual(HIGHEST_EXPOSURE);
  });

  test('has no capability, no privileged user, and only the families it needs', async () => {
    const { stdout } = await analyze('security', '--offline=true', '--json=short');
    const settings = JSON.parse(stdout) as ReadonlyArray<{ name: string; set: boolean | null }>;
    const open = settings.filter(({ set }) => set === false).map(({ name }) => name);
    expect(open.sort()).toEqual([
      'DeviceAllow=',
      'IPAddressDeny=',
      'MemoryDenyWriteExecute=',
      'NotifyAccess=',
      'PrivateNetwork=',
      'ProcSubset=',
      'RestrictAddressFamilies=~AF_(INET|INET6)',
      'RestrictAddressFamilies=~AF_NETLINK',
      'RestrictAddressFamilies=~AF_UNIX',
      'RootDirectory=/RootImage=',
      'SystemCallFilter=~@privileged',
    ]);
  });
});
