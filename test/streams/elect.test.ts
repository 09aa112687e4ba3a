import { asyncScheduler, distinctUntilChanged, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { AddressState } from '../../src/model/reading.ts';
import { type AddressBook, enter } from '../../src/streams/address-book.ts';
import { type ElectInit, elect } from '../../src/streams/elect.ts';
import { marbles } from '../support/marbles.ts';
import { keep, look, set, stateOf } from './support.ts';

const book = (one: AddressState, two: AddressState): AddressBook =>
  enter(undefined, {
    look: look(),
    networkChanged: false,
    states: [stateOf(one, 'ipv4', 'one'), stateOf(two, 'ipv4', 'two')],
  });
const A = set('93.184.216.34');
const B = set('8.8.4.4');
const books = { b: book(A, B), o: book(A, keep), t: book(keep, B), n: book(keep, keep) };

const init = (clock: ElectInit['clock']): ElectInit => ({
  uplinks: [
    { name: 'one', metric: 10 },
    { name: 'two', metric: 20 },
  ],
  holdDown: 10,
  removeAfter: 5,
  clock,
  scheduler: asyncScheduler,
});
const state = (of: AddressBook, uplink: string): string => {
  const found = of.states.get(`${uplink}/ipv4`)?.state;
  return found?.kind === 'set' ? found.address : String(found?.kind);
};
const active = (of: AddressBook) => state(of, 'active');
const all = (of: AddressBook) => `${state(of, 'all:one')} ${state(of, 'all:two')}`;

/** The scheduler's own time, as the monotonic clock of the test. */
const clockOf = (scheduler: { now(): number }) => ({ monotonic: () => scheduler.now() });

describe('elect', () => {
  const run = (
    diagram: string,
    expected: string,
    values: Record<string, string>,
    show: (of: AddressBook) => string,
  ) =>
    marbles(({ hot, expectObservable }) => {
      const source = hot(diagram, books);
      expectObservable(
        source.pipe(elect(init(clockOf(asyncScheduler))), map(show), distinctUntilChanged()),
      ).toBe(expected, values);
    });
  const names = { x: '93.184.216.34', y: '8.8.4.4', k: 'keep' };

  it('takes the better uplink from the start, and leaves a dead one at once', () => {
    run('b-t-----', 'x-y-----', names, active);
  });
  it('goes back to a better uplink only when that has worked for the hold-down', () => {
    run('b-t-b--------------------', 'x-y-----------x----------', names, active);
  });
  it('leaves an uplink whose address nobody confirms any more', () => {
    const doubtful = book(A, B);
    const states = new Map(doubtful.states);
    const one = states.get('one/ipv4');
    if (one) states.set('one/ipv4', { ...one, unconfirmed: 3 });
    marbles(({ hot, expectObservable }) => {
      const source = hot('b-d---', { ...books, d: { ...doubtful, states } });
      expectObservable(
        source.pipe(elect(init(clockOf(asyncScheduler))), map(active), distinctUntilChanged()),
      ).toBe('x-y---', names);
    });
  });
  it('starts the hold-down anew when the better one fails again', () => {
    run('b-t-b---t-b--------------', 'x-y-----------------x----', names, active);
  });
  it('takes one that still has to prove itself rather than none', () => {
    run('b-n-o----', 'x-k-x----', names, active);
  });
  it('keeps the address of a dead uplink for a while, then takes it out', () => {
    run(
      'b-t---------',
      'a-b----c----',
      { a: '93.184.216.34 8.8.4.4', b: 'keep 8.8.4.4', c: 'clear 8.8.4.4' },
      all,
    );
  });
  it('puts it back as soon as it works again', () => {
    run('b-t-b-------', 'a-b-a-------', { a: '93.184.216.34 8.8.4.4', b: 'keep 8.8.4.4' }, all);
  });
});

describe('elect with one uplink', () => {
  it('lets the book pass untouched', () => {
    const single = { ...init({ monotonic: () => 0 }), uplinks: [{ name: 'one', metric: 0 }] };
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('b-|', books).pipe(elect(single))).toBe('b-|', books);
    });
    expect(elect(single)).toBeTypeOf('function');
  });
});
