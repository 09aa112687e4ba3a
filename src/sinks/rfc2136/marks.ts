import type { Fqdn } from '../../model/name.ts';
import { CLASS, TYPE } from '../../net/dns/codes.ts';
import { NO_DATA, type ResourceRecord } from '../../net/dns/message.ts';
import { markOf, ownerInText } from '../ownership.ts';

/** The TXT records that stand where the mark of one record belongs, as they were read. */
export interface FoundMark {
  readonly name: Fqdn;
  readonly records: readonly ResourceRecord[];
}

/** Who signed; none without a mark. */
export const ownersIn = ({ records }: FoundMark): readonly string[] =>
  records.flatMap((record) => ownerInText(textOf(record)) ?? []);

/** What an update carries of a mark: that it is still as it was read, and the mark itself if it was missing. */
export function markParts(
  { name, records }: FoundMark,
  missingFor: string | undefined,
): { readonly prerequisites: readonly ResourceRecord[]; readonly updates: readonly ResourceRecord[] } {
  const owner = { name, type: TYPE.TXT, ttl: 0 };
  const ttl = records[0]?.ttl ?? MARK_TTL;
  return {
    prerequisites:
      records.length === 0
        ? [{ ...owner, class: CLASS.NONE, data: NO_DATA }]
        : records.map(({ data }) => ({ ...owner, class: CLASS.IN, data })),
    updates: missingFor === undefined ? [] : [{ ...owner, class: CLASS.IN, ttl, data: dataOf(missingFor) }],
  };
}

/** Nobody but netdrift asks for it. */
const MARK_TTL = 300;

/** One character-string: an octet of length, then the text (RFC 1035 section 3.3.14). */
function dataOf(owner: string): ResourceRecord['data'] {
  const text = Buffer.from(markOf(owner), 'ascii');
  return { kind: 'opaque', octets: Uint8Array.of(text.length, ...text) };
}

/** The character-strings of a TXT record, joined. */
function textOf({ data }: ResourceRecord): string {
  if (data.kind !== 'opaque') return '';
  let text = '';
  for (let at = 0; at < data.octets.length; at += 1 + (data.octets[at] ?? 0)) {
    text += Buffer.from(data.octets.subarray(at + 1, at + 1 + (data.octets[at] ?? 0))).toString('latin1');
  }
  return text;
}
