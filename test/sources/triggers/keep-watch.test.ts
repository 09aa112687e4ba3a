import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { Binding, BindingPlace } from '../../../src/net/stun/binding.ts';
import type { StunResult } from '../../../src/net/stun/exchange.ts';
import { type KeepWatchPlace, keepWatch } from '../../../src/sources/triggers/keep-watch.ts';
import { bench, settle } from './support.ts';

const mapped = (text: string): StunResult => ({ kind: 'mapped', address: address(text) });
const silent: StunResult = { kind: 'failed', why: 'no answer to 3 requests' };
const sentAway: StunResult = { kind: 'error', code: 300, reason: 'Try Alternate' };

const EVERY = 20_000;
const server = (host: string) => ({ host, port: 3478, operator: host });

/** A keep-watch whose sockets answer what the test says, the last word again and again. */
function setUp(answers: StunResult[], options: { every?: number; random?: () => number } = {}) {
  const all = bench({ random: options.random ?? (() => 0) });
  const asked: { readonly at: number; readonly host: string; readonly socket: number }[] = [];
  const opened: BindingPlace[] = [];
  let open = 0;
  let spared = false;
  const places = new Subject<readonly KeepWatchPlace[]>();
  const subscription = keepWatch(
    {
      ...all.components,
      randomBytes: (count) => new Uint8Array(count),
      open: async (place): Promise<Binding> => {
        opened.push(place);
        const socket = opened.length;
        open += 1;
        let closed = false;
        return {
          ask: async () => {
            asked.push({ at: all.time.frame, host: place.host, socket });
            return (answers.length > 1 ? answers.shift() : answers[0]) ?? silent;
          },
          close: () => {
            if (!closed) open -= 1;
            closed = true;
          },
        };
      },
    },
    { every: options.every ?? EVERY, places },
  ).subscribe((trigger) => all.seen.push(trigger));
  const place = (more: Partial<KeepWatchPlace> = {}): KeepWatchPlace => ({
    key: 'home',
    family: 'ipv4',
    servers: [server('one'), server('two'), server('three')],
    spared: () => spared,
    ...more,
  });
  /** In small steps, since every answer takes a turn of real time. */
  const pass = async (milliseconds: number): Promise<void> => {
    for (let left = milliseconds; left > 0; left -= 500) {
      all.time.advance(Math.min(500, left));
      await settle();
    }
  };
  return {
    ...all,
    asked,
    opened,
    places,
    place,
    pass,
    subscription,
    openNow: () => open,
    spare: (value: boolean) => {
      spared = value;
    },
    /** When it asked, in seconds. */
    times: () => asked.map(({ at }) => at / 1_000),
  };
}

describe('the keep-watch', () => {
  it('sends nothing where it is not needed', async () => {
    const all = setUp([mapped('203.0.113.1')]);
    await all.pass(120_000);
    all.places.next([]);
    await all.pass(120_000);
    expect(all.opened).toEqual([]);
  });

  it('asks every 20 s through one socket; the first answer is what later ones are compared with', async () => {
    const all = setUp([
      mapped('203.0.113.1'),
      mapped('203.0.113.1'),
      mapped('203.0.113.2'),
      mapped('203.0.113.2'),
    ]);
    all.places.next([all.place()]);
    await all.pass(70_000);
    expect(all.times()).toEqual([3, 23, 43, 63]);
    expect(all.opened).toEqual([{ host: 'one', port: 3478, family: 'ipv4', localAddress: undefined }]);
    expect(all.seen).toEqual([
      {
        reason: 'mapping_changed',
        source: 'stun',
        mode: 'inject',
        detail: 'one:3478 sees 203.0.113.2 now, and saw 203.0.113.1 before',
      },
    ]);
  });

  it('adds up to a tenth to each pause by chance', async () => {
    const all = setUp([mapped('203.0.113.1')], { random: () => 0.5 });
    all.places.next([all.place()]);
    await all.pass(50_000);
    const times = all.times();
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual([21, 21]);
  });

  it('goes on undisturbed when the same place is told again, and begins anew in another network', async () => {
    const all = setUp([
      mapped('203.0.113.1'),
      mapped('203.0.113.1'),
      mapped('198.51.100.9'),
      mapped('198.51.100.8'),
    ]);
    all.places.next([all.place()]);
    await all.pass(25_000);
    all.places.next([all.place()]);
    expect(all.opened).toHaveLength(1);
    all.places.next([all.place({ key: 'elsewhere' })]);
    expect(all.openNow()).toBe(0);
    await all.pass(4_000);
    expect(all.opened).toHaveLength(2);
    // Another address in another network is no change of a mapping.
    expect(all.seen).toEqual([]);
    await all.pass(20_000);
    expect(all.told()).toEqual(['mapping_changed stun inject']);
  });

  it('asks once more through a new socket where one that worked falls silent, which shows the new address', async () => {
    const all = setUp([mapped('203.0.113.1'), silent, mapped('203.0.113.2')]);
    all.places.next([all.place()]);
    await all.pass(24_000);
    expect(all.asked.map(({ socket }) => socket)).toEqual([1, 1, 2]);
    expect(all.openNow()).toBe(1);
    expect(all.told()).toEqual(['mapping_changed stun inject']);
  });

  it('after failures asks less and less often, at most every 5 minutes, and the next server after two', async () => {
    const all = setUp([silent]);
    all.places.next([all.place()]);
    await all.pass(1_600_000);
    expect(all.times()).toEqual([3, 43, 123, 283, 583, 883, 1_183, 1_483]);
    expect(all.asked.map(({ host }) => host)).toEqual([
      'one',
      'one',
      'two',
      'two',
      'three',
      'three',
      'one',
      'one',
    ]);
    expect(all.openNow()).toBe(0);
    expect(all.seen).toEqual([]);
  });

  it('returns to its pace with the first answer, and tells what changed meanwhile', async () => {
    const all = setUp([mapped('203.0.113.1'), silent, silent, silent, mapped('203.0.113.2')]);
    all.places.next([all.place()]);
    // At 23 s the old socket and a new one are silent, at 24 s the new one again; the next server answers at 25 s.
    await all.pass(50_000);
    expect([...new Set(all.times())]).toEqual([3, 23, 24, 25, 45]);
    expect(all.told()).toEqual(['mapping_changed stun inject']);
  });

  it('is in no haste for ever where answers came once: after 900 questions the pause doubles', async () => {
    const all = setUp([mapped('203.0.113.1'), silent]);
    all.places.next([all.place()]);
    await all.pass(23_000 + 899 * 1_000);
    expect(all.asked).toHaveLength(1 + 1 + 900);
    const before = all.asked.length;
    await all.pass(1_000 + 400_000);
    const times = all.times().slice(before - 1);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual([1, 40, 80, 160]);
  });

  it('leaves a server that sends it away at once, and asks the next one later than usual', async () => {
    const all = setUp([sentAway, mapped('203.0.113.1')]);
    all.places.next([all.place()]);
    await all.pass(70_000);
    expect(all.asked.map(({ at, host }) => [at / 1_000, host])).toEqual([
      [3, 'one'],
      [43, 'two'],
      [63, 'two'],
    ]);
  });

  it('takes an address of the other family for a failure', async () => {
    const all = setUp([mapped('203.0.113.1'), mapped('2001:db8::1'), mapped('203.0.113.1')]);
    all.places.next([all.place()]);
    await all.pass(70_000);
    expect(all.seen).toEqual([]);
    expect(all.log.lines.map(({ event }) => event)).toEqual(['keep_watch_started', 'keep_watch_failed']);
  });

  it('is silent while the router tells of changes, holds no socket, and then begins anew', async () => {
    const all = setUp([mapped('203.0.113.1'), mapped('203.0.113.2')]);
    all.places.next([all.place()]);
    await all.pass(4_000);
    all.spare(true);
    await all.pass(60_000);
    expect(all.asked).toHaveLength(1);
    expect(all.openNow()).toBe(0);
    all.spare(false);
    await all.pass(20_000);
    expect(all.asked).toHaveLength(2);
    expect(all.seen).toEqual([]);
  });

  it('watches each family by itself', async () => {
    const all = setUp([mapped('203.0.113.1'), mapped('2001:db8::1')]);
    all.places.next([all.place({ key: '4' }), all.place({ key: '6', family: 'ipv6' })]);
    await all.pass(4_000);
    expect(all.opened.map(({ family }) => family)).toEqual(['ipv4', 'ipv6']);
    all.places.next([all.place({ key: '6', family: 'ipv6' })]);
    expect(all.openNow()).toBe(1);
  });

  it('unsubscribed, closes its sockets and asks nothing more', async () => {
    const all = setUp([mapped('203.0.113.1')]);
    all.places.next([all.place()]);
    await all.pass(4_000);
    expect(all.openNow()).toBe(1);
    all.subscription.unsubscribe();
    expect(all.openNow()).toBe(0);
    await all.pass(60_000);
    expect(all.asked).toHaveLength(1);
  });
});
