import { Lexer, type LineCounter, type ParsedNode, Parser, parseDocument } from 'yaml';

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

/** Levels of the parser's stack: above what any file needs, and far below the depth at which V8 gives up. */
const DEEPEST = 200;

/**
 * True if the text is nested so deeply that it must not be composed: the composer recurses for each level, and close to the end of the
 * stack V8 ends the whole process instead of throwing. The parser keeps a stack of its own, so its word on the depth costs nothing.
 */
export function nestedTooDeep(text: string): boolean {
  const parser = new Parser();
  try {
    for (const lexeme of new Lexer().lex(text)) {
      // What it has finished is of no interest here.
      for (const _ of parser.next(lexeme));
      if (parser.stack.length > DEEPEST) return true;
    }
  } catch {
    // The composer stumbles over it as well, and says where.
  }
  return false;
}
