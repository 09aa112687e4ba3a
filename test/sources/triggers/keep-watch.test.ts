import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { address, type IpAddress } from '../../../src/model/address.ts';
import type { Binding, BindingPlace } from '../../../src/net/stun/binding.ts';
import type { StunResult } from '../../../src/net/stun/exchange.ts';
import { type KeepWatchPlace, keepWatch } from '../../../src/sources/triggers/keep-watch.ts';
import { bench, settle } from './support.ts';

const mapped = (text: string): StunResult => ({ kind: 'mapped', address: address(text) });
const silent: StunResult = { kind: 'failed', why: 'no answer to 3 requests' };
const sentAway: StunResult = { kind: 'error', code: 300, reason: 'Try Alternate' };

const EVERY = 20_000;
const server = (host: string) => ({ host, port: 3478, operator: host });

interface Options {
  readonly every?: number;
  readonly random?: () => number;
  /** What a server's name turned out to be. */
  readonly found?: (host: string) => IpAddress | undefined;
  readonly opened?: (place: BindingPlace) => void;
}

/** A keep-watch whose sockets answer what the test says, the last word again and again. */
function setUp(answers: StunResult[], options: Options = {}) {
  const all = bench({ random: options.random ?? (() => 0) });
  const asked: {
    readonly at: number;
    readonly host: string;
    readonly socket: number;
    readonly datagrams: number;
  }[] = [];
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
        options.opened?.(place);
        const socket = opened.length;
        open += 1;
        let closed = false;
        return {
          server: options.found?.(place.host),
          ask: async (_, retransmission) => {
            const datagrams = retransmission?.requests ?? 3;
            asked.push({ at: all.time.frame, host: place.host, socket, datagrams });
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
    // At 23 s the old socket and a new one are silent, then the next server; the one after it answers.
    await all.pass(50_000);
    expect([...new Set(all.times())]).toEqual([3, 23, 24.5, 26, 46]);
    expect(all.asked.map(({ host }) => host)).toEqual(['one', 'one', 'one', 'two', 'three', 'three']);
    expect(all.told()).toEqual(['mapping_changed stun inject']);
  });

  it('is in haste for twelve minutes where all fall silent that answered, with one datagram each time; then the pause doubles', async () => {
    const all = setUp([mapped('203.0.113.1'), silent]);
    all.places.next([all.place()]);
    await all.pass(23_000);
    const whole = all.asked.splice(0);
    expect(whole.map(({ datagrams }) => datagrams)).toEqual([3, 3, 3]);
    await all.pass(719_000);
    const hasty = all.asked.splice(0);
    expect(hasty).toHaveLength(719 / 1.5 - (719 % 1.5) / 1.5);
    expect(new Set(hasty.map(({ datagrams }) => datagrams))).toEqual(new Set([1]));
    await all.pass(401_000);
    const times = [hasty.at(-1)?.at ?? 0, ...all.asked.map(({ at }) => at)];
    expect(times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 1_000)).toEqual([
      1.5, 40, 80, 160,
    ]);
    expect(all.asked.map(({ datagrams }) => datagrams)).toEqual([3, 3, 3, 3]);
  });

  it('in haste asks servers by the address they were found at, and passes those over that would have to be looked up', async () => {
    const places: string[] = [];
    const all = setUp([mapped('203.0.113.1'), silent], {
      found: (host) => (host === 'one' ? address('192.0.2.1') : undefined),
      opened: ({ host }) => places.push(host),
    });
    all.places.next([all.place({ servers: [server('one'), server('two'), server('192.0.2.3')] })]);
    await all.pass(31_000);
    expect(places).toEqual(['one', 'one', 'two', '192.0.2.3', '192.0.2.1', '192.0.2.3', '192.0.2.1']);
  });

  it('is in no haste where a server answers, if only to send it away', async () => {
    const all = setUp([mapped('203.0.113.1'), silent, silent, sentAway, silent]);
    all.places.next([all.place()]);
    await all.pass(200_000);
    expect([...new Set(all.times())]).toEqual([3, 23, 24.5, 64.5, 144.5]);
  });

  it('gives a trigger at once where the first answer is not the address in force', async () => {
    const all = setUp([mapped('203.0.113.1')]);
    all.places.next([
      all.place({ key: 'wrong', inForce: () => address('198.51.100.7') }),
      all.place({ key: 'right', inForce: () => address('203.0.113.1') }),
    ]);
    await all.pass(50_000);
    expect(all.seen).toEqual([
      {
        reason: 'mapping_changed',
        source: 'stun',
        mode: 'inject',
        detail: 'one:3478 sees 203.0.113.1, and 198.51.100.7 is taken for the address',
      },
    ]);
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
