import { mkdirSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockFolder } from '../../src/state/lock.ts';
import { temporaryFolder } from './fixture.ts';

// What other systems do is played here: the calls they would make, and what they would answer.
const calls = vi.hoisted(() => ({
  opened: [] as (readonly [string, number])[],
  open: undefined as Error | undefined,
  link: [] as (Error | undefined)[],
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    open: async (path: string, flags: number, mode: number) => {
      calls.opened.push([path, flags]);
      if (calls.open !== undefined) throw calls.open;
      return real.open(path, flags & 0x3 ? 'w' : 'r', mode);
    },
    link: async (from: string, to: string) => {
      const error = calls.link.shift();
      if (error !== undefined) throw error;
      return real.link(from, to);
    },
  };
});

const coded = (code: string): Error => Object.assign(new Error(code), { code });

let place: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  place = temporaryFolder();
  mkdirSync(place.folder, { mode: 0o700 });
  Object.assign(calls, { opened: [], open: undefined, link: [] });
});
afterEach(() => place.remove());

describe('the lock where the kernel locks files', () => {
  it.each([
    ['darwin', 0x226],
    ['freebsd', 0x226],
    ['win32', 0x1000_0102],
  ] as const)('of %s is a file opened for one alone', async (platform, flags) => {
    const answer = await lockFolder(place.folder, platform);
    expect(answer.kind).toBe('locked');
    expect(calls.opened).toEqual([[`${place.folder}/lock`, flags]]);
    if (answer.kind === 'locked') await answer.lock.release();
  });

  it.each(['EAGAIN', 'EWOULDBLOCK', 'EBUSY', 'EACCES', 'EPERM'])(
    'answers %s to the second one',
    async (code) => {
      calls.open = coded(code);
      expect(await lockFolder(place.folder, 'darwin')).toEqual({ kind: 'taken' });
    },
  );

  it.each(['ENOSPC', 'EROFS', 'ENOTSUP'])('is impossible where it answers %s', async (code) => {
    calls.open = coded(code);
    expect(await lockFolder(place.folder, 'win32')).toEqual({ kind: 'impossible', why: code });
  });

  it('rejects with what nobody foresaw', async () => {
    calls.open = coded('EIO');
    await expect(lockFolder(place.folder, 'darwin')).rejects.toThrow('EIO');
    calls.open = new Error('without a code');
    await expect(lockFolder(place.folder, 'darwin')).rejects.toThrow('without a code');
  });
});

describe('the lock by sockets', () => {
  it.each(['EEXIST', 'ENOENT'])('starts over when another was quicker (%s)', async (code) => {
    calls.link = [coded(code), coded(code)];
    const answer = await lockFolder(place.folder, 'linux');
    expect(answer.kind).toBe('locked');
    if (answer.kind === 'locked') await answer.lock.release();
    expect(readdirSync(place.folder)).toEqual(['lock.1']);
  });

  it('is impossible on a file system without hard links', async () => {
    calls.link = [coded('EPERM')];
    expect(await lockFolder(place.folder, 'linux')).toEqual({ kind: 'impossible', why: 'EPERM' });
  });

  it('rejects with what nobody foresaw, and lets go of its socket', async () => {
    calls.link = [coded('EIO')];
    await expect(lockFolder(place.folder, 'linux')).rejects.toThrow('EIO');
    await expect(lockFolder(`${place.folder}/missing`, 'linux')).rejects.toThrow('ENOENT');
  });

  it('gives up after a hundred rounds: whoever changes the folder so often is alive', async () => {
    calls.link = Array<Error>(100).fill(coded('EEXIST'));
    expect(await lockFolder(place.folder, 'linux')).toEqual({ kind: 'taken' });
  });
});
