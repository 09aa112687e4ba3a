import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { Family } from '../../../src/model/family.ts';
import { fileKind } from '../../../src/sources/addresses/file.ts';
import { interfaceKind } from '../../../src/sources/addresses/interface.ts';
import { detectorKinds } from '../../../src/sources/addresses/registry.ts';
import { staticKind } from '../../../src/sources/addresses/static.ts';
import { components, link, question, route, snapshotOf } from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'netdrift-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const init = <Options>(options: Options, family: Family = 'ipv4') => ({ family, options, allow: [] });

describe('the registry', () => {
  it('has each kind once, under the names the configuration uses', () => {
    const names = detectorKinds.map(({ name }) => name);
    expect(names).toEqual([
      'metadata',
      'interface',
      'router',
      'stun',
      'dns',
      'http',
      'static',
      'file',
      'command',
    ]);
  });

  it('takes the bare name of every kind that needs nothing more, and refuses unknown keys of all', () => {
    const bare = detectorKinds.filter(({ options }) => options.safeParse({}).success).map(({ name }) => name);
    expect(bare).toEqual(['metadata', 'interface', 'router', 'stun', 'dns', 'http']);
    for (const { options } of detectorKinds) expect(options.safeParse({ surprise: 1 }).success).toBe(false);
  });
});

describe('the interface detector', () => {
  const eth0 = (...addresses: string[]) =>
    question({ snapshot: snapshotOf([link('eth0', addresses)], [route('ipv6', 'eth0')]) });
  const create = (preferred: readonly string[] = []) => {
    const published = preferred.map(address);
    const [detector] = interfaceKind.create(
      { ...init({}, 'ipv6'), preferred: () => published },
      components(),
    );
    if (detector === undefined) throw new Error('no detector');
    return detector;
  };

  it('names the interface as the witness and asks nobody', async () => {
    const detector = create();
    const reading = await detector.read(eth0('2a00:1450::5'));
    expect(reading).toMatchObject({
      kind: 'known',
      address: '2a00:1450::5',
      via: { detector: 'interface', name: 'eth0' },
    });
    expect(detector.outside).toBe(false);
  });

  it('chooses what is published already when it chooses for the first time, if that is still there', async () => {
    const both = eth0('2a00:1450::1', '2a00:1450::5');
    expect(await create(['2a00:1450::5']).read(both)).toMatchObject({ address: '2a00:1450::5' });
    expect(await create(['2a00:1450::7']).read(both)).toMatchObject({ address: '2a00:1450::1' });
  });

  it('stays with its own choice afterwards, whatever is published', async () => {
    const detector = create(['2a00:1450::5']);
    await detector.read(eth0('2a00:1450::1'));
    expect(await detector.read(eth0('2a00:1450::1', '2a00:1450::5'))).toMatchObject({
      address: '2a00:1450::1',
    });
  });

  it('keeps what it chose when a lower address appears, and only while it lasts', async () => {
    const detector = create();
    await detector.read(eth0('2a00:1450::5'));
    expect(await detector.read(eth0('2a00:1450::1', '2a00:1450::5'))).toMatchObject({
      address: '2a00:1450::5',
    });
    expect(await detector.read(eth0('2a00:1450::1', '2a00:1450::9'))).toMatchObject({
      address: '2a00:1450::1',
    });
  });

  it('forgets nothing over a moment without addresses', async () => {
    const detector = create();
    await detector.read(eth0('2a00:1450::5'));
    expect(await detector.read(eth0('2a00:1450::1 tentative'))).toMatchObject({ kind: 'unavailable' });
    expect(await detector.read(eth0('2a00:1450::1', '2a00:1450::5'))).toMatchObject({
      address: '2a00:1450::5',
    });
  });

  it('takes the interface of its own option before that of the uplink', async () => {
    const snapshot = snapshotOf([link('eth0', ['8.8.1.1']), link('eth1', ['8.8.9.9'])]);
    const [bound] = interfaceKind.create({ ...init({}), interface: 'eth1' }, components());
    expect(await bound?.read(question({ snapshot }))).toMatchObject({ address: '8.8.9.9' });
    const [named] = interfaceKind.create({ ...init({ interface: 'eth0' }), interface: 'eth1' }, components());
    expect(await named?.read(question({ snapshot }))).toMatchObject({ address: '8.8.1.1' });
  });

  it('rejects only when aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(create().read({ ...eth0('2a00:1450::5'), signal })).rejects.toThrow('enough');
  });
});

describe('the static detector', () => {
  it('gives the address of the configuration, in canonical text', async () => {
    const options = staticKind.options.parse({ address: '2001:DB8:0::1' });
    const [detector] = staticKind.create(init(options, 'ipv6'), components());
    expect(await detector?.read(question())).toMatchObject({ kind: 'known', address: '2001:db8::1' });
  });

  it('does not answer for the other family', async () => {
    const [detector] = staticKind.create(
      init(staticKind.options.parse({ address: '8.8.4.4' }), 'ipv6'),
      components(),
    );
    const why = 'asked for IPv6 and was told 8.8.4.4';
    expect(await detector?.read(question())).toMatchObject({ kind: 'unavailable', why });
  });
});

describe('the file detector', () => {
  const read = async (path: string) => {
    const [detector] = fileKind.create(init({ path }), components());
    return await detector?.read(question());
  };
  const written = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it('reads a file that is one address', async () => {
    const path = written('good', '8.8.4.4\n');
    const via = { detector: 'file', name: path, operator: 'this host' };
    expect(await read(path)).toEqual({ kind: 'known', address: '8.8.4.4', via, why: 'written in the file' });
  });

  it('takes the word none for absent', async () => {
    expect(await read(written('none', 'none\n'))).toMatchObject({ kind: 'absent' });
  });

  it.each([
    ['an empty file', '', 'the file is empty'],
    ['a file with more than an address', 'IP=8.8.4.4\n', 'the file is not an address: IP=8.8.4.4'],
    [
      'a file with two addresses',
      '8.8.4.4\n8.8.8.8\n',
      'the file holds 2 addresses and not one: 8.8.4.4 8.8.8.8',
    ],
    ['a file of another family', '2a00:1450::1', 'asked for IPv4 and was told 2a00:1450::1'],
    ['a file that is too long', '8.8.4.4'.padEnd(5000, '\n'), 'the file is longer than 4096 octets'],
  ])('refuses %s', async (name, content, why) => {
    expect(await read(written(name, content))).toMatchObject({ kind: 'unavailable', why });
  });

  it('says so if there is no file', async () => {
    expect(await read(join(folder, 'missing'))).toMatchObject({
      kind: 'unavailable',
      why: 'there is no such file',
    });
  });

  it('refuses a folder', async () => {
    expect(await read(folder)).toMatchObject({ kind: 'unavailable', why: 'it is not a regular file' });
  });

  it.skipIf(process.platform === 'win32')('does not hang on a pipe that nobody writes to', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    expect(await read(path)).toMatchObject({ kind: 'unavailable', why: 'it is not a regular file' });
  });
});
