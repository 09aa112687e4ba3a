import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { address, familyOf, type IpAddress } from '../../src/model/address.ts';
import {
  combine,
  eui64,
  fitsBehind,
  isGroupMac,
  parseMac,
  parseSuffix,
  prefixLengthOf,
} from '../../src/model/prefix.ts';

const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Written by the library alone, so that nothing under test made it. */
const addressOf = (bytes: Uint8Array) => ipaddr.fromByteArray([...bytes]).toString() as IpAddress;
/** Global unicast: the first three bits are 001, so that none of it is IPv4 in disguise. */
const globals = octets.map((bytes) =>
  addressOf(Uint8Array.from([0x20 | ((bytes[0] ?? 0) & 0x1f), ...bytes.slice(1)])),
);
const suffixes = octets.map(addressOf);
const lengths = fc.integer({ min: 3, max: 128 });
const bitsOf = (text: string): string =>
  ipaddr.IPv6.parse(text)
    .toByteArray()
    .map((octet) => octet.toString(2).padStart(8, '0'))
    .join('');

describe('combine', () => {
  it('takes the first bits from one and the rest from the other', () => {
    fc.assert(
      fc.property(globals, lengths, suffixes, (prefix, length, suffix) => {
        const combined = bitsOf(combine(prefix, length, suffix));
        expect(combined).toBe(bitsOf(prefix).slice(0, length) + bitsOf(suffix).slice(length));
      }),
    );
  });
  it('gives canonical text, and the same again when done twice', () => {
    fc.assert(
      fc.property(globals, lengths, suffixes, (prefix, length, suffix) => {
        const combined = combine(prefix, length, suffix);
        expect(address(combined)).toBe(combined);
        expect(combine(combined, length, suffix)).toBe(combined);
      }),
    );
  });
  it('two hosts of one network stay two, whatever the prefix', () => {
    fc.assert(
      fc.property(globals, globals, suffixes, suffixes, (before, after, one, other) => {
        const same = combine(before, 64, one) === combine(before, 64, other);
        expect(combine(after, 64, one) === combine(after, 64, other)).toBe(same);
      }),
    );
  });
  it.each([
    ['2001:db8:1:2:3:4:5:6', 64, '::1:2', '2001:db8:1:2::1:2'],
    ['2001:db8:1:2:3:4:5:6', 56, '::5:0:0:0:9', '2001:db8:1:5::9'],
    ['2001:db8:1:2ff::1', 60, '::3:0:0:0:9', '2001:db8:1:2f3::9'],
    ['2001:db8::1', 64, '::ffff:192.0.2.1', '2001:db8::ffff:c000:201'],
  ])('%s/%i with %s is %s', (prefix, length, suffix, combined) => {
    expect(combine(address(prefix), length, parseSuffix(suffix) ?? address('::'))).toBe(combined);
  });
  it('refuses what is no prefix', () => {
    for (const length of [-1, 129, 1.5, Number.NaN]) {
      expect(() => combine(address('2001:db8::1'), length, address('::1'))).toThrow(RangeError);
    }
    expect(() => combine(address('192.0.2.1'), 24, address('::1'))).toThrow(RangeError);
  });
});

describe('fitsBehind', () => {
  it('holds for a suffix exactly if combining does not lose a bit of it', () => {
    fc.assert(
      fc.property(lengths, suffixes, (length, suffix) => {
        expect(fitsBehind(length, suffix)).toBe(!bitsOf(suffix).slice(0, length).includes('1'));
      }),
    );
  });
  it('tells the edge of a prefix', () => {
    expect(fitsBehind(56, address('::ff:0:0:0:1'))).toBe(true);
    expect(fitsBehind(56, address('::1ff:0:0:0:1'))).toBe(false);
  });
});

describe('prefixLengthOf', () => {
  it('takes what is given, then what the address has, and 64 for want of both and for host routes', () => {
    expect([prefixLengthOf(56, 64), prefixLengthOf(undefined, 60)]).toEqual([56, 60]);
    expect([prefixLengthOf(undefined, undefined), prefixLengthOf(undefined, 128)]).toEqual([64, 64]);
  });
});

describe('eui64', () => {
  it('is the example of RFC 4291 appendix A', () => {
    // 34-56-78-9A-BC-DE becomes 36-56-78-FF-FE-9A-BC-DE.
    expect(eui64(parseMac('34-56-78-9A-BC-DE') ?? new Uint8Array())).toBe('::3656:78ff:fe9a:bcde');
    expect(eui64(parseMac('00:11:22:33:44:55') ?? new Uint8Array())).toBe('::211:22ff:fe33:4455');
  });
  it('keeps every card apart, fits behind 64 bits and can be turned back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (mac) => {
        const suffix = eui64(mac);
        expect(familyOf(suffix)).toBe('ipv6');
        expect(fitsBehind(64, suffix)).toBe(true);
        const back = ipaddr.IPv6.parse(suffix).toByteArray().slice(8);
        expect([(back[0] ?? 0) ^ 2, back[1], back[2], back[5], back[6], back[7]]).toEqual([...mac]);
        expect(back.slice(3, 5)).toEqual([0xff, 0xfe]);
      }),
    );
  });
  it('wants six octets', () => {
    expect(() => eui64(new Uint8Array(5))).toThrow(RangeError);
    expect(() => eui64(new Uint8Array(8))).toThrow(RangeError);
  });
});

describe('what is read', () => {
  it('cards: two ways to write them, and no others', () => {
    expect([...(parseMac('aA:bB:cC:01:02:03') ?? [])]).toEqual([0xaa, 0xbb, 0xcc, 1, 2, 3]);
    for (const wrong of [
      '',
      '00:11:22:33:44',
      '00:11:22:33:44:55:66',
      '00:11-22:33:44:55',
      '001122334455',
      '0:1:2:3:4:5',
      '00:11:22:33:44:5g',
    ]) {
      expect(parseMac(wrong)).toBeUndefined();
    }
    expect(isGroupMac(parseMac('01:00:5e:00:00:01') ?? new Uint8Array())).toBe(true);
    expect(isGroupMac(parseMac('02:00:00:00:00:01') ?? new Uint8Array())).toBe(false);
  });
  it('suffixes: whole IPv6 addresses', () => {
    expect(parseSuffix('::1:2')).toBe('::1:2');
    expect(parseSuffix('0:0:0:0:00AB::1')).toBe('::ab:0:0:1');
    // No address in disguise here: it stays what it says.
    expect(familyOf(parseSuffix('::ffff:1:2') ?? address('0.0.0.0'))).toBe('ipv6');
    for (const wrong of ['1:2', '::1/64', 'fe80::1%eth0', '192.0.2.1', '', ':::', 'host'])
      expect(parseSuffix(wrong)).toBeUndefined();
  });
});
