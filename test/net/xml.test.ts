import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childOf, childrenOf, escapeXml, readXml, textAt } from '../../src/net/xml.ts';

describe('a document', () => {
  const root = readXml(`\ufeff <?xml version="1.0"?>
    <a:Response xmlns:a="urn:x" Status="OK"><List><Item Name="a&amp;b"/><item>two &lt;<![CDATA[<3>]]></item></List></a:Response>`);

  test('is elements with attributes and text, without prefixes', () => {
    expect(root.name).toBe('Response');
    expect(root.attributes['Status']).toBe('OK');
    expect(childrenOf(childOf(root, 'List'), 'Item')).toHaveLength(2);
    expect(childOf(childOf(root, 'list'), 'ITEM')?.attributes).toEqual({ Name: 'a&b' });
    expect(childrenOf(childOf(root, 'List'), 'item')[1]?.text).toBe('two <<3>');
  });

  test('is walked from child to child', () => {
    expect(textAt(readXml('<a><b><c> 7 </c></b></a>'), 'b', 'c')).toBe('7');
    expect(textAt(readXml('<a/>'), 'b', 'c')).toBeUndefined();
  });
});

test.each([
  '',
  'no XML',
  '<a>',
  '<a></b>',
  '<a/><b/>',
  '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  '<a>&nbsp;</a>',
  '<html><br></html>',
  `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`,
])('%s is refused', (text) => {
  expect(() => readXml(text)).toThrow();
});

test('any text survives being written and read', () => {
  // XML 1.0 has no place for control characters, and line ends become line feeds.
  const text = fc.string({ unit: 'grapheme' }).filter((one) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(one));
  fc.assert(
    fc.property(text, (value) => {
      const root = readXml(`<a b="${escapeXml(value)}">${escapeXml(value)}</a>`);
      expect(root.text).toBe(value);
      expect(root.attributes['b']).toBe(value);
    }),
  );
});
