import { asyncScheduler, map, type Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { Reading, UplinkState, Witness } from '../../src/model/reading.ts';
import type { TriggerReason } from '../../src/model/trigger.ts';
import { type AskInit, ask, type UplinkQuestion } from '../../src/streams/ask.ts';
import { marbles } from '../support/marbles.ts';
import { look, observation, via } from './support.ts';

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
  it('says of each answer how long it took, from its own question on', () => {
    marbles(({ cold, expectObservable, flush }) => {
      const told: string[] = [];
      const question: UplinkQuestion = {
        uplink: 'wan',
        family: 'ipv4',
        allow: [],
        witnesses: [() => cold('30ms (u|)', readings), () => cold('20ms (k|)', readings)],
      };
      const asked = ask(question, observation(), {
        clock: { monotonic: () => asyncScheduler.now() },
        scheduler: asyncScheduler,
        deadline: 5_000,
        onReading: ({ kind, took }) => told.push(`${kind} ${took}`),
      });
      expectObservable(asked.pipe(map(({ took }) => took))).toBe('50ms (t|)', { t: 50 });
      flush();
      expect(told).toEqual(['unavailable 30', 'known 20']);
    });
  });
});

describe('ask, where the answer is not to be had by asking again', () => {
  const outside = { ...via, outside: true, seesPath: true };
  const seen: Reading = { kind: 'known', address: address('93.184.216.34'), via: outside };
  const warp: Reading = { ...seen, exit: 'warp=on', via: { ...outside, name: 'trace' } };
  const forgeable: Reading = { ...seen, via: { ...outside, name: 'stun', forgeable: true } };
  const refused: Reading = { kind: 'unavailable', via: outside, why: 'status 503', reached: true };
  const answers = { k: seen, w: warp, s: forgeable, r: refused, u: readings['u'] };
  const asking = (
    { cold }: RunHelpers,
    diagrams: readonly string[],
    more: Partial<UplinkQuestion> = {},
    look = observation().look,
    init: Partial<AskInit> = {},
  ): Observable<string> =>
    ask(
      {
        uplink: 'wan',
        family: 'ipv4',
        allow: [],
        witnesses: diagrams.map((diagram) => () => cold(diagram, answers as Record<string, Reading>)),
        ...more,
      },
      observation({ look }),
      { clock: { monotonic: () => 0 }, scheduler: asyncScheduler, deadline: 5_000, ...init },
    ).pipe(map((state) => `${shown(state)}${state.heard === true ? ' (heard)' : ''}`));

  it('a proxy that one witness tells of is believed of all: those before and those after it', () => {
    marbles((helpers) => {
      const x = "keep: trace: warp: asked through a proxy (warp=on), so 93.184.216.34 is that one's";
      const rest = '; waive it with accept_exits: [warp] (heard)';
      helpers.expectObservable(asking(helpers, ['-(w|)', '-(k|)'])).toBe('-(x|)', { x: x + rest });
      helpers.expectObservable(asking(helpers, ['-(s|)', '-(w|)', '-(k|)'])).toBe('--(x|)', { x: x + rest });
      helpers
        .expectObservable(asking(helpers, ['-(w|)', '-(k|)'], { acceptExits: ['warp'] }))
        .toBe('-(x|)', { x: '93.184.216.34' });
    });
  });

  it('says whether somebody outside answered', () => {
    marbles((helpers) => {
      helpers.expectObservable(asking(helpers, ['(u|)'])).toBe('(x|)', { x: 'keep: no answer' });
      helpers
        .expectObservable(asking(helpers, ['(u|)', '(r|)']))
        .toBe('(x|)', { x: 'keep: no answer; status 503 (heard)' });
      helpers
        .expectObservable(asking(helpers, ['(k|)'], { agree: 2 }))
        .toBe('(x|)', { x: 'keep: 1 more witness(es) must agree: a witness says 93.184.216.34 (heard)' });
    });
  });

  it('a router that names the old address is not believed alone once the mapping has changed', () => {
    marbles((helpers) => {
      const router: Witness = { detector: 'router', name: 'router', operator: 'router', outside: true };
      const old: Reading = { kind: 'known', address: address('93.184.216.99'), via: router };
      const known = { kind: 'set', address: old.address, via: router } as const;
      const witnesses = [
        () => helpers.cold('(o|)', { o: old }),
        () => helpers.cold('(s|)', answers as Record<string, Reading>),
        () => helpers.cold('(s|)', { s: { ...seen, via: { ...outside, name: 'http', operator: 'other' } } }),
      ];
      const asked = (reason: TriggerReason) =>
        asking(helpers, [], { witnesses }, look('inject', 't', reason), { known });
      helpers.expectObservable(asked('timer')).toBe('(x|)', { x: '93.184.216.99' });
      helpers.expectObservable(asked('mapping_changed')).toBe('(x|)', { x: '93.184.216.34' });
    });
  });
});
