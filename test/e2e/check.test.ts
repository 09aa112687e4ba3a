import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WRONG_CONFIGURATIONS } from '../config/wrong-configurations.ts';
import { PROGRAM, type Result, Workspace } from './support/workspace.ts';

let space: Workspace;

beforeEach(() => {
  space = new Workspace();
});
afterEach(() => space[Symbol.asyncDispose]());

const LOCAL =
  'sinks:\n  local: { provider: embedded, listen: 127.0.0.1:15353, records: [home.netdrift.test] }\n';

/** Whatever is wrong, a person can act on it: exit status, code, remedy, and nothing of our own inside. */
function expectReadable({ code, stdout, stderr }: Result, what?: string): void {
  expect(code, what).toBe(78);
  expect(stdout).toBe('');
  expect(stderr).not.toMatch(/\n\s+at |Error:|\[object |undefined|ZodError|node:internal|\.ts:\d/);
  expect(stderr).toMatch(/^netdrift: .+\n {2}\S.+ \(NETDRIFT_[A-Z_]+\)$/m);
}

describe('netdrift check', () => {
  test('0: says what a right configuration amounts to, and makes nothing', async () => {
    space.write('config.yaml', `${LOCAL}state_dir: state\n`);
    const { code, stdout, stderr } = await space.run(['check']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`${space.path('config.yaml')} is right: 1 uplink(s), 1 sink(s), 2 record(s)\n`);
  });

  test('warns of a secret in a file that others can read, without showing it', async () => {
    space.write(
      'config.yaml',
      'sinks:\n  dyn:\n    provider: dyndns2\n    server: https://dyn.example\n    username: me\n    password: Kanarienvogel\n    records: [a.example.net]\n',
    );
    chmodSync(space.path('config.yaml'), 0o644);
    const { code, stdout, stderr } = await space.run(['check']);
    expect(code).toBe(0);
    expect(stdout).toContain('1 warning(s)');
    expect(stderr).toContain('config.yaml:6:');
    expect(stderr).toContain('chmod 600');
    expect(stdout + stderr).not.toContain('Kanarienvogel');
  });

  test.each([
    ['an empty file', '', [1]],
    ['no YAML at all', '\t}{', [1]],
    ['an unclosed bracket', 'sinks: [\n', [1, 2]],
    ['a list', '- a\n', [1]],
    ['an unknown key', `${LOCAL}snks: {}\n`, [3]],
    ['a key twice', `${LOCAL}${LOCAL}`, [3]],
    ['a bare number for a duration', `watch:\n  every: 300\n${LOCAL}`, [2]],
    ['an unknown provider', 'sinks:\n  a:\n    provider: dyndns9\n    records: [a.example.org]\n', [3]],
    ['an unknown detector', `uplinks:\n  wan:\n    ipv4: [stunn]\n${LOCAL}`, [3]],
    [
      'an uplink nobody has',
      'sinks:\n  a:\n    provider: embedded\n    uplink: lte\n    records: [a.example.org]\n',
      [4],
    ],
    [
      'a secret whose variable is not set',
      'sinks:\n  a:\n    provider: dyndns2\n    server: https://dyn.example\n    username: me\n    password: { env: NETDRIFT_TEST_UNSET }\n    records: [a.example.org]\n',
      [6],
    ],
    [
      'a secret whose file is not there',
      'sinks:\n  a:\n    provider: dyndns2\n    server: https://dyn.example\n    username: me\n    password: { file: nowhere }\n    records: [a.example.org]\n',
      [6],
    ],
    [
      'several at once',
      'watch:\n  every: soon\n  settle: 1\nsinks:\n  a:\n    provider: embedded\n    listen: nowhere\n    records: [bad name]\n',
      [2, 3, 7, 8],
    ],
  ])('78: %s', async (_, text, lines) => {
    space.write('config.yaml', text);
    const result = await space.run(['check']);
    expectReadable(result);
    const told = [...result.stderr.matchAll(/config\.yaml:(\d+):\d+/g)].map((match) => Number(match[1]));
    expect(told).toEqual(lines);
  });

  // The words are pinned where the text is parsed; here it is the program with all of its providers, detectors and files.
  test('78: every wrong configuration there is a word for, with something to do about each problem', async () => {
    for (const [index, { title, text }] of WRONG_CONFIGURATIONS.entries()) {
      space.write(`${index}.yaml`, text);
      const result = await space.run(['check'], { config: `${index}.yaml` });
      expectReadable(result, title);
      const told = result.stderr.split('\n').slice(0, -3);
      const remedies = told.filter((_, at) => at % 2 === 1);
      expect(told[0], title).toMatch(/\d+\.yaml:\d+:\d+/);
      for (const remedy of remedies) expect(remedy, title).toMatch(/^ {4}\S.*\S$/);
      expect(result.stderr, title).not.toMatch(/(?:one of:?|use|write) *$/m);
      expect(result.stderr, title).not.toMatch(/hunter2|31337/);
    }
  }, 300_000);

  test('78: where no provider is named, all of them are told', async () => {
    space.write('config.yaml', 'sinks:\n  a: { records: [a.example.org] }\n');
    const result = await space.run(['check']);
    expectReadable(result);
    expect(result.stderr).toContain('    write provider: and one of aliyun');
    for (const name of ['cloudflare', 'embedded', 'webhook']) expect(result.stderr).toContain(`, ${name}`);
  });

  test('78: a file that is not there, a folder, a device, octets that are no text', async () => {
    mkdirSync(space.path('folder'));
    const told = async (config: string): Promise<string> => {
      const result = await space.execute([...space.command([]), 'check', '--config', config]);
      expectReadable(result);
      return result.stderr;
    };
    expect(await told('nowhere.yaml')).toContain('it does not exist');
    expect(await told('folder')).toContain('it is a folder');
    expect(await told('/dev/zero')).toContain('device');
    expect(await told(process.execPath)).toContain('larger than');
  });

  test.skipIf(process.platform === 'win32')('78: a file the user may not read', async () => {
    chmodSync(space.write('config.yaml', LOCAL), 0o000);
    chmodSync(space.folder, 0o755);
    // Root may read everything, so then it is somebody else who asks, with a copy of the program within reach.
    const root = process.getuid?.() === 0;
    const program = space.path('dist/netdrift.cjs');
    cpSync(path.dirname(PROGRAM), path.dirname(program), { recursive: true });
    chmodSync(space.path('dist'), 0o755);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [program, 'check', '--config', space.path('config.yaml')],
      { encoding: 'utf8', cwd: space.folder, ...(root && { uid: 65_534, gid: 65_534 }) },
    );
    expectReadable({ code: status, signal: null, stdout, stderr });
    expect(stderr).toContain('permission denied');
  });

  test('the file is found by $NETDRIFT_CONFIG and in the present folder', async () => {
    space.write('elsewhere.yaml', LOCAL);
    const named = await space.execute([...space.command([]), 'check'], {
      NETDRIFT_CONFIG: space.path('elsewhere.yaml'),
    });
    expect(named).toMatchObject({ code: 0, stdout: expect.stringContaining('elsewhere.yaml is right') });
    space.write('config.yaml', LOCAL);
    const found = await space.execute([...space.command([]), 'check']);
    expect(found).toMatchObject({ code: 0, stdout: expect.stringContaining('config.yaml is right') });
  });
});

describe.each(['run', 'once', 'plan', 'status', 'trigger', 'watch'])('netdrift %s', (command) => {
  test('78: tells what is wrong with the configuration as check does', async () => {
    space.write('config.yaml', 'sinks: {}\n');
    const result = await space.run([command]);
    expectReadable(result);
    expect(result.stderr).toContain('config.yaml:1:');
  });
});
