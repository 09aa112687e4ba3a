import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seconds } from '../../../src/model/duration.ts';
import { lineSplitter } from '../../../src/sources/triggers/lines.ts';
import { macosEvents } from '../../../src/sources/triggers/macos-events.ts';
import { routeMonitorJudge } from '../../../src/sources/triggers/route-monitor.ts';
import { scutilJudge } from '../../../src/sources/triggers/scutil.ts';
import { bench, settle } from './support.ts';

const init = { every: seconds(300), jitter: 0, poll: seconds(10) };
// Written after the sources of both programs, not recorded on a Mac.
const sample = (name: string): string =>
  readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8');

describe('scutil', () => {
  it('rings for changed keys, not for its other lines nor for links to devices nearby', () => {
    const events = lineSplitter()(sample('macos-scutil'))
      .map(scutilJudge())
      .flatMap((verdict) => (verdict.kind === 'event' ? [verdict.detail] : []));
    expect(events).toEqual([
      'State:/Network/Global/IPv4',
      'State:/Network/Interface/en0/IPv4',
      'State:/Network/Interface/en0/IPv6',
    ]);
  });
});

describe('scutil and what the operator names', () => {
  const line = (name: string) => `  changedKey [0] = State:/Network/Interface/${name}/IPv4`;

  it.each([
    ['utun3', 'event'],
    ['utun33', 'noise'],
    ['utun', 'noise'],
    ['awdl0', 'noise'],
  ])('%s is %s where utun3 is named', (name, kind) => {
    expect(scutilJudge(['utun3', 'en0'])(line(name)).kind).toBe(kind);
  });

  it('is told by the whole listener', () => {
    const all = bench({ platform: 'darwin' });
    macosEvents(all.components, { ...init, named: ['ipsec0'] }).subscribe((trigger) =>
      all.seen.push(trigger),
    );
    all.time.advance(100);
    all.told();
    all.child(0).says(`${line('ipsec1')}\n${line('ipsec0')}\n`);
    expect(all.told()).toEqual(['interface_event scutil poll']);
  });
});

describe('route -n monitor', () => {
  it('rings for addresses, links and default routes, not for neighbours, misses and multicast', () => {
    const judge = routeMonitorJudge();
    const events = lineSplitter()(sample('macos-route-monitor'))
      .map(judge)
      .flatMap((verdict) => (verdict.kind === 'event' ? [verdict.detail] : []));
    expect(events).toEqual([
      'RTM_NEWADDR',
      'RTM_DELETE default',
      'RTM_ADD default',
      'RTM_IFINFO',
      'RTM_DELADDR',
    ]);
  });

  it('never throws on garbage', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('RTM_ADD: x', 'sockaddrs: <DST>', 'default'))),
        (lines) => {
          const judge = routeMonitorJudge();
          for (const line of lines) expect(['event', 'noise']).toContain(judge(line).kind);
        },
      ),
    );
  });
});

describe('macOS events', () => {
  it('asks scutil for the keys and keeps its input open', () => {
    const all = bench({ platform: 'darwin' });
    macosEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.time.advance(100);
    expect(all.child(0).program).toBe('/usr/sbin/scutil');
    const written = all.child(0).stdin.written.join('');
    expect(written).toMatch(/^n\.add State:\/Network\/Global\/IPv4\n/);
    expect(written).toMatch(/\nn\.watch\n$/);
    expect(all.child(0).stdin.destroyed).toBe(false);
    all.child(0).says(sample('macos-scutil'));
    expect(all.told()).toEqual(Array(4).fill('interface_event scutil poll'));
  });

  it('listens to route where scutil is missing, and polls where both are', async () => {
    const all = bench({ platform: 'darwin' });
    macosEvents(all.components, init).subscribe((trigger) => all.seen.push(trigger));
    all.child(0).isMissing();
    expect([all.child(1).program, ...all.child(1).words]).toEqual(['/sbin/route', '-n', 'monitor']);
    all.child(1).isMissing();
    all.time.advance(10_000);
    await settle();
    expect(all.told()).toEqual(['snapshot_poll polling poll']);
    expect(all.children).toHaveLength(2);
  });
});
