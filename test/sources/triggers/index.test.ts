import { EventEmitter } from 'node:events';
import { concat, EMPTY, NEVER, Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Duration, seconds } from '../../../src/model/duration.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { Trigger } from '../../../src/model/trigger.ts';
import type { SignalEmitter } from '../../../src/sources/triggers/contract.ts';
import { guarded, triggerSources } from '../../../src/sources/triggers/index.ts';
import { polling } from '../../../src/sources/triggers/polling.ts';
import { fallbackTimer } from '../../../src/sources/triggers/timer.ts';
import { link, snapshotOf } from '../addresses/fixtures.ts';
import { bench, emptySnapshot, settle } from './support.ts';

const init = { every: seconds(300), jitter: 0.1, poll: seconds(10) };

describe('fallback timer', () => {
  it('comes every period plus chance, again and again, as inject', () => {
    const chances = [0, 0.5, 0.999];
    const all = bench({ random: () => chances.shift() ?? 0 });
    const times: number[] = [];
    fallbackTimer(all.components, init).subscribe((trigger) => {
      expect(trigger).toEqual({ reason: 'timer', source: 'timer', mode: 'inject' });
      times.push(all.time.frame);
    });
    all.time.advance(1_300_000);
    expect(times).toEqual([300_000, 615_000, 944_970, 1_244_970]);
  });

  it('never asks Node for more than its timers can count, which would fire at once', () => {
    const all = bench();
    const delays: number[] = [];
    const schedule = all.time.schedule.bind(all.time);
    all.time.schedule = ((work: never, delay: number, state: never) => {
      delays.push(delay);
      return schedule(work, delay, state);
    }) as never;
    fallbackTimer(all.components, { every: (60 * 86_400_000) as Duration, jitter: 0 }).subscribe();
    expect(delays).toEqual([2 ** 31 - 1]);
  });
});

describe('polling', () => {
  it('gives the first look and whatever differs from the one before, and says once that it polls', async () => {
    const routed: Snapshot = { interfaces: [], routes: [{ family: 'ipv4', interface: 'a', metric: 0 }] };
    const looks = [emptySnapshot, emptySnapshot, routed, routed, emptySnapshot];
    const all = bench({ snapshot: () => Promise.resolve(looks.shift() ?? emptySnapshot) });
    const counts: number[] = [];
    polling(all.components, { every: 10_000 }).subscribe((trigger) => all.seen.push(trigger));
    for (let turn = 0; turn < 6; turn += 1) {
      all.time.advance(10_000);
      await settle();
      counts.push(all.told().length);
    }
    expect(counts).toEqual([1, 0, 1, 0, 1, 0]);
    expect(all.log.lines.map((line) => line.event)).toEqual(['polling']);
  });

  it('does not take lifetimes that run down for a difference', async () => {
    const aged = (preferredLifetime: number): Snapshot => {
      const plain = link('eth0', ['2001:db8::1']);
      const addresses = plain.addresses.map((entry) => ({ ...entry, preferredLifetime }));
      return snapshotOf([{ ...plain, addresses }]);
    };
    let left = 3_600;
    const snapshot = async () => {
      left -= 10;
      return aged(left);
    };
    const all = bench({ snapshot });
    polling(all.components, { every: 10_000 }).subscribe((trigger) => all.seen.push(trigger));
    for (let turn = 0; turn < 3; turn += 1) {
      all.time.advance(10_000);
      await settle();
    }
    expect(all.told()).toHaveLength(1);
  });

  it('takes a snapshot that fails for a reason to look, and never takes two at once', async () => {
    let running = 0;
    let most = 0;
    let finish: (() => void) | undefined;
    const snapshot = (): Promise<Snapshot> => {
      running += 1;
      most = Math.max(most, running);
      return new Promise((_resolve, reject) => {
        finish = () => {
          running -= 1;
          reject(new Error('no'));
        };
      });
    };
    const all = bench({ snapshot });
    polling(all.components, { every: 10_000 }).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(50_000);
    expect(most).toBe(1);
    finish?.();
    await settle();
    all.time.advance(10_000);
    finish?.();
    await settle();
    expect(all.told()).toHaveLength(2);
  });
});

describe('guarded', () => {
  it('restarts a source that throws, later each time, and injects since it was deaf', () => {
    const all = bench();
    const times: number[] = [];
    const source = new Observable<Trigger>((subscriber) => {
      times.push(all.time.frame);
      if (times.length < 4) throw new Error('broken');
      subscriber.next({ reason: 'wake', source: 'x', mode: 'poll' });
    });
    guarded(all.components, 'x', source).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(60_000);
    expect(times).toEqual([0, 1_000, 3_000, 7_000]);
    expect(all.told()).toEqual([...Array(3).fill('source_recovered x inject'), 'wake x poll']);
    expect(all.log.lines.filter((line) => line.event === 'trigger_source_defect')).toHaveLength(3);
  });

  it.each([
    [
      'errors',
      concat(
        of({ reason: 'wake', source: 'x', mode: 'poll' } as const),
        throwError(() => new Error('no')),
      ),
    ],
    ['completes', EMPTY],
    ['says nothing', NEVER],
  ])('never ends though the source %s', (_name, source) => {
    const all = bench();
    const ends: string[] = [];
    guarded(all.components, 'x', source).subscribe({
      error: () => ends.push('error'),
      complete: () => ends.push('complete'),
    });
    all.time.advance(3_600_000);
    expect(ends).toEqual([]);
  });
});

describe('triggerSources', () => {
  it('hears the operator, and takes its listener back', () => {
    const signals = new EventEmitter();
    const all = bench({ signals: signals as unknown as SignalEmitter });
    const subscription = triggerSources(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    signals.emit('SIGUSR1');
    expect(all.told()).toEqual(['operator signal inject']);
    subscription.unsubscribe();
    expect(signals.listenerCount('SIGUSR1')).toBe(0);
  });

  it.each([
    ['linux', 'setpriv'],
    ['darwin', '/usr/sbin/scutil'],
  ] as const)('%s listens through %s', (platform, program) => {
    const all = bench({ platform });
    triggerSources(all.components, init).subscribe();
    expect(all.child(0).program).toBe(program);
  });

  it('polls on systems it knows no events of', async () => {
    const all = bench({ platform: 'freebsd' });
    triggerSources(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(10_000);
    await settle();
    expect(all.told()).toEqual(['snapshot_poll polling poll']);
  });

  it('one broken source leaves the others at work', () => {
    const all = bench({
      clock: {
        monotonic: () => {
          throw new Error('no clock');
        },
        wall: () => 0,
        boot: () => 0,
      },
    });
    triggerSources(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(300_000);
    expect(all.told()).toEqual(
      expect.arrayContaining(['interface_event ip-monitor poll', 'timer timer inject']),
    );
  });

  it('looks at the clocks with each event of the system, so that a wake is noticed with the first of them', () => {
    let slept = 0;
    const all = bench();
    const { clock } = all.components;
    const boot = () => clock.boot() + slept;
    const wall = () => clock.wall() + slept;
    triggerSources({ ...all.components, clock: { ...clock, boot, wall } }, init).subscribe((trigger) =>
      all.seen.push(trigger),
    );
    all.time.advance(1_000);
    all.told();
    slept = 20 * 60_000;
    all.child(0).says('[ADDR]3: wan0    inet 192.0.2.10/24 scope global wan0\n');
    expect(all.told()).toEqual(['interface_event ip-monitor poll', 'wake clock inject']);
    all.time.advance(5_000);
    expect(all.told()).toEqual([]);
  });

  it('stops everything when unsubscribed', () => {
    const all = bench();
    triggerSources(all.components, init).subscribe().unsubscribe();
    expect(all.child(0).killed).toEqual(['SIGTERM']);
    expect(all.time.actions).toEqual([]);
  });
});
