import { type LineCounter, type ParsedNode, parseDocument } from 'yaml';

/** What YAML 1.2 section 5.1 does not allow in a file, but for the rare ones that no editor shows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

export type Complain = (offset: number, code: string) => void;

/** The nodes of one document; every complaint of the parser goes to `complain`. Never throws. */
export function compose(text: string, lineCounter: LineCounter, complain: Complain): ParsedNode | null {
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      // Found while converting, where the first of the two is known too.
      uniqueKeys: false,
      // The pretty form quotes the line, which may hold a secret.
      prettyErrors: false,
      // `silent` would also drop the complaint about a second document.
      logLevel: 'error',
      lineCounter,
    });
    for (const { pos, code } of [...document.errors, ...document.warnings]) complain(pos[0], code);
    return document.contents;
  } catch {
    complain(0, 'IMPOSSIBLE');
    return null;
  }
}

/** The composer recurses for each level: brackets and dashes are counted first, roughly and generously. */
export function nestedTooDeep(text: string): boolean {
  const limit = 500;
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    if (open > limit) return true;
  }
  return text.split('\n').some((line) => /^(?:\s*[-?:]\s){500}/.test(line) || /^ {4000}/.test(line));
}
