import { asyncScheduler, type Observable } from 'rxjs';
import { describe, it } from 'vitest';
import type { UplinkState } from '../../src/model/reading.ts';
import type { UplinkQuestion } from '../../src/streams/ask.ts';
import { detect } from '../../src/streams/detect.ts';
import type { Observation } from '../../src/streams/observe.ts';
import { marbles } from '../support/marbles.ts';
import { keep, look, observation, offline, set, stateOf } from './support.ts';

const ipv4: UplinkQuestion = { uplink: 'wan', family: 'ipv4', allow: [], witnesses: [] };
const ipv6: UplinkQuestion = { uplink: 'wan', family: 'ipv6', allow: [], witnesses: [] };

const four = stateOf(set('198.51.100.1'));
const six = stateOf(set('2001:db8::1'), 'ipv6');
const none = stateOf(keep);

const observations: Record<string, Observation> = {
  o: observation(),
  p: observation({ look: look('poll', 't2') }),
  i: observation({ act: false }),
  x: observation({ snapshot: offline }),
};
const findings = (states: readonly UplinkState[], of = observations['o']) => ({
  look: of?.look,
  networkChanged: false,
  states,
});

const init = (ask: (question: UplinkQuestion) => Observable<UplinkState>, questions = [ipv4]) => ({
  questions,
  ask,
  random: () => 0,
  scheduler: asyncScheduler,
});

describe('detect', () => {
  it('asks nothing about an observation that calls for no action', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const source = hot('-i---|', observations);
      expectObservable(source.pipe(detect(init(() => cold('(f|)', { f: four }))))).toBe('-----|');
    });
  });

  it('tells families together that are found together', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const source = hot('-o---|', observations);
      const ask = ({ family }: UplinkQuestion) => cold('--(f|)', { f: family === 'ipv4' ? four : six });
      expectObservable(source.pipe(detect(init(ask, [ipv4, ipv6])))).toBe('---x-|', {
        x: findings([four, six]),
      });
    });
  });

  it('does not let a slow family hold up the other', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const source = hot('o 200ms |', observations);
      const ask = ({ family }: UplinkQuestion) =>
        family === 'ipv4' ? cold('(f|)', { f: four }) : cold('100ms (f|)', { f: six });
      expectObservable(source.pipe(detect(init(ask, [ipv4, ipv6])))).toBe('50ms x 49ms y 100ms |', {
        x: findings([four]),
        y: findings([six]),
      });
    });
  });

  it('cancels what it is asking when something newer is observed', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot('o-p----|', observations);
      const first = cold('----(f|)', { f: four });
      const second = cold('--(f|)', { f: four });
      const answers = [first, second];
      expectObservable(source.pipe(detect(init(() => answers.shift() ?? cold('#'))))).toBe('----x--|', {
        x: findings([four], observations['p']),
      });
      expectSubscriptions(first.subscriptions).toBe(' ^-!');
      expectSubscriptions(second.subscriptions).toBe('--^-!');
    });
  });

  it('asks again after 1 s and growing when nobody could tell and there is a route', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const source = hot('o 4s |', observations);
      const answers = [none, none, four];
      const ask = () => cold('(f|)', { f: answers.shift() ?? none });
      // 1 s, then 2 s; each told within the grace of 50 ms, the last one at its completion.
      expectObservable(source.pipe(detect(init(ask)))).toBe('50ms x 999ms y 1949ms z 1000ms |', {
        x: findings([none]),
        y: findings([none]),
        z: findings([four]),
      });
    });
  });

  it('waits for the next event when there is no route', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const source = hot('x 9s |', observations);
      expectObservable(source.pipe(detect(init(() => cold('(f|)', { f: none }))))).toBe('x 9s |', {
        x: findings([none], observations['x']),
      });
    });
  });

  it('passes on an error of the source and cancels', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot('o-#', observations);
      const asked = cold<UplinkState>('-----');
      expectObservable(source.pipe(detect(init(() => asked)))).toBe('--#');
      expectSubscriptions(asked.subscriptions).toBe('^-!');
    });
  });

  it('cancels questions on unsubscription', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot('o----', observations);
      const asked = cold<UplinkState>('-----');
      expectObservable(source.pipe(detect(init(() => asked))), '---!').toBe('-----');
      expectSubscriptions(asked.subscriptions).toBe('^--!');
    });
  });
});
