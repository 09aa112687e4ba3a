import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { UplinkState } from '../../src/model/reading.ts';
import { keyText } from '../../src/model/record.ts';
import type { AddressBook } from '../../src/streams/address-book.ts';
import { enter } from '../../src/streams/address-book.ts';
import { admit, refusal } from '../../src/streams/admit.ts';
import { resolveTargets } from '../../src/streams/targets.ts';
import { clear, keep, look, set, sink, stateOf, via } from './support.ts';

const book = (...states: readonly UplinkState[]): AddressBook =>
  enter(undefined, { look: look(), networkChanged: false, states });
const targetsOf = (...args: Parameters<typeof resolveTargets>) =>
  resolveTargets(...args).targets.map((target) => `${keyText(target.key)}=${target.addresses.join()}`);

describe('resolveTargets', () => {
  it('makes a target of each family that is known', () => {
    expect(
      targetsOf(book(stateOf(set('93.184.216.34')), stateOf(set('2606:2800::1'), 'ipv6')), sink()),
    ).toEqual(['home.example.org/A=93.184.216.34', 'home.example.org/AAAA=2606:2800::1']);
  });
  it('leaves out what is not known, so that it stays as published', () => {
    expect(targetsOf(book(stateOf(set('93.184.216.34')), stateOf(keep, 'ipv6')), sink())).toEqual([
      'home.example.org/A=93.184.216.34',
    ]);
    expect(targetsOf(book(), sink())).toEqual([]);
  });
  it('keeps a record whose family is gone, unless the operator wants it cleared', () => {
    const gone = book(stateOf(set('93.184.216.34')), stateOf(clear, 'ipv6'));
    expect(targetsOf(gone, sink())).toEqual(['home.example.org/A=93.184.216.34']);
    expect(targetsOf(gone, sink({ when_absent: 'clear' }))).toEqual([
      'home.example.org/A=93.184.216.34',
      'home.example.org/AAAA=',
    ]);
  });
  it('refuses what the sink may not publish, and says why', () => {
    const { targets, refused } = resolveTargets(book(stateOf(set('192.168.1.5'))), sink());
    expect(targets).toEqual([]);
    expect(refused.map(({ why }) => why)).toEqual([
      '192.168.1.5 is a private address, not global unicast; allow: [private] would permit it',
    ]);
  });
  it('publishes it where the sink says so', () => {
    expect(targetsOf(book(stateOf(set('192.168.1.5'))), sink({ allow: ['private'] }))).toEqual([
      'home.example.org/A=192.168.1.5',
    ]);
  });
  it('joins the uplinks of one name, sorted, once each, and only when all are known', () => {
    const key = { name: fqdn('home.example.org'), type: 'A' } as const;
    const two = sink({
      records: [
        { key, uplink: 'a' },
        { key, uplink: 'b' },
      ],
    });
    const first = stateOf(set('93.184.216.34'), 'ipv4', 'a');
    expect(targetsOf(book(first, stateOf(set('8.8.4.4'), 'ipv4', 'b')), two)).toEqual([
      'home.example.org/A=8.8.4.4,93.184.216.34',
    ]);
    expect(targetsOf(book(first), two)).toEqual([]);
  });
  it('carries the TTL', () => {
    const key = { name: fqdn('home.example.org'), type: 'A' } as const;
    const { targets } = resolveTargets(
      book(stateOf(set('93.184.216.34'))),
      sink({ records: [{ key, uplink: 'wan', ttl: 60 }] }),
    );
    expect(targets[0]?.ttl).toBe(60);
  });
});

describe('admit', () => {
  it.each([
    ['10.1.2.3', 'private'],
    ['100.64.0.1', 'cgnat'],
    ['127.0.0.1', 'loopback'],
    ['169.254.3.4', 'link_local'],
    ['224.0.0.1', 'multicast'],
    ['192.0.2.1', 'documentation'],
    ['198.18.0.1', 'benchmark'],
    ['0.0.0.0', 'reserved'],
    ['255.255.255.255', 'reserved'],
  ])('keeps what is published when a witness says %s (%s)', (text, kind) => {
    const state = admit({ kind: 'known', address: address(text), via }, [], 'ipv4');
    expect(state).toMatchObject({ kind: 'keep', why: expect.stringContaining(`is a ${kind} address`) });
  });
  it('takes an address of the other family for no answer', () => {
    expect(refusal(address('2606:2800::1'), [], 'ipv4')).toBe('2606:2800::1 is not an IPv4 address');
  });
  it('never turns ignorance into absence', () => {
    expect(admit({ kind: 'unavailable', via, why: 'timeout' }, [], 'ipv4')).toEqual({
      kind: 'keep',
      why: 'timeout',
    });
    expect(admit({ kind: 'absent', via, why: 'no IPv4 here' }, [], 'ipv4')).toEqual({
      kind: 'clear',
      why: 'no IPv4 here',
    });
  });
});
