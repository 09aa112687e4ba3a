import { describe, expect, it } from 'vitest';
import { formatProblems, loadConfiguration } from '../../src/config/load.ts';
import { host } from './fakes.ts';

const FILE = '/etc/netdrift/config.yaml';
const load = (content: string | Uint8Array | Error, more = {}) =>
  loadConfiguration(FILE, { ...host({ [FILE]: content }), ...more });

/** The names asked of the catalogue. */
async function namesAsked(text: string): Promise<readonly string[]> {
  const asked: string[] = [];
  await load(text, {
    providers: async (names: readonly string[]) => {
      asked.push(...names);
      return [];
    },
  });
  return asked;
}

describe('the providers that are loaded', () => {
  it.each([
    ['sinks:\n  a: { provider: one }\n  b: { provider: two }\n', ['one', 'two']],
    ['sinks:\n  a: { provider: [one] }\n  b: text\n  c: {}\n  d: { provider: 7 }\n', ['', '', '']],
    ['sinks: [one]\n', []],
    ['sinks: text\n', []],
    ['just text\n', []],
    ['- a list\n', []],
    ['', []],
  ])('for %j are %j', async (text, names) => expect(await namesAsked(text)).toEqual(names));
});

describe('a file that cannot be read', () => {
  it.each([
    [Object.assign(new Error('x'), { code: 'ENOENT' }), 'it does not exist'],
    [Object.assign(new Error('x'), { code: 'EACCES' }), 'permission denied'],
    [Object.assign(new Error('x'), { code: 'EISDIR' }), 'it is a folder'],
    [Object.assign(new Error('x'), { code: 'ENEW' }), 'ENEW'],
    [new Error('without a code'), 'unknown error'],
    [Uint8Array.of(0xff, 0xfe, 0x41), 'it is UTF-16; save it as UTF-8'],
    [Uint8Array.of(0xfe, 0xff, 0x41), 'it is UTF-16; save it as UTF-8'],
    [Uint8Array.of(0xff, 0x41), 'it is not UTF-8 text'],
    [Uint8Array.of(0xfe, 0x41), 'it is not UTF-8 text'],
    ['x'.repeat(1_048_577), 'it is larger than 1024 KiB'],
  ])('%#', async (content, why) => expect(await load(content)).toMatchObject({ ok: false, unreadable: why }));

  it('because it has grown since it was looked at, or is a device', async () => {
    const small = { stat: async () => ({ mode: 0o100600, size: 5 }) };
    expect(await load('x'.repeat(1_048_577), small)).toMatchObject({
      unreadable: 'it is larger than 1024 KiB',
    });
    const device = { stat: async () => ({ mode: 0o020666, size: 0 }) };
    expect(await load('', device)).toMatchObject({ unreadable: 'it is a device, not a file' });
  });
});

describe('secrets in other places', () => {
  const dyn = (reference: string): string =>
    `sinks:\n  dyn: { provider: dyndns2, username: me, password: ${reference}, records: [a.example.org] }\n`;

  it.each([
    [
      '{ credential: dyn }',
      { CREDENTIALS_DIRECTORY: '/run/credentials' },
      'name it in LoadCredential= of the service',
    ],
    ['{ credential: dyn }', {}, 'there is no $CREDENTIALS_DIRECTORY'],
    ['{ credential: dyn }', { CREDENTIALS_DIRECTORY: 'relative' }, 'there is no $CREDENTIALS_DIRECTORY'],
    ['{ credential: ../dyn }', { CREDENTIALS_DIRECTORY: '/run' }, 'is no name of a credential'],
    ['{ credential: .. }', { CREDENTIALS_DIRECTORY: '/run' }, 'is no name of a credential'],
    ['{ file: /nowhere }', {}, 'create the file'],
    ['{ env: NOT_SET }', {}, 'which is not set'],
    ['{ env: EMPTY }', { EMPTY: '' }, 'which is empty'],
  ])('%s with %j', async (reference, env, words) => {
    const loaded = await load(dyn(reference), { env });
    expect(loaded.ok ? '' : formatProblems(loaded.problems)).toContain(words);
  });

  it('of an empty file are none', async () => {
    const files = { ...host({ [FILE]: dyn('{ file: secret }'), '/etc/netdrift/secret': '\n\r\n' }) };
    const loaded = await loadConfiguration(FILE, files);
    expect(loaded.ok ? '' : formatProblems(loaded.problems)).toContain('which is empty');
  });
});
