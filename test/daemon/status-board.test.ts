import { beforeEach, describe, expect, test } from 'vitest';
import { createStatusBoard, type StatusBoard } from '../../src/daemon/status-board.ts';
import { address, type IpAddress } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { RecordKey } from '../../src/model/record.ts';
import type { Settings } from '../../src/model/settings.ts';
import type { SinkMemory } from '../../src/state/sink-memory.ts';
import { settingsOf } from '../config/fakes.ts';
import { keep, look, set, stateOf } from '../streams/support.ts';
import { handClock, WALL } from './fixture.ts';

const key: RecordKey = { name: fqdn('home.example.org'), type: 'A' };
const addresses = [address('203.0.113.7')];
const iso = (after: number): string => new Date(WALL + after).toISOString();

let clock: ReturnType<typeof handClock>;
let board: StatusBoard;
let settings: Settings;

beforeEach(() => {
  clock = handClock();
  board = createStatusBoard(clock);
  settings = settingsOf(
    'uplinks: { wan: { ipv4: [interface] } }\nsinks: { dyn: { provider: dyndns2, username: me, password: p, records: [home.example.org] } }\n',
  );
});

const memory = (confirmed: readonly IpAddress[] | undefined, held = false): SinkMemory =>
  ({
    confirmed: () => confirmed,
    hold: () => (held ? { failure: { class: 'credentials', scope: 'sink', message: 'badauth' } } : undefined),
  }) as unknown as SinkMemory;
const report = (outcome: Outcome, retryIn?: number): void => {
  const [sink] = settings.sinks;
  if (sink === undefined) throw new Error('no sink');
  const input = { traceId: 't', targets: [], networkChanged: false, urgent: false };
  board.reported({ sink, input, outcomes: [outcome], failures: 0, retryIn });
};
const sinkOf = (of: SinkMemory | undefined) => {
  const memories = of === undefined ? new Map() : new Map([['dyn', of]]);
  const [sink] = board.report(settings, memories).sinks;
  if (sink === undefined) throw new Error('no sink');
  return sink;
};

describe('sinks', () => {
  test('before the first look everything is unknown, and nothing is claimed to be published', () => {
    const { uplinks, pid, since } = board.report(settings, new Map());
    expect({ pid, since }).toEqual({ pid: process.pid, since: iso(0) });
    expect(uplinks).toEqual([{ uplink: 'wan', family: 'ipv4', state: 'unknown', since: iso(0) }]);
    expect(sinkOf(undefined)).toMatchObject({ state: 'pending', records: [{ published: null }] });
  });

  test('ok once the sink has confirmed, with the time of the last change and not of the last look', () => {
    clock.pass(1_000);
    report({ key, addresses, kind: 'updated' });
    clock.pass(60_000);
    report({ key, addresses, kind: 'unchanged' });
    expect(sinkOf(memory(addresses))).toEqual({
      sink: 'dyn',
      provider: 'dyndns2',
      state: 'ok',
      records: [{ record: 'home.example.org/A', published: ['203.0.113.7'], since: iso(1_000) }],
    });
  });

  test('failing: what it should be, why not, what to do, and when it is tried again', () => {
    const failure = { class: 'transient', scope: 'record', message: 'HTTP 503' } as const;
    report({ key, addresses, kind: 'failed', failure }, 30_000);
    expect(sinkOf(memory([address('203.0.113.1')]))).toMatchObject({
      state: 'failing',
      records: [
        {
          published: ['203.0.113.1'],
          pending: ['203.0.113.7'],
          failure: {
            class: 'transient',
            message: 'HTTP 503',
            remedy: expect.stringContaining('tries again'),
          },
          next_attempt: iso(30_000),
        },
      ],
    });
  });

  test('held beats failing', () => {
    const failure = { class: 'credentials', scope: 'sink', message: 'badauth' } as const;
    report({ key, addresses, kind: 'failed', failure, held: true });
    const sink = sinkOf(memory(undefined, true));
    expect(sink.state).toBe('held');
    expect(sink.records[0]?.next_attempt).toBeUndefined();
  });

  test('pending while the provider has not carried it out', () => {
    report({ key, addresses, kind: 'pending', why: 'queued', retryAfter: 5_000 }, 5_000);
    expect(sinkOf(memory(undefined))).toMatchObject({
      state: 'pending',
      records: [{ next_attempt: iso(5_000) }],
    });
  });

  test('a removal that was confirmed is an empty list, not null', () => {
    report({ key, addresses: [], kind: 'updated' });
    expect(sinkOf(memory([]))).toMatchObject({ state: 'ok', records: [{ published: [] }] });
  });
});

test('uplinks: what is to be published, who said it, and since when', () => {
  const enter = (state: ReturnType<typeof set>): void =>
    board.entered({ look: look(), networkChanged: false, states: new Map(), changed: [stateOf(state)] });
  enter(set('203.0.113.7'));
  clock.pass(5_000);
  expect(board.report(settings, new Map()).uplinks).toEqual([
    { uplink: 'wan', family: 'ipv4', state: 'set', address: '203.0.113.7', via: 'a witness', since: iso(0) },
  ]);
  enter(keep);
  expect(board.report(settings, new Map()).uplinks).toEqual([
    { uplink: 'wan', family: 'ipv4', state: 'keep', why: 'nobody could tell', since: iso(5_000) },
  ]);
});

test('an address that nobody could confirm lately stays set, with the reason, until it is confirmed', () => {
  const found = (state: Parameters<typeof stateOf>[0]) => ({
    look: look(),
    networkChanged: false,
    states: [stateOf(state)],
  });
  const states = new Map();
  board.entered({ look: look(), networkChanged: false, states, changed: [stateOf(set('203.0.113.7'))] });
  board.found(found(keep));
  expect(board.report(settings, new Map()).uplinks[0]).toMatchObject({
    state: 'set',
    address: '203.0.113.7',
    why: keep.kind === 'keep' ? keep.why : '',
  });
  board.found(found(set('203.0.113.7')));
  expect(board.report(settings, new Map()).uplinks[0]).not.toHaveProperty('why');
});
