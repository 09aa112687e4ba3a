import { asyncScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { gatewayOf } from '../../../src/sources/router/gateway.ts';
import { createJudge } from '../../../src/sources/router/notices.ts';
import { firstAddress, type ProtocolAnswer, type Way } from '../../../src/sources/router/outside.ts';
import { ration } from '../../../src/sources/router/ration.ts';
import { createTally } from '../../../src/sources/router/tally.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { marbles } from '../../support/marbles.ts';
import { link, snapshotOf } from '../addresses/fixtures.ts';

const route = (name: string, gateway: string | undefined, metric = 100) => ({
  family: (gateway ?? '').includes(':') ? ('ipv6' as const) : ('ipv4' as const),
  interface: name,
  metric,
  ...(gateway === undefined ? {} : { gateway: address(gateway) }),
});

describe('the gateway', () => {
  it('is that of the lowest metric, asked from the address on its link', () => {
    const snapshot = snapshotOf(
      [link('eth0', ['10.9.9.9', '192.168.1.10']), link('wlan0', ['192.168.2.10'])],
      [route('wlan0', '192.168.2.1', 600), route('eth0', '192.168.1.1')],
    );
    expect(gatewayOf(snapshot, 'ipv4')).toEqual({
      kind: 'found',
      gateway: {
        family: 'ipv4',
        address: '192.168.1.1',
        interface: 'eth0',
        index: 2,
        localAddress: '192.168.1.10',
      },
    });
    expect(gatewayOf(snapshot, 'ipv4', { interface: 'wlan0' })).toMatchObject({
      gateway: { address: '192.168.2.1' },
    });
  });

  it('is one on the network of the source address that an uplink is bound to', () => {
    const snapshot = snapshotOf(
      [link('eth0', ['192.168.1.10', '192.168.2.10', '192.168.3.10'])],
      [route('eth0', '192.168.1.1', 100), route('eth0', '192.168.2.1', 200)],
    );
    const from = (text: string) => gatewayOf(snapshot, 'ipv4', { source: address(text) });
    expect(from('192.168.2.10')).toMatchObject({
      gateway: { address: '192.168.2.1', localAddress: '192.168.2.10' },
    });
    expect(from('192.168.3.10')).toEqual({
      kind: 'none',
      why: 'there is no IPv4 default route for 192.168.3.10',
    });
    expect(from('192.168.4.10')).toMatchObject({ kind: 'none' });
  });

  it('is never that of an interface that is down, however cheap its route', () => {
    const snapshot = snapshotOf(
      [link('eth0', ['192.168.1.10'], { running: false }), link('wlan0', ['192.168.2.10'])],
      [route('eth0', '192.168.1.1'), route('wlan0', '192.168.2.1', 600)],
    );
    expect(gatewayOf(snapshot, 'ipv4')).toMatchObject({ gateway: { address: '192.168.2.1' } });
    expect(gatewayOf(snapshot, 'ipv4', { interface: 'eth0' })).toMatchObject({
      kind: 'none',
      why: 'there is no IPv4 default route on eth0 that is up',
    });
  });

  it('is asked from the link-local address where it has one', () => {
    const snapshot = snapshotOf([link('eth0', ['2001:db8::10', 'fe80::10'])], [route('eth0', 'fe80::1')]);
    expect(gatewayOf(snapshot, 'ipv6')).toMatchObject({ gateway: { localAddress: 'fe80::10' } });
  });

  it.each([
    ['no default route', snapshotOf([link('eth0', ['192.168.1.10'])]), 'there is no IPv4 default route'],
    [
      'PPPoE',
      snapshotOf([link('ppp0', ['203.0.114.1'])], [route('ppp0', undefined)]),
      'no router stands between',
    ],
    ['no address', snapshotOf([link('eth0', [])], [route('eth0', '192.168.1.1')]), 'no IPv4 address'],
    [
      'a tentative one',
      snapshotOf([link('eth0', ['192.168.1.10 tentative'])], [route('eth0', '192.168.1.1')]),
      'no IPv4',
    ],
  ])('is none with %s', (_, snapshot, why) => {
    expect(gatewayOf(snapshot, 'ipv4')).toMatchObject({ kind: 'none', why: expect.stringContaining(why) });
  });
});

describe('news or not', () => {
  const [a, b] = [address('203.0.114.10'), address('203.0.114.11')];

  it('a change is news once, whoever says it and however often', () => {
    const judge = createJudge(() => undefined);
    expect(judge.told('upnp', a, true)).toBeUndefined();
    expect(judge.told('nat-pmp', b, false)).toMatchObject({ source: 'nat-pmp' });
    expect(judge.told('nat-pmp', b, false)).toBeUndefined();
    expect(judge.told('upnp', b, false)).toBeUndefined();
    expect(judge.told('upnp', a, false)).toMatchObject({ source: 'upnp' });
  });

  it('a first multicast is news: there was a reason to send it', () => {
    expect(createJudge(() => a).told('nat-pmp', a, false)).toBeDefined();
  });

  it('a first event is the state now, and news only if something else was read', () => {
    expect(createJudge(() => a).told('upnp', a, true)).toBeUndefined();
    expect(createJudge(() => a).told('upnp', b, true)).toBeDefined();
  });

  it('the loss of the address is none, its return is', () => {
    const judge = createJudge(() => undefined);
    judge.told('upnp', a, true);
    expect(judge.told('upnp', 'none', false)).toBeUndefined();
    expect(judge.told('upnp', a, false)).toBeDefined();
  });

  it('a missed change shows when the subscription is made anew', () => {
    const judge = createJudge(() => a);
    judge.told('upnp', a, true);
    expect(judge.told('upnp', b, true)).toBeDefined();
  });

  it('an announcement is news without anything to compare it with', () => {
    const judge = createJudge(() => undefined);
    expect(judge.announced(a)).toMatchObject({ source: 'pcp' });
    expect(judge.announced(a)).toBeUndefined();
  });
});

describe('the ration', () => {
  const rationed = { burst: 2, refill: 10, scheduler: asyncScheduler };

  it('lets a burst pass at once, then the latest of those that waited, one a refill', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('    ab-cde----------------f---');
      // Two pass; c, d and e wait, each in the place of the one before, for the refill 10 ms after the first.
      expectObservable(source.pipe(ration(rationed))).toBe('ab--------e-----------f---');
    });
  });

  it('is full again after a quiet time', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('    ab-------------------------cd');
      expectObservable(source.pipe(ration(rationed))).toBe('ab-------------------------cd');
    });
  });

  it('leaves no timer behind', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('abc------');
      expectObservable(source.pipe(ration(rationed)), '^----!').toBe('ab----');
      expectSubscriptions(source.subscriptions).toBe('^----!');
    });
  });
});

describe('several ways', () => {
  const way = (
    protocol: Way['protocol'],
    milliseconds: number,
    answer: ProtocolAnswer,
    log: string[] = [],
  ): Way => ({
    protocol,
    ask: (signal) =>
      new Promise((resolve, reject) => {
        log.push(protocol);
        const timer = setTimeout(() => resolve(answer), milliseconds);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          log.push(`${protocol} aborted`);
          reject(signal.reason);
        });
      }),
  });
  const known = (text: string): ProtocolAnswer => ({ kind: 'address', address: address(text) });
  const silent: ProtocolAnswer = { kind: 'silent', why: 'no answer' };
  const signal = AbortSignal.timeout(10_000);

  it('the next is asked when one has failed, without waiting', async () => {
    const log: string[] = [];
    const ways = [way('nat-pmp', 1, silent, log), way('upnp', 1, known('203.0.114.10'), log)];
    expect(await firstAddress(ways, 60_000, signal)).toMatchObject({ protocol: 'upnp' });
  });

  it('the next is asked beside one that takes long, and the loser is stopped', async () => {
    const log: string[] = [];
    const ways = [way('nat-pmp', 60_000, silent, log), way('upnp', 1, known('203.0.114.10'), log)];
    expect(await firstAddress(ways, 5, signal)).toMatchObject({ protocol: 'upnp' });
    expect(log).toEqual(['nat-pmp', 'upnp', 'nat-pmp aborted', 'upnp aborted']);
  });

  it('all that failed are named', async () => {
    const ways = [way('nat-pmp', 1, silent), way('upnp', 1, { kind: 'without', why: 'no address' })];
    expect(await firstAddress(ways, 1_000, signal)).toEqual({
      kind: 'none',
      why: 'nat-pmp: no answer; upnp: no address',
    });
  });

  it('a fault of the program shows', async () => {
    const broken: Way = { protocol: 'upnp', ask: () => Promise.reject(new TypeError('a defect')) };
    await expect(firstAddress([broken], 1_000, signal)).rejects.toThrow('a defect');
  });
});

describe('the tally', () => {
  it('counts everything and logs each power of ten', () => {
    const lines: unknown[] = [];
    const told: string[] = [];
    const tally = createTally(
      { ...silentLog, info: (_, __, fields) => lines.push(fields?.['count']) },
      (reason) => told.push(reason),
    );
    for (let index = 0; index < 150; index += 1) tally.add('a notice from a stranger', '192.0.2.1');
    tally.add('something else', '192.0.2.1');
    expect(lines).toEqual([1, 10, 100, 1]);
    expect(tally.counts.get('a notice from a stranger')).toBe(150);
    expect(told).toHaveLength(151);
    expect(told.at(-1)).toBe('something else');
  });
});
