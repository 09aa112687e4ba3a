import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/telemetry/redact.ts';

function redactorOf(...secrets: string[]) {
  const redactor = createRedactor();
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}

const secretText = fc
  .string({ minLength: 6, maxLength: 40, unit: 'grapheme' })
  .filter((text) => text.trim().length >= 6);

describe('createRedactor', () => {
  it('replaces every occurrence and nothing else', () => {
    const redactor = redactorOf('s3cr3t+/=', 'other');
    expect(redactor.scrub('a s3cr3t+/= b s3cr3t+/=s3cr3t+/= other c')).toBe(
      'a [secret] b [secret][secret] [secret] c',
    );
    expect(redactor.scrub('a s3cr3t b')).toBe('a s3cr3t b');
  });

  it('replaces the longer of two secrets that begin alike', () => {
    expect(redactorOf('pass', 'password1').scrub('password1 pass')).toBe('[secret] [secret]');
  });

  it('leaves secrets under four characters alone', () => {
    expect(redactorOf('abc').scrub('abc')).toBe('abc');
  });

  it('finds the secret in base64 behind any user name, and takes the whole text', () => {
    const redactor = redactorOf('p4ss w0rd');
    for (const user of ['', 'a', 'ab', 'abc', 'someone@example.org']) {
      const basic = Buffer.from(`${user}:p4ss w0rd`).toString('base64');
      expect(redactor.scrub(`Authorization: Basic ${basic}, next`)).toBe(
        'Authorization: Basic [secret], next',
      );
    }
  });

  it('finds it in every shape (property)', () => {
    fc.assert(
      fc.property(
        secretText,
        fc.string({ maxLength: 5 }),
        fc.string({ maxLength: 5 }),
        (secret, before, after) => {
          const redactor = redactorOf(secret);
          const url = new URL('https://host.invalid/');
          url.username = 'user';
          url.password = secret;
          url.searchParams.set('key', secret);
          const shapes = [
            secret,
            encodeURIComponent(secret),
            encodeURIComponent(secret).replace(/%../g, (octet) => octet.toLowerCase()),
            JSON.stringify(secret).slice(1, -1),
            JSON.stringify(JSON.stringify(secret)).slice(3, -3),
            url.password,
            url.search.slice('?key='.length),
          ];
          for (const shape of shapes) expect(redactor.scrub(`(${shape})`)).toBe('([secret])');
          for (const encoding of ['base64', 'base64url'] as const) {
            const encoded = Buffer.from(before + secret + after).toString(encoding);
            expect(redactor.scrub(`(${encoded})`)).toBe('([secret])');
          }
        },
      ),
    );
  });

  it('keeps a line of JSON valid, its names and its level, whatever the secret (property)', () => {
    const awkward = fc.constantFrom(
      'level',
      '"level"',
      'info',
      '":"',
      'nline',
      '\\n',
      '2026',
      'message":"',
      '1234',
      'x\\',
    );
    fc.assert(
      fc.property(fc.oneof(awkward, secretText), fc.string(), (secret, text) => {
        const redactor = redactorOf(secret);
        const entry = {
          level: 'info',
          time: '2026-11-22T12:00:00.000Z',
          message: `${text}${secret}\nline`,
          duration: 12345,
        };
        const line = redactor.scrubLine(JSON.stringify(entry));
        const parsed = JSON.parse(line);
        expect(Object.keys(parsed)).toEqual(['level', 'time', 'message', 'duration']);
        expect(parsed.level).toBe('info');
        if (secret.length >= 4 && !'[secret]'.includes(secret)) expect(parsed.message).not.toContain(secret);
      }),
    );
  });
});
