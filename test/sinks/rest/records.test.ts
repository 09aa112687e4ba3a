import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fqdn } from '../../../src/model/name.ts';
import { linked, nextLink } from '../../../src/sinks/rest/pages.ts';
import { absoluteIn, membersAfter, quoted, relativeTo, unquoted } from '../../../src/sinks/rest/records.ts';
import { path } from '../../../src/sinks/rest/request.ts';
import { textChange } from './support.ts';

const ZONE = fqdn('example.org');
const KEY = { name: fqdn('www.example.org'), type: 'TXT' };

describe('names', () => {
  test.each([
    ['example.org', '@'],
    ['www.example.org', 'www'],
    ['*.a.example.org', '*.a'],
  ])('%s is %s in its zone, and back', (name, relative) => {
    expect(relativeTo(ZONE, name)).toBe(relative);
    expect(absoluteIn(ZONE, relative)).toBe(name);
  });

  test('the apex by another sign', () => {
    expect(relativeTo(ZONE, ZONE, '')).toBe('');
    expect(absoluteIn(ZONE, '')).toBe(ZONE);
  });

  test('a name that only ends alike is not in the zone', () => {
    expect(() => relativeTo(ZONE, 'badexample.org')).toThrow(RangeError);
  });
});

test('quoting TXT is undone by unquoting, whatever the text', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.startsWith('"'));
      expect(unquoted('TXT', quoted('TXT', text))).toBe(text);
    }),
  );
  expect(unquoted('TXT', '"one " "two"')).toBe('one two');
  expect(quoted('A', '192.0.2.1')).toBe('192.0.2.1');
});

test('a record set after a change holds exactly the values wanted, keeping what stays', () => {
  const values = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e'));
  fc.assert(
    fc.property(values, values, (wanted, found) => {
      const actual = found.map((content) => ({ key: KEY, content, extra: `comment of ${content}` }));
      const members = membersAfter(textChange(KEY, wanted, actual));
      expect(members.map(({ value }) => value).sort()).toEqual([...wanted].sort());
      for (const { value, from } of members) {
        if (found.includes(value)) expect(from?.extra).toBe(`comment of ${value}`);
      }
    }),
  );
});

test('values in a path cannot lead elsewhere', () => {
  expect(path`/zones/${'../../admin'}/records/${7}`).toBe('/zones/..%2F..%2Fadmin/records/7');
  expect(path`/zones/${'a b?c#d'}`).toBe('/zones/a%20b%3Fc%23d');
});

test('the next page by link keeps to the query: the host of a link is never believed', () => {
  expect(linked('https://evil.example.net/steal?page=2&per_page=5')).toEqual({ page: '2', per_page: '5' });
  expect(linked(undefined)).toBeUndefined();
  expect(() => linked('http://[')).toThrow('a list came incomplete: the address of the next page is none');
  expect(nextLink('<https://x.test/a?page=1>; rel="prev", <https://x.test/a?page=3>; rel="next"')).toBe(
    'https://x.test/a?page=3',
  );
  expect(nextLink('<https://x.test/a?page=3>; rel="last"')).toBeUndefined();
});
