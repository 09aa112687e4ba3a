import { describe, expect, it } from 'vitest';
import { parseName } from '../../src/model/name.ts';

describe('a domain name', () => {
  it.each([
    ['home.example.org', 'home.example.org'],
    ['HOME.Example.ORG.', 'home.example.org'],
    ['*.example.org', '*.example.org'],
    ['_acme-challenge.example.org', '_acme-challenge.example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.Bücher.example', '*.xn--bcher-kva.example'],
    ['a。b.example', 'a.b.example'],
  ])('is read from %s', (text, name) => expect(parseName(text)).toBe(name));

  it.each([
    ['', 'nothing'],
    ['a..b', 'an empty label'],
    ['-a.example', 'a hyphen in front'],
    [`${'a'.repeat(64)}.example`, 'a label of 64'],
    [`${'a.'.repeat(127)}b`, '255 characters'],
    ['bücher@evil.example', 'a login before another host'],
    ['bücher.example/path', 'a path'],
    ['bücher.example:80', 'a port'],
    ['bücher%2eexample', 'an escape'],
    ['home\r\n.example', 'a line break'],
    ['ü\tb.example', 'a tab'],
    ['１９２.0.2.1', 'an address in wide digits'],
    ['１２３', 'a number'],
  ])('is not read from %j: %s', (text) => expect(parseName(text)).toBeUndefined());
});
