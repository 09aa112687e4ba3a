import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  cleanFolder,
  codeOf,
  hostFiles,
  prepareFolder,
  replaceState,
  setAside,
} from '../../src/state/files.ts';
import { temporaryFolder } from './fixture.ts';

let place: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  place = temporaryFolder();
});
afterEach(() => {
  vi.restoreAllMocks();
  place.remove();
});

const coded = (code: string): Error => Object.assign(new Error(code), { code });

describe('synchronising a folder', () => {
  it('works on this host', async () => {
    mkdirSync(place.folder);
    await hostFiles.syncFolder(place.folder);
  });

  it('is no trouble where a system cannot, and trouble where it fails', async () => {
    mkdirSync(place.folder);
    // The class of file handles is not exported; a folder has no trouble of its own to show.
    const handle = await open(place.folder, 'r');
    const handles = Object.getPrototypeOf(handle) as { sync(): Promise<void> };
    await handle.close();
    const sync = vi.spyOn(handles, 'sync');
    for (const code of ['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP']) {
      sync.mockRejectedValueOnce(coded(code));
      await hostFiles.syncFolder(place.folder);
    }
    sync.mockRejectedValueOnce(coded('EIO'));
    await expect(hostFiles.syncFolder(place.folder)).rejects.toThrow('EIO');
    sync.mockRejectedValueOnce(new Error('without a code'));
    await expect(hostFiles.syncFolder(place.folder)).rejects.toThrow('without a code');
    await expect(hostFiles.syncFolder(join(place.folder, 'missing'))).rejects.toThrow('ENOENT');
  });
});

describe('replacing the file', () => {
  it('leaves nothing behind where it fails, even if the rest cannot be removed', async () => {
    mkdirSync(place.folder);
    const removed: string[] = [];
    const remove = (path: string): Promise<void> => {
      removed.push(path);
      return Promise.reject(coded('EACCES'));
    };
    const files = { ...hostFiles, remove, rename: () => Promise.reject(coded('EIO')) };
    await expect(replaceState(files, place.folder, '{}')).rejects.toThrow('EIO');
    expect(removed).toHaveLength(1);
  });

  it('of a folder that cannot be listed cleans nothing', async () => {
    const remove = vi.fn(async () => {});
    await cleanFolder({ ...hostFiles, list: () => Promise.reject(coded('EIO')), remove }, place.folder);
    await cleanFolder(
      { ...hostFiles, list: async () => ['state.json.tmp-1'], remove: () => Promise.reject(coded('EIO')) },
      place.folder,
    );
    expect(remove).not.toHaveBeenCalled();
  });

  it('keeps the five newest of the damaged ones, also where one of them cannot be removed', async () => {
    const removed: string[] = [];
    const old = [1, 2, 3, 4, 5, 6].map((day) => `state.json.damaged-2025010${day}T000000000Z-aa`);
    const files = {
      ...hostFiles,
      rename: async () => {},
      list: async () => ['state.json', ...old],
      remove: (path: string) => {
        removed.push(path);
        return Promise.reject(coded('EACCES'));
      },
    };
    expect(await setAside(files, '/x', Date.UTC(2026, 0, 1))).toMatch(
      /^state\.json\.damaged-20260101T000000000Z-[0-9a-f]{4}$/,
    );
    expect(removed).toEqual([join('/x', old[0] ?? '')]);
  });
});

describe('preparing the folder', () => {
  it('makes it, with those above it', async () => {
    expect(await prepareFolder(join(place.folder, 'a/b'))).toEqual({ kind: 'good' });
    expect(statSync(join(place.folder, 'a/b')).mode & 0o777).toBe(0o700);
  });

  it('says why it cannot be used', async () => {
    writeFileSync(join(place.root, 'file'), '');
    expect(await prepareFolder(join(place.root, 'file'))).toEqual({
      kind: 'unusable',
      why: 'it is not a folder',
    });
    expect(await prepareFolder(join(place.root, 'file/below'))).toMatchObject({ kind: 'unusable' });
    expect(await prepareFolder(`${place.root}/\0`)).toMatchObject({
      kind: 'unusable',
      why: expect.stringContaining('null bytes'),
    });
    symlinkSync(join(place.root, 'nowhere'), join(place.root, 'dangling'));
    expect(await prepareFolder(join(place.root, 'dangling'))).toMatchObject({ kind: 'unusable' });
  });

  it('asks for no rights where a system has none', async () => {
    mkdirSync(place.folder);
    chmodSync(place.folder, 0o755);
    const { getuid } = process;
    try {
      Object.assign(process, { getuid: undefined });
      expect(await prepareFolder(place.folder)).toEqual({ kind: 'good' });
    } finally {
      Object.assign(process, { getuid });
    }
    expect(statSync(place.folder).mode & 0o777).toBe(0o755);
  });

  it('leaves alone a state that is no file', async () => {
    mkdirSync(join(place.folder, 'state.json'), { recursive: true, mode: 0o755 });
    chmodSync(place.folder, 0o700);
    expect(await prepareFolder(place.folder)).toEqual({ kind: 'good' });
  });
});

it('the code of an error is a text, or there is none', () => {
  expect(codeOf(coded('EIO'))).toBe('EIO');
  for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 5 }), 'EIO', null])
    expect(codeOf(other)).toBeUndefined();
});
