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

describe('records of other hosts', () => {
  const aaaa = (name: string) => ({ name: fqdn(`${name}.example.org`), type: 'AAAA' }) as const;
  const lan = sink({
    records: [
      { key: aaaa('own'), uplink: 'wan' },
      { key: aaaa('nas'), uplink: 'wan', host: { suffix: address('::1:2') } },
      {
        key: aaaa('cam'),
        uplink: 'wan',
        host: { suffix: address('::211:22ff:fe33:4455'), prefix_length: 64 },
      },
      { key: aaaa('lab'), uplink: 'wan', host: { suffix: address('::5:0:0:0:9'), prefix_length: 56 } },
    ],
  });
  const known = (text: string, prefixLength?: number): UplinkState =>
    stateOf(
      { ...set(text), ...(prefixLength !== undefined && { prefixLength }) } as UplinkState['state'],
      'ipv6',
    );

  it('have the prefix of the uplink and their own bits behind it, all of them anew with a new prefix', () => {
    expect(targetsOf(book(known('2606:2800:1:210::abcd', 64)), lan)).toEqual([
      'own.example.org/AAAA=2606:2800:1:210::abcd',
      'nas.example.org/AAAA=2606:2800:1:210::1:2',
      'cam.example.org/AAAA=2606:2800:1:210:211:22ff:fe33:4455',
      'lab.example.org/AAAA=2606:2800:1:205::9',
    ]);
    expect(targetsOf(book(known('2a00:1450:7:310::abcd', 64)), lan)).toEqual([
      'own.example.org/AAAA=2a00:1450:7:310::abcd',
      'nas.example.org/AAAA=2a00:1450:7:310::1:2',
      'cam.example.org/AAAA=2a00:1450:7:310:211:22ff:fe33:4455',
      'lab.example.org/AAAA=2a00:1450:7:305::9',
    ]);
  });
  it("take the length from the address' own network, and 64 where nobody knows it", () => {
    const one = sink({ records: [{ key: aaaa('nas'), uplink: 'wan', host: { suffix: address('::1:2') } }] });
    const from = (length?: number) => targetsOf(book(known('2606:2800:1:210:aa:bb:cc:dd', length)), one);
    expect(from(96)).toEqual(['nas.example.org/AAAA=2606:2800:1:210:aa:bb:1:2']);
    expect(from(60)).toEqual(['nas.example.org/AAAA=2606:2800:1:210::1:2']);
    expect(from()).toEqual(['nas.example.org/AAAA=2606:2800:1:210::1:2']);
    expect(from(128)).toEqual(['nas.example.org/AAAA=2606:2800:1:210::1:2']);
  });
  it('are looked at again when the network of the address turns out to be another one, and only then', () => {
    const first = book(known('2606:2800:1:210::1', 64));
    const next = (state: UplinkState) =>
      enter(first, { look: look(), networkChanged: false, states: [state] }).changed.length;
    expect(next(known('2606:2800:1:210::1', 56))).toBe(1);
    expect(next(known('2606:2800:1:210::1', 64))).toBe(0);
    // Said by a witness that knows the address alone.
    expect(next(known('2606:2800:1:210::1'))).toBe(0);
  });
  it('stay as they are, with the reason, where the suffix does not fit behind the prefix', () => {
    const one = sink({
      records: [{ key: aaaa('nas'), uplink: 'wan', host: { suffix: address('::a:0:1:2') } }],
    });
    const { targets, refused } = resolveTargets(book(known('2606:2800:1:210::1', 96)), one);
    expect(targets).toEqual([]);
    expect(refused.map(({ why }) => why)).toEqual([
      'suffix ::a:0:1:2 has bits within the /96 of 2606:2800:1:210::1; give prefix_length',
    ]);
  });
  it('pass the gate of the sink like any other address', () => {
    expect(targetsOf(book(known('fd00:1::1', 64)), lan)).toEqual([]);
    expect(targetsOf(book(known('fd00:1::1', 64)), { ...lan, allow: ['ula'] })[1]).toBe(
      'nas.example.org/AAAA=fd00:1::1:2',
    );
  });
  it('stay as published while the prefix is not known, and go with it if the operator says so', () => {
    expect(targetsOf(book(stateOf(keep, 'ipv6')), lan)).toEqual([]);
    const cleared = targetsOf(book(stateOf(clear, 'ipv6')), { ...lan, when_absent: 'clear' });
    expect(cleared).toContain('nas.example.org/AAAA=');
  });
});

describe('admit', () => {
  it('hands on the length of the prefix', () => {
    const reading = { kind: 'known', address: address('2606:2800::1'), via, prefixLength: 64 } as const;
    expect(admit(reading, [], 'ipv6')).toEqual({
      kind: 'set',
      address: reading.address,
      via,
      prefixLength: 64,
    });
  });

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
