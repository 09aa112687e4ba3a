import { SaxesParser } from 'saxes';

/** One element: its name without prefix, its own text, and what is inside. Attributes are of no interest here. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface Growing {
  name: string;
  text: string;
  children: Growing[];
}

/** Characters, depth and elements of a document; a gateway's own description has about 6 000, 12 and 150. */
const LONGEST = 128 * 1_024;
const DEEPEST = 32;
const MOST_ELEMENTS = 2_000;

/**
 * Reads a small XML document. No DOCTYPE is accepted, so there are no entities but the five of XML itself and nothing is ever fetched;
 * namespaces are not looked at, since routers get them wrong. `undefined` for what is malformed or too large. Never throws.
 */
export function parseXml(text: string): XmlElement | undefined {
  if (text.length > LONGEST) return undefined;
  // Some routers send white space before the declaration, or a NUL at the end.
  const document = withoutMargins(text);
  const parser = new SaxesParser({ xmlns: false });
  const open: Growing[] = [];
  let root: Growing | undefined;
  let count = 0;
  const stop = (why: string): never => {
    throw new Error(why);
  };
  const addText = (piece: string) => {
    const current = open.at(-1);
    if (current !== undefined) current.text += piece;
  };
  parser.on('error', (error) => stop(error.message));
  parser.on('doctype', () => stop('a DOCTYPE'));
  parser.on('opentag', ({ name }) => {
    count += 1;
    if (count > MOST_ELEMENTS || open.length >= DEEPEST) stop('too large');
    const element: Growing = { name: name.slice(name.indexOf(':') + 1), text: '', children: [] };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', addText);
  parser.on('cdata', addText);
  try {
    parser.write(document).close();
  } catch {
    return undefined;
  }
  return root;
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
