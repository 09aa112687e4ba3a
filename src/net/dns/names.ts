/**
 * Names as they travel: text without a final dot, the root as the empty text, letters in the case received. Octets beyond the
 * plain ones, and dots and backslashes within a label, are written `\DDD` (RFC 1035 section 5.1): every name on the wire has one
 * text, comes back as the same octets, and each `.` in it separates labels. A lower-case `Fqdn` is such a text as it stands.
 */
export type WireName = string;

const LONGEST_NAME = 255;
const LONGEST_LABEL = 63;
/** A name has at most 127 labels; following more pointers than that serves nobody and would make parsing quadratic. */
const MOST_POINTERS = 127;

export interface ReadName {
  readonly name: WireName;
  /** Offset of the octet after the name (after the first pointer, if there was one). */
  readonly next: number;
}

/**
 * Reads the name at `offset` (RFC 1035 section 4.1.4). `undefined` for anything malformed: beyond the end, too long, a reserved label
 * type, a pointer that does not point strictly back (which is how loops are excluded), or any pointer if `pointers` is 'refuse'.
 */
export function readName(
  octets: Uint8Array,
  offset: number,
  pointers: 'follow' | 'refuse' = 'follow',
): ReadName | undefined {
  const labels: string[] = [];
  let at = offset;
  let next: number | undefined;
  let length = 1;
  let followed = 0;
  let lowest = offset;
  for (;;) {
    const head = octets[at];
    if (head === undefined) return undefined;
    if (head === 0) return { name: labels.join('.'), next: next ?? at + 1 };
    if (head >= 0xc0) {
      const low = octets[at + 1];
      if (low === undefined || pointers === 'refuse') return undefined;
      const target = ((head & 0x3f) << 8) | low;
      followed += 1;
      if (target >= lowest || followed > MOST_POINTERS) return undefined;
      next ??= at + 2;
      lowest = target;
      at = target;
      continue;
    }
    if (head > LONGEST_LABEL) return undefined;
    length += head + 1;
    const end = at + 1 + head;
    if (length > LONGEST_NAME || end > octets.length) return undefined;
    labels.push(labelText(octets.subarray(at + 1, end)));
    at = end;
  }
}

function labelText(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    const plain = octet > 0x20 && octet < 0x7f && octet !== 0x2e && octet !== 0x5c;
    if (plain) text += String.fromCharCode(octet);
    else text += `\\${String(octet).padStart(3, '0')}`;
  }
  return text;
}

/** The labels of a name, as text; the root has none. */
export const labelsOf = (name: WireName): readonly string[] => (name === '' ? [] : name.split('.'));

const OCTET = /\\(\d{3})|(.)/gsu;

/** The octets of one label's text. @throws TypeError for text that is no label. */
export function labelOctets(label: string): Uint8Array {
  const octets: number[] = [];
  for (const [, decimal, plain] of label.matchAll(OCTET)) {
    octets.push(decimal === undefined ? (plain?.codePointAt(0) ?? 256) : Number(decimal));
  }
  if (octets.length === 0 || octets.length > LONGEST_LABEL || octets.some((octet) => octet > 255)) {
    throw new TypeError(`not a label of a domain name: ${label}`);
  }
  return Uint8Array.from(octets);
}

/** The name without compression. @throws TypeError for text that is no name. */
export function nameOctets(name: WireName): Uint8Array {
  const octets: number[] = [];
  for (const label of labelsOf(name)) {
    const part = labelOctets(label);
    octets.push(part.length, ...part);
  }
  octets.push(0);
  if (octets.length > LONGEST_NAME) throw new TypeError(`domain name too long: ${name}`);
  return Uint8Array.from(octets);
}

/** ASCII letters in lower case, as names are compared (RFC 4343); nothing else changes. */
export const foldName = (name: WireName): WireName =>
  name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export const sameName = (a: WireName, b: WireName): boolean => foldName(a) === foldName(b);

/** True if `name` is `zone` or lies below it, by whole labels and without regard to case. */
export function nameIsWithin(name: WireName, zone: WireName): boolean {
  const labels = labelsOf(foldName(name));
  const suffix = labelsOf(foldName(zone));
  const skipped = labels.length - suffix.length;
  return skipped >= 0 && suffix.every((label, index) => label === labels[skipped + index]);
}
