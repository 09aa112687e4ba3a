import { asyncScheduler, distinctUntilChanged, map, of, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { NetworkInterface } from '../../src/model/snapshot.ts';
import { enter } from '../../src/streams/address-book.ts';
import { refusal } from '../../src/streams/admit.ts';
import { agreement } from '../../src/streams/agreement.ts';
import { ask } from '../../src/streams/ask.ts';
import { backoff } from '../../src/streams/backoff.ts';
import { describeDifferences } from '../../src/streams/describe-differences.ts';
import { elect } from '../../src/streams/elect.ts';
import { type LaneInput, lane } from '../../src/streams/lane.ts';
import { observe } from '../../src/streams/observe.ts';
import { resolveTargets } from '../../src/streams/targets.ts';
import { marbles } from '../support/marbles.ts';
import { clear, keep, look, observation, offline, set, sink, stateOf, via } from './support.ts';

const clock = { monotonic: () => asyncScheduler.now() };

describe('an address of the other family', () => {
  it('is refused by the name of the family', () => {
    expect(refusal(address('2606:2800::1'), [], 'ipv4')).toBe('2606:2800::1 is not an IPv4 address');
    expect(refusal(address('8.8.4.4'), [], 'ipv6')).toBe('8.8.4.4 is not an IPv6 address');
  });

  it('is a surprise to those who agree on one, as is another provider in IPv6', () => {
    const witness = { ...via, outside: true, operator: 'one' };
    const said = (known: string, text: string) => {
      const votes = agreement({ needed: undefined, known: address(known) });
      return votes.hear({ kind: 'set', address: address(text), via: witness }).kind;
    };
    expect(said('8.8.4.4', '2606:2800::1')).toBe('keep');
    expect(said('2606:2800::1', '2a00:1450::1')).toBe('keep');
    expect(said('2606:2800::1', '2606:2800::2')).toBe('set');
  });
});

describe('the wait after a limit', () => {
  const limited = (retryAfter?: number) =>
    ({
      class: 'rate_limited',
      scope: 'sink',
      message: '',
      ...(retryAfter === undefined ? {} : { retryAfter }),
    }) as const;

  it('grows where nobody said how long, and is what was said where somebody did', () => {
    const [first = 0, second = 0] = [1, 2].map((attempt) => backoff(limited(), attempt, () => 0));
    expect(second).toBe(2 * first);
    expect(backoff(limited(90_000), 1, () => 0)).toBe(90_000);
    expect(backoff(limited(90_000), 7, () => 0)).toBe(90_000);
  });
});

describe('differences for people', () => {
  const link = (more: Partial<NetworkInterface>) => ({
    interfaces: [
      { name: 'eth0', index: 2, running: true, loopback: false, virtual: false, addresses: [], ...more },
    ],
    routes: [],
  });

  it('tell of what was not known before, and is not known any more', () => {
    expect(describeDifferences(link({}), link({ mac: '02:00:00:00:00:01' }))).toEqual([
      'eth0: mac was unknown, is 02:00:00:00:00:01',
    ]);
    expect(describeDifferences(link({ mac: '02:00:00:00:00:01' }), link({}))).toEqual([
      'eth0: mac was 02:00:00:00:00:01, is unknown',
    ]);
  });
});

describe('the records of several uplinks', () => {
  const key = { name: fqdn('home.example.org'), type: 'A' } as const;
  const all = sink({
    records: [
      { key, uplink: 'all:one' },
      { key, uplink: 'all:two' },
    ],
  });
  const resolved = (one: Parameters<typeof stateOf>[0], two: Parameters<typeof stateOf>[0]) =>
    resolveTargets(
      enter(undefined, {
        look: look(),
        networkChanged: false,
        states: [stateOf(one, 'ipv4', 'all:one'), stateOf(two, 'ipv4', 'all:two')],
      }),
      all,
    ).targets.map(({ addresses }) => addresses);

  it('lose the one that is gone, and never the last one', () => {
    expect(resolved(set('8.8.4.4'), set('93.184.216.34'))).toEqual([['8.8.4.4', '93.184.216.34']]);
    expect(resolved(set('8.8.4.4'), clear)).toEqual([['8.8.4.4']]);
    expect(resolved(clear, clear)).toEqual([]);
    expect(resolved(set('8.8.4.4'), keep)).toEqual([]);
  });

  it('are looked at only as long as somebody looks', () => {
    const init = {
      uplinks: [
        { name: 'one', metric: 10 },
        { name: 'two', metric: 20 },
      ],
      holdDown: 10,
      removeAfter: 5,
      clock,
      scheduler: asyncScheduler,
    };
    const book = (works: boolean) =>
      enter(undefined, {
        look: look(),
        networkChanged: false,
        states: [
          stateOf(works ? set('93.184.216.34') : keep, 'ipv4', 'one'),
          stateOf(set('8.8.4.4'), 'ipv4', 'two'),
        ],
      });
    marbles(({ hot, expectObservable }) => {
      const active = (diagram: string) =>
        hot(diagram, { b: book(true), o: book(false) }).pipe(
          elect(init),
          map(({ states }) => states.get('active/ipv4')?.state),
          map((state) => (state?.kind === 'set' ? state.address : '')),
          distinctUntilChanged(),
        );
      // At once where nothing is waited for; else when the hold-down, or the time of a dead address, has run out.
      expectObservable(active('b-|')).toBe('x-|', { x: '93.184.216.34' });
      expectObservable(active('b-o-b|')).toBe('x-y-----------(x|)', { x: '93.184.216.34', y: '8.8.4.4' });
      expectObservable(active('b-#')).toBe('x-#', { x: '93.184.216.34' });
    });
  });
});

describe('a lane', () => {
  it('looks again as soon as the first of what is pending asks for it', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const key = { name: fqdn('home.example.org'), type: 'A' } as const;
      const target = { key, addresses: [address('198.51.100.1')] };
      const pending = (retryAfter: number): Outcome => ({
        ...target,
        kind: 'pending',
        why: 'queued',
        retryAfter,
      });
      const done: Outcome = { ...target, kind: 'updated' };
      const answers: (readonly Outcome[])[] = [[pending(500), pending(20), done], [pending(2 ** 40)]];
      const input: LaneInput = {
        traceId: 't',
        targets: [target],
        urgent: false,
        networkChanged: false,
      } as unknown as LaneInput;
      const reports = hot('a', { a: input }).pipe(
        lane({
          attempt: () => cold<readonly Outcome[]>('(o|)', { o: answers.shift() ?? [] }),
          random: () => 0,
          scheduler: asyncScheduler,
        }),
        map(({ retryIn }) => retryIn),
        take(2),
      );
      expectObservable(reports).toBe('a 19ms (b|)', { a: 20, b: 2 ** 31 - 1 });
    });
  });
});

describe('looking', () => {
  it('that has never worked sees an empty host, and goes on', () => {
    marbles(({ hot, expectObservable }) => {
      const answers = [throwError(() => new Error('no')), of(offline)];
      const errors: unknown[] = [];
      const looked = hot('-p-p-|', { p: look('poll') }).pipe(
        observe(
          () => answers.shift() ?? of(offline),
          (error) => void errors.push(error),
        ),
        map(({ snapshot }) => snapshot.interfaces.length),
      );
      expectObservable(looked).toBe('-x-x-|', { x: 0 });
    });
  });
});

describe('asking', () => {
  it('does not believe an outside witness behind the exit of a VPN', () => {
    marbles(({ cold, expectObservable }) => {
      const tunnel: NetworkInterface = {
        name: 'tun0',
        index: 3,
        running: true,
        loopback: false,
        virtual: true,
        tunnel: true,
        addresses: [],
      };
      const seen = observation({
        snapshot: { interfaces: [tunnel], routes: [{ family: 'ipv4', interface: 'tun0', metric: 0 }] },
      });
      const known = {
        kind: 'known',
        address: address('93.184.216.34'),
        via: { ...via, outside: true, seesPath: true },
      } as const;
      const question = {
        uplink: 'wan',
        family: 'ipv4',
        allow: [],
        witnesses: [() => cold('(k|)', { k: known })],
      } as const;
      const asked = ask(question, seen, {
        clock: { monotonic: () => 0 },
        scheduler: asyncScheduler,
        deadline: 5_000,
      });
      expectObservable(
        asked.pipe(map(({ state }) => (state.kind === 'keep' ? state.why.slice(0, 25) : state.kind))),
      ).toBe('(x|)', {
        x: 'a witness: tunnel: the wa',
      });
    });
  });
});
