import { asyncScheduler, map, type Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { Reading, UplinkState } from '../../src/model/reading.ts';
import { ask, type UplinkQuestion } from '../../src/streams/ask.ts';
import { marbles } from '../support/marbles.ts';
import { observation, via } from './support.ts';

const readings: Record<string, Reading> = {
  k: { kind: 'known', address: address('93.184.216.34'), via },
  p: { kind: 'known', address: address('192.168.1.5'), via },
  s: { kind: 'known', address: address('2606:2800::1'), via },
  u: { kind: 'unavailable', via, why: 'no answer' },
  a: { kind: 'absent', via, why: 'no IPv4 here' },
};
const shown = ({ state }: UplinkState): string =>
  state.kind === 'set' ? state.address : `${state.kind}: ${state.why}`;

function asking({ cold }: RunHelpers, ...diagrams: readonly string[]): Observable<string> {
  const question: UplinkQuestion = {
    uplink: 'wan',
    family: 'ipv4',
    allow: [],
    witnesses: diagrams.map((diagram) => () => cold(diagram, readings)),
  };
  const init = { clock: { monotonic: () => 0 }, scheduler: asyncScheduler, deadline: 5_000 };
  return ask(question, observation(), init).pipe(map(shown));
}

describe('ask', () => {
  it('takes the first address that is fit', () => {
    marbles((helpers) => {
      helpers.expectObservable(asking(helpers, '-(k|)', '(p|)')).toBe('-(x|)', { x: '93.184.216.34' });
    });
  });
  it('goes on to the next witness when one names an address that is not fit', () => {
    marbles((helpers) => {
      helpers.expectObservable(asking(helpers, '-(p|)', '-(k|)')).toBe('--(x|)', { x: '93.184.216.34' });
    });
  });
  it('takes an address of the other family for no answer', () => {
    marbles((helpers) => {
      helpers.expectObservable(asking(helpers, '-(s|)', '-(k|)')).toBe('--(x|)', { x: '93.184.216.34' });
    });
  });
  it('hedges: the next is asked after 250 ms of silence', () => {
    marbles((helpers) => {
      helpers
        .expectObservable(asking(helpers, '400ms (k|)', '10ms (k|)'))
        .toBe('260ms (x|)', { x: '93.184.216.34' });
    });
  });
  it('believes a witness that knows there is none', () => {
    marbles((helpers) => {
      helpers.expectObservable(asking(helpers, '-(a|)', '-(k|)')).toBe('-(x|)', { x: 'clear: no IPv4 here' });
    });
  });
  it('keeps what is published when nobody could tell, and names every reason', () => {
    marbles((helpers) => {
      helpers.expectObservable(asking(helpers, '-(u|)', '-(p|)')).toBe('--(x|)', {
        x: 'keep: no answer; a witness says 192.168.1.5 is a private address, not global unicast; allow: [private] would permit it',
      });
    });
  });
  it('says that nobody answered at the deadline', () => {
    marbles((helpers) => {
      helpers
        .expectObservable(asking(helpers, '-', '-'))
        .toBe('5s (x|)', { x: 'keep: no witness answered within 5000 ms' });
    });
  });
  it('says so at once when there is nobody to ask', () => {
    marbles((helpers) => {
      helpers
        .expectObservable(asking(helpers))
        .toBe('(x|)', { x: 'keep: no witness answered within 5000 ms' });
    });
  });
  it('cancels the witnesses on unsubscription', () => {
    marbles((helpers) => {
      const silent = helpers.cold<Reading>('-');
      const question: UplinkQuestion = {
        uplink: 'wan',
        family: 'ipv4',
        allow: [],
        witnesses: [() => silent],
      };
      const init = { clock: { monotonic: () => 0 }, scheduler: asyncScheduler, deadline: 5_000 };
      helpers.expectObservable(ask(question, observation(), init), '---!').toBe('-');
      helpers.expectSubscriptions(silent.subscriptions).toBe('^--!');
    });
  });
  it('tells every reading, also those that decide nothing', () => {
    marbles((helpers) => {
      const told: string[] = [];
      const question: UplinkQuestion = {
        uplink: 'wan',
        family: 'ipv4',
        allow: [],
        witnesses: [() => helpers.cold('(u|)', readings), () => helpers.cold('(k|)', readings)],
      };
      const onReading = (reading: Reading) => told.push(reading.kind);
      ask(question, observation(), {
        clock: { monotonic: () => 0 },
        scheduler: asyncScheduler,
        deadline: 5_000,
        onReading,
      }).subscribe();
      helpers.flush();
      expect(told).toEqual(['unavailable', 'known']);
    });
  });
});
