import { describe, expect, test } from 'vitest';
import { createCounters } from '../../src/daemon/counters.ts';
import type { Trigger } from '../../src/model/trigger.ts';
import { observation } from '../streams/support.ts';

const trigger = (reason: Trigger['reason']): Trigger => ({ reason, source: 'test', mode: 'poll' });
const look = (differences: readonly string[], act: boolean) =>
  observation({ act, difference: { differences, act, reasons: [], networkChanged: false } });

describe('counters', () => {
  test('are zero at first, and name nothing that never came', () => {
    expect(createCounters().report()).toEqual({
      triggers: {},
      looks: { equal: 0, different: 0, acted: 0 },
      clock_steps: 0,
      ignored: {},
    });
  });

  test('tell equal looks from different ones, and those acted on from both', () => {
    const counters = createCounters();
    for (const [differences, act] of [
      [[], false],
      [[], true],
      [['eth1 is new'], false],
      [['eth1 is gone'], false],
      [['eth0: 192.0.2.1 is new'], true],
    ] as const) {
      counters.observed(look(differences, act));
    }
    expect(counters.report().looks).toEqual({ equal: 2, different: 3, acted: 2 });
  });

  test('count triggers and ignored messages by reason, and steps of the clock', () => {
    const counters = createCounters();
    for (const reason of ['interface_event', 'wake', 'interface_event'] as const) {
      counters.triggered(trigger(reason));
    }
    counters.ignored('a notice from a stranger');
    counters.clockSet();
    counters.clockSet();
    expect(counters.report()).toMatchObject({
      triggers: { interface_event: 2, wake: 1 },
      clock_steps: 2,
      ignored: { 'a notice from a stranger': 1 },
    });
  });
});
