import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelOctets, nameIsWithin, nameOctets, readName, sameName } from '../../../src/net/dns/names.ts';
import { wireName } from './arbitraries.ts';

const read = (hex: string, offset = 0) => readName(Buffer.from(hex, 'hex'), offset);

describe('names on the wire', () => {
  it('come back as they were, whatever octets their labels hold', () => {
    fc.assert(
      fc.property(wireName, (name) => {
        const octets = nameOctets(name);
        expect(readName(octets, 0)).toEqual({ name, next: octets.length });
      }),
    );
  });

  it('keep case, and write dots, backslashes and blanks within a label by number', () => {
    expect(read('0361422e00')).toEqual({ name: 'aB\\046', next: 5 });
    expect(read('02205c00')).toEqual({ name: '\\032\\092', next: 4 });
    expect(nameOctets('aB\\046')).toEqual(Uint8Array.of(3, 0x61, 0x42, 0x2e, 0));
  });

  it('follow pointers back and go on after the first one', () => {
    expect(read('016100' + '0162c000', 3)).toEqual({ name: 'b.a', next: 7 });
  });

  it.each([
    ['nothing', ''],
    ['no end', '0161'],
    ['a label beyond the end', '056162'],
    ['half a pointer', 'c0'],
    ['a pointer to itself', 'c000'],
    ['a pointer ahead', 'c0020000'],
    ['a reserved label type 01', '416100'],
    ['a reserved label type 10', '816100'],
  ])('are refused with %s', (_, hex) => {
    expect(read(hex)).toBeUndefined();
  });

  it('are refused when two pointers make a loop', () => {
    expect(read('0161c0020162c000', 4)).toBeUndefined();
    expect(read('c002c000', 2)).toBeUndefined();
  });

  it('are refused with pointers where none may be', () => {
    expect(readName(Buffer.from('0000c000', 'hex'), 2, 'refuse')).toBeUndefined();
  });

  it('have 255 octets at most', () => {
    const label = `3f${'61'.repeat(63)}`;
    expect(read(`${label.repeat(3)}3d${'61'.repeat(61)}00`)?.name).toHaveLength(253);
    expect(read(`${label.repeat(3)}3e${'61'.repeat(62)}00`)).toBeUndefined();
    expect(() => nameOctets(Array(4).fill('a'.repeat(63)).join('.'))).toThrow(TypeError);
  });

  it('are not made from text that is no name', () => {
    expect(() => labelOctets('')).toThrow(TypeError);
    expect(() => labelOctets('a'.repeat(64))).toThrow(TypeError);
    expect(() => labelOctets('\\999')).toThrow(TypeError);
    expect(() => nameOctets('a..b')).toThrow(TypeError);
  });
});

describe('comparison', () => {
  it('has no regard to the case of ASCII letters, and to nothing else', () => {
    expect(sameName('Home.Example.ORG', 'home.example.org')).toBe(true);
    expect(sameName('\\196.org', '\\228.org')).toBe(false);
  });

  it('goes by whole labels', () => {
    expect(nameIsWithin('www.Example.org', 'example.org')).toBe(true);
    expect(nameIsWithin('example.org', 'example.org')).toBe(true);
    expect(nameIsWithin('badexample.org', 'example.org')).toBe(false);
    expect(nameIsWithin('bad\\046example.org', 'example.org')).toBe(false);
    expect(nameIsWithin('org', 'example.org')).toBe(false);
    expect(nameIsWithin('anything', '')).toBe(true);
  });
});
