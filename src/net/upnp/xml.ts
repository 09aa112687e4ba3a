import { readXml, type XmlElement } from '../xml.ts';

export type { XmlElement } from '../xml.ts';

/** Characters, depth and elements of a document; a gateway's own description has about 6 000, 12 and 150. */
const LONGEST = 128 * 1_024;
const BOUNDS = { deepest: 32, most: 2_000 };

/** Reads a small XML document as routers send it. `undefined` for what is malformed or too large. Never throws. */
export function parseXml(text: string): XmlElement | undefined {
  if (text.length > LONGEST) return undefined;
  try {
    // Some routers send white space before the declaration, or a NUL at the end.
    return readXml(withoutMargins(text), BOUNDS);
  } catch {
    return undefined;
  }
}

/** By hand: an expression for the end of a text takes quadratic time where there is much white space within. */
function withoutMargins(text: string): string {
  const blank = (index: number) => text.charCodeAt(index) <= 0x20 || text.charCodeAt(index) === 0xfeff;
  let start = 0;
  let end = text.length;
  while (start < end && blank(start)) start += 1;
  while (end > start && blank(end - 1)) end -= 1;
  return text.slice(start, end);
}

/** The text of the first child of that name, trimmed. */
export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text.trim();
}

/** All elements of that name below (and including) this one, in the order of the document. */
export function findAll(element: XmlElement, name: string): readonly XmlElement[] {
  const found: XmlElement[] = [];
  const left: XmlElement[] = [element];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.name === name) found.push(next);
    for (let index = next.children.length - 1; index >= 0; index -= 1) {
      const child = next.children[index];
      if (child !== undefined) left.push(child);
    }
  }
  return found;
}
