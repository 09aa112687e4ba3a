import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { Batch } from '../../../src/sinks/table/batches.ts';
import { type Account, accountProblems } from '../../../src/sinks/table/checks.ts';
import { fill, forUrl } from '../../../src/sinks/table/placeholders.ts';
import { requestOf } from '../../../src/sinks/table/request.ts';
import { DYNDNS2, type Service } from '../../../src/sinks/table/service.ts';

const name = fqdn('home.example.org');
const batch: Batch = {
  names: [name],
  addresses: { ipv4: address('198.51.100.7'), ipv6: address('2001:db8::7') },
  keys: [
    { name, type: 'A' },
    { name, type: 'AAAA' },
  ],
};
const service: Service = {
  url: 'https://dns.example.org/u/{token}/update?fixed=1&who={username}',
  method: 'GET',
  parameters: { pass: '{password}', mixed: 'a{password}b{token}c', ip: '{addresses}' },
  headers: { 'x-token': 'Token {token}' },
  basic: { username: '{username}', password: '{password}' },
  families: 'together',
  other_family: 'omit',
  names_per_request: 1,
  answer: { read: 'lines', field: [], words: DYNDNS2 },
  statuses: new Map(),
};
const accountOf = (username: string, password: string, token: string): Account => ({
  username,
  password: new Secret(password),
  token: new Secret(token),
  insecure_http: false,
  single_family: false,
});
const nasty = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }),
  fc.string({
    unit: fc.constantFrom(
      '&',
      '?',
      '#',
      '%',
      ' ',
      '\n',
      '\r',
      '/',
      '\\',
      '=',
      '+',
      '.',
      '{',
      '}',
      ':',
      '@',
      ';',
      ',',
    ),
    minLength: 1,
    maxLength: 8,
  }),
  fc.constantFrom(
    '.',
    '..',
    '%2e%2e',
    '{token}',
    '{password}',
    '$&',
    "$'",
    '&token=x',
    '\r\nx-evil: 1',
    '/../../',
    '//evil.example/',
  ),
);
const parsed = (url: URL) => ({
  origin: url.origin,
  segments: url.pathname.split('/').map(decodeURIComponent),
  query: [...url.searchParams],
});

describe('a value never breaks out of its place', () => {
  it('in path, query, header and Basic credentials', () => {
    let sent = 0;
    fc.assert(
      fc.property(nasty, nasty, nasty, (username, password, token) => {
        const account = accountOf(username, password, token);
        if (accountProblems(service, account).length > 0) return;
        sent += 1;
        const { url, headers } = requestOf(batch, service, account);
        expect(parsed(url)).toEqual({
          origin: 'https://dns.example.org',
          segments: ['', 'u', token, 'update'],
          query: [
            ['fixed', '1'],
            ['who', username],
            ['pass', password],
            ['mixed', `a${password}b${token}c`],
            ['ip', '198.51.100.7,2001:db8::7'],
          ],
        });
        expect(url.hash).toBe('');
        const pair = Buffer.from((headers?.['authorization'] ?? '').slice(6), 'base64').toString();
        expect(pair).toBe(`${username}:${password}`);
        // The header value is one that HTTP can carry: fetch's own check refuses everything else.
        expect(new Headers(headers).get('x-token')).toBe(`Token ${token}`.trim());
      }),
      { numRuns: 2_000 },
    );
    expect(sent).toBeGreaterThan(200);
  });

  it('in a form', () => {
    fc.assert(
      fc.property(nasty, (password) => {
        const form: Service = { ...service, method: 'POST', url: 'https://dns.example.org/', headers: {} };
        const { body, url } = requestOf(batch, form, accountOf('u', password, 't'));
        expect(url.href).toBe('https://dns.example.org/');
        expect(new URLSearchParams(body).get('pass')).toBe(password.replaceAll(/\p{Surrogate}/gu, '\ufffd'));
      }),
    );
  });

  it('and is never searched for placeholders itself', () => {
    fc.assert(
      fc.property(nasty, nasty, (password, token) => {
        const text = fill('{password}|{token}', { password, token }, (value) => value);
        expect(text).toBe(`${password}|${token}`);
      }),
    );
  });

  it('even if it is half a character', () => {
    expect(fill('{token}', { token: 'a\ud83d' }, forUrl)).toBe(encodeURIComponent('a\ufffd'));
  });
});

describe('values that no encoding helps are refused with the configuration', () => {
  it.each([
    ['a line break in a header', accountOf('u', 'p', 'a\r\nx: y'), 'token'],
    ['what is not ASCII in a header', accountOf('u', 'p', 'schlüssel'), 'token'],
    ['a step up in a path', accountOf('u', 'p', '..'), 'token'],
    ['a colon in a user of Basic', accountOf('a:b', 'p', 't'), 'username'],
    ['a line break in a password of Basic', accountOf('u', 'p\n', 't'), 'password'],
  ])('%s', (_what, account, key) => {
    expect(accountProblems(service, account).map(({ path }) => path[0])).toContain(key);
  });
});
