import {
  asyncScheduler,
  ignoreElements,
  type MonoTypeOperatorFunction,
  map,
  type Observable,
  of,
  pipe,
  Subject,
} from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fqdn } from '../../src/model/name.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { UplinkState } from '../../src/model/reading.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Look } from '../../src/model/trigger.ts';
import { type AddressBook, enter, type Findings } from '../../src/streams/address-book.ts';
import { coalesce } from '../../src/streams/coalesce.ts';
import { detect } from '../../src/streams/detect.ts';
import { distinct } from '../../src/streams/distinct.ts';
import { elect } from '../../src/streams/elect.ts';
import { type LaneInput, lane } from '../../src/streams/lane.ts';
import { observe } from '../../src/streams/observe.ts';
import { recheck } from '../../src/streams/recheck.ts';
import { marbles } from '../support/marbles.ts';
import { keep, look, observation, offline, set, stateOf } from './support.ts';

const findings = (traceId: string): Findings => ({
  look: look('inject', traceId),
  networkChanged: false,
  states: [stateOf(set('93.184.216.34'), 'ipv4', 'one'), stateOf(keep, 'ipv4', 'two')],
});
const input = (urgent: boolean): LaneInput => ({ traceId: 't', targets: [], networkChanged: false, urgent });
/** The scheduler's own time in marbles; what the system measures durations by elsewhere. */
let monotonic = (): number => asyncScheduler.now();
afterEach(() => {
  vi.useRealTimers();
  monotonic = () => asyncScheduler.now();
});

const REFUSED: Outcome = {
  key: { name: fqdn('home.example.org'), type: 'A' },
  addresses: [],
  kind: 'failed',
  failure: { class: 'transient', scope: 'sink', message: 'status 503' },
};
const marked = <Value>(): ((source: Observable<Value>) => Observable<number>) => pipe(map(() => 1));
const time = { random: () => 0, scheduler: asyncScheduler };

/**
 * Every operator, from a number to a number, and whether something of it waits for time when a value has gone in: `coalesce` for the
 * quiet, `detect` for its retry, `elect` for the address of a dead uplink to go, `lane` for its retry, `recheck` for the next look.
 */
const OPERATORS: ReadonlyArray<readonly [string, MonoTypeOperatorFunction<number>]> = [
  ['coalesce', pipe(coalesce<number>({ settle: 3, limit: 20, scheduler: asyncScheduler }), marked())],
  [
    'observe',
    pipe(
      map((): Look => look('inject')),
      observe(
        () => of<Snapshot>(offline),
        () => {},
      ),
      marked(),
    ),
  ],
  [
    'detect',
    pipe(
      map(() => observation()),
      detect({
        ...time,
        questions: [{ uplink: 'wan', family: 'ipv4', allow: [], witnesses: [] }],
        ask: () => of<UplinkState>(stateOf(keep)),
      }),
      marked(),
    ),
  ],
  [
    'distinct',
    pipe(
      map((value) => findings(`t${value}`)),
      distinct(),
      marked(),
    ),
  ],
  [
    'elect',
    pipe(
      map((value): AddressBook => enter(undefined, findings(`t${value}`))),
      elect({
        uplinks: [
          { name: 'one', metric: 1 },
          { name: 'two', metric: 2 },
        ],
        holdDown: 1_000,
        removeAfter: 60_000,
        clock: { monotonic: () => monotonic() },
        scheduler: asyncScheduler,
      }),
      marked(),
    ),
  ],
  [
    'recheck',
    pipe(
      map(() => input(false)),
      recheck({ ...time, every: 1_000 }),
      marked(),
    ),
  ],
  [
    'lane',
    pipe(
      map(() => input(true)),
      lane({ ...time, attempt: () => of([REFUSED]) }),
      marked(),
    ),
  ],
];

describe.each(OPERATORS)('%s', (_, operator) => {
  it('lets go of its source, and of whatever waits, on unsubscription', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<number>('1--', { 1: 1 });
      expectObservable(source.pipe(operator, ignoreElements()), '-!').toBe('');
      expectSubscriptions(source.subscriptions).toBe('^!');
    });
  });

  it('passes on an error at once, whatever waits, and says nothing after it', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<number>('1-#', { 1: 1 });
      expectObservable(source.pipe(operator, ignoreElements())).toBe('--#');
      expectSubscriptions(source.subscriptions).toBe('^-!');
    });
  });

  it('completes with a source that never said anything', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot<number>('--|').pipe(operator)).toBe('--|');
    });
  });

  it('keeps one subscription to a source that flaps without end, and ends with it', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<number>('1111111111111111111111111111111111111111#', { 1: 1 });
      expectObservable(source.pipe(operator, ignoreElements())).toBe(
        '----------------------------------------#',
      );
      expectSubscriptions(source.subscriptions).toBe('^---------------------------------------!');
    });
  });

  it.each([
    ['an hour back', -3_600_000],
    ['ten years on', 315_576_000_000],
  ])('says the same, at the same moments, when the wall clock is set %s while it waits', async (__, step) => {
    const play = async (stepped: number): Promise<readonly number[]> => {
      vi.useFakeTimers();
      monotonic = () => performance.now();
      const began = performance.now();
      const said: number[] = [];
      const source = new Subject<number>();
      const subscription = source.pipe(operator).subscribe(() => said.push(performance.now() - began));
      source.next(1);
      await vi.advanceTimersByTimeAsync(1);
      source.next(2);
      // Behind the last value: whoever compares readings of the clock waits for that hour from here on.
      await vi.advanceTimersByTimeAsync(1);
      vi.setSystemTime(Date.now() + stepped);
      await vi.advanceTimersByTimeAsync(90_000);
      subscription.unsubscribe();
      return said;
    };
    const steady = await play(0);
    expect(steady.length).toBeGreaterThan(0);
    expect(await play(step)).toEqual(steady);
  });
});
