import type { Secret } from '../../config/secret.ts';
import { familyOf, type IpAddress, parseAddress } from '../../model/address.ts';
import type { Fqdn } from '../../model/name.ts';
import type { Failure } from '../../model/outcome.ts';
import type { HttpAnswer } from '../../net/http.ts';
import { cleanWords } from '../../net/http-words.ts';
import { findAll, parseXml } from '../../net/upnp/xml.ts';
import { isWebPage } from '../failures.ts';
import { textsOf } from './html.ts';
import { failureOfMeaning } from './meaning.ts';
import type { Answer } from './service.ts';
import { match, type Words } from './words.ts';

/** What the service said of one name. */
export type Verdict =
  | { readonly kind: 'updated' | 'unchanged' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What an answer is compared with. */
export interface Context {
  /** Those of the request; as many lines are expected where each has its own. */
  readonly names: readonly Fqdn[];
  readonly sent: readonly IpAddress[];
  readonly words: Words;
  readonly secrets: readonly Secret[];
}

/**
 * Reads a body of one line a name, in the order sent; a code about the account or the service may come once, for all names that
 * have no line of their own yet. Gives one verdict a name.
 *
 * Each line is read whole. A body that does not fit (a web page, nothing, more or fewer lines than names, words nobody
 * documented) is a failure of all its names with `unclear`: which line belongs to whom would be a guess.
 */
export function readLines(body: string, context: Context): readonly Verdict[] {
  const names = context.names.length;
  const lines = body.split(/\r\n|\r|\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  const all = (message: string): readonly Verdict[] => Array<Verdict>(names).fill(unclear('sink', message));
  if (lines.length === 0) return all('the answer is empty');
  if (isWebPage(body)) return all('the answer is a web page, not a return code');

  const last = lines.at(-1) ?? '';
  const said = match(last, context.words, context.names)?.meaning;
  const forTheRest = lines.length < names && said?.kind === 'failed' && said.account;
  if (lines.length !== names && !forTheRest) {
    const words = cleanWords(lines[0] ?? '', context.secrets);
    return all(
      `${lines.length} lines in answer to ${names} names, the first "${words}"; if the server takes one name a request, set names_per_request: 1`,
    );
  }
  const alone = forTheRest || lines.every((line) => line === last);
  return Array.from({ length: names }, (_, index) => verdictOf(lines[index] ?? last, context, { alone }));
}

/** Reads an answer that says one thing for all that was asked. */
export function readWhole(answer: Said, reading: Answer, context: Context): Verdict {
  const { body } = answer;
  const { read, field } = reading;
  const texts = textsIn(answer, reading);
  const known = texts.find((text) => match(text, context.words, context.names) !== undefined);
  if (known !== undefined) {
    const addresses = (reading.addresses ?? []).flatMap(
      (name) => parseAddress(valuesOf(body, read, [name])[0] ?? '') ?? [],
    );
    // A code says little without the words that come beside it; of XML they would be lost among its tags.
    return verdictOf(known, context, { addresses, whole: read === 'json' ? body : known });
  }
  if (read === 'header') {
    const said = texts.map((text) => `"${cleanWords(text, context.secrets)}"`).join(', ');
    return unclear('sink', `no known word in the header ${named(field)}${said === '' ? '' : `: ${said}`}`);
  }
  if (body.trim() === '') return unclear('sink', 'the answer is empty');
  const page = read === 'status' ? /^\s*</.test(body) : texts.length === 0 && isWebPage(body);
  if (page) return unclear('sink', 'the answer is a web page, not what the service documents');
  if (read === 'json' || read === 'xml') {
    const said = read === 'xml' && texts.length > 0 ? texts.join(', ') : body;
    return unclear(
      'record',
      `no known value of ${named(field)} in the answer: "${cleanWords(said, context.secrets)}"`,
    );
  }
  return verdictOf(texts[0] ?? body, context);
}

const named = (fields: readonly string[]): string => fields.map((name) => `"${name}"`).join(' or ');

/** The part of an HTTP answer that is read. */
export type Said = Pick<HttpAnswer, 'headers' | 'body'>;

/** The texts of an answer to compare with the words, the first that is known counts. */
function textsIn({ headers, body }: Said, { read, field }: Answer): readonly string[] {
  switch (read) {
    case 'json':
    case 'xml':
      return valuesOf(body, read, field);
    case 'header':
      return field.flatMap((name) => headers[name.toLowerCase()]?.trim() || []);
    case 'html':
      return textsOf(body);
    default:
      // A page is none of the words, though a word may leave its end open.
      return isWebPage(body) ? [] : [body.replaceAll(/\s+/g, ' ').trim()];
  }
}

interface Beside {
  /** False if the same answer treats other names otherwise. */
  readonly alone?: boolean;
  /** Repeated by the service beside the text. */
  readonly addresses?: readonly IpAddress[];
  /** Shown where the text alone says little. */
  readonly whole?: string;
}

/** What one text says; `unclear` if it is no known word. */
function verdictOf(text: string, context: Context, beside: Beside = {}): Verdict {
  const { sent, words, names, secrets } = context;
  const { alone = true, addresses = [], whole = text } = beside;
  const found = match(text, words, names);
  if (found === undefined) {
    return unclear('record', `an answer that is not understood: "${cleanWords(text, secrets)}"`);
  }
  const { meaning } = found;
  if (meaning.kind !== 'failed')
    return readSuccess(meaning.kind, text, [...found.addresses, ...addresses], sent);
  // A word with an open end is better told by what stood there.
  const word = found.word.includes('*') ? cleanWords(text, secrets) : found.word;
  const failure = failureOfMeaning(word, meaning, alone);
  const shown = cleanWords(whole, secrets);
  if (shown === word) return { kind: 'failed', failure };
  return { kind: 'failed', failure: { ...failure, message: `${failure.message} (${shown})` } };
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

const valuesOf = (body: string, read: Answer['read'], fields: readonly string[]): readonly string[] =>
  read === 'json' ? jsonFields(body, fields) : xmlFields(body, fields);

/** Values of fields, `a.b` within `a` and `a.0` the first of a list; only texts, numbers and truth values say something. */
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
