import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fill, namesIn, type Values } from '../../../src/sinks/webhook/template.ts';

const VALUES: Values = {
  name: '*.example.org',
  type: 'AAAA',
  address: '2001:db8::7',
  family: 'ipv6',
  addresses: ['2001:db8::7', '2001:db8::8'],
  ipv4: undefined,
  ipv6: '2001:db8::7',
  ttl: 300,
};

describe('fill', () => {
  it('encodes for a URL', () => {
    expect(fill('https://x/{name}?ip={address}&all={addresses}&v4={ipv4}&t={ttl}', VALUES, 'url')).toBe(
      'https://x/*.example.org?ip=2001%3Adb8%3A%3A7&all=2001%3Adb8%3A%3A7%2C2001%3Adb8%3A%3A8&v4=&t=300',
    );
  });

  it('writes whole JSON values, and text inside JSON text', () => {
    const template =
      '{"a": {address}, "all": {addresses}, "t": {ttl}, "v4": {ipv4}, "s": "at {address}\\" {ttl} {ipv4}"}';
    expect(JSON.parse(fill(template, VALUES, 'json'))).toEqual({
      a: '2001:db8::7',
      all: ['2001:db8::7', '2001:db8::8'],
      t: 300,
      v4: null,
      s: 'at 2001:db8::7" 300 ',
    });
  });

  it('writes plain text as it is, and leaves other braces alone', () => {
    expect(fill('{name} {} {unknown} {"x":1} {ipv4}!', VALUES, 'plain')).toBe(
      '*.example.org {} {unknown} {"x":1} !',
    );
  });

  it('makes JSON of JSON, whatever the value holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const values = { ...VALUES, name: text };
        expect(JSON.parse(fill('{"plain": {name}, "in": "<{name}>"}', values, 'json'))).toEqual({
          plain: text,
          in: `<${text}>`,
        });
      }),
    );
  });

  it('fills in once: a value is no template', () => {
    expect(fill('{name}', { ...VALUES, name: '{address}' }, 'plain')).toBe('{address}');
  });
});

it('namesIn finds every mark, known or not', () => {
  expect(namesIn('{name} {"a": {address}} {{nested}} {x y} {Foo_1}')).toEqual([
    'name',
    'address',
    'nested',
    'Foo_1',
  ]);
});
