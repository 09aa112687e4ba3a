import type { Secret } from '../../config/secret.ts';
import { familyOf, type IpAddress } from '../../model/address.ts';
import type { Failure } from '../../model/outcome.ts';
import { cleanWords } from '../../net/http-words.ts';
import { findAll, parseXml } from '../../net/upnp/xml.ts';
import { isWebPage } from '../failures.ts';
import { failureOfMeaning } from './meaning.ts';
import type { Answer } from './service.ts';
import { match, type Words } from './words.ts';

/** What the service said of one name. */
export type Verdict =
  | { readonly kind: 'updated' | 'unchanged' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What a body is compared with. */
export interface Context {
  readonly sent: readonly IpAddress[];
  readonly words: Words;
  readonly secrets: readonly Secret[];
}

/**
 * Reads a body of one line a name, in the order sent; a code about the account or the service may come once, for all names that
 * have no line of their own yet. Gives exactly `names` verdicts.
 *
 * Each line is read whole. A body that does not fit (a web page, nothing, more or fewer lines than names, words nobody
 * documented) is a failure of all its names with `unclear`: which line belongs to whom would be a guess.
 */
export function readLines(body: string, names: number, context: Context): readonly Verdict[] {
  const lines = body.split(/\r\n|\r|\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  const all = (message: string): readonly Verdict[] => Array<Verdict>(names).fill(unclear('sink', message));
  if (lines.length === 0) return all('the answer is empty');
  if (isWebPage(body)) return all('the answer is a web page, not a return code');

  const last = lines.at(-1) ?? '';
  const said = match(last, context.words)?.meaning;
  const forTheRest = lines.length < names && said?.kind === 'failed' && said.account;
  if (lines.length !== names && !forTheRest) {
    const words = cleanWords(lines[0] ?? '', context.secrets);
    return all(
      `${lines.length} lines in answer to ${names} names, the first "${words}"; if the server takes one name a request, set names_per_request: 1`,
    );
  }
  const alone = forTheRest || lines.every((line) => line === last);
  return Array.from({ length: names }, (_, index) => verdictOf(lines[index] ?? last, context, alone));
}

/** Reads a body that says one thing for all that was asked. */
export function readWhole(body: string, { read, field }: Answer, context: Context): Verdict {
  if (body.trim() === '') return unclear('sink', 'the answer is empty');
  if (read === 'json' || read === 'xml') {
    const texts = read === 'json' ? jsonFields(body, field) : xmlFields(body, field);
    const known = texts.find((text) => match(text, context.words) !== undefined);
    if (known !== undefined) return verdictOf(known, context, true, body);
  }
  if (isWebPage(body)) return unclear('sink', 'the answer is a web page, not what the service documents');
  if (read === 'text' || read === 'status') return verdictOf(body.replaceAll(/\s+/g, ' ').trim(), context);
  const where = field.map((name) => `"${name}"`).join(' or ');
  return unclear(
    'record',
    `no known value of ${where} in the answer: "${cleanWords(body, context.secrets)}"`,
  );
}

/** What one text says; `unclear` if it is no known word. `whole` is shown where the text alone says little. */
function verdictOf(text: string, { sent, words, secrets }: Context, alone = true, whole = ''): Verdict {
  const found = match(text, words);
  if (found === undefined) {
    return unclear('record', `an answer that is not understood: "${cleanWords(text, secrets)}"`);
  }
  const { word, meaning, addresses } = found;
  if (meaning.kind !== 'failed') return readSuccess(meaning.kind, text, addresses, sent);
  const shown = whole === '' ? text : whole;
  const failure = failureOfMeaning(word, meaning, alone);
  if (shown === word) return { kind: 'failed', failure };
  return {
    kind: 'failed',
    failure: { ...failure, message: `${failure.message} (${cleanWords(shown, secrets)})` },
  };
}

/** Many services repeat the address. Only families that were sent are compared: servers add the other one as it stands. */
function readSuccess(
  kind: 'updated' | 'unchanged',
  text: string,
  said: readonly IpAddress[],
  sent: readonly IpAddress[],
): Verdict {
  const families = new Set(sent.map(familyOf));
  const wrong = said.find((address) => families.has(familyOf(address)) && !sent.includes(address));
  if (wrong === undefined) return { kind };
  // Said by Dyn to clients it has blocked: the record itself stays as it was.
  const refused = kind === 'updated' && wrong === '127.0.0.1';
  const failure: Failure = refused
    ? {
        class: 'refused',
        scope: 'sink',
        message: 'good 127.0.0.1: the server refuses this client (badagent)',
      }
    : {
        // Something was written, or stands there, that is not ours: told again each time it is tried, and no reason to hold the next one.
        class: 'conflict',
        scope: 'record',
        unclear: true,
        message: `${cleanWords(text)}, but with ${wrong} instead of ${sent.join(', ')}: the server took another address, perhaps that of the connection; see how the addresses are given`,
      };
  return { kind: 'failed', failure };
}

/** Values of fields, `a.b` within `a`; only texts, numbers and truth values say something. */
function jsonFields(body: string, fields: readonly string[]): readonly string[] {
  let whole: unknown;
  try {
    whole = JSON.parse(body);
  } catch {
    return [];
  }
  return fields.flatMap((field) => {
    let value: unknown = whole;
    for (const part of field.split('.')) {
      const inside = typeof value === 'object' && value !== null && Object.hasOwn(value, part);
      value = inside ? (value as Readonly<Record<string, unknown>>)[part] : undefined;
    }
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [String(value)]
      : [];
  });
}

/** Texts of the first element of each name. */
function xmlFields(body: string, fields: readonly string[]): readonly string[] {
  const root = parseXml(body);
  // An XHTML page is a page, whatever elements it has.
  if (root === undefined || root.name.toLowerCase() === 'html') return [];
  return fields.flatMap((field) =>
    findAll(root, field)
      .slice(0, 1)
      .map(({ text }) => text.trim()),
  );
}

export function unclear(scope: Failure['scope'], message: string): Verdict {
  return { kind: 'failed', failure: { class: 'transient', scope, message, unclear: true } };
}
