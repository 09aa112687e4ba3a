import { describe, expect, test } from 'vitest';
import { formatProblems, loadConfiguration } from '../../src/config/load.ts';
import type { Secret } from '../../src/config/secret.ts';
import { host } from './fakes.ts';

const FILE = '/etc/netdrift/config.yaml';
const LOCAL =
  'sinks:\n  local: { provider: embedded, listen: 127.0.0.1:15353, records: [home.netdrift.test] }\n';
const dyn = (...names: string[]) =>
  `sinks:\n${names.map((name, index) => `  s${index}: { provider: dyndns2, username: me, password: { file: ${name} }, records: [a.example.org] }`).join('\n')}\n`;

async function told(content: string | Uint8Array | Error | undefined): Promise<string> {
  const loaded = await loadConfiguration(FILE, host(content === undefined ? {} : { [FILE]: content }));
  return loaded.ok ? 'ok' : formatProblems(loaded.problems);
}

const failure = (code: string): Error => Object.assign(new Error(`${code}: something`), { code });
const PATH_HINT = '\n    give the right path with --config, and let the user netdrift runs as read the file';

describe('loadConfiguration', () => {
  test('a file that cannot be read is a problem without a line', async () => {
    expect(await told(undefined)).toBe(`${FILE} cannot be read: it does not exist${PATH_HINT}`);
    expect(await told(failure('EACCES'))).toBe(`${FILE} cannot be read: permission denied${PATH_HINT}`);
    expect(await told(failure('EISDIR'))).toBe(`${FILE} cannot be read: it is a folder${PATH_HINT}`);
    expect(await told(failure('EIO'))).toBe(`${FILE} cannot be read: EIO${PATH_HINT}`);
  });

  test('a file that is no text of ours is refused whole', async () => {
    expect(await told(Uint8Array.of(0x61, 0xc3, 0x28))).toContain('cannot be read: it is not UTF-8 text');
    expect(await told(Uint8Array.of(0xff, 0xfe, 0x61, 0))).toContain('it is UTF-16; save it as UTF-8');
    expect(await told('#'.repeat(1_048_577))).toContain('cannot be read: it is larger than 1024 KiB');
    expect(await told(`#${' '.repeat(1_048_000)}\n${LOCAL}`)).toBe('ok');
  });

  test('a device is not read at all', async () => {
    const components = {
      ...host({ [FILE]: '' }, 0o020666),
      readFile: () => Promise.reject(new Error('read')),
    };
    const loaded = await loadConfiguration(FILE, components);
    expect(loaded.ok ? '' : loaded.problems[0]?.message).toBe('cannot be read: it is a device, not a file');
  });

  test('a byte order mark and CRLF change nothing', async () => {
    expect(await told(`\ufeff${LOCAL}`)).toBe('ok');
    expect(await told(LOCAL.replaceAll('\n', '\r\n'))).toBe('ok');
  });

  test('secret files are read once each, from the folder of the configuration', async () => {
    const files = { [FILE]: dyn('/run/a', '/run/a', 'b'), '/run/a': 'first\n', '/etc/netdrift/b': 'second' };
    const read: string[] = [];
    const components = host(files);
    const loaded = await loadConfiguration(FILE, {
      ...components,
      readFile: (path) => {
        read.push(path);
        return components.readFile(path);
      },
    });
    expect(loaded.ok).toBe(true);
    expect(read.sort()).toEqual(['/etc/netdrift/b', FILE, '/run/a'].sort());
  });

  test('a secret file that fails is told at its place in the configuration', async () => {
    const files = { [FILE]: dyn('/run/a', '/run/b', '/run/c'), '/run/a': 'x', '/run/b': failure('EACCES') };
    const loaded = await loadConfiguration(FILE, host(files));
    expect(loaded.ok ? [] : loaded.problems).toMatchObject([
      { line: 3, message: 'needs /run/b, which cannot be read: permission denied' },
      { line: 4, message: 'needs /run/c, which cannot be read: it does not exist' },
    ]);
  });

  test('secrets out of files arrive in the options', async () => {
    const loaded = await loadConfiguration(FILE, host({ [FILE]: dyn('/run/a'), '/run/a': 'the secret\n' }));
    if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
    const options = loaded.settings.sinks[0]?.options as { readonly password: Secret };
    expect(options.password.reveal()).toBe('the secret');
    expect(loaded.warnings).toEqual([]);
  });

  test('the permission bits of the file decide on the warning of literal secrets', async () => {
    const text = dyn('x').replace('{ file: x }', 'literal');
    const open = await loadConfiguration(FILE, host({ [FILE]: text }, 0o100640));
    expect(open.ok ? open.warnings.map(({ message }) => message) : []).toEqual([
      'is a secret in a file that others can read (mode 0640)',
    ]);
    const closed = await loadConfiguration(FILE, host({ [FILE]: text }, 0o100600));
    expect(closed.ok ? closed.warnings : undefined).toEqual([]);
  });
});
