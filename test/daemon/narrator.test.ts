import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNarrator, type Narrator } from '../../src/daemon/narrator.ts';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { Failure, Outcome } from '../../src/model/outcome.ts';
import type { RecordKey } from '../../src/model/record.ts';
import type { AddressBook } from '../../src/streams/address-book.ts';
import { EVENTS, type EventDescription, levelsOf } from '../../src/telemetry/events.ts';
import { clear, keep, look, observation, set, sink, stateOf, via } from '../streams/support.ts';
import { handClock, type KeptLine, keptLog } from './fixture.ts';

const key: RecordKey = { name: fqdn('home.example.org'), type: 'A' };
const addresses = [address('203.0.113.7')];

let lines: readonly KeptLine[];
let narrator: Narrator;
let clock: ReturnType<typeof handClock>;

beforeEach(() => {
  const kept = keptLog();
  lines = kept.lines;
  clock = handClock();
  narrator = createNarrator(kept.log, clock);
});

afterEach(() => {
  const described: Readonly<Record<string, EventDescription>> = EVENTS;
  for (const { level, event } of lines) {
    const known = described[event];
    expect(known && levelsOf(known), event).toContain(level);
  }
});

const book = (...changed: AddressBook['changed']): AddressBook => ({
  look: look(),
  networkChanged: false,
  states: new Map(),
  changed,
});
const report = (outcome: Outcome, retryIn?: number): void =>
  narrator.reported({
    sink: sink(),
    input: { traceId: 't1', targets: [], networkChanged: false, urgent: false },
    outcomes: [outcome],
    failures: 1,
    retryIn,
  });
const failed = (failure: Partial<Failure> = {}, held?: true): Outcome => ({
  key,
  addresses,
  kind: 'failed',
  failure: { class: 'transient', scope: 'record', message: 'HTTP 503', ...failure },
  ...(held && { held }),
});
const told = (): readonly string[] => lines.map(({ level, event }) => `${level} ${event}`);

describe('outcomes', () => {
  test('an update carries trace, sink, record, address and the time since the look', () => {
    narrator.looking(look('inject', 't1', 'wake'));
    clock.pass(41.4);
    report({ key, addresses, kind: 'updated', previous: ['203.0.113.1'] });
    expect(lines[1]).toEqual({
      level: 'info',
      event: 'record_updated',
      message: 'home.example.org/A is now 203.0.113.7 (was 203.0.113.1)',
      fields: {
        trace_id: 't1',
        sink: 'dyn',
        provider: 'dyndns2',
        reason: ['wake'],
        record: 'home.example.org/A',
        family: 'ipv4',
        address: '203.0.113.7',
        duration: 41,
      },
    });
  });

  test('a removal says that there is no record now', () => {
    report({ key, addresses: [], kind: 'updated' });
    expect(lines[0]?.message).toBe('home.example.org/A is now (none)');
    expect(lines[0]?.fields).not.toHaveProperty('address');
  });

  test('what fails again for the same reason goes to debug; another reason, or a success between, is news', () => {
    report(failed(), 1_000);
    report(failed(), 2_000);
    report(failed({ message: 'HTTP 502' }), 4_000);
    report({ key, addresses, kind: 'unchanged' });
    report(failed({ message: 'HTTP 502' }), 1_000);
    expect(told()).toEqual([
      'warn write_failed',
      'debug write_failed',
      'warn write_failed',
      'debug record_unchanged',
      'warn write_failed',
    ]);
    expect(lines[0]?.message).toContain('next try in 1s');
    expect(lines[0]?.fields).toMatchObject({ reason: 'transient', retry_in: 1_000 });
  });

  test('what time alone does not mend is an error with a remedy', () => {
    report(failed({ class: 'credentials', message: 'badauth' }));
    expect(told()).toEqual(['error write_failed']);
    expect(lines[0]?.message).toContain('netdrift trigger --release dyn');
    expect(lines[0]?.fields['remedy']).toContain('netdrift trigger --release dyn');
  });

  test('a doubtful write and a held one have events of their own', () => {
    report(failed({ unclear: true }), 1_000);
    report(failed({ class: 'credentials' }, true));
    report({ key, addresses, kind: 'pending', why: 'queued', retryAfter: 5_000 });
    expect(told()).toEqual(['warn write_unclear', 'warn write_held', 'info record_pending']);
    expect(lines[0]?.message).toContain('could not confirm');
  });
});

describe('addresses', () => {
  test('set, absent and unavailable are told apart', () => {
    narrator.entered(book(stateOf(set('203.0.113.7')), stateOf(clear, 'ipv6'), stateOf(keep, 'ipv6', 'lte')));
    expect(told()).toEqual(['info address_changed', 'info address_absent', 'warn address_unavailable']);
    expect(lines[0]?.fields).toMatchObject({ uplink: 'wan', family: 'ipv4', address: '203.0.113.7' });
    expect(lines[2]?.message).toContain('what is published stays');
  });

  test('an outage is told once, and again after it was over', () => {
    for (const state of [keep, keep, set('203.0.113.7'), keep]) narrator.entered(book(stateOf(state)));
    expect(told()).toEqual([
      'warn address_unavailable',
      'debug address_unavailable',
      'info address_changed',
      'warn address_unavailable',
    ]);
  });

  test('an address that a sink must not publish is a warning, once', () => {
    const refused = [{ key, address: address('10.0.0.7'), why: 'private is not allowed' }];
    for (let round = 0; round < 2; round += 1) narrator.resolved(sink(), { targets: [], refused }, book());
    expect(told()).toEqual(['warn address_refused', 'debug address_refused']);
  });
});

describe('looks', () => {
  test('with reasons and details, at debug', () => {
    narrator.looking({
      traceId: 't1',
      mode: 'poll',
      triggers: Array.from({ length: 40 }, (_, index) => ({
        reason: 'interface_event' as const,
        source: 'ip-monitor',
        mode: 'poll' as const,
        detail: `line ${index}`,
      })),
    });
    expect(lines[0]).toMatchObject({
      level: 'debug',
      event: 'trigger_received',
      fields: { reason: ['interface_event'], triggers: 40 },
    });
    expect(lines[0]?.fields['details']).toHaveLength(5);
  });

  test('what is seen and calls for nothing is said too', () => {
    narrator.observed(observation({ act: false }));
    narrator.observed(observation({ act: true }));
    expect(told()).toEqual(['debug look_nothing_changed', 'debug look_acting']);
  });

  test('a witness that knows, and one that does not', () => {
    const question = { uplink: 'wan', family: 'ipv4' as const, allow: [], witnesses: [] };
    narrator.answered(
      { kind: 'known', address: address('203.0.113.7'), via, why: 'only one', took: 12.3 },
      question,
      observation(),
    );
    narrator.answered({ kind: 'unavailable', via, why: 'no answer' }, question, observation());
    expect(told()).toEqual(['debug address_detected', 'debug detector_failed']);
    // Of the answer itself, and not since the look began.
    expect(lines.map(({ fields }) => fields['duration'])).toEqual([12, undefined]);
  });

  test('traces do not pile up: the oldest are forgotten', () => {
    for (let count = 0; count < 1_000; count += 1) narrator.looking(look('poll', `t${count}`));
    clock.pass(10);
    const wanted = (traceId: string): unknown => {
      narrator.reported({
        sink: sink(),
        input: { traceId, targets: [], networkChanged: false, urgent: false },
        outcomes: [{ key, addresses, kind: 'unchanged' }],
        failures: 0,
        retryIn: undefined,
      });
      return lines.at(-1)?.fields['duration'];
    };
    expect(wanted('t999')).toBe(10);
    expect(wanted('t0')).toBeUndefined();
  });
});

test('every event said here is in the table', () => {
  narrator.snapshotFailed(new Error('EMFILE'), look());
  report(failed(), 1);
  report({ key, addresses, kind: 'updated' });
  for (const { event } of lines) expect(EVENTS).toHaveProperty(event);
  expect(lines[0]).toMatchObject({ level: 'warn', event: 'snapshot_failed' });
});

describe('an address that nobody can confirm any more', () => {
  const look4 = (state: AddressBook['changed'][number]['state']) =>
    narrator.found({ look: look(), networkChanged: false, states: [stateOf(state)] });

  test('is told once, stays in force, and is told again after it was confirmed in between', () => {
    narrator.entered(book(stateOf(set('203.0.113.7'))));
    look4(keep);
    look4(keep);
    look4(set('203.0.113.7'));
    look4(keep);
    expect(told().slice(1)).toEqual([
      'warn address_unavailable',
      'debug address_unavailable',
      'warn address_unavailable',
    ]);
    expect(lines[1]?.message).toContain('could not be confirmed, 203.0.113.7 stays');
  });

  test('says nothing of one that was never known', () => {
    look4(keep);
    expect(lines).toEqual([]);
  });
});
