import { asyncScheduler, ignoreElements, interval, map, merge, type Observable, of, take } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { UplinkState } from '../../src/model/reading.ts';
import type { TriggerReason } from '../../src/model/trigger.ts';
import type { Findings } from '../../src/streams/address-book.ts';
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
      // 1 s, then 2 s; each told at once, since nobody else is being asked.
      expectObservable(source.pipe(detect(init(ask)))).toBe('x 999ms y 1999ms z 1s |', {
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

  it('completes when a retry that was waited for at the end of the source has its answer', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const answers = [none, four];
      const ask = () => cold('(f|)', { f: answers.shift() ?? none });
      expectObservable(hot('o-|', observations).pipe(detect(init(ask)))).toBe('x 999ms (y|)', {
        x: findings([none]),
        y: findings([four]),
      });
    });
  });

  it('cancels a retry that waits: on an error of the source, and on unsubscription', () => {
    marbles(({ hot, cold, expectObservable, flush }) => {
      let asked = 0;
      const ask = () => {
        asked += 1;
        return cold('(f|)', { f: none });
      };
      const x = findings([none]);
      expectObservable(hot('o 500ms #', observations).pipe(detect(init(ask)))).toBe('x 500ms #', { x });
      expectObservable(hot('o', observations).pipe(detect(init(ask))), '500ms !').toBe('x', { x });
      flush();
      expect(asked).toBe(2);
    });
  });
});

describe('detect, where looks come while it is asking', () => {
  /** Nothing differs on the host; somebody asks all the same. */
  const unchanged = (reason: TriggerReason, traceId: string): Observation => ({
    ...observation({ look: look('inject', traceId, reason) }),
    difference: { act: false, networkChanged: false, reasons: [], differences: [] },
  });
  const moved: Observation = {
    ...observation({ look: look('poll', 'moved') }),
    difference: { act: true, networkChanged: true, reasons: ['gateway_changed'], differences: [] },
  };
  const looks: Record<string, Observation> = {
    s: observation({ look: look('inject', 'start', 'start') }),
    d: observation({ look: look('poll', 'differs') }),
    n: moved,
    t: unchanged('timer', 'timer'),
    m: unchanged('mapping_changed', 'mapped'),
  };
  const told = ({ look: { traceId, mode, triggers }, networkChanged, states }: Findings): string =>
    `${traceId} ${mode} ${triggers.map(({ reason }) => reason).join('+')}${networkChanged ? ' moved' : ''}: ${states.map(({ state }) => state.kind).join()}`;
  const run = (
    helpers: RunHelpers,
    diagram: string,
    ask: (question: UplinkQuestion, asked: Observation) => Observable<UplinkState>,
    questions = [ipv4],
  ) => helpers.hot(diagram, looks).pipe(detect({ ...init(() => of(), questions), ask }), map(told));

  it('a timer that comes faster than answers does not keep them from being found', () => {
    marbles((helpers) => {
      const asked = helpers.cold('-----(f|)', { f: four });
      helpers.expectObservable(run(helpers, 's-t-t-t-t-|', () => asked)).toBe('-----x-----(y|)', {
        x: 'start inject start+timer: set',
        y: 'timer inject timer: set',
      });
      helpers.expectSubscriptions(asked.subscriptions).toBe(['^----!', '------^----!']);
    });
  });

  it('where something may have happened meanwhile, it asks once more behind what is being asked', () => {
    marbles((helpers) => {
      const seen: string[] = [];
      const asked = helpers.cold('-----(f|)', { f: four });
      const reports = run(helpers, 's-m-m------|', (_, { look: of }) => {
        seen.push(of.triggers.map(({ reason }) => reason).join('+'));
        return asked;
      });
      helpers.expectObservable(reports).toBe('-----x----y|', {
        x: 'start inject start+mapping_changed: set',
        y: 'mapped poll start+mapping_changed: set',
      });
      helpers.expectSubscriptions(asked.subscriptions).toBe(['^----!', '-----^----!']);
      helpers.flush();
      expect(seen).toEqual(['start', 'start+mapping_changed']);
    });
  });

  it('a retry gives way to what may have happened, and not to the timer', () => {
    marbles((helpers) => {
      const answers = [
        helpers.cold('(f|)', { f: none }),
        helpers.cold('-----(f|)', { f: none }),
        helpers.cold('(f|)', { f: four }),
      ];
      const [, retry] = answers;
      const reports = run(helpers, 's 1s t-m', () => answers.shift() ?? helpers.cold('#'));
      helpers.expectObservable(reports).toBe('x 1002ms y', {
        x: 'start inject start: keep',
        y: 'mapped inject timer+mapping_changed: set',
      });
      helpers.expectSubscriptions(retry?.subscriptions ?? []).toBe('1s ^--!');
    });
  });

  it('a change of the network is told although a newer look replaced the one that saw it', () => {
    marbles((helpers) => {
      const ask = () => helpers.cold('----(f|)', { f: four });
      helpers.expectObservable(run(helpers, 'n-d-------d----|', ask)).toBe('------x-------y|', {
        x: 'differs poll interface_event moved: set',
        y: 'differs poll interface_event: set',
      });
    });
  });

  it('so is that somebody asked for it regardless', () => {
    marbles((helpers) => {
      const ask = () => helpers.cold('----(f|)', { f: four });
      helpers.expectObservable(run(helpers, 's-d-------|', ask)).toBe('------x---|', {
        x: 'differs inject start+interface_event: set',
      });
    });
  });

  it('a change of the network is told with the first answer of each family', () => {
    marbles((helpers) => {
      const ask = ({ family }: UplinkQuestion) =>
        family === 'ipv4' ? helpers.cold('(f|)', { f: four }) : helpers.cold('100ms (f|)', { f: none });
      const reports = run(helpers, 'n 200ms d 200ms |', ask, [ipv4, ipv6]).pipe(take(3));
      helpers.expectObservable(reports).toBe('50ms x 49ms y 150ms (z|)', {
        x: 'moved poll interface_event moved: set',
        y: 'moved poll interface_event moved: keep',
        z: 'differs poll interface_event: set',
      });
    });
  });

  it('a network that flaps faster than it answers is asked anew each time, and only the newest question is open', () => {
    marbles((helpers) => {
      const asked = helpers.cold('----(f|)', { f: four });
      helpers.expectObservable(run(helpers, 'd-d-d-d-d-----|', () => asked)).toBe('------------x-|', {
        x: 'differs poll interface_event: set',
      });
      helpers
        .expectSubscriptions(asked.subscriptions)
        .toBe(['^-!', '--^-!', '----^-!', '------^-!', '--------^---!']);
    });
  });
});

describe('detect, over hours', () => {
  const timer: Observation = {
    ...observation({ look: look('inject', 'timer', 'timer') }),
    difference: { act: false, networkChanged: false, reasons: [], differences: [] },
  };
  /** Moments in seconds at which the question is put, with a look of the timer every five minutes. */
  const asking = (state: UplinkState, until: string): readonly number[] => {
    const moments: number[] = [];
    marbles(({ hot, cold, expectObservable, flush }) => {
      const source = merge(hot('o', observations), interval(300_000, asyncScheduler).pipe(map(() => timer)));
      const ask = () => {
        moments.push(Math.round(asyncScheduler.now() / 1_000));
        return cold(`${state.took}ms (f|)`, { f: state });
      };
      expectObservable(source.pipe(detect(init(ask)), ignoreElements()), until).toBe('');
      flush();
    });
    return moments;
  };

  it('who answers and is of no use is asked ever less often, whatever the timer says', () => {
    const moments = asking({ ...none, heard: true }, '60m !');
    expect(moments.slice(0, 11)).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 300, 600]);
    expect(moments.length).toBeLessThanOrEqual(21);
  });

  it('where nobody is reached it asks every few seconds for a quarter of an hour, then ever less often', () => {
    const moments = asking(none, '120m !');
    const within = (from: number, to: number) => moments.filter((at) => at >= from && at < to).length;
    const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0));
    expect(Math.max(...gaps.filter((_, index) => (moments[index] ?? 0) < 850))).toBeLessThanOrEqual(3);
    expect(within(0, 900)).toBeLessThanOrEqual(310);
    expect(within(1_800, 5_400)).toBeLessThanOrEqual(13);
  });

  it('packets that vanish count as waited already: a network that returns is used at once', () => {
    const moments = asking({ ...none, took: 5_000 }, '1m !');
    expect(moments.slice(0, 5)).toEqual([0, 5, 10, 15, 20]);
  });

  it('a difference of the host brings the haste back, and so does whoever asks', () => {
    const waits = (observed: Observation): readonly number[] => {
      const moments: number[] = [];
      marbles(({ hot, cold, expectObservable, flush }) => {
        const ask = () => {
          moments.push(Math.round(asyncScheduler.now() / 1_000));
          return cold('(f|)', { f: { ...none, heard: true } as UplinkState });
        };
        const source = hot('o 99999ms c', { ...observations, c: observed });
        expectObservable(source.pipe(detect(init(ask)), ignoreElements()), '110s !').toBe('');
        flush();
      });
      return moments.filter((at) => at > 64);
    };
    expect(waits(observation())).toEqual([100, 101, 103, 107]);
    expect(waits({ ...timer, look: look('inject', 'x', 'operator') })).toEqual([100, 101, 103, 107]);
    expect(waits(timer)).toEqual([100]);
  });
});
