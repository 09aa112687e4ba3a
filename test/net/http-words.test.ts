import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/config/secret.ts';
import { proxyFor } from '../../src/net/http-proxy.ts';
import { cleanWords, isLoopbackHost } from '../../src/net/http-words.ts';

describe('cleanWords', () => {
  it('makes one line of at most 200 characters, without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const clean = cleanWords(text);
        expect([...clean].length).toBeLessThanOrEqual(200);
        expect(clean).not.toMatch(/[\p{Cc}\u202e]/u);
      }),
    );
  });

  it('hides secrets in every form a service may repeat them', () => {
    const secret = new Secret('p&"ss wörd');
    const forms = [
      'p&"ss wörd',
      encodeURIComponent('p&"ss wörd'),
      Buffer.from('p&"ss wörd').toString('base64'),
    ];
    for (const form of forms) expect(cleanWords(`bad: ${form}!`, [secret])).toBe('bad: [secret]!');
    expect(cleanWords('{"key":"p&\\"ss wörd"}', [secret])).toBe('{"key":"[secret]"}');
  });

  it('hides a secret of two lines, and one in base64 behind any user name', () => {
    expect(cleanWords('bad: first\n line!', [new Secret('first\n line')])).toBe('bad: [secret]!');
    for (const user of ['', 'a', 'ab', 'someone']) {
      const basic = Buffer.from(`${user}:hunter22 and more`).toString('base64');
      expect(cleanWords(`Basic ${basic}!`, [new Secret('hunter22 and more')])).toBe('Basic [secret]!');
    }
  });

  it('hides a secret that reaches over the cut', () => {
    expect(cleanWords(`${'x'.repeat(195)}hunter22`, [new Secret('hunter22')])).not.toContain('hunt');
  });
});

describe('isLoopbackHost', () => {
  it.each(['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'])(
    '%s',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );
  it.each(['localhost.example.org', '127.0.0.1.example.org', '128.0.0.1', '::2', ''])('not %s', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

describe('proxyFor', () => {
  const environment = { HTTPS_PROXY: 'http://p:3128', http_proxy: 'http://q:80', NO_PROXY: '' };
  const ask = (url: string, noProxy = ''): string | undefined =>
    proxyFor(new URL(url), { ...environment, NO_PROXY: noProxy })?.host;

  it('chooses by scheme; lower case wins; never for this host', () => {
    expect(ask('https://a.example.org/')).toBe('p:3128');
    expect(ask('http://a.example.org/')).toBe('q');
    expect(ask('http://localhost:8080/')).toBeUndefined();
    expect(proxyFor(new URL('http://x.org/'), { HTTP_PROXY: 'http://a', http_proxy: 'http://b' })?.host).toBe(
      'b',
    );
    expect(proxyFor(new URL('https://x.org/'), { http_proxy: 'http://b' })).toBeUndefined();
  });

  it.each([
    ['*', true],
    ['example.org', true],
    ['.example.org', true],
    ['*.example.org', true],
    ['foo, a.example.org', true],
    ['a.example.org:443', true],
    ['a.example.org:8443', false],
    ['ample.org', false],
    ['b.example.org', false],
  ])('NO_PROXY=%s', (list, direct) => {
    expect(ask('https://a.example.org/', list) === undefined).toBe(direct);
  });

  it('NO_PROXY takes IPv6 addresses', () => {
    expect(ask('https://[2001:db8::1]/', '2001:db8::1')).toBeUndefined();
    expect(ask('https://[2001:db8::1]/', '[2001:db8::1]:443')).toBeUndefined();
    expect(ask('https://[2001:db8::2]/', '2001:db8::1')).toBe('p:3128');
  });

  it('refuses what is not an http proxy, without showing it', () => {
    const attempt = (): unknown =>
      proxyFor(new URL('https://x.org/'), { HTTPS_PROXY: 'socks5://me:secret@p' });
    expect(attempt).toThrow('HTTPS_PROXY does not name');
    expect(attempt).not.toThrow('secret');
  });
});
