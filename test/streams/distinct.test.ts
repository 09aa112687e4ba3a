import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type AddressBook, enter, type Findings } from '../../src/streams/address-book.ts';
import { distinct } from '../../src/streams/distinct.ts';
import { marbles } from '../support/marbles.ts';
import { clear, keep, look, set, stateOf } from './support.ts';

const found = (more: Partial<Findings>): Findings => ({
  look: look(),
  networkChanged: false,
  states: [stateOf(set('198.51.100.1'))],
  ...more,
});
const shown = (book: AddressBook): string =>
  `${[...book.states.values()].map(({ state }) => (state.kind === 'set' ? state.address : state.kind)).join()}${book.networkChanged ? '!' : ''}`;

const values = {
  a: found({}),
  b: found({ states: [stateOf(set('198.51.100.2'))] }),
  i: found({ look: look('inject') }),
  n: found({ networkChanged: true, look: look('poll', 't2') }),
  s: found({ networkChanged: true, look: look('poll', 't2'), states: [stateOf(set('2001:db8::1'), 'ipv6')] }),
  k: found({ states: [stateOf(keep)] }),
};

describe('distinct', () => {
  it('lets a first address through, and not the same one again', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('-a-a-b-b-|', values).pipe(distinct(), map(shown))).toBe('-x---y---|', {
        x: '198.51.100.1',
        y: '198.51.100.2',
      });
    });
  });

  it('lets the same address through when the look was asked for', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('-a-i-|', values).pipe(distinct(), map(shown))).toBe('-x-x-|', {
        x: '198.51.100.1',
      });
    });
  });

  it('tells a change of the network once, not again with the second family of the same look', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('-a-ns-|', values).pipe(distinct(), map(shown))).toBe('-x-yz-|', {
        x: '198.51.100.1',
        y: '198.51.100.1!',
        z: '198.51.100.1,2001:db8::1',
      });
    });
  });

  it('says nothing when nobody could tell', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('-a-k-|', values).pipe(distinct(), map(shown))).toBe('-x---|', {
        x: '198.51.100.1',
      });
    });
  });

  it('passes on completion and errors', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot<Findings>('--|').pipe(distinct())).toBe('--|');
      expectObservable(hot<Findings>('--#').pipe(distinct())).toBe('--#');
    });
  });
});

describe('enter', () => {
  const known = enter(undefined, found({}));
  it('keeps a known address when nobody could tell', () => {
    expect(shown(enter(known, values.k))).toBe('198.51.100.1');
  });
  it('withdraws it when nobody could tell after the network changed', () => {
    const after = enter(known, { ...values.k, networkChanged: true });
    expect(shown(after)).toBe('keep!');
    expect(after.changed).toHaveLength(1);
  });
  it('keeps families apart', () => {
    const both = enter(known, found({ states: [stateOf(clear, 'ipv6')] }));
    expect(shown(both)).toBe('198.51.100.1,clear');
    expect(both.changed.map(({ family }) => family)).toEqual(['ipv6']);
  });
  it('does not change the book it is given', () => {
    enter(known, values.b);
    expect(shown(known)).toBe('198.51.100.1');
  });
});

describe('an address nobody confirms', () => {
  it('is in force, told once as doubtful after three looks, and once as confirmed again', () => {
    let book = enter(undefined, found({}));
    const changes: number[] = [];
    for (const next of [values.k, values.k, values.k, values.k, values.a]) {
      book = enter(book, next);
      changes.push(book.changed.length);
      expect(shown(book)).toBe('198.51.100.1');
    }
    expect(changes).toEqual([0, 0, 1, 0, 1]);
  });
});
