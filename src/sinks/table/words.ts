import { type IpAddress, parseAddress } from '../../model/address.ts';
import { waitCode } from '../dyndns2/codes.ts';
import type { Meaning } from './meaning.ts';

/** Words of a service and what they mean, in the order to try them. */
export type Words = readonly Word[];

export interface Word {
  /** As written: `*` stands for any text, `{name}` for a name that was sent and `{addresses}` for addresses the service repeats. */
  readonly word: string;
  readonly meaning: Meaning;
  readonly pattern: RegExp;
  /** Of a failure: the same word with an explanation behind it. */
  readonly explained?: RegExp;
}

export interface Match {
  readonly word: string;
  readonly meaning: Meaning;
  /** Repeated by the service; to be compared with what was sent. */
  readonly addresses: readonly IpAddress[];
}

const MARKS = /(\*|\{name\}| \{addresses\} |\{addresses\})/;
const ADDRESSES = '(?<addresses>[0-9A-Fa-f:.,\\s]*)';

export function compileWords(meanings: Readonly<Record<string, Meaning>>): Words {
  const ordered = Object.entries(meanings).toSorted(
    ([a], [b]) => Number(isOpen(a)) - Number(isOpen(b)) || fixed(b) - fixed(a),
  );
  return ordered.map(([word, meaning]) => {
    const body = word.split(MARKS).map(patternOf).join('');
    const closed = !isOpen(word);
    const success = meaning.kind !== 'failed';
    const tail = success && closed ? `(?:[\\s,]+${ADDRESSES})?` : '';
    const pattern = new RegExp(`^${body}${tail}$`, 'is');
    return success || !closed
      ? { word, meaning, pattern }
      : { word, meaning, pattern, explained: new RegExp(`^${body}[\\s:.,-]`, 'i') };
  });
}

// Closed words are tried first, and then those that leave the least open, so that no pattern swallows a more exact one.
const isOpen = (word: string): boolean => MARKS.test(word);
const fixed = (word: string): number => word.replaceAll(new RegExp(MARKS, 'g'), '').length;

function patternOf(part: string, index: number, parts: readonly string[]): string {
  if (part === '*') return '.*';
  const group = part.trim();
  if (group !== '{name}' && group !== '{addresses}') return part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  // What is said twice is the same both times.
  if (parts.slice(0, index).some((before) => before.trim() === group))
    return part.replace(group, `\\k<${group.slice(1, -1)}>`);
  if (group === '{name}') return '(?<name>[^\\s()<>"]+)';
  // Between two words there may be none at all, and then one space.
  return part === group ? ADDRESSES : '\\s+(?<addresses>(?:[0-9A-Fa-f:.,]+\\s+)*)';
}

// No documented answer is as long, and each `*` makes the search for a match one degree dearer.
const LONGEST = 2_000;

/**
 * What a text says: the whole of it must be a word, with the one liberty that addresses may follow a success. A failure is
 * also known with an explanation behind it (`badauth: wrong key`); a success never is. `undefined` if it is none of the words.
 *
 * @param names those of the request, in lower case.
 */
export function match(text: string, words: Words, names: readonly string[]): Match | undefined {
  if (text === '' || text.length > LONGEST) return undefined;
  const wait = waitCode(text);
  if (wait !== undefined) return { word: text, meaning: wait, addresses: [] };
  for (const { word, meaning, pattern } of words) {
    // A page has all sorts of texts in it: where a word begins with anything at all, that is no page.
    if (text.startsWith('<') && !word.startsWith('<')) continue;
    const found = pattern.exec(text);
    const addresses = addressesIn(found);
    if (addresses === undefined || !isOneOf(names, found?.groups?.['name'])) continue;
    // Any text at all and no address: nothing says that it is about what was sent.
    if (addresses.length === 0 && word.includes('*') && word.includes('{addresses}')) continue;
    return { word, meaning, addresses };
  }
  const found = words.find(({ explained }) => explained?.test(text));
  return found && { word: found.word, meaning: found.meaning, addresses: [] };
}

const isOneOf = (names: readonly string[], said: string | undefined): boolean =>
  said === undefined || names.includes(said.toLowerCase());

/** The addresses within a text that fits; `undefined` if it does not fit, or has something else where addresses belong. */
function addressesIn(found: RegExpExecArray | null): readonly IpAddress[] | undefined {
  if (found === null) return undefined;
  const tokens = (found.groups?.['addresses'] ?? '').split(/[\s,]+/).filter((token) => token !== '');
  const addresses = tokens.map(parseAddress);
  return addresses.every((address) => address !== undefined) ? addresses : undefined;
}
