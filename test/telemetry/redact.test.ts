import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanWords } from '../../src/net/http-words.ts';
import { createRedactor } from '../../src/telemetry/redact.ts';
import { piecesOf } from '../support/pieces.ts';

const LONG_SECRETS = {
  '300 characters': Array.from({ length: 60 }, (_, index) => `k${(index * 7_919) % 10_000}`)
    .join('')
    .slice(0, 300),
  'two lines': 'first-half-of-the-secret\nsecond-half-of-the-secret',
  'a PEM key': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string,
};

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

  it.each(Object.entries(LONG_SECRETS))(
    'leaves no 12 characters of it in a message, however that was shortened: %s',
    (_, secret) => {
      const redactor = redactorOf(secret);
      const basic = Buffer.from(`user:${secret}`).toString('base64');
      const shown = [
        secret,
        JSON.stringify(secret),
        encodeURIComponent(secret),
        secret.split('\n').slice(-4).join(' / '),
        `Basic ${basic}`,
        Buffer.from(`me:${secret}`).toString('base64url'),
      ];
      for (const text of shown) {
        // What is before it moves the cut through the secret.
        for (let before = 0; before < 200; before += 7) {
          const words = `${'x'.repeat(before)} ${text}`;
          for (const longest of [60, 200]) {
            const message = cleanWords(words, [], longest);
            expect(piecesOf(secret, redactor.scrub(message))).toEqual([]);
            const line = redactor.scrubLine(JSON.stringify({ level: 'info', message }));
            expect(piecesOf(secret, JSON.parse(line).message)).toEqual([]);
          }
        }
      }
    },
  );

  it('takes the beginning of a secret only where a text was cut', () => {
    const redactor = redactorOf('Kanarienvogel');
    expect(redactor.scrub('Kanarienv… and Kanari')).toBe('[secret]… and Kanari');
    expect(redactor.scrub('Kan… vogel…')).toBe('Kan… vogel…');
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
