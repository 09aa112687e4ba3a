import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStatus } from '../../src/control/format-status.ts';
import { remedyFor } from '../../src/control/remedy.ts';
import type { RecordStatus, StatusReport } from '../../src/control/status.ts';
import type { FailureClass } from '../../src/model/outcome.ts';

const SINCE = '2026-11-22T10:40:01.123Z';
const empty: StatusReport = { pid: 7, version: '0.1.0', since: SINCE, uplinks: [], sinks: [], sources: [] };
const badLogin = {
  class: 'credentials' as const,
  message: 'the server said badauth',
  remedy: remedyFor('credentials', 'dyn'),
};

describe('formatStatus, of counters', () => {
  const counters = {
    triggers: { interface_event: 30, wake: 1 },
    looks: { equal: 9, different: 3, acted: 4 },
    clock_steps: 2,
    ignored: {},
  };

  it('shows what was heard and what came of it', () => {
    expect(formatStatus({ ...empty, counters })).toContain(`
counters
  looks: equal 9, different 3, acted on 4
  because of: interface_event 30, wake 1
  clock set: 2
  ignored from routers: none
`);
  });

  it('leaves them out where an older netdrift answers', () => {
    expect(formatStatus(empty)).not.toContain('counters');
  });
});

describe('formatStatus', () => {
  it('shows everything aligned, one reason for all records that share it', () => {
    const report: StatusReport = {
      ...empty,
      uplinks: [
        {
          uplink: 'wan',
          family: 'ipv4',
          state: 'set',
          address: '203.0.113.7',
          via: 'stun.example.org:3478',
          since: SINCE,
        },
        { uplink: 'backup', family: 'ipv6', state: 'keep', why: 'nobody answered', since: SINCE },
      ],
      sinks: [
        {
          sink: 'local',
          provider: 'embedded',
          state: 'ok',
          records: [{ record: 'home.test/A', published: ['203.0.113.7'], since: SINCE }],
        },
        {
          sink: 'dyn',
          provider: 'dyndns2',
          state: 'held',
          records: [
            { record: 'a.example.net/A', published: null, pending: ['203.0.113.7'], failure: badLogin },
            { record: 'longer.example.net/A', published: [], pending: ['203.0.113.7'], failure: badLogin },
          ],
        },
      ],
      sources: [{ name: 'ip-monitor', state: 'events' }],
    };
    expect(formatStatus(report)).toBe(`netdrift 0.1.0, process 7, running since 2026-11-22 10:40:01Z

uplinks
  wan     ipv4  set   203.0.113.7  since 2026-11-22 10:40:01Z
    via stun.example.org:3478
  backup  ipv6  keep  -            since 2026-11-22 10:40:01Z
    nobody answered

sinks
  local  embedded  ok
    home.test/A  203.0.113.7  since 2026-11-22 10:40:01Z
  dyn  dyndns2  HELD
    a.example.net/A       not known
      should be 203.0.113.7
    longer.example.net/A  no record
      should be 203.0.113.7
      credentials: the server said badauth
      what to do: put the right login or key into the configuration and reload it, or, if it is
        right: netdrift trigger --release dyn

sources
  ip-monitor  events
`);
  });

  it('says "none" where there is nothing', () => {
    expect(formatStatus(empty).match(/ {2}none/g)).toHaveLength(3);
  });

  it('keeps within 100 columns and shows no control characters, whatever the texts (property)', () => {
    const text = fc
      .array(fc.string({ maxLength: 20, unit: 'binary' }), { maxLength: 30 })
      .map((words) => words.join(' '));
    const name = fc.stringMatching(/^[a-z0-9.]{1,80}$/);
    const record: fc.Arbitrary<RecordStatus> = fc.record({
      record: name,
      published: fc.option(fc.array(fc.ipV6(), { maxLength: 6 }), { nil: null }),
      since: fc.constant(SINCE),
      failure: fc.record({ class: fc.constant('refused' as FailureClass), message: text, remedy: text }),
    });
    fc.assert(
      fc.property(name, text, fc.array(record, { maxLength: 4 }), (sink, why, records) => {
        const shown = formatStatus({
          ...empty,
          uplinks: [{ uplink: 'wan', family: 'ipv4', state: 'keep', via: why, why, since: SINCE }],
          sinks: [{ sink, provider: 'webhook', state: 'failing', records }],
          sources: [{ name: sink, state: why }],
        });
        for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      }),
    );
  });
});

describe('remedyFor', () => {
  it('names the command that releases what is held, and only that', () => {
    const held: FailureClass[] = ['credentials', 'not_found', 'invalid', 'refused'];
    const retried: FailureClass[] = ['unreachable', 'transient', 'rate_limited', 'conflict'];
    for (const failure of held) expect(remedyFor(failure, 'dyn')).toContain('netdrift trigger --release dyn');
    for (const failure of retried) expect(remedyFor(failure, 'dyn')).not.toContain('release');
  });
});
