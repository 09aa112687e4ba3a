import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peekState } from '../../src/state/peek.ts';
import { openState } from '../../src/state/store.ts';
import { failed, keptLog, key, TestClock, temporaryFolder, updated } from './fixture.ts';

let place: ReturnType<typeof temporaryFolder>;
const clock = new TestClock();
beforeEach(() => {
  place = temporaryFolder();
});
afterEach(() => place.remove());

describe('looking at the state without owning it', () => {
  it('shows what a running netdrift has written, and changes nothing', async () => {
    const store = await openState(place.folder, { clock, log: keptLog().log });
    const sink = store.sink('dyn', 'f1');
    await sink.settle([
      updated('home', '203.0.113.1'),
      failed('www', { class: 'not_found', message: 'gone' }),
    ]);
    const peeked = await peekState(place.folder, clock);
    expect(peeked.sink('dyn', 'f1').confirmed(key('home'))).toEqual(['203.0.113.1']);
    expect(peeked.sink('dyn', 'f1').hold(key('www'))?.failure.message).toBe('gone');
    await peeked.sink('dyn', 'f1').settle([updated('home', '203.0.113.2')]);
    await peeked.close();
    expect((await peekState(place.folder, clock)).sink('dyn', 'f1').confirmed(key('home'))).toEqual([
      '203.0.113.1',
    ]);
    await store.close();
  });

  it('knows nothing of another account, nor of a sink that is new', async () => {
    const store = await openState(place.folder, { clock, log: keptLog().log });
    await store.sink('dyn', 'f1').settle([updated('home', '203.0.113.1')]);
    await store.close();
    const peeked = await peekState(place.folder, clock);
    expect(peeked.sink('dyn', 'f2').confirmed(key('home'))).toBeUndefined();
    expect(peeked.sink('new', 'f1').holds()).toEqual([]);
    await peeked.sink('new', 'f1').release();
  });

  it.each([undefined, '', '{"version":9}'])(
    'counts a file that is missing or damaged as empty (%j)',
    async (text) => {
      mkdirSync(place.folder, { recursive: true });
      if (text !== undefined) writeFileSync(join(place.folder, 'state.json'), text);
      expect((await peekState(place.folder, clock)).sink('dyn', 'f1').holds()).toEqual([]);
    },
  );
});
