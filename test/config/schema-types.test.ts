import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  domainName,
  duration,
  hostPort,
  httpUrl,
  ipAddress,
  listenAddress,
  type Reader,
  secret,
  ttl,
} from '../../src/config/schema-types.ts';
import { withSecretSource } from '../../src/config/secret-source.ts';
import { formatDuration, milliseconds, seconds } from '../../src/model/duration.ts';

const read = <T>(schema: Reader<T>, input: unknown): T | string => {
  const result = schema.safeParse(input);
  return result.success ? result.data : (result.error.issues[0]?.message ?? '');
};

describe('building blocks of options schemas', () => {
  test('duration', () => {
    expect(read(duration(), '1h30m')).toBe(5_400_000);
    expect(read(duration(), 5)).toBe('is a number without a unit');
    for (const wrong of ['5', '', 'soon', '1 s', '-1s', '1e3s', null, true, ['5s'], `${'9'.repeat(30)}d`]) {
      expect(read(duration(), wrong)).toBe('must be a length of time');
    }
    const bounded = duration({ min: milliseconds(100), max: seconds(5) });
    expect([read(bounded, '100ms'), read(bounded, '5s')]).toEqual([100, 5_000]);
    expect(read(bounded, '99ms')).toBe('is shorter than 100ms');
    expect(read(bounded, '6s')).toBe('is longer than 5s');
  });

  test('duration reads whatever formatDuration writes', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (length) => {
        expect(read(duration(), formatDuration(length))).toBe(length);
      }),
    );
  });

  test('domainName', () => {
    expect(read(domainName(), 'Home.Example.ORG.')).toBe('home.example.org');
    expect(read(domainName(), '*.example.org')).toBe('*.example.org');
    expect(read(domainName(), 'bücher.example')).toBe('xn--bcher-kva.example');
    for (const wrong of ['', 'a..b', 'a b', '-a.b', 'https://a.b', 'a.b:53', `${'x'.repeat(64)}.org`]) {
      expect(read(domainName(), wrong)).toBe('is not a domain name');
    }
    expect(read(domainName(), '192.0.2.1')).toBe('is an address, and a name is needed here');
    expect(read(domainName(), 5)).toBe('must be a domain name');
  });

  test('ipAddress', () => {
    expect(read(ipAddress(), '192.0.2.1')).toBe('192.0.2.1');
    expect(read(ipAddress(), '2001:DB8:0::1')).toBe('2001:db8::1');
    for (const wrong of ['192.0.2.256', '192.0.2.1/24', 'fe80::1%eth0', '', 'localhost']) {
      expect(read(ipAddress(), wrong)).toBe('is not an IP address');
    }
  });

  test('httpUrl', () => {
    expect(read(httpUrl(), 'https://a.example/x?y=1')).toEqual(new URL('https://a.example/x?y=1'));
    expect(read(httpUrl(), 'HTTP://a.example')).toEqual(new URL('http://a.example/'));
    expect(read(httpUrl(), 'a.example')).toBe('is not an http or https URL');
    expect(read(httpUrl(), 'file:///etc/passwd')).toBe('is not an http or https URL');
    expect(read(httpUrl(), 'https://')).toBe('is not a URL');
    expect(read(httpUrl(), 'https://me@a.example')).toBe('holds a user or password');
  });

  test('listenAddress', () => {
    expect(read(listenAddress(), '127.0.0.1:53')).toEqual({ host: '127.0.0.1', port: 53 });
    expect(read(listenAddress(), '[::1]:0')).toEqual({ host: '::1', port: 0 });
    expect(read(listenAddress(), 'localhost:53')).toEqual({ host: 'localhost', port: 53 });
    for (const wrong of [
      '127.0.0.1',
      '::1',
      '[::1]',
      '127.0.0.1:',
      '127.0.0.1:65536',
      '[127.0.0.1]:53',
      '',
    ]) {
      expect(read(listenAddress(), wrong)).toBe('is not an address with a port');
    }
    expect(read(listenAddress(), 'a.example:53')).toBe('does not begin with an address of this host');
    expect(read(listenAddress(), ':53')).toBe('does not begin with an address of this host');
  });

  test('hostPort', () => {
    expect(read(hostPort(53), 'NS.example.org')).toEqual({ host: 'ns.example.org', port: 53 });
    expect(read(hostPort(53), '192.0.2.1:5353')).toEqual({ host: '192.0.2.1', port: 5_353 });
    expect(read(hostPort(53), '[2001:db8::1]:5353')).toEqual({ host: '2001:db8::1', port: 5_353 });
    expect(read(hostPort(53), '2001:db8::1')).toEqual({ host: '2001:db8::1', port: 53 });
    for (const wrong of ['192.0.2.300', '', ':53', '*.example.org', 'a b']) {
      expect(read(hostPort(53), wrong)).toBe('does not name a host');
    }
    for (const wrong of ['a.example:0', 'a.example:65536', 'a:b:c', 'https://a.example']) {
      expect(read(hostPort(53), wrong)).toBe('is not a host with a port');
    }
  });

  test('ttl', () => {
    expect([read(ttl(), 300), read(ttl(), '5m'), read(ttl(), 1)]).toEqual([300, 300, 1]);
    expect(read(ttl(), '1500ms')).toBe('must be whole seconds');
    expect(read(ttl(), '300')).toBe('must be whole seconds');
    expect(read(ttl(), 0)).toBe('must be from 1 to 2147483647 seconds');
    expect(read(ttl(), 2 ** 31)).toBe('must be from 1 to 2147483647 seconds');
  });

  test('secret takes text alone where nothing resolves references', () => {
    const options = z.strictObject({ token: secret() });
    expect(options.parse({ token: 'abc' }).token.reveal()).toBe('abc');
    expect(read(secret(), { env: 'TOKEN' })).toBe(
      'the secret is a reference, and nothing here resolves references',
    );
    for (const wrong of [
      '',
      5,
      null,
      [],
      {},
      { env: '' },
      { env: 5 },
      { env: 'A', file: 'b' },
      { vault: 'x' },
    ]) {
      expect(read(secret(), wrong)).toBe('must be a secret or a reference to one');
    }
  });

  test('a secret source lasts for one parse, also one that throws', () => {
    const source = () => ({ ok: true, value: 'resolved' }) as const;
    const inside = withSecretSource(source, () => secret().parse({ env: 'X' }));
    expect(inside.reveal()).toBe('resolved');
    expect(() => withSecretSource(source, () => secret().parse(5))).toThrow();
    expect(read(secret(), { env: 'X' })).toContain('nothing here resolves references');
  });

  test('optional, prefault and meta work on all of them, in the JSON Schema too', () => {
    const options = z.strictObject({
      wait: duration().prefault('5s').meta({ description: 'How long.' }),
      name: domainName().optional(),
      server: hostPort(53),
    });
    expect(options.parse({ server: 'a.example' })).toEqual({
      wait: 5_000,
      server: { host: 'a.example', port: 53 },
    });
    expect(z.toJSONSchema(options, { io: 'input' })).toMatchObject({
      properties: {
        wait: { type: 'string', default: '5s', description: 'How long.' },
        name: { type: 'string', description: 'A full domain name, such as home.example.org.' },
        server: { type: 'string' },
      },
      required: ['server'],
    });
  });

  test('the patterns of the JSON Schema take what the readers take', () => {
    const samples = [
      '5s',
      '1h30m',
      '127.0.0.1:53',
      '[::1]:53',
      'localhost:53',
      'https://a.example/',
      '5m',
      '5',
      'x',
    ];
    for (const schema of [duration(), listenAddress(), httpUrl()]) {
      const { pattern } = z.toJSONSchema(schema, { io: 'input' });
      for (const sample of samples) {
        const accepted = schema.safeParse(sample).success;
        if (accepted) expect([sample, new RegExp(pattern ?? '$^').test(sample)]).toEqual([sample, true]);
      }
    }
  });
});
