import { readFileSync, writeFileSync } from 'node:fs';
import { asyncScheduler, of, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Failure, Outcome } from '../../src/model/outcome.ts';
import type { AddressState } from '../../src/model/reading.ts';
import { openState } from '../../src/state/store.ts';
import { type AddressBook, enter } from '../../src/streams/address-book.ts';
import { coalesce } from '../../src/streams/coalesce.ts';
import { detect } from '../../src/streams/detect.ts';
import { elect } from '../../src/streams/elect.ts';
import { type LaneInput, lane } from '../../src/streams/lane.ts';
import { recheck } from '../../src/streams/recheck.ts';
import { failed, keptLog, key, TestClock, target, temporaryFolder } from '../state/fixture.ts';
import { keep, look, observation, set, stateOf } from '../streams/support.ts';
import { STEPS } from './support/clocks.ts';

const HOUR = 3_600_000;
const random = () => 0;
const init = { random, scheduler: asyncScheduler };
const input: LaneInput = {
  traceId: 't',
  targets: [target('home', '203.0.113.9')],
  networkChanged: false,
  urgent: false,
};

beforeEach(() => {
  // Timers as Node has them, driven by the monotonic clock; Date is the wall clock and moves by itself.
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => vi.useRealTimers());

/** Sets the wall clock, and no timer notices. */
const setBy = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1_000);

describe.each(STEPS)('the wall clock set %s', (_, step) => {
  it('neither shortens nor prolongs a window of the coalescing', () => {
    const events = new Subject<string>();
    const seen: Array<readonly string[]> = [];
    events
      .pipe(coalesce({ settle: 250, limit: 3_000, scheduler: asyncScheduler }))
      .subscribe((one) => seen.push(one));
    setBy(step);
    events.next('a');
    vi.advanceTimersByTime(200);
    setBy(step);
    events.next('b');
    vi.advanceTimersByTime(249);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual([['a', 'b']]);
    for (let count = 0; count < 15; count += 1) {
      setBy(count % 2 === 0 ? step : -step);
      events.next('c');
      vi.advanceTimersByTime(200);
    }
    // The limit of 3 s holds as well, whichever way the clock went meanwhile.
    expect(seen).toHaveLength(2);
  });

  it('moves no retry of a lane', () => {
    const attempts: number[] = [];
    const began = performance.now();
    const attempt = () => {
      attempts.push(Math.round(performance.now() - began));
      return of<readonly Outcome[]>([failed('home')]);
    };
    const subscription = of(input)
      .pipe(lane({ ...init, attempt }))
      .subscribe();
    for (let second = 0; second < 31; second += 1) {
      setBy(second % 3 === 0 ? step : -step);
      vi.advanceTimersByTime(1_000);
    }
    expect(attempts).toEqual([0, 2_000, 6_000, 14_000, 30_000]);
    subscription.unsubscribe();
  });

  it('moves no retry of a detection, and no check of what a sink holds', () => {
    let asked = 0;
    const question = { uplink: 'wan', family: 'ipv4' as const, allow: [], witnesses: [] };
    const ask = () => {
      asked += 1;
      return of(stateOf(keep));
    };
    const detection = of(observation())
      .pipe(detect({ ...init, questions: [question], ask }))
      .subscribe();
    const checks: boolean[] = [];
    const inputs = new Subject<LaneInput>();
    const checking = inputs
      .pipe(recheck({ ...init, every: HOUR }))
      .subscribe(({ verify }) => checks.push(verify === true));
    inputs.next(input);
    setBy(step);
    vi.advanceTimersByTime(999);
    expect(asked).toBe(1);
    vi.advanceTimersByTime(1);
    expect(asked).toBe(2);
    setBy(-step);
    vi.advanceTimersByTime(HOUR - 1_001);
    expect(checks).toEqual([false]);
    vi.advanceTimersByTime(1);
    expect(checks).toEqual([false, true]);
    detection.unsubscribe();
    checking.unsubscribe();
  });

  it('leaves an uplink that has failed its time to prove itself', () => {
    const A = set('93.184.216.34');
    const B = set('8.8.4.4');
    const book = (one: AddressState) =>
      enter(undefined, {
        look: look(),
        networkChanged: false,
        states: [stateOf(one, 'ipv4', 'one'), stateOf(B, 'ipv4', 'two')],
      });
    const active: string[] = [];
    const books = new Subject<AddressBook>();
    const subscription = books
      .pipe(
        elect({
          uplinks: [
            { name: 'one', metric: 1 },
            { name: 'two', metric: 2 },
          ],
          holdDown: 30_000,
          removeAfter: 300_000,
          clock: { monotonic: () => performance.now() },
          scheduler: asyncScheduler,
        }),
      )
      .subscribe(({ states }) => {
        const state = states.get('active/ipv4')?.state;
        active.push(state?.kind === 'set' ? state.address : String(state?.kind));
      });
    for (const state of [A, keep, A]) books.next(book(state));
    setBy(step);
    vi.advanceTimersByTime(29_999);
    expect(active.at(-1)).toBe('8.8.4.4');
    vi.advanceTimersByTime(1);
    expect(active.at(-1)).toBe('93.184.216.34');
    subscription.unsubscribe();
  });
});

describe('a wait longer than a timer can take', () => {
  it('is waited for, and not turned into a storm of attempts', () => {
    let attempts = 0;
    const failure: Failure = { class: 'transient', scope: 'sink', message: '', retryAfter: 366 * 24 * HOUR };
    const subscription = of(input)
      .pipe(
        lane({
          ...init,
          attempt: () => {
            attempts += 1;
            return of<readonly Outcome[]>([failed('home', failure)]);
          },
        }),
      )
      .subscribe();
    vi.advanceTimersByTime(24 * HOUR);
    expect(attempts).toBe(1);
    subscription.unsubscribe();
  });

  it('is the same for what is pending', () => {
    let attempts = 0;
    const pending: Outcome = { ...target('home', '203.0.113.9'), kind: 'pending', why: '', retryAfter: 1e12 };
    const attempt = () => {
      attempts += 1;
      return of<readonly Outcome[]>([pending]);
    };
    const subscription = of(input)
      .pipe(lane({ ...init, attempt }))
      .subscribe();
    vi.advanceTimersByTime(24 * HOUR);
    expect(attempts).toBe(1);
    subscription.unsubscribe();
  });
});

describe.each(STEPS)('a hold of half an hour, the wall clock set %s', (_, step) => {
  const HOLD = HOUR / 2;
  let place: ReturnType<typeof temporaryFolder>;
  let clock: TestClock;
  beforeEach(() => {
    vi.useRealTimers();
    place = temporaryFolder();
    clock = new TestClock();
  });
  afterEach(() => place.remove());

  const open = () => openState(place.folder, { clock, log: keptLog().log });
  const hold = async () => {
    const store = await open();
    await store.sink('dyn', 'f').settle([failed('home', { retryAfter: HOLD })]);
    clock.pass(60_000);
    clock.time += step * 1_000;
    return store;
  };
  const rest = async (): Promise<number | undefined> => {
    clock.restart();
    const store = await open();
    const remaining = store.sink('dyn', 'f').hold(key('home'))?.remaining();
    await store.close();
    return remaining;
  };

  it('has its rest left after an orderly restart', async () => {
    await (await hold()).close();
    expect(await rest()).toBe(HOLD - 60_000);
  });

  it('has its rest left after a crash, once the step has been noticed', async () => {
    const store = await hold();
    await store.clockSet();
    const copy = await crash(store);
    expect(copy).toBe(HOLD - 60_000);
  });

  /** What a second process finds that knows nothing of the end of the first: the lock is left behind, the last file too. */
  async function crash(store: Awaited<ReturnType<typeof open>>): Promise<number | undefined> {
    const file = `${place.folder}/state.json`;
    const left = readFileSync(file);
    await store.close();
    writeFileSync(file, left);
    return rest();
  }
});
