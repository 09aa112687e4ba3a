import { type IpAddress, parseAddress } from '../../model/address.ts';
import { waitCode } from '../dyndns2/codes.ts';
import type { Meaning } from './meaning.ts';

/** Words of a service and what they mean, in the order to try them. */
export type Words = readonly Word[];

export interface Word {
  /** As written: `*` stands for any text and `{addresses}` for addresses the service repeats. */
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

const ADDRESSES = '(?<addresses>[0-9A-Fa-f:.,\\s]*)';

export function compileWords(meanings: Readonly<Record<string, Meaning>>): Words {
  const ordered = Object.entries(meanings).toSorted(
    ([a], [b]) => openness(a) - openness(b) || b.length - a.length,
  );
  return ordered.map(([word, meaning]) => {
    const body = word
      .split(/(\*| \{addresses\} |\{addresses\})/)
      .map(patternOf)
      .join('');
    const closed = openness(word) === 0;
    const success = meaning.kind !== 'failed';
    const tail = success && closed ? `(?:[\\s,]+${ADDRESSES})?` : '';
    const pattern = new RegExp(`^${body}${tail}$`, 'is');
    return success || !closed
      ? { word, meaning, pattern }
      : { word, meaning, pattern, explained: new RegExp(`^${body}[\\s:.,-]`, 'i') };
  });
}

// Closed words are tried first, so that a pattern cannot swallow them.
const openness = (word: string): number =>
  word.split('*').length - 1 + (word.includes('{addresses}') ? 1 : 0);

function patternOf(part: string): string {
  if (part === '*') return '.*';
  if (part === '{addresses}') return ADDRESSES;
  // Between two words there may be none at all, and then one space.
  if (part === ' {addresses} ') return '\\s+(?<addresses>(?:[0-9A-Fa-f:.,]+\\s+)*)';
  return part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

// No documented answer is as long, and each `*` makes the search for a match one degree dearer.
const LONGEST = 2_000;

/**
 * What a text says: the whole of it must be a word, with the one liberty that addresses may follow a success. A failure is
 * also known with an explanation behind it (`badauth: wrong key`); a success never is. `undefined` if it is none of the words.
 */
export function match(text: string, words: Words): Match | undefined {
  if (text === '' || text.length > LONGEST) return undefined;
  const wait = waitCode(text);
  if (wait !== undefined) return { word: text, meaning: wait, addresses: [] };
  for (const { word, meaning, pattern } of words) {
    const addresses = addressesIn(pattern.exec(text));
    if (addresses !== undefined) return { word, meaning, addresses };
  }
  const found = words.find(({ explained }) => explained?.test(text));
  return found && { word: found.word, meaning: found.meaning, addresses: [] };
}

/** The addresses within a text that fits; `undefined` if it does not fit, or has something else where addresses belong. */
function addressesIn(found: RegExpExecArray | null): readonly IpAddress[] | undefined {
  if (found === null) return undefined;
  const tokens = (found.groups?.['addresses'] ?? '').split(/[\s,]+/).filter((token) => token !== '');
  const addresses = tokens.map(parseAddress);
  return addresses.every((address) => address !== undefined) ? addresses : undefined;
}
