import { asyncScheduler, ignoreElements, map, type Observable, of } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { AddressState, UplinkState } from '../../src/model/reading.ts';
import { keyText } from '../../src/model/record.ts';
import type { SinkSettings } from '../../src/model/settings.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Trigger } from '../../src/model/trigger.ts';
import type { SinkReport } from '../../src/streams/fan-out.ts';
import type { LaneInput } from '../../src/streams/lane.ts';
import { addTrigger, lookFor } from '../../src/streams/look.ts';
import { pipeline } from '../../src/streams/pipeline.ts';
import { marbles } from '../support/marbles.ts';
import { online, set, sink, stateOf } from './support.ts';

const event: Trigger = { reason: 'interface_event', source: 'test', mode: 'poll' };
const forced: Trigger = { reason: 'operator', source: 'test', mode: 'inject' };

/** A host whose address is what `state` says at the time, and sinks that answer as told. */
function run(
  { hot }: RunHelpers,
  given: {
    readonly triggers: string;
    readonly state: () => AddressState;
    readonly sinks: Readonly<Record<string, (input: LaneInput) => Observable<readonly Outcome[]>>>;
    /** What is found out about IPv6, where that is asked for. */
    readonly six?: () => AddressState;
    /** Milliseconds between two looks at what a sink really holds. */
    readonly verifyEvery?: number;
  },
): Observable<string> {
  let looked = 0;
  const settings = (name: string): SinkSettings => {
    const all = sink({ name });
    return { ...all, records: all.records.slice(0, 1) };
  };
  return pipeline({
    watch: { settle: 2, settle_limit: 10 } as never,
    triggers: hot(given.triggers, { e: event, f: forced }),
    snapshot: () => of(snapshotWith(given.state())),
    scheduler: asyncScheduler,
    traceId: () => {
      looked += 1;
      return `look ${looked}`;
    },
    listener: {},
    detect: {
      questions: [
        { uplink: 'wan', family: 'ipv4', allow: [], witnesses: [] },
        ...(given.six ? [{ uplink: 'wan', family: 'ipv6', allow: [], witnesses: [] } as const] : []),
      ],
      ask: ({ family }): Observable<UplinkState> =>
        of(stateOf(family === 'ipv6' && given.six ? given.six() : given.state(), family)),
      random: () => 0,
      scheduler: asyncScheduler,
      grace: 0,
    },
    elect: {
      uplinks: [{ name: 'wan', metric: 0 }],
      holdDown: 0,
      removeAfter: 0,
      clock: { monotonic: () => 0 },
      scheduler: asyncScheduler,
    },
    absence: { after: 0, scheduler: asyncScheduler },
    fanOut: {
      lanes: Object.entries(given.sinks).map(([name, attempt]) => ({
        sink: settings(name),
        init: { attempt, random: () => 0, scheduler: asyncScheduler },
        recheck: { every: given.verifyEvery, random: () => 0, scheduler: asyncScheduler },
      })),
    },
  }).pipe(map(shown));
}

const snapshotWith = (state: AddressState): Snapshot => ({
  ...online,
  interfaces: [
    {
      name: 'eth0',
      index: 2,
      running: true,
      loopback: false,
      virtual: false,
      addresses: [
        {
          address: state.kind === 'set' ? state.address : address('192.0.2.1'),
          family: 'ipv4',
          prefixLength: 24,
          flags: { tentative: false, duplicate: false, deprecated: false, temporary: false },
        },
      ],
    },
  ],
});
const shown = ({ sink: { name }, outcomes, input }: SinkReport): string =>
  `${name} ${input.traceId} ${outcomes.map((outcome) => `${outcome.kind} ${keyText(outcome.key)} ${outcome.addresses.join()}`).join()}`;
const agree = (input: LaneInput) =>
  of(input.targets.map((target): Outcome => ({ ...target, kind: 'updated' })));

describe('pipeline', () => {
  it('looks at once at the start, then when a burst of events has settled and something changed', () => {
    marbles((helpers) => {
      let current = set('93.184.216.34');
      helpers.cold('---x').subscribe(() => {
        current = set('93.184.216.35');
      });
      const reports = run(helpers, {
        triggers: '----eee--------',
        state: () => current,
        sinks: { dyn: agree },
      });
      helpers.expectObservable(reports).toBe('a-------b------', {
        a: 'dyn look 1 updated home.example.org/A 93.184.216.34',
        b: 'dyn look 2 updated home.example.org/A 93.184.216.35',
      });
    });
  });

  it('does nothing for an event that changed nothing, and asks the sinks again when told to', () => {
    marbles((helpers) => {
      const reports = run(helpers, {
        triggers: '--e----f----',
        state: () => set('93.184.216.34'),
        sinks: { dyn: agree },
      });
      helpers.expectObservable(reports).toBe('a--------b--', {
        a: 'dyn look 1 updated home.example.org/A 93.184.216.34',
        b: 'dyn look 3 updated home.example.org/A 93.184.216.34',
      });
    });
  });

  it('lets no sink delay another', () => {
    marbles((helpers) => {
      const slow = (input: LaneInput) =>
        helpers.cold('-----(o|)', {
          o: input.targets.map((target): Outcome => ({ ...target, kind: 'updated' })),
        });
      const reports = run(helpers, {
        triggers: '-------',
        state: () => set('93.184.216.34'),
        sinks: { hung: () => helpers.cold<readonly Outcome[]>('-'), slow, quick: agree },
      });
      helpers.expectObservable(reports).toBe('a----b-', {
        a: 'quick look 1 updated home.example.org/A 93.184.216.34',
        b: 'slow look 1 updated home.example.org/A 93.184.216.34',
      });
    });
  });
});

describe('pipeline, where the other family has a route and never an answer', () => {
  const broken = {
    state: () => set('93.184.216.34'),
    six: (): AddressState => ({ kind: 'keep', why: 'nobody answers' }),
  };
  const minutes = (count: number) => count * 60_000;
  /** Moments in seconds. */
  const now = () => Math.round(asyncScheduler.now() / 1_000);

  it('a provider in trouble is asked ever less often', () => {
    marbles((helpers) => {
      const moments: number[] = [];
      const failing = (input: LaneInput) => {
        moments.push(now());
        return of(
          input.targets.map(
            (target): Outcome => ({
              ...target,
              kind: 'failed',
              failure: { class: 'transient', scope: 'sink', message: 'status 503' },
            }),
          ),
        );
      };
      const reports = run(helpers, { ...broken, triggers: '-', sinks: { dyn: failing } });
      helpers.expectObservable(reports.pipe(ignoreElements()), `${minutes(10)}ms !`).toBe('');
      helpers.flush();
      expect(moments).toEqual([0, 2, 6, 14, 30, 62, 126, 254, 510]);
    });
  });

  it('what the sink really holds is looked at all the same', () => {
    marbles((helpers) => {
      const moments: number[] = [];
      const holding = (input: LaneInput) => {
        if (input.verify === true) moments.push(now());
        return agree(input);
      };
      const reports = run(helpers, {
        ...broken,
        triggers: '-',
        sinks: { dyn: holding },
        verifyEvery: 60_000,
      });
      helpers.expectObservable(reports.pipe(ignoreElements()), `${minutes(5) + 1}ms !`).toBe('');
      helpers.flush();
      expect(moments).toEqual([60, 120, 180, 240, 300]);
    });
  });
});

describe('pipeline, when it ends', () => {
  const settled = { state: () => set('93.184.216.34'), sinks: { dyn: agree } };
  const a = 'dyn look 1 updated home.example.org/A 93.184.216.34';

  it('completes with its triggers, also where sinks are looked at from time to time', () => {
    marbles((helpers) => {
      const reports = run(helpers, { ...settled, triggers: '-----|', verifyEvery: 60_000 });
      helpers.expectObservable(reports).toBe('a----|', { a });
    });
  });

  it('completes only when the last write is through', () => {
    marbles((helpers) => {
      const slow = (input: LaneInput) =>
        helpers.cold('9ms (o|)', { o: input.targets.map((one): Outcome => ({ ...one, kind: 'updated' })) });
      const reports = run(helpers, { ...settled, triggers: '---|', sinks: { dyn: slow } });
      helpers.expectObservable(reports).toBe('9ms (a|)', { a });
    });
  });

  it('passes on an error of the triggers, and aborts what is being written', () => {
    marbles((helpers) => {
      const writing = helpers.cold<readonly Outcome[]>('-');
      const reports = run(helpers, { ...settled, triggers: '---#', sinks: { dyn: () => writing } });
      helpers.expectObservable(reports).toBe('---#');
      helpers.expectSubscriptions(writing.subscriptions).toBe('^--!');
    });
  });

  it('aborts what is being written on unsubscription, and lets go of the triggers', () => {
    marbles((helpers) => {
      const writing = helpers.cold<readonly Outcome[]>('-');
      const triggers = helpers.hot<Trigger>('-');
      const reports = run(
        { ...helpers, hot: (() => triggers) as unknown as RunHelpers['hot'] },
        { ...settled, triggers: '', sinks: { dyn: () => writing } },
      );
      helpers.expectObservable(reports, '---!').toBe('');
      helpers.expectSubscriptions(writing.subscriptions).toBe('^--!');
      helpers.expectSubscriptions(triggers.subscriptions).toBe('^--!');
    });
  });
});

describe('a look', () => {
  it('is asked for regardless if any of its triggers is', () => {
    expect(lookFor([event, forced], 't').mode).toBe('inject');
    expect(lookFor([event, event], 't').mode).toBe('poll');
  });
  it('keeps one trigger of a kind, however many come', () => {
    let gathered: readonly Trigger[] = [];
    for (let count = 0; count < 1_000; count += 1)
      gathered = addTrigger(gathered, { ...event, detail: String(count) });
    gathered = addTrigger(gathered, forced);
    expect(gathered).toEqual([{ ...event, detail: '0' }, forced]);
  });
});
