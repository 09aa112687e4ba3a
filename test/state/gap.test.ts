import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SinkMemory } from '../../src/state/sink-memory.ts';
import { openState, type StateStore } from '../../src/state/store.ts';
import { failed, keptLog, key, TestClock, target, temporaryFolder, updated } from './fixture.ts';

let place: ReturnType<typeof temporaryFolder>;
let clock: TestClock;
let store: StateStore | undefined;

beforeEach(() => {
  place = temporaryFolder();
  clock = new TestClock();
});
afterEach(async () => {
  await store?.close();
  place.remove();
});

const open = async (): Promise<SinkMemory> => {
  store = await openState(place.folder, { clock, log: keptLog().log, later: () => () => {} });
  return store.sink('dyn', 'f1');
};
const began = (sink: SinkMemory, address: string): Promise<void> =>
  sink.attempting([target('home', address)]);

describe('the time of the last write', () => {
  it('is when it was begun, until there is an answer', async () => {
    const sink = await open();
    const start = clock.monotonic();
    await began(sink, '203.0.113.1');
    expect(sink.lastWrite(key('home'))).toBe(start);
    clock.pass(700);
    await sink.settle([updated('home', '203.0.113.1')]);
    expect(sink.lastWrite(key('home'))).toBe(start + 700);
  });

  it('is forgotten again if the write was clearly none', async () => {
    const sink = await open();
    await began(sink, '203.0.113.1');
    await sink.settle([failed('home', { class: 'unreachable', scope: 'sink' })]);
    expect(sink.lastWrite(key('home'))).toBeUndefined();
    await began(sink, '203.0.113.1');
    await sink.settle([updated('home', '203.0.113.1')]);
    const first = clock.monotonic();
    clock.pass(5_000);
    await began(sink, '203.0.113.2');
    await sink.settle([failed('home', { class: 'transient', scope: 'sink' })]);
    expect(sink.lastWrite(key('home'))).toBe(first);
  });

  it('is when it ended if nobody knows what became of it: it may have left at the last moment', async () => {
    const sink = await open();
    await began(sink, '203.0.113.1');
    const start = clock.monotonic();
    clock.pass(2_000);
    await sink.settle([failed('home', { class: 'transient', scope: 'sink', unclear: true })]);
    expect(sink.lastWrite(key('home'))).toBe(start + 2_000);
  });

  it('is when it was cut off, if that is what ended it', async () => {
    const sink = await open();
    await began(sink, '203.0.113.1');
    const start = clock.monotonic();
    clock.pass(700);
    sink.cutOff([target('home', '203.0.113.1')]);
    expect([sink.lastWrite(key('home')), sink.unclear(key('home'))]).toEqual([start + 700, true]);
  });

  it('stays across a crash', async () => {
    await began(await open(), '203.0.113.1');
    await store?.close();
    clock.pass(3_000);
    clock.restart();
    const sink = await open();
    expect(clock.monotonic() - (sink.lastWrite(key('home')) ?? 0)).toBe(3_000);
  });
});
