interface Words {
  readonly message: string;
  readonly remedy: string;
}

const INDENT =
  'indent with spaces: the same number for keys that belong together, two more for what is inside';
const QUOTE = 'put the value in quotes';

/**
 * What the parser's codes mean to a person. Its own messages are not used: they quote the text, which may be a secret
 * (`password: *hunter2` is an unknown alias).
 */
const WORDS: Readonly<Record<string, Words>> = {
  ALIAS_PROPS: { message: 'an alias (*) cannot have an anchor or tag', remedy: QUOTE },
  BAD_ALIAS: {
    message: 'is an alias (*) that no anchor (&) stands for',
    remedy: `${QUOTE} if it begins with *`,
  },
  BAD_COLLECTION_TYPE: { message: 'has a tag (!) that does not fit its value', remedy: 'remove the tag' },
  BAD_DIRECTIVE: { message: 'begins with a % line that means nothing here', remedy: 'remove the line' },
  BAD_DQ_ESCAPE: {
    message: 'has a backslash that escapes nothing',
    remedy: 'write \\\\ for a backslash, or use single quotes',
  },
  BAD_INDENT: {
    message: 'is not indented like what it belongs to, or something before it was not closed',
    remedy: `${INDENT}; close every bracket, brace and quote`,
  },
  BAD_PROP_ORDER: { message: 'has an anchor or tag in the wrong place', remedy: 'remove the anchor or tag' },
  BAD_SCALAR_START: {
    message: 'begins with a character that text cannot begin with (@, `, %)',
    remedy: QUOTE,
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'has two keys on one line, or a colon inside plain text',
    remedy: 'put each key on a line of its own, and text with ": " in it in quotes',
  },
  BLOCK_IN_FLOW: {
    message: 'has indented lines inside brackets or braces',
    remedy: 'close the bracket or brace, or write it all within',
  },
  KEY_OVER_1024_CHARS: {
    message: 'has a key of more than 1024 characters',
    remedy: 'look for a missing quote',
  },
  MISSING_CHAR: {
    message: 'lacks a closing quote, bracket or brace, or the space between two parts',
    remedy: 'close what was opened, and write `key: value` with a space after the colon',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'is text without a colon, or runs over the end of the line',
    remedy: 'write `key: value`, and text of several lines in quotes',
  },
  MULTIPLE_ANCHORS: { message: 'has two anchors (&)', remedy: QUOTE },
  MULTIPLE_DOCS: { message: 'begins a second document (---)', remedy: 'keep one document in the file' },
  MULTIPLE_TAGS: { message: 'has two tags (!)', remedy: QUOTE },
  TAB_AS_INDENT: { message: 'is indented with a tab', remedy: INDENT },
  TAG_RESOLVE_FAILED: {
    message: 'has a tag (!) that means nothing here',
    remedy: `${QUOTE} if it begins with !`,
  },
  UNEXPECTED_TOKEN: {
    message: 'has something that does not belong here',
    remedy: 'look for a stray character, a missing comma, or a quote that closes too early',
  },
};

const OTHER: Words = {
  message: 'is not YAML',
  remedy: 'look for a missing quote, bracket or colon near this place',
};

export const yamlWords = (code: string): Words => WORDS[code] ?? OTHER;
