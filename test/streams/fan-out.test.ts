import { asyncScheduler, map, type Observable, of } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/model/outcome.ts';
import { type AddressBook, enter, type Findings } from '../../src/streams/address-book.ts';
import { fanOut, type SinkReport } from '../../src/streams/fan-out.ts';
import type { LaneInput } from '../../src/streams/lane.ts';
import { marbles } from '../support/marbles.ts';
import { look, set, sink, stateOf } from './support.ts';

const found = (text: string, more: Partial<Findings> = {}): AddressBook =>
  enter(undefined, {
    look: look('poll', text),
    networkChanged: false,
    states: [stateOf(set(text))],
    ...more,
  });
const books: Record<string, AddressBook> = {
  a: found('93.184.216.34'),
  b: found('93.184.216.35'),
  s: found('93.184.216.34', { look: look('inject', 'start', 'start') }),
  t: found('93.184.216.34', { look: look('inject', 'timer', 'timer') }),
  // What is found after the first findings of a look that somebody asked for.
  l: found('93.184.216.34', { look: { ...look('inject', 'late', 'start'), mode: 'poll' } }),
};

type Attempt = (input: LaneInput) => Observable<readonly Outcome[]>;
const updated = (input: LaneInput): readonly Outcome[] =>
  input.targets.map((target) => ({ ...target, kind: 'updated' }));
const failed = (input: LaneInput): readonly Outcome[] =>
  input.targets.map((target) => ({
    ...target,
    kind: 'failed',
    failure: { class: 'transient', scope: 'sink', message: 'status 503' },
  }));

const run = (source: Observable<AddressBook>, attempts: Readonly<Record<string, Attempt>>) =>
  source.pipe(
    fanOut({
      lanes: Object.entries(attempts).map(([name, attempt]) => {
        const all = sink({ name });
        return {
          sink: { ...all, records: all.records.slice(0, 1) },
          init: { attempt, random: () => 0, scheduler: asyncScheduler },
          recheck: { every: undefined, random: () => 0, scheduler: asyncScheduler },
        };
      }),
    }),
    map(
      ({ sink: { name }, outcomes }: SinkReport) =>
        `${name} ${outcomes.map(({ kind, addresses }) => `${kind} ${addresses.join()}`).join()}`,
    ),
  );
const taking =
  ({ cold }: RunHelpers, diagram: string): Attempt =>
  (input) =>
    cold(diagram, { o: updated(input) });

describe('fanOut', () => {
  it('gives every sink each book, each at its own pace, over one subscription', () => {
    marbles((helpers) => {
      const source = helpers.hot('a----|', books);
      const reports = run(source, { slow: taking(helpers, '---(o|)'), quick: (input) => of(updated(input)) });
      helpers.expectObservable(reports).toBe('q--s-|', {
        q: 'quick updated 93.184.216.34',
        s: 'slow updated 93.184.216.34',
      });
      helpers.expectSubscriptions(source.subscriptions).toBe('^----!');
    });
  });

  it('publishes the last of a burst alone where a sink is slower than the burst', () => {
    marbles((helpers) => {
      const attempt = helpers.cold('---(o|)', { o: [] as readonly Outcome[] });
      const reports = run(helpers.hot('abab------|', books), { dyn: () => attempt });
      helpers.expectObservable(reports).toBe('------x---|', { x: 'dyn ' });
      helpers.expectSubscriptions(attempt.subscriptions).toBe(['^!', '-^!', '--^!', '---^--!']);
    });
  });

  it.each([
    ['somebody who asks', 's', [0, 1]],
    ['the timer', 't', [0]],
    ['what a look finds later on', 'l', [0]],
  ] as const)('does not wait for a backoff to end for: %s', (who, letter, wanted) => {
    marbles((helpers) => {
      const moments: number[] = [];
      const reports = run(helpers.hot(`a 999ms ${letter} 500ms #`, books), {
        dyn: (input) => {
          moments.push(Math.round(asyncScheduler.now() / 1_000));
          return of(failed(input));
        },
      });
      helpers
        .expectObservable(reports.pipe(map(() => who)))
        .toBe(wanted.length === 2 ? 'x 999ms x 500ms #' : 'x 1500ms #', { x: who });
      helpers.flush();
      expect(moments).toEqual(wanted);
    });
  });

  it('completes when the last lane has come to rest', () => {
    marbles((helpers) => {
      const reports = run(helpers.hot('a-|', books), { dyn: taking(helpers, '-----(o|)') });
      helpers.expectObservable(reports).toBe('-----(x|)', { x: 'dyn updated 93.184.216.34' });
    });
  });

  it('passes on an error, of the source or of a lane, and aborts all others', () => {
    marbles((helpers) => {
      const hung = helpers.cold<readonly Outcome[]>('-');
      helpers.expectObservable(run(helpers.hot('a--#', books), { dyn: () => hung })).toBe('---#');
      helpers.expectSubscriptions(hung.subscriptions).toBe('^--!');
      const other = helpers.cold<readonly Outcome[]>('-');
      const broken = helpers.cold<readonly Outcome[]>('--#');
      helpers
        .expectObservable(run(helpers.hot('a-----', books), { one: () => other, two: () => broken }))
        .toBe('--#');
      helpers.expectSubscriptions(other.subscriptions).toBe('^-!');
    });
  });

  it('aborts every lane on unsubscription, and lets go of its source', () => {
    marbles((helpers) => {
      const source = helpers.hot('a-----', books);
      const hung = helpers.cold<readonly Outcome[]>('-');
      helpers.expectObservable(run(source, { one: () => hung, two: () => hung }), '---!').toBe('');
      helpers.expectSubscriptions(hung.subscriptions).toBe(['^--!', '^--!']);
      helpers.expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });
});
