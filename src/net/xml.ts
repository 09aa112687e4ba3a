import { SaxesParser } from 'saxes';

/** One element of a document: its name without prefix, its attributes, its own text, and what is inside. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface Growing {
  name: string;
  attributes: Record<string, string>;
  text: string;
  children: Growing[];
}

export interface XmlBounds {
  /** No answer of a DNS service is nested deeper than 8, no router's description deeper than 12. */
  readonly deepest?: number;
  /** Elements at most; the length of the text is bounded by whoever fetched it. */
  readonly most?: number;
}

/**
 * Reads the XML of a web service. No DOCTYPE is accepted, so there are no entities but the five of XML itself and nothing is ever
 * fetched. Namespaces are not looked at. @throws Error for what is malformed, cut short, nested too deep, too large, or not XML at all.
 */
export function readXml(
  text: string,
  { deepest = 64, most = Number.POSITIVE_INFINITY }: XmlBounds = {},
): XmlElement {
  const parser = new SaxesParser({ xmlns: false });
  const open: Growing[] = [];
  let count = 0;
  let root: Growing | undefined;
  const addText = (piece: string) => {
    const current = open.at(-1);
    if (current !== undefined) current.text += piece;
  };
  parser.on('error', (error) => {
    throw new Error(error.message);
  });
  parser.on('doctype', () => {
    throw new Error('a DOCTYPE');
  });
  parser.on('opentag', ({ name, attributes }) => {
    count += 1;
    if (open.length >= deepest) throw new Error('nested too deep');
    if (count > most) throw new Error('too many elements');
    const element: Growing = { name: local(name), attributes: { ...attributes }, text: '', children: [] };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(text.replace(/^\ufeff/, '').trimStart()).close();
  if (root === undefined) throw new Error('no element');
  return root;
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

/** The first child of that name. Upper and lower case count alike: Namecheap documents `Host` and sends `host`. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return childrenOf(element, name)[0];
}

/** All children of that name, in the order of the document. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name.toLowerCase() === name.toLowerCase()) ?? [];
}

/** The trimmed text of the element reached by these names, from child to child; `undefined` if there is none. */
export function textAt(element: XmlElement | undefined, ...names: readonly string[]): string | undefined {
  let found = element;
  for (const name of names) found = childOf(found, name);
  return found?.text.trim();
}

/** Text as it stands inside an element or an attribute (XML 1.0 section 2.4). */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
