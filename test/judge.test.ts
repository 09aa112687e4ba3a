import { describe, expect, test } from 'vitest';
import { type Event, type Exchange, judge, SILENCE, type Truth } from './faults/judge.ts';
import { dyndns2Rules } from './faults/rules.ts';

const RECORD = 'home.example.net/A';
const [OLD, NEW, FALSE] = ['198.51.100.1', '198.51.100.2', '203.0.113.66'];
const MINUTE = 60_000;

const truth = (at: number, value: string): Truth => ({ at, record: RECORD, values: [value] });
const asked = (at: number, value: string, said = 'good', more: Partial<Exchange> = {}): Exchange => ({
  at,
  record: RECORD,
  asked: [value],
  said,
  taken: said === 'good' || said === 'nochg',
  ...more,
});

function faults(
  truths: readonly Truth[],
  exchanges: readonly Exchange[],
  events: readonly Event[] = [],
): readonly string[] {
  const evidence = { truths, exchanges, events, rules: dyndns2Rules(5_000), allowedDelay: 1_000 };
  return judge(evidence).map(({ check, message }) => `${check}: ${message}`);
}

describe('the last value', () => {
  test('right: nothing to say', () => {
    expect(faults([truth(0, OLD), truth(10_000, NEW)], [asked(100, OLD), asked(10_100, NEW)])).toEqual([]);
  });

  test.each([
    ['never published', [], 'nothing'],
    ['the old one', [asked(100, OLD)], OLD],
    ['only asked for, and refused', [asked(100, OLD), asked(10_100, NEW, 'HTTP 500')], OLD],
  ])('%s', (_, exchanges, stands) => {
    expect(faults([truth(0, OLD), truth(10_000, NEW)], exchanges)).toEqual([
      `last: ${RECORD} is ${stands} in the end, and should be ${NEW}`,
    ]);
  });

  test('taken without a whole answer counts as published', () => {
    expect(faults([truth(0, OLD)], [asked(100, OLD, SILENCE, { taken: true })])).toEqual([]);
  });
});

describe('wrong values', () => {
  test('one that was never true, even if refused and mended', () => {
    expect(faults([truth(0, OLD)], [asked(100, FALSE, 'HTTP 500'), asked(6_000, OLD)])).toEqual([
      `wrong: ${RECORD} was to be ${FALSE}, which was not true then`,
    ]);
  });

  test('one that had ceased to be true before the allowed delay', () => {
    const truths = [truth(0, OLD), truth(10_000, NEW)];
    expect(faults(truths, [asked(10_900, OLD), asked(20_000, NEW)])).toEqual([]);
    expect(faults(truths, [asked(11_100, OLD), asked(20_000, NEW)])).toHaveLength(1);
  });

  test('one that is true only later', () => {
    expect(faults([truth(0, OLD), truth(10_000, NEW)], [asked(9_000, NEW)])).toHaveLength(1);
  });

  test('an address that comes back is right again', () => {
    const truths = [truth(0, OLD), truth(10_000, NEW), truth(20_000, OLD)];
    expect(faults(truths, [asked(100, OLD), asked(10_100, NEW), asked(30_000, OLD)])).toEqual([]);
  });

  test('removing what should be there', () => {
    expect(faults([truth(0, OLD)], [asked(100, OLD), asked(9_000, '', 'good', { asked: [] })])).toHaveLength(
      2,
    );
  });

  test('a record nobody spoke of', () => {
    expect(
      faults([truth(0, OLD)], [asked(1, OLD), asked(2, OLD, 'good', { record: 'other.example.net/A' })]),
    ).toEqual([`wrong: other.example.net/A was to be ${OLD}, which was not true then`]);
  });
});

describe('etiquette', () => {
  test.each(['badauth', 'abuse', 'badagent', '!donator', 'nohost', 'HTTP 401', 'HTTP 404'])(
    'nothing after %s',
    (word) => {
      const log = [asked(100, OLD, word), asked(90 * MINUTE, OLD)];
      expect(faults([truth(0, OLD)], log)).toHaveLength(1);
      expect(faults([truth(0, OLD)], log, [{ at: 80 * MINUTE, kind: 'restarted' }])).toHaveLength(1);
      expect(faults([truth(0, OLD)], log, [{ at: 80 * MINUTE, kind: 'released' }])).toEqual([]);
      expect(faults([truth(0, OLD)], log, [{ at: 80 * MINUTE, kind: 'reconfigured' }])).toEqual([]);
    },
  );

  test('a refusal of one record says nothing of another, one of the account does', () => {
    const other = { record: 'other.example.net/A' };
    const truths = [truth(0, OLD), { ...truth(0, OLD), ...other }];
    const log = (word: string) => [asked(100, OLD, word), asked(200, OLD, 'good', other), asked(MINUTE, OLD)];
    const released: Event[] = [{ at: 30_000, kind: 'released' }];
    expect(faults(truths, log('nohost'), released)).toEqual([]);
    expect(faults(truths, log('badauth'), released)).toHaveLength(1);
  });

  test.each([
    ['911', 30 * MINUTE],
    ['dnserr', 30 * MINUTE],
    ['HTTP 429', MINUTE],
  ])('%s: %i ms', (word, wait) => {
    expect(faults([truth(0, OLD)], [asked(0, OLD, word), asked(wait - 100, OLD)])).toHaveLength(1);
    expect(faults([truth(0, OLD)], [asked(0, OLD, word), asked(wait, OLD)])).toEqual([]);
    // A changed configuration does not shorten it, the operator does.
    const again = (kind: Event['kind']) =>
      faults([truth(0, OLD)], [asked(0, OLD, word), asked(9, OLD)], [{ at: 5, kind }]);
    expect(again('reconfigured')).toHaveLength(1);
    expect(again('released')).toEqual([]);
  });

  test('what this very answer asked for counts', () => {
    const log = (at: number) => [asked(0, OLD, 'HTTP 503', { wait: 9_000 }), asked(at, OLD)];
    expect(faults([truth(0, OLD)], log(8_000))).toHaveLength(1);
    expect(faults([truth(0, OLD)], log(9_000))).toEqual([]);
  });

  test.each(['good', 'nochg'])('the same again after %s', (word) => {
    const log = [asked(0, OLD, word), asked(MINUTE, OLD, 'nochg')];
    expect(faults([truth(0, OLD)], log)).toHaveLength(1);
    expect(faults([truth(0, OLD)], log, [{ at: 10_000, kind: 'restarted' }])).toEqual([]);
  });

  test('the gap between writes, also after one without an answer', () => {
    const truths = [truth(0, OLD), truth(1_000, NEW)];
    expect(faults(truths, [asked(0, OLD), asked(4_800, NEW)])).toHaveLength(1);
    expect(faults(truths, [asked(0, OLD), asked(5_000, NEW)])).toEqual([]);
    expect(faults(truths, [asked(0, OLD, SILENCE), asked(4_800, NEW)])).toHaveLength(1);
    expect(faults(truths, [asked(0, OLD, 'HTTP 500'), asked(4_800, NEW)])).toEqual([]);
  });

  test('retries without measure', () => {
    const every = (milliseconds: number, count: number) =>
      Array.from({ length: count }, (_, index) => asked(index * milliseconds, OLD, 'HTTP 500'));
    const end = asked(30 * MINUTE, OLD);
    expect(faults([truth(0, OLD)], [...every(5_000, 10), end])).toHaveLength(1);
    expect(faults([truth(0, OLD)], [...every(10_000, 10), end])).toEqual([]);
  });
});
