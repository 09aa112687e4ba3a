import { formsOf, SHORTEST_SECRET } from './secret-forms.ts';
import { CUT } from './words.ts';

/** What stands in the place of a secret. */
export const MARK = '[secret]';

/** Knows secrets, and takes them out of texts. */
export interface Mask {
  /** Takes a secret in. Shorter than 4 characters it is ignored: replacing those would destroy unrelated text. */
  add(secret: string): void;
  /** Replaces every occurrence by `[secret]`; also the beginning of one, where the text was cut within it. */
  scrub(text: string): string;
}

export function createMask(secrets: readonly string[] = []): Mask {
  const known = new Set<string>();
  const plain = new Set<string>();
  const encoded = new Set<string>();
  let pattern: RegExp | undefined;

  const add = (secret: string): void => {
    if (secret.length < SHORTEST_SECRET || known.has(secret)) return;
    known.add(secret);
    const forms = formsOf(secret);
    for (const form of forms.plain) plain.add(form);
    for (const form of forms.encoded) encoded.add(form);
    pattern = undefined;
  };
  for (const secret of secrets) add(secret);

  return {
    add,
    scrub(text) {
      if (known.size === 0) return text;
      pattern ??= patternOf(plain, encoded);
      return withoutBeginnings(withoutWhole(text, pattern), plain, encoded);
    },
  };
}

function patternOf(plain: ReadonlySet<string>, encoded: ReadonlySet<string>): RegExp {
  // Longest first, so that a secret which begins another one does not leave the other's tail standing.
  const longest = (texts: ReadonlySet<string>): string =>
    [...texts]
      .sort((a, b) => b.length - a.length)
      .map(escapeRegExp)
      .join('|');
  return new RegExp(encoded.size === 0 ? longest(plain) : `${longest(plain)}|(${longest(encoded)})`, 'g');
}

function withoutWhole(text: string, pattern: RegExp): string {
  pattern.lastIndex = 0;
  let result = '';
  let from = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    let start = match.index;
    let end = start + match[0].length;
    if (match[1] !== undefined) {
      // Part of a base64 text: the whole run goes, or the user name and the secret's own edges would be left.
      start = startOfRun(text, start, from);
      while (end < text.length && isBase64(text.charCodeAt(end))) end += 1;
    }
    result += text.slice(from, start) + MARK;
    from = end;
    pattern.lastIndex = end;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** A message cut in the middle of a secret shows its beginning, which no longer looks like the secret as a whole. */
function withoutBeginnings(text: string, plain: ReadonlySet<string>, encoded: ReadonlySet<string>): string {
  let result = '';
  let from = 0;
  for (let cut = text.indexOf(CUT); cut >= 0; cut = text.indexOf(CUT, cut + 1)) {
    const inBase64 = beginning(text, from, cut, encoded);
    const run = inBase64 < cut ? startOfRun(text, inBase64, from) : cut;
    const start = Math.min(run, beginning(text, from, cut, plain));
    if (start === cut) continue;
    result += text.slice(from, start) + MARK;
    from = cut;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** Where the longest beginning of a form starts that reaches just to `cut`; `cut` itself if there is none. */
function beginning(text: string, from: number, cut: number, forms: ReadonlySet<string>): number {
  let earliest = cut;
  for (const form of forms) {
    const head = form.slice(0, SHORTEST_SECRET);
    const first = Math.max(from, cut - form.length);
    for (let at = text.indexOf(head, first); at >= 0 && at < earliest; at = text.indexOf(head, at + 1)) {
      if (form.startsWith(text.slice(at, cut))) earliest = at;
    }
  }
  return earliest;
}

function startOfRun(text: string, at: number, from: number): number {
  let start = at;
  while (start > from && isBase64(text.charCodeAt(start - 1))) start -= 1;
  return start;
}

function isBase64(code: number): boolean {
  return /[A-Za-z0-9+/_=-]/.test(String.fromCharCode(code));
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
