import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { hostFiles, type StateFiles } from '../../src/state/files.ts';
import { openState, type StateStore } from '../../src/state/store.ts';
import { failed, keptLog, key, TestClock, target, temporaryFolder, updated } from './fixture.ts';

let place: ReturnType<typeof temporaryFolder>;
let clock: TestClock;
let open: StateStore[] = [];
let logged: ReturnType<typeof keptLog>;

beforeEach(() => {
  place = temporaryFolder();
  clock = new TestClock();
  logged = keptLog();
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((store) => store.close()));
  place.remove();
});

async function start(files?: StateFiles, scrub?: (text: string) => string): Promise<StateStore> {
  const store = await openState(place.folder, {
    clock,
    log: logged.log,
    later: () => () => {},
    ...(files === undefined ? {} : { files }),
    ...(scrub === undefined ? {} : { scrub }),
  });
  open.push(store);
  return store;
}

async function restart(clockSetBy = 0): Promise<StateStore> {
  for (const store of open.splice(0)) await store.close();
  clock.time += clockSetBy;
  clock.restart();
  return start();
}

describe('what was confirmed', () => {
  it('is remembered across a restart, with the time of the last write', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    expect(sink.confirmed(key('home'))).toBeUndefined();
    await sink.attempting([target('home', '203.0.113.1', '203.0.113.2')]);
    await sink.settle([updated('home', '203.0.113.1', '203.0.113.2')]);
    expect(sink.lastWrite(key('home'))).toBe(5_000);
    clock.pass(60_000);
    const again = (await restart()).sink('dyn', 'f1');
    expect(again.confirmed(key('home'))).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(again.unclear(key('home'))).toBe(false);
    expect(again.lastWrite(key('home'))).toBe(100 - 60_000);
    expect(again.confirmed(key('other'))).toBeUndefined();
  });

  it('includes that there is no record', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([{ ...target('home'), kind: 'unchanged' }]);
    expect((await restart()).sink('dyn', 'f1').confirmed(key('home'))).toEqual([]);
  });

  it('is not known while a write is under way, nor after a crash in it', async () => {
    const store = await start();
    const sink = store.sink('dyn', 'f1');
    await sink.settle([updated('home', '203.0.113.1')]);
    await sink.attempting([target('home', '203.0.113.2')]);
    expect(sink.confirmed(key('home'))).toBeUndefined();
    const again = (await restart()).sink('dyn', 'f1');
    expect(again.confirmed(key('home'))).toBeUndefined();
    expect(again.unclear(key('home'))).toBe(true);
  });

  it('is on disk when `attempting` resolves', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.attempting([target('home', '203.0.113.2')]);
    const file = JSON.parse(readFileSync(join(place.folder, 'state.json'), 'utf8'));
    expect(file.sinks.dyn.records['home.example.org/A'].begun).toBe(true);
  });

  it('comes back after a write that clearly failed, and stays unknown after an unclear one', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([updated('home', '203.0.113.1')]);
    await sink.attempting([target('home', '203.0.113.2')]);
    await sink.settle([failed('home')]);
    expect(sink.confirmed(key('home'))).toEqual(['203.0.113.1']);
    await sink.attempting([target('home', '203.0.113.2')]);
    await sink.settle([failed('home', { unclear: true })]);
    expect([sink.confirmed(key('home')), sink.unclear(key('home'))]).toEqual([undefined, true]);
    await sink.attempting([target('home', '203.0.113.2')]);
    await sink.settle([failed('home')]);
    // The second failure is clear, and says nothing about the first one.
    expect([sink.confirmed(key('home')), sink.unclear(key('home'))]).toEqual([undefined, true]);
    await sink.settle([{ ...target('home', '203.0.113.2'), kind: 'unchanged' }]);
    expect([sink.confirmed(key('home')), sink.unclear(key('home'))]).toEqual([['203.0.113.2'], false]);
  });

  it('stays unknown when a write is aborted and the next one clearly fails', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([updated('home', '203.0.113.1')]);
    await sink.attempting([target('home', '203.0.113.2')]);
    await sink.attempting([target('home', '203.0.113.3')]);
    await sink.settle([failed('home')]);
    expect(sink.unclear(key('home'))).toBe(true);
  });

  it('is unclear while the provider has only accepted it', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([{ ...target('home', '203.0.113.1'), kind: 'pending', why: 'queued', retryAfter: 10 }]);
    expect([sink.unclear(key('home')), sink.lastWrite(key('home'))]).toEqual([true, 5_000]);
  });

  it('is forgotten for another account, and for records no longer configured', async () => {
    const store = await start();
    const sink = store.sink('dyn', 'f1');
    await sink.settle([updated('home', '203.0.113.1'), updated('other', '203.0.113.1')]);
    await sink.prune([key('home')]);
    expect(sink.confirmed(key('other'))).toBeUndefined();
    expect(store.sink('dyn', 'f2').confirmed(key('home'))).toBeUndefined();
    const again = (await restart()).sink('dyn', 'f2');
    expect([again.confirmed(key('home')), again.confirmed(key('other'))]).toEqual([undefined, undefined]);
    await again.settle([updated('home', '203.0.113.1')]);
    expect((await restart()).sink('dyn', 'f1').confirmed(key('home'))).toBeUndefined();
  });

  it('of sinks that this run has not asked for is carried along', async () => {
    await (await start()).sink('dyn', 'f1').settle([updated('home', '203.0.113.1')]);
    await (await restart()).sink('else', 'f1').settle([updated('home', '203.0.113.1')]);
    expect((await restart()).sink('dyn', 'f1').confirmed(key('home'))).toEqual(['203.0.113.1']);
  });

  it('puts a last write never into the future, however the clock was set', async () => {
    await (await start()).sink('dyn', 'f1').settle([updated('home', '203.0.113.1')]);
    const year = 365 * 86_400_000;
    expect((await restart(-10 * year)).sink('dyn', 'f1').lastWrite(key('home'))).toBe(100);
    expect((await restart(20 * year)).sink('dyn', 'f1').lastWrite(key('home'))).toBe(100 - 7 * 86_400_000);
  });
});

describe('holds', () => {
  it('last until the operator says so, across restarts', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([
      failed('home', { class: 'credentials', scope: 'sink', message: 'badauth' }),
      failed('other', { class: 'not_found', message: 'nohost' }),
    ]);
    clock.pass(365 * 86_400_000);
    const again = (await restart()).sink('dyn', 'f1');
    const hold = again.hold(key('third'));
    expect(hold).toMatchObject({
      scope: 'sink',
      failure: { class: 'credentials', message: 'badauth' },
      since: '2026-01-01T00:00:00.000Z',
    });
    expect(hold?.remaining()).toBeUndefined();
    expect(again.holds()).toHaveLength(2);
    expect(again.holds()[1]).toMatchObject({ scope: 'record', key: key('other') });
    expect(await again.release()).toBe(2);
    expect((await restart()).sink('dyn', 'f1').holds()).toEqual([]);
  });

  it('end with a changed fingerprint, but for the timed ones', async () => {
    const store = await start();
    const sink = store.sink('dyn', 'f1');
    await sink.settle([
      failed('home', { class: 'refused', scope: 'sink' }),
      failed('home', { class: 'rate_limited', scope: 'sink', retryAfter: 60_000 }),
      failed('home', { class: 'invalid' }),
    ]);
    expect(sink.holds()).toHaveLength(3);
    const changed = store.sink('dyn', 'f2');
    expect(changed.holds().map((hold) => hold.failure.class)).toEqual(['rate_limited']);
  });

  it('count down on the monotonic clock', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([failed('home', { class: 'rate_limited', retryAfter: 60_000 })]);
    clock.time += 1e12;
    expect(sink.hold(key('home'))?.remaining()).toBe(60_000);
    clock.now += 59_999;
    expect(sink.hold(key('home'))?.remaining()).toBe(1);
    clock.now += 1;
    expect(sink.hold(key('home'))).toBeUndefined();
  });

  it.each([-10, -1, 1, 10])(
    'survive a clock set by %i years and a restart without growing longer',
    async (years) => {
      await (await start())
        .sink('dyn', 'f1')
        .settle([failed('home', { scope: 'sink', retryAfter: 1_800_000 })]);
      clock.pass(600_000);
      for (const store of open.splice(0)) await store.close();
      clock.time += years * 365 * 86_400_000;
      const remaining = (await restart()).sink('dyn', 'f1').hold(key('home'))?.remaining() ?? 0;
      expect(remaining).toBe(years < 0 ? 1_800_000 : 0);
    },
  );

  it('keep the longer of two waits, and the strictest is the one shown', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([
      failed('home', { scope: 'sink', retryAfter: 90_000 }),
      failed('home', { scope: 'sink', retryAfter: 30_000 }),
    ]);
    expect(sink.hold(key('home'))?.remaining()).toBe(90_000);
    await sink.settle([failed('home', { retryAfter: 120_000 })]);
    expect(sink.hold(key('home'))?.scope).toBe('record');
    await sink.settle([failed('home', { class: 'refused', scope: 'sink' })]);
    expect(sink.hold(key('home'))?.remaining()).toBeUndefined();
  });

  it('follow from a rate limit without a time, and from no other temporary failure without one', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([failed('home', { class: 'rate_limited' }), failed('other', { class: 'unreachable' })]);
    expect(sink.hold(key('home'))?.remaining()).toBe(60_000);
    expect(sink.hold(key('other'))).toBeUndefined();
  });

  it('of a record end with its success', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([failed('home', { class: 'not_found' }), failed('other', { class: 'not_found' })]);
    await sink.settle([updated('home', '203.0.113.1')]);
    expect(sink.holds().map((hold) => hold.key)).toEqual([key('other')]);
  });

  it('of a record that is invalid are about the addresses refused, across a restart; all others are about any', async () => {
    const sink = (await start()).sink('dyn', 'f1');
    await sink.settle([failed('home', { class: 'invalid' }), failed('gone', { class: 'not_found' })]);
    for (const memory of [sink, (await restart()).sink('dyn', 'f1')]) {
      expect(memory.hold(key('home'))).toMatchObject({ failure: { class: 'invalid' } });
      expect(memory.hold(key('home'), [address('203.0.113.9')])).toBeDefined();
      expect(memory.hold(key('home'), [address('203.0.113.1')])).toBeUndefined();
      expect(memory.hold(key('gone'), [address('203.0.113.1')])).toBeDefined();
    }
    await sink.settle([failed('home', { class: 'invalid', scope: 'sink' })]);
    expect(sink.hold(key('home'), [address('203.0.113.1')])).toBeDefined();
  });

  it('keep no secret in their message', async () => {
    const sink = (await start(hostFiles, (text) => text.replaceAll('hunter2', '[secret]'))).sink('dyn', 'f1');
    await sink.settle([failed('home', { class: 'refused', message: 'bad key hunter2' })]);
    expect(readFileSync(join(place.folder, 'state.json'), 'utf8')).not.toContain('hunter2');
    expect(sink.hold(key('home'))?.failure.message).toBe('bad key [secret]');
  });
});

describe('the folder', () => {
  it('and the file are for their owner alone', async () => {
    await (await start()).sink('dyn', 'f1').settle([updated('home', '203.0.113.1')]);
    expect(statSync(place.folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(place.folder, 'state.json')).mode & 0o777).toBe(0o600);
  });

  it('that others may read is closed', async () => {
    mkdirSync(place.folder);
    chmodSync(place.folder, 0o755);
    await start();
    expect(statSync(place.folder).mode & 0o777).toBe(0o700);
    expect(logged.events).toContain('state_permissions_repaired');
  });

  it('is closed with the file in it, which a backup may have left open', async () => {
    mkdirSync(place.folder, { mode: 0o700 });
    writeFileSync(join(place.folder, 'state.json'), '{"version":1,"sinks":{}}', { mode: 0o644 });
    await start();
    expect(statSync(join(place.folder, 'state.json')).mode & 0o777).toBe(0o600);
    expect(logged.events).toContain('state_permissions_repaired');
    expect(logged.events).not.toContain('state_damaged');
  });

  it('holds nothing that others could open, were it open itself: file, lock and what was set aside', async () => {
    mkdirSync(place.folder, { mode: 0o700 });
    writeFileSync(join(place.folder, 'state.json'), '{', { mode: 0o666 });
    await (await start()).sink('dyn', 'f1').settle([updated('home', '203.0.113.1')]);
    const modes = readdirSync(place.folder).map((name) => statSync(join(place.folder, name)).mode & 0o777);
    expect(modes.length).toBeGreaterThanOrEqual(3);
    expect(new Set(modes)).toEqual(new Set([0o600]));
  });

  it('that is a file cannot be used', async () => {
    writeFileSync(place.folder, '');
    await expect(start()).rejects.toMatchObject({ code: 'NETDRIFT_STATE_UNUSABLE' });
  });

  it.skipIf(process.getuid === undefined)('of another user cannot be used', async () => {
    // Only root can give a folder away; for all others the system's own folders are somebody else's.
    if (process.getuid?.() === 0) {
      mkdirSync(place.folder);
      chownSync(place.folder, 12_345, 12_345);
    } else symlinkSync('/usr', place.folder);
    await expect(start()).rejects.toThrow(/belongs to user/);
  });

  it('is cleaned of half-written files and keeps all others', async () => {
    mkdirSync(place.folder, { mode: 0o700 });
    writeFileSync(join(place.folder, 'state.json.tmp-abc'), '{');
    writeFileSync(join(place.folder, 'notes'), 'mine');
    await start();
    expect(readdirSync(place.folder).filter((name) => !name.startsWith('lock.'))).toEqual(['notes']);
  });
});

describe('a damaged file', () => {
  it.each([
    ['empty', ''],
    ['cut', '{"version":1,"sinks":{"dyn":{"finger'],
    ['of another shape', '{"version":1,"sinks":[]}'],
    ['newer', '{"version":2,"sinks":{}}'],
    ['binary', '\u0000\u0001'],
  ])('that is %s is set aside, reported, and everything is unknown', async (_, text) => {
    mkdirSync(place.folder, { mode: 0o700 });
    writeFileSync(join(place.folder, 'state.json'), text);
    const sink = (await start()).sink('dyn', 'f1');
    expect(sink.confirmed(key('home'))).toBeUndefined();
    expect(logged.events).toContain('state_damaged');
    const aside = readdirSync(place.folder).filter((name) => name.startsWith('state.json.damaged-20260101'));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(place.folder, aside[0] ?? ''), 'utf8')).toBe(text);
    await sink.settle([updated('home', '203.0.113.1')]);
    expect((await restart()).sink('dyn', 'f1').confirmed(key('home'))).toEqual(['203.0.113.1']);
  });

  it('is kept five times at most', async () => {
    for (let time = 0; time < 8; time += 1) {
      mkdirSync(place.folder, { recursive: true, mode: 0o700 });
      writeFileSync(join(place.folder, 'state.json'), 'broken');
      clock.pass(1_000);
      await restart();
    }
    expect(readdirSync(place.folder).filter((name) => name.includes('damaged'))).toHaveLength(5);
  });
});

describe('a disk that takes nothing', () => {
  it('is reported once, memory goes on, and its recovery is told', async () => {
    let full = true;
    let retry: (() => void) | undefined;
    const files: StateFiles = {
      ...hostFiles,
      writeNew: (path, text) =>
        full
          ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
          : hostFiles.writeNew(path, text),
    };
    const store = await openState(place.folder, {
      clock,
      log: logged.log,
      files,
      later: (_, run) => {
        retry = run;
        return () => {};
      },
    });
    open.push(store);
    const sink = store.sink('dyn', 'f1');
    await sink.attempting([target('home', '203.0.113.1')]);
    await sink.settle([updated('home', '203.0.113.1')]);
    expect(sink.confirmed(key('home'))).toEqual(['203.0.113.1']);
    expect(logged.events).toEqual(['state_unsaved']);
    full = false;
    retry?.();
    await store.close();
    expect(logged.events).toEqual(['state_unsaved', 'state_saved_again']);
    expect((await restart()).sink('dyn', 'f1').confirmed(key('home'))).toEqual(['203.0.113.1']);
  });
});

describe('many sinks at once', () => {
  it('share a few writes', async () => {
    let writes = 0;
    const files: StateFiles = {
      ...hostFiles,
      writeNew: (path, text) => {
        writes += 1;
        return hostFiles.writeNew(path, text);
      },
    };
    const store = await start(files);
    const sinks = Array.from({ length: 200 }, (_, index) => store.sink(`sink${index}`, 'f'));
    await Promise.all(sinks.map((sink) => sink.attempting([target('home', '203.0.113.1')])));
    await Promise.all(sinks.map((sink) => sink.settle([updated('home', '203.0.113.1')])));
    expect(writes).toBeLessThanOrEqual(4);
    expect(
      Object.keys(JSON.parse(readFileSync(join(place.folder, 'state.json'), 'utf8')).sinks),
    ).toHaveLength(200);
  });
});

describe('any sequence of writes, crashes and restarts (property)', () => {
  const name = fc.constantFrom('a', 'b');
  const value = fc.constantFrom('203.0.113.1', '203.0.113.2', '203.0.113.3');
  const step = fc.oneof(
    fc.record({ do: fc.constant('attempt' as const), name, value }),
    fc.record({ do: fc.constant('succeed' as const), name, value }),
    fc.record({ do: fc.constant('fail' as const), name, value }),
    fc.record({ do: fc.constant('unclear' as const), name, value }),
    fc.record({ do: fc.constant('unreadable' as const), name, value }),
    fc.record({ do: fc.constant('found right' as const), name, value }),
    fc.record({ do: fc.constant('crash' as const), name, value }),
  );

  it('tells only what was confirmed last, and knows what it does not know', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const own = temporaryFolder();
        // The disk of the model: a crash throws away everything but what was renamed into place.
        const disk = new Map<string, string>();
        const files = memoryFiles(disk);
        const opened: StateStore[] = [];
        const reopen = async () => {
          // The lock is the kernel's and would go with the process; here the old store must give it back.
          for (const store of opened.splice(0)) await store.close();
          const store = await openState(own.folder, {
            clock: new TestClock(),
            log: keptLog().log,
            files,
            later: () => () => {},
          });
          opened.push(store);
          return store.sink('dyn', 'f');
        };
        const model = new Map<string, { confirmed?: string; doubtful: boolean; begun: boolean }>();
        // Only a write that this process has begun can come to an end in it.
        const underWay = new Set<string>();
        const of = (record: string) => {
          const known = model.get(record) ?? { doubtful: false, begun: false };
          model.set(record, known);
          return known;
        };
        try {
          let sink = await reopen();
          for (const { do: action, name: record, value: address } of steps) {
            const expected = of(record);
            switch (action) {
              case 'attempt':
                await sink.attempting([target(record, address)]);
                expected.doubtful ||= expected.begun;
                expected.begun = true;
                underWay.add(record);
                break;
              case 'succeed':
                if (!underWay.delete(record)) break;
                await sink.settle([updated(record, address)]);
                model.set(record, { confirmed: address, doubtful: false, begun: false });
                break;
              case 'fail':
              case 'unclear':
                if (!underWay.delete(record)) break;
                await sink.settle([failed(record, { unclear: action === 'unclear' })]);
                expected.begun = false;
                expected.doubtful ||= action === 'unclear';
                break;
              case 'unreadable':
                await sink.observed([failed(record)]);
                break;
              case 'found right':
                await sink.observed([{ ...target(record, address), kind: 'unchanged' }]);
                model.set(record, { confirmed: address, doubtful: false, begun: false });
                break;
              case 'crash': {
                underWay.clear();
                const before = new Map(disk);
                for (const store of opened.splice(0)) await store.close();
                disk.clear();
                for (const [path, text] of before) disk.set(path, text);
                sink = await reopen();
              }
            }
            for (const [each, { confirmed, doubtful, begun }] of model) {
              const unknown = doubtful || begun;
              expect(sink.unclear(key(each))).toBe(unknown);
              expect(sink.confirmed(key(each))).toEqual(
                unknown || confirmed === undefined ? undefined : [confirmed],
              );
            }
          }
        } finally {
          for (const store of opened) await store.close();
          own.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
});

function memoryFiles(disk: Map<string, string>): StateFiles {
  const missing = (path: string) => Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
  return {
    async read(path) {
      const text = disk.get(path);
      if (text === undefined) throw missing(path);
      return text;
    },
    async list() {
      return [...disk.keys()].map((path) => path.slice(path.lastIndexOf('/') + 1));
    },
    async rename(from, to) {
      const text = disk.get(from);
      if (text === undefined) throw missing(from);
      disk.delete(from);
      disk.set(to, text);
    },
    async remove(path) {
      disk.delete(path);
    },
    async writeNew(path, text) {
      disk.set(path, text);
    },
    async syncFolder() {},
  };
}
