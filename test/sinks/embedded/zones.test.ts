import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fqdn } from '../../../src/model/name.ts';
import { nextSerial } from '../../../src/sinks/embedded/store.ts';
import { layOutZones, ZoneLayoutError } from '../../../src/sinks/embedded/zones.ts';
import { key } from './support.ts';

const apexes = (names: readonly string[], zones?: readonly string[]) =>
  layOutZones(
    names.map((name) => key(name)),
    { zones: zones?.map((zone) => fqdn(zone)) },
  ).map((zone) => zone.apex);

describe('zones', () => {
  it('are the names themselves, with the names below them', () => {
    expect(apexes(['www.home.test', 'home.test', 'other.test'])).toEqual(['home.test', 'other.test']);
  });

  it('of a wildcard are its parent name', () => {
    expect(apexes(['*.home.test'])).toEqual(['home.test']);
  });

  it('may be given, the longest one taking the name', () => {
    const zones = layOutZones([key('a.b.test'), key('c.test')], { zones: [fqdn('test'), fqdn('b.test')] });
    expect(zones.map((zone) => [zone.apex, [...zone.names.keys()]])).toEqual([
      ['test', ['c.test']],
      ['b.test', ['a.b.test']],
    ]);
  });

  it('that are given must hold every name', () => {
    expect(() => apexes(['home.other'], ['home.test'])).toThrow(
      new ZoneLayoutError('home.other lies in none of its zones (home.test)'),
    );
  });

  it('know the names that only lead to one', () => {
    const [zone] = layOutZones([key('a.b.c.test')], { zones: [fqdn('test')] });
    expect([...(zone?.nodes ?? [])].sort()).toEqual(['a.b.c.test', 'b.c.test', 'c.test', 'test']);
  });

  it('name a server that has addresses: the apex, the first record, or anything under a wildcard', () => {
    const server = (names: readonly string[], zone: string) =>
      layOutZones(
        names.map((name) => key(name)),
        { zones: [fqdn(zone)] },
      )[0]?.nameServer;
    expect(server(['www.home.test', 'home.test'], 'home.test')).toBe('home.test');
    expect(server(['*.home.test', 'www.home.test'], 'home.test')).toBe('www.home.test');
    expect(server(['*.home.test'], 'home.test')).toBe('ns.home.test');
  });

  it('refuse a name server of their own that has no record, and take one elsewhere', () => {
    const keys = [key('home.test')];
    expect(() => layOutZones(keys, { nameServer: fqdn('ns.home.test') })).toThrow(
      /ns\.home\.test lies in zone/,
    );
    expect(layOutZones(keys, { nameServer: fqdn('ns.example.org') })[0]?.nameServer).toBe('ns.example.org');
  });
});

describe('serial numbers', () => {
  it('take the wall clock where it is ahead, and count where it is not', () => {
    expect(nextSerial(100, 200)).toBe(200);
    expect(nextSerial(200, 200)).toBe(201);
    expect(nextSerial(201, 100)).toBe(202);
    expect(nextSerial(0xffffffff, 0xffffffff)).toBe(0);
  });

  it('always grow in serial number arithmetic', () => {
    const uint32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(uint32, uint32, (serial, wall) => {
        const growth = (nextSerial(serial, wall) - serial) >>> 0;
        expect(growth).toBeGreaterThan(0);
        expect(growth).toBeLessThan(2 ** 31);
      }),
    );
  });
});
