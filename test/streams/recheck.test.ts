import { asyncScheduler, map } from 'rxjs';
import { describe, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { LaneInput } from '../../src/streams/lane.ts';
import { recheck } from '../../src/streams/recheck.ts';
import { marbles } from '../support/marbles.ts';

const key = { name: fqdn('home.example.org'), type: 'A' } as const;
const input = (traceId: string, text = '198.51.100.1'): LaneInput => ({
  traceId,
  targets: [{ key, addresses: [address(text)] }],
  networkChanged: true,
  urgent: true,
});
const inputs = { a: input('a'), b: input('b', '198.51.100.2'), c: input('c') };
const shown = ({ traceId, verify, networkChanged, urgent }: LaneInput) =>
  `${traceId}${verify ? ' verify' : ''}${networkChanged || urgent ? '!' : ''}`;
const init = { every: 5, random: () => 0, scheduler: asyncScheduler };
const names = { a: 'a!', b: 'b!', c: 'c!', v: 'a verify', w: 'b verify', x: 'c verify' };

describe('recheck', () => {
  it('repeats the latest input from time to time, asking to verify', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('a-------------', inputs).pipe(recheck(init), map(shown)), '--------------!').toBe(
        'a----v----v---',
        names,
      );
    });
  });
  it('counts anew from an input with other targets', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('a---b---------', inputs).pipe(recheck(init), map(shown)), '-------------!').toBe(
        'a---b----w---',
        names,
      );
    });
  });
  it('does not count anew from one with the same, and repeats the newest', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('a-c-c-c-c----', inputs).pipe(recheck(init), map(shown)), '-------------!').toBe(
        'a-c-cxc-c-x--',
        names,
      );
    });
  });
  it('ends with its source', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('a------|', inputs).pipe(recheck(init), map(shown))).toBe('a----v-|', names);
    });
  });
  it('adds chance', () => {
    marbles(({ hot, expectObservable }) => {
      const later = { ...init, every: 10, random: () => 1 };
      expectObservable(hot('a-------------', inputs).pipe(recheck(later), map(shown)), '-------------!').toBe(
        'a 9ms -v',
        { ...names },
      );
    });
  });
  it('never repeats anything when it is off', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(
        hot('a---------|', inputs).pipe(recheck({ ...init, every: undefined }), map(shown)),
      ).toBe('a---------|', names);
    });
  });
  it('passes on an error, and cancels the timer on unsubscription', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      expectObservable(hot('a-#', inputs).pipe(recheck(init), map(shown))).toBe('a-#', names);
      const source = hot('a------', inputs);
      expectObservable(source.pipe(recheck(init), map(shown)), '---!').toBe('a---', names);
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });
});
