import { map, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Look } from '../../src/model/trigger.ts';
import { type Observation, observe } from '../../src/streams/observe.ts';
import { marbles } from '../support/marbles.ts';
import { look, offline } from './support.ts';

const host = (text: string): Snapshot => ({
  interfaces: [
    {
      name: 'eth0',
      index: 2,
      running: true,
      loopback: false,
      virtual: false,
      addresses: [
        {
          address: address(text),
          family: 'ipv4',
          prefixLength: 24,
          flags: { tentative: false, duplicate: false, deprecated: false, temporary: false },
        },
      ],
    },
  ],
  routes: [{ family: 'ipv4', interface: 'eth0', gateway: address('192.0.2.254'), metric: 0 }],
});
const looks: Record<string, Look> = { p: look('poll'), i: look('inject') };
const shown = ({ act, difference }: Observation) =>
  `${act ? 'act' : 'rest'}${difference.networkChanged ? ' changed' : ''}`;

describe('observe', () => {
  it('acts on the first look, rests while nothing differs, acts when an address is replaced', () => {
    marbles(({ hot, expectObservable }) => {
      const snapshots = [host('192.0.2.1'), host('192.0.2.1'), host('192.0.2.2')];
      const source = hot('-p-p-p-|', looks);
      const read = () => of(snapshots.shift() ?? offline);
      expectObservable(
        source.pipe(
          observe(read, () => {}),
          map(shown),
        ),
      ).toBe('-a-b-c-|', {
        a: 'act',
        b: 'rest',
        c: 'act changed',
      });
    });
  });

  it('acts on an equal snapshot when it was asked for', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('-p-i-|', looks);
      expectObservable(
        source.pipe(
          observe(
            () => of(host('192.0.2.1')),
            () => {},
          ),
          map(shown),
        ),
      ).toBe('-a-a-|', { a: 'act' });
    });
  });

  it('takes the network for changed after a long sleep, although nothing differs, and not after a short one', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('-p-l-s-|', {
        p: look('poll'),
        l: look('inject', 't2', 'wake'),
        s: look('poll', 't3', 'wake'),
      });
      expectObservable(
        source.pipe(
          observe(
            () => of(host('192.0.2.1')),
            () => {},
          ),
          map(shown),
        ),
      ).toBe('-a-b-c-|', { a: 'act', b: 'act changed', c: 'rest' });
    });
  });

  it('takes looks one after the other, never two snapshots at once', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot('pp----|', looks);
      const read = cold('--(s|)', { s: host('192.0.2.1') });
      expectObservable(
        source.pipe(
          observe(
            () => read,
            () => {},
          ),
          map(shown),
        ),
      ).toBe('--a-b-|', { a: 'act', b: 'rest' });
      expectSubscriptions(read.subscriptions).toBe(['^-!', '--^-!']);
    });
  });

  it('takes a failed snapshot for no change, tells of it, and goes on', () => {
    const told: unknown[] = [];
    marbles(({ hot, expectObservable }) => {
      let count = 0;
      const source = hot('-p-p-p-|', looks);
      const read = () => {
        count += 1;
        return count === 2 ? throwError(() => new Error('EMFILE')) : of(host('192.0.2.1'));
      };
      expectObservable(
        source.pipe(
          observe(read, (error) => told.push(error)),
          map(shown),
        ),
      ).toBe('-a-b-b-|', { a: 'act', b: 'rest' });
    });
    expect(told).toEqual([new Error('EMFILE')]);
  });

  it('passes on errors and ends a snapshot being read on unsubscription', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      expectObservable(
        hot<Look>('-#').pipe(
          observe(
            () => of(offline),
            () => {},
          ),
        ),
      ).toBe('-#');
      const read = cold<Snapshot>('-----');
      expectObservable(
        hot('-p', looks).pipe(
          observe(
            () => read,
            () => {},
          ),
        ),
        '---!',
      ).toBe('----');
      expectSubscriptions(read.subscriptions).toBe('-^-!');
    });
  });
});
