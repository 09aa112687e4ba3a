import { asyncScheduler, map, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { collect, ownCollections, quietTimes } from '../../src/daemon/tidying.ts';
import { marbles } from '../support/marbles.ts';

const counts = { a: 1, b: 8, c: 20 };

describe('quietTimes', () => {
  const times = (diagram: string, expected: string, subscription?: string): void =>
    marbles(({ hot, expectObservable }) => {
      const told = quietTimes(hot<number>(diagram, counts), asyncScheduler).pipe(map(() => 'x'));
      expectObservable(told, subscription).toBe(expected);
    });

  it('tells of the quiet after the start, and then no more', () => times('', '3s x'));
  it('waits for the end of a burst', () => times('4s b 1s c 1s b', '3s x 6001ms x'));
  it('takes a collection now and then for no burst, until they are many', () =>
    times('4s a 5s a 5s a 5s a 5s a 5s a 5s a 5s a', '3s x 39006ms x'));
  it('passes an error on', () => times('1s #', '1s #'));
  it('stops waiting when nobody listens', () => times('', '', '^ 1s !'));
});

describe('collect', () => {
  it('collects, which shows among the collections of the process', async () => {
    const seen = new Subject<number>();
    const first = new Promise<number>((resolve) => seen.subscribe(resolve));
    const subscription = ownCollections.subscribe(seen);
    collect();
    expect(await first).toBeGreaterThan(0);
    subscription.unsubscribe();
  });
});
