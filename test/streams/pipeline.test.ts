import { asyncScheduler, map, type Observable, of } from 'rxjs';
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
import { addTrigger, lookFor, pipeline } from '../../src/streams/pipeline.ts';
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
      questions: [{ uplink: 'wan', family: 'ipv4', allow: [], witnesses: [] }],
      ask: (): Observable<UplinkState> => of(stateOf(given.state())),
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
        recheck: { every: undefined, random: () => 0, scheduler: asyncScheduler },
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
