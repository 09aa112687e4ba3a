import { asyncScheduler, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { AddressState } from '../../src/model/reading.ts';
import { absence } from '../../src/streams/absence.ts';
import { type AddressBook, enter } from '../../src/streams/address-book.ts';
import { marbles } from '../support/marbles.ts';
import { clear, keep, look, set, stateOf } from './support.ts';

const A = set('93.184.216.34');

const book = (ipv4: AddressState, ipv6: AddressState = A, networkChanged = false): AddressBook =>
  enter(undefined, {
    look: look(),
    networkChanged,
    states: [stateOf(ipv4, 'ipv4'), stateOf(ipv6, 'ipv6')],
  });

const books = {
  a: book(A),
  c: book(clear),
  n: book(clear, A, true),
  k: book(keep),
  d: book(clear, clear),
};

/** `clear/set [clear]`: the states of both families, and those that are told as changed. */
const shown = ({ states, changed, networkChanged }: AddressBook): string =>
  `${states.get('wan/ipv4')?.state.kind}/${states.get('wan/ipv6')?.state.kind} [${changed.map(({ state }) => state.kind).join(' ')}]${networkChanged ? ' network changed' : ''}`;

const names = {
  a: 'set/set [set set]',
  k: 'keep/set [keep set]',
  n: 'keep/set [keep set] network changed',
  x: 'clear/set [clear]',
  c: 'clear/set [clear set]',
  y: 'keep/keep [keep keep]',
};

const run = (diagram: string, expected: string, subscription?: string) =>
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot(diagram, books);
    const held = source.pipe(absence({ after: 5, scheduler: asyncScheduler }), map(shown));
    expectObservable(held, subscription).toBe(expected, names);
    if (subscription !== undefined) expectSubscriptions(source.subscriptions).toBe(subscription);
  });

describe('absence', () => {
  it('passes what is known, and what nobody could tell, at once', () => {
    run('a--k--a-', 'a--k--a-');
  });

  it('is kept at first, and believed with the last look when nothing else was known meanwhile', () => {
    run('a--c---------', 'a--k----x----');
  });

  it('is not believed where an address comes within the time, as DHCP gives it after the link', () => {
    run('c---a--------', 'k---a--------');
  });

  it('is waited for from the first time it is known, however often it is known again', () => {
    run('c-c-c--------', 'k-k-kx-------');
  });

  it('waits anew after an address, and after nobody could tell', () => {
    run('c---a--c---------', 'k---a--k----x----');
    run('c---k--c---------', 'k---k--k----x----');
  });

  it('once believed passes at once, until something else is known', () => {
    run('c-------c-a-c------', 'k----x--c-a-k----x-');
  });

  it('tells a change of the network once, with the look that saw it', () => {
    run('n---------', 'n----x----');
  });

  it('waits for each family by itself', () => {
    const told = { ...names, z: 'clear/keep [clear]', w: 'clear/clear [clear]' };
    marbles(({ hot, expectObservable }) => {
      const source = hot('c--d---------', books);
      expectObservable(source.pipe(absence({ after: 5, scheduler: asyncScheduler }), map(shown))).toBe(
        'k--y-z--w----',
        told,
      );
    });
  });

  it('completes once nothing waits any more', () => {
    run('a-|', 'a-|');
    run('c-|', 'k----(x|)');
  });

  it('passes an error on at once, and unsubscribing cancels the wait', () => {
    run('c-#', 'k-#');
    run('c-------', 'k--', '^-!');
  });

  it('believes at once where the time is zero', () => {
    marbles(({ hot, expectObservable }) => {
      const held = hot('c-|', books).pipe(absence({ after: 0, scheduler: asyncScheduler }));
      expectObservable(held).toBe('c-|', books);
    });
  });

  it('leaves to the election what the election has held already', () => {
    const all = enter(undefined, {
      look: look(),
      networkChanged: false,
      states: [stateOf(clear, 'ipv4', 'all:wan')],
    });
    marbles(({ hot, expectObservable }) => {
      const held = hot('b------', { b: all }).pipe(absence({ after: 5, scheduler: asyncScheduler }));
      expectObservable(held).toBe('b------', { b: all });
    });
    expect(all.states.get('all:wan/ipv4')?.state.kind).toBe('clear');
  });
});
