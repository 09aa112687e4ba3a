import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeHttpServer } from '../fakes/http-server.ts';
import { configOf, startDyndns, told } from './support/dyndns.ts';
import { Workspace } from './support/workspace.ts';

let space: Workspace;
let server: FakeHttpServer;

beforeEach(async () => {
  space = new Workspace();
  server = await startDyndns();
});
afterEach(async () => {
  await space[Symbol.asyncDispose]();
  await server.close();
});

const configure = (address: string, more: Partial<Parameters<typeof configOf>[0]> = {}): void => {
  const file = space.write('address', address);
  space.write('config.yaml', configOf({ server, file, ...more }));
};

describe('netdrift once', () => {
  test('0: everything is published; asked again it sends nothing', async () => {
    configure('203.0.113.7', { records: '[home.example.net, office.example.net]' });
    expect(await space.run(['once'])).toMatchObject({ code: 0, stderr: '' });
    expect(told(server)).toEqual(['home.example.net,office.example.net=203.0.113.7']);
    expect(server.requests[0]?.headers['user-agent']).toMatch(/^netdrift\/\d+\.\d+\.\d+ \(\+https:\/\//);

    expect(await space.run(['once'])).toMatchObject({ code: 0 });
    expect(server.requests).toHaveLength(1);

    space.write('address', '203.0.113.8');
    expect(await space.run(['once'])).toMatchObject({ code: 0 });
    expect(told(server).slice(1)).toEqual(['home.example.net,office.example.net=203.0.113.8']);
  });

  test('0: what nobody could tell does not count where no record needs it', async () => {
    configure('203.0.113.7');
    const text = readFileSync(space.path('config.yaml'), 'utf8')
      .replace('wan: {', `wan: { ipv6: [{ detector: file, path: ${space.path('nowhere')} }],`)
      .replace('[home.example.net]', '[{ name: home.example.net, types: [A] }]');
    space.write('config.yaml', text);
    const { code, stdout } = await space.run(['once']);
    expect(stdout).toContain('"event":"address_unavailable"');
    expect(code).toBe(0);
  });

  test('1: the provider refuses, is told so, and is not asked again with the same login', async () => {
    configure('203.0.113.7');
    server.respond(() => ({ status: 401, body: 'badauth' }));
    const { code, stdout } = await space.run(['once']);
    expect(code).toBe(1);
    expect(stdout).toContain('badauth');
    expect(await space.run(['once'])).toMatchObject({ code: 1 });
    expect(server.requests).toHaveLength(1);

    server.respond(() => ({ body: 'good 203.0.113.7' }));
    configure('203.0.113.7', { password: 'another-password' });
    expect(await space.run(['once'])).toMatchObject({ code: 0 });
    expect(server.requests).toHaveLength(2);
  });

  test('1: a provider that fails, and one that never answers', async () => {
    configure('203.0.113.7', { sink: ['timeout: 300ms'] });
    server.next({ status: 503, body: 'later' }, { hang: 'headers' });
    expect(await space.run(['once'])).toMatchObject({ code: 1 });
    expect(await space.run(['once'])).toMatchObject({ code: 1 });
    expect(server.requests).toHaveLength(2);
  });

  test('1: an address that may not be published', async () => {
    configure('203.0.113.7', {});
    const text = readFileSync(space.path('config.yaml'), 'utf8');
    space.write('config.yaml', text.replace('    allow: [documentation]\n', '    allow: []\n'));
    const { code, stdout } = await space.run(['once']);
    expect(code).toBe(1);
    expect(stdout).toContain('"event":"address_refused"');
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    ['a file that is not there', undefined],
    ['an empty file', ''],
    ['text that is no address', 'about:blank'],
    ['an address of the other family', '2001:db8::7'],
    ['an address nobody allowed', '10.0.0.7'],
  ])('75: no address to be had (%s)', async (_, content) => {
    configure('');
    if (content === undefined) space.write('config.yaml', configOf({ server, file: space.path('nowhere') }));
    else space.write('address', content);
    const { code, stdout } = await space.run(['once']);
    expect(code).toBe(75);
    expect(stdout).toContain('"event":"address_unavailable"');
    expect(server.requests).toHaveLength(0);
  });

  test('78: a wrong configuration starts nothing and makes no state', async () => {
    configure('203.0.113.7', { records: '[not a name]' });
    const { code, stdout, stderr } = await space.run(['once']);
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr).toContain('NETDRIFT_CONFIG_INVALID');
    expect(server.requests).toHaveLength(0);
    expect(existsSync(space.path('state'))).toBe(false);
  });
});

describe('usage', () => {
  test.each([
    [[]],
    [['frobnicate']],
    [['run', '--no-such-option']],
    [['check', '--config']],
    [['trigger', '--release']],
    [['once', 'surplus']],
  ])('2: %j', async (words) => {
    const { code, stdout, stderr } = await space.execute([...space.command([]), ...words]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/Usage: netdrift|error: /);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('0: help and version', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await space.execute([...space.command([]), '--version'])).toMatchObject({
      code: 0,
      stdout: `${manifest.version}\n`,
    });
    const { code, stdout } = await space.execute([...space.command([]), '--help']);
    expect(code).toBe(0);
    for (const name of ['run', 'once', 'check', 'plan', 'status', 'trigger', 'watch']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });
});
