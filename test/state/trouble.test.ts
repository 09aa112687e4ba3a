import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readState } from '../../src/state/document.ts';
import { hostFiles, type StateFiles } from '../../src/state/files.ts';
import type { LockAnswer, lockFolder } from '../../src/state/lock.ts';
import { createSaver } from '../../src/state/saver.ts';
import { openState } from '../../src/state/store.ts';
import { failed, keptLog, key, TestClock, temporaryFolder, updated } from './fixture.ts';

const lock = vi.hoisted(() => ({ answer: undefined as LockAnswer | Error | string | undefined }));
vi.mock('../../src/state/lock.ts', async (original) => {
  const real = await original<{ lockFolder: typeof lockFolder }>();
  return {
    lockFolder: async (folder: string) => {
      const { answer } = lock;
      if (answer instanceof Error || typeof answer === 'string') throw answer;
      return answer ?? real.lockFolder(folder);
    },
  };
});

let place: ReturnType<typeof temporaryFolder>;
let logged: ReturnType<typeof keptLog>;
const clock = new TestClock();
beforeEach(() => {
  place = temporaryFolder();
  logged = keptLog();
  lock.answer = undefined;
});
afterEach(() => place.remove());

const start = (files: Partial<StateFiles> = {}) =>
  openState(place.folder, { clock, log: logged.log, files: { ...hostFiles, ...files } });

describe('opening the state', () => {
  it('goes on without a lock where none can be had, and says so', async () => {
    lock.answer = { kind: 'impossible', why: 'EROFS' };
    await (await start()).close();
    expect(logged.events).toContain('state_unlocked');
  });

  it.each([new Error('EIO: no luck'), 'no luck'])(
    'fails where locking fails in no known way (%s)',
    async (error) => {
      lock.answer = error;
      await expect(start()).rejects.toMatchObject({
        code: 'NETDRIFT_STATE_UNUSABLE',
        message: expect.stringContaining('no luck'),
      });
    },
  );

  it.each([Object.assign(new Error('EIO: no luck'), { code: 'EIO' }), 'no luck'])(
    'counts everything as unknown where the file cannot be read (%s)',
    async (error) => {
      const store = await start({ read: () => Promise.reject(error) });
      expect(store.sink('dyn', 'f1').holds()).toEqual([]);
      expect(logged.events).toContain('state_damaged');
      await store.close();
    },
  );

  it('goes on where a damaged file cannot even be set aside', async () => {
    mkdirSync(place.folder, { mode: 0o700 });
    writeFileSync(join(place.folder, 'state.json'), '{');
    const rename = vi.fn(() => Promise.reject(new Error('no')));
    const store = await start({ rename });
    expect(rename).toHaveBeenCalledOnce();
    expect(logged.events).toContain('state_damaged');
    expect(store.sink('dyn', 'f1').confirmed(key('home'))).toBeUndefined();
  });

  it('gives the same memory for the same name, and another one for another account', async () => {
    const store = await start();
    const sink = store.sink('dyn', 'f1');
    await sink.settle([updated('home', '203.0.113.1')]);
    expect(store.sink('dyn', 'f1')).toBe(sink);
    expect(sink.confirmed(key('home'))).toEqual(['203.0.113.1']);
    expect(store.sink('dyn', 'f2')).toBe(sink);
    expect(sink.confirmed(key('home'))).toBeUndefined();
    await store.close();
  });

  it('keeps the longer of two waits, whichever comes last', async () => {
    const store = await start();
    const sink = store.sink('dyn', 'f1');
    for (const retryAfter of [60_000, 600_000, 5_000])
      await sink.settle([failed('home', { class: 'rate_limited', retryAfter })]);
    expect(sink.hold(key('home'))?.remaining()).toBe(600_000);
    await store.close();
  });
});

describe('saving', () => {
  const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

  it('after the end does nothing', async () => {
    const write = vi.fn(async () => {});
    const saver = createSaver(write, logged.log, () => () => {});
    await saver.close();
    await saver.save();
    expect(write).not.toHaveBeenCalled();
  });

  it('tries once more at the end where it failed last, and does not try again after it', async () => {
    const write = vi.fn(() => Promise.reject(new Error('full')));
    const later = vi.fn(() => () => {});
    const saver = createSaver(write, logged.log, later);
    await saver.save();
    expect(later).toHaveBeenCalledTimes(1);
    await saver.close();
    expect(write).toHaveBeenCalledTimes(2);
    expect(later).toHaveBeenCalledTimes(1);
    await saver.close();
    expect(write).toHaveBeenCalledTimes(2);
  });

  it('tells once that the disk fails, tries again by itself, and tells when it works again', async () => {
    const outcomes: Promise<void>[] = [Promise.reject(new Error('full')), Promise.reject(new Error('full'))];
    for (const outcome of outcomes) outcome.catch(() => {});
    const retries: (() => void)[] = [];
    const saver = createSaver(
      () => outcomes.shift() ?? Promise.resolve(),
      logged.log,
      (_, run) => {
        retries.push(run);
        return () => {};
      },
    );
    await saver.save();
    retries[0]?.();
    await turn();
    retries[1]?.();
    await turn();
    expect(logged.events).toEqual(['state_unsaved', 'state_saved_again']);
  });

  it('writes once for all who ask while a write is under way', async () => {
    const ends: (() => void)[] = [];
    const write = vi.fn(() => new Promise<void>((done) => void ends.push(done)));
    const saver = createSaver(write, logged.log, () => () => {});
    const first = saver.save();
    await turn();
    const others = [saver.save(), saver.save()];
    ends.shift()?.();
    await first;
    await turn();
    ends.shift()?.();
    await Promise.all(others);
    expect(write).toHaveBeenCalledTimes(2);
  });
});

describe('a document', () => {
  const hold = { class: 'refused', message: 'x', since: 1 };
  const withHold = (more: object) => ({
    version: 1,
    sinks: { dyn: { fingerprint: 'f', holds: [{ ...hold, ...more }], records: {} } },
  });
  const withRecord = (more: object, name = 'home.example.org/A') => ({
    version: 1,
    sinks: {
      dyn: {
        fingerprint: 'f',
        holds: [],
        records: { [name]: { begun: false, doubtful: false, holds: [], ...more } },
      },
    },
  });

  it.each([
    [withHold({ class: 'nonsense' }), 'not a failure class'],
    [withHold({ until: 1, length: -1 }), 'negative'],
    [withHold({ until: 1 }), 'length is not a number'],
    [withHold({ length: 1 }), 'until is not a number'],
    [withHold({ since: 8.65e15 }), 'since is not a number'],
    [withHold({ message: 7 }), 'not a text'],
    [withRecord({ confirmed: ['999.1.1.1'] }), 'not an address'],
    [withRecord({ confirmed: '192.0.2.1' }), 'not a list'],
    [withRecord({ begun: 1 }), 'neither true nor false'],
    [withRecord({ last_write: null }), 'not a number'],
    [withRecord({}, 'home.example.org/TXT'), 'not named like a record'],
    [withRecord({}, '/A'), 'not named like a record'],
    [{ version: 1, sinks: [] }, 'not a mapping'],
    [{ version: 1, sinks: { dyn: null } }, 'not a mapping'],
    [{ version: '1' }, 'names no version known'],
    [[], 'not a mapping'],
  ])('%j is damaged', (document, why) => {
    expect(readState(JSON.stringify(document))).toEqual({
      kind: 'damaged',
      why: expect.stringContaining(why),
    });
  });

  it('that is whole is read', () => {
    for (const document of [
      withHold({}),
      withHold({ until: 1, length: 1 }),
      withRecord({ confirmed: ['192.0.2.1'], last_write: 5 }),
    ])
      expect(readState(JSON.stringify(document)).kind).toBe('read');
  });
});
