import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seconds } from '../../../src/model/duration.ts';
import { linuxEvents } from '../../../src/sources/triggers/linux-events.ts';
import { restartDelay } from '../../../src/sources/triggers/restart-delay.ts';
import { bench, emptySnapshot, settle } from './support.ts';

const init = { every: seconds(300), jitter: 0, poll: seconds(10) };
const overrun = readFileSync(new URL('fixtures/overrun.stderr.txt', import.meta.url), 'utf8');
const ADDED = '[ADDR]3: wan0    inet 192.0.2.10/24 scope global wan0\\       valid_lft forever\n';

function listening() {
  const all = bench();
  const subscription = linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
  all.time.advance(100);
  return { ...all, subscription };
}

describe('linux events', () => {
  it('starts ip monitor so that it ends with us, and asks for a look once it listens', () => {
    const { child, told, children } = listening();
    expect(child(0).program).toBe('setpriv');
    expect(child(0).words.join(' ')).toBe('--pdeathsig TERM ip -o monitor label link address route');
    expect(told()).toEqual(['interface_event ip-monitor poll']);
    expect(children).toHaveLength(1);
  });

  it('rings for a line cut in two, with its detail', () => {
    const { child, seen, told } = listening();
    told();
    child(0).says(ADDED.slice(0, 20));
    expect(seen).toEqual([]);
    child(0).says(ADDED.slice(20));
    expect(seen).toEqual([
      {
        reason: 'interface_event',
        source: 'ip-monitor',
        mode: 'poll',
        detail: 'wan0: address 192.0.2.10/24',
      },
    ]);
  });

  it('does not ring for 10 000 routes that are no default', () => {
    const { child, told } = listening();
    told();
    child(0).says('[ROUTE]10.1.2.0/24 dev wan0 scope link \n'.repeat(10_000));
    expect(told()).toEqual([]);
  });

  it('takes a complaint for lost events: kills the child, says so, starts again after a second, injects', () => {
    const { child, children, told, time, log } = listening();
    told();
    child(0).complains('Dump terminated\n');
    expect(told()).toEqual(['events_lost ip-monitor poll']);
    expect(child(0).killed).toEqual(['SIGTERM']);
    expect(child(0).stdout.destroyed).toBe(true);
    time.advance(999);
    expect(children).toHaveLength(1);
    time.advance(1);
    expect(children).toHaveLength(2);
    time.advance(100);
    expect(told()).toEqual(['source_recovered ip-monitor inject']);
    child(1).says(ADDED);
    expect(told()).toEqual(['interface_event ip-monitor poll']);
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
  });

  it('starts again soon after each overrun, however many, looks each time, and tells of it once', () => {
    const { child, children, told, time, log } = listening();
    told();
    for (let round = 0; round < 6; round += 1) {
      child(round).complains(overrun);
      expect(told()).toEqual(['events_lost ip-monitor poll']);
      expect(child(round).killed).toEqual(['SIGTERM']);
      time.advance(249);
      expect(children).toHaveLength(round + 1);
      time.advance(1);
      expect(children).toHaveLength(round + 2);
      time.advance(100);
      expect(told()).toEqual(['source_recovered ip-monitor poll']);
    }
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
    // Another storm, another line; and what fails otherwise waits as ever, and injects.
    time.advance(60_000);
    child(6).complains(overrun);
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(2);
    time.advance(350);
    told();
    child(7).ends(1);
    time.advance(999);
    expect(children).toHaveLength(8);
    time.advance(101);
    expect(told()).toEqual(['events_lost ip-monitor poll', 'source_recovered ip-monitor inject']);
  });

  it('says once per burst of overruns that events were lost', () => {
    const { child, told } = listening();
    told();
    child(0).complains(overrun.repeat(50));
    child(0).ends(1);
    expect(told()).toEqual(['events_lost ip-monitor poll']);
  });

  it('waits 1, 2, 4 ... 60 s while the child keeps ending, and forgets that after a minute of good health', () => {
    const { child, children, time } = listening();
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      child(round).ends(1);
      const from = time.frame;
      while (children.length === round + 1) time.advance(500);
      waits.push(time.frame - from);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    time.advance(60_000);
    child(8).ends(1);
    time.advance(1_000);
    expect(children).toHaveLength(10);
  });

  it('polls while it is deaf and stops polling when it hears again', async () => {
    let number = 0;
    const all = bench({ snapshot: () => Promise.resolve({ ...emptySnapshot, number: number++ }) });
    linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(100);
    for (let round = 0; round < 5; round += 1) {
      all.child(round).ends(1);
      all.time.advance(1_000 * 2 ** round);
    }
    // Deaf since the last end; 16 s until the sixth child.
    await settle();
    all.told();
    all.child(5).ends(1);
    all.time.advance(10_000);
    await settle();
    expect(all.told()).toContain('snapshot_poll polling poll');
    all.time.advance(22_000);
    all.time.advance(100);
    await settle();
    all.told();
    all.time.advance(50_000);
    await settle();
    expect(all.told()).toEqual([]);
    expect(all.log.lines.filter((line) => line.event === 'polling')).toHaveLength(1);
  });

  it('falls back to ip alone where setpriv is missing or does not know the option', () => {
    for (const fail of ['missing', 'busybox'] as const) {
      const all = bench();
      linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
      if (fail === 'missing') all.child(0).isMissing();
      else all.child(0).complains("setpriv: unrecognized option '--pdeathsig'\n");
      expect(all.child(1).program).toBe('ip');
      all.time.advance(100);
      expect(all.told()).toEqual(['interface_event ip-monitor poll']);
      expect(all.log.lines.filter((line) => line.level === 'warn')).toEqual([]);
    }
  });

  it.each([
    ['ip is not installed', (all: ReturnType<typeof bench>) => all.child(1).isMissing()],
    [
      'ip is BusyBox',
      (all: ReturnType<typeof bench>) => all.child(1).complains("ip: invalid argument 'monitor' to 'ip'\n"),
    ],
  ])('polls for good where %s', async (_name, fail) => {
    const all = bench();
    linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.child(0).complains('setpriv: failed to execute ip: No such file or directory\n');
    fail(all);
    all.time.advance(600_000);
    await settle();
    expect(all.children).toHaveLength(2);
    expect(all.told()).toEqual(['snapshot_poll polling poll']);
    expect(all.log.lines.filter((line) => line.event === 'polling')).toHaveLength(1);
  });

  it('keeps trying where netlink is refused', () => {
    const all = bench();
    linuxEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.child(0).complains('Cannot open netlink socket: Address family not supported by protocol\n');
    all.child(1).complains('Cannot open netlink socket: Address family not supported by protocol\n');
    all.time.advance(1_000);
    expect(all.children).toHaveLength(3);
    all.time.advance(100);
    expect(all.told()).toEqual(['source_recovered ip-monitor inject']);
  });

  it('a spawn that throws is a failure like any other', () => {
    const all = bench();
    let calls = 0;
    const spawn = (() => {
      calls += 1;
      throw new Error('EAGAIN');
    }) as never;
    linuxEvents({ ...all.components, spawn }, init).subscribe();
    expect(calls).toBe(2);
    all.time.advance(1_000);
    expect(calls).toBe(3);
  });

  it('leaves nothing behind when unsubscribed', () => {
    const { child, children, subscription, time, told, log } = listening();
    told();
    const before = log.lines.length;
    subscription.unsubscribe();
    expect(child(0).killed).toEqual(['SIGTERM']);
    expect([child(0).stdout.destroyed, child(0).stderr.destroyed, child(0).stdin.destroyed]).toEqual([
      true,
      true,
      true,
    ]);
    child(0).ends(0);
    time.advance(600_000);
    expect(children).toHaveLength(1);
    expect(told()).toEqual([]);
    expect(log.lines).toHaveLength(before);
    expect(time.actions).toEqual([]);
  });
});

describe('restartDelay', () => {
  it('adds chance after the cap', () => {
    expect(restartDelay(1, () => 0)).toBe(1_000);
    expect(restartDelay(7, () => 0.5)).toBe(67_500);
    expect(restartDelay(1_000, () => 0)).toBe(60_000);
  });
});
