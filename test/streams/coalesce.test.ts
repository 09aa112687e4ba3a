import { asyncScheduler, Subject } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { coalesce } from '../../src/streams/coalesce.ts';
import { marbles } from '../support/marbles.ts';

const init = { settle: 5, limit: 12, scheduler: asyncScheduler };
const abc = { x: ['a', 'b', 'c'] };

describe('coalesce', () => {
  it('emits a burst once, when it has settled', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -ab-c-------|');
      const subscription = '^-----------!';
      const expected = '    ---------x--|';
      expectObservable(source.pipe(coalesce(init))).toBe(expected, abc);
      expectSubscriptions(source.subscriptions).toBe(subscription);
    });
  });

  it('emits a lone value after the settle time', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  a---------|');
      const expected = '    -----x----|';
      expectObservable(source.pipe(coalesce(init))).toBe(expected, { x: ['a'] });
    });
  });

  it('emits at the limit while values never end', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  a--b--c--d--e--f--g--h--i--|');
      const expected = '    ------------x--------------(y|)';
      const values = { x: ['a', 'b', 'c', 'd', 'e'], y: ['f', 'g', 'h', 'i'] };
      expectObservable(source.pipe(coalesce(init))).toBe(expected, values);
    });
  });

  it('opens a new window for what comes after the old one', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  a---------b---------|');
      const expected = '    -----x---------y----|';
      expectObservable(source.pipe(coalesce(init))).toBe(expected, { x: ['a'], y: ['b'] });
    });
  });

  it('emits what has gathered when the source completes while waiting', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -ab|');
      const expected = '    ---(x|)';
      expectObservable(source.pipe(coalesce(init))).toBe(expected, { x: ['a', 'b'] });
    });
  });

  it('completes with an empty source and never speaks for one that never does', () => {
    marbles(({ cold, hot, expectObservable }) => {
      expectObservable(cold('|').pipe(coalesce(init))).toBe('|');
      expectObservable(hot('-').pipe(coalesce(init))).toBe('-');
    });
  });

  it('passes an error on at once and drops what has gathered', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -ab#');
      const subscription = '^--!';
      const expected = '    ---#';
      expectObservable(source.pipe(coalesce(init))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subscription);
    });
  });

  it('cancels its window on unsubscription', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a--------');
      const unsubscribe = ' ----!     ';
      const subscription = '^---!     ';
      const expected = '    ----------';
      expectObservable(source.pipe(coalesce(init)), unsubscribe).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subscription);
    });
  });
});

describe('coalesce and the wall clock', () => {
  afterEach(() => vi.useRealTimers());

  it.each([
    ['one hour back', -3_600_000],
    ['ten years on', 315_576_000_000],
  ])('is not impressed by a step of %s inside the window', async (_, step) => {
    vi.useFakeTimers();
    const source = new Subject<string>();
    const seen: unknown[] = [];
    const subscription = source
      .pipe(coalesce({ settle: 200, limit: 1_000, scheduler: asyncScheduler }))
      .subscribe((values) => seen.push(values));
    source.next('a');
    await vi.advanceTimersByTimeAsync(100);
    vi.setSystemTime(Date.now() + step);
    source.next('b');
    await vi.advanceTimersByTimeAsync(201);
    expect(seen).toEqual([['a', 'b']]);
    subscription.unsubscribe();
  });
});
