import fc from 'fast-check';

/** One change of a sequence, whatever it is made of. */
type Edit<Piece> =
  | { readonly kind: 'set' | 'insert'; readonly at: number; readonly piece: Piece }
  | { readonly kind: 'drop' | 'repeat'; readonly at: number; readonly count: number; readonly times: number }
  | { readonly kind: 'cut'; readonly at: number };

const place = fc.double({ min: 0, max: 1, noNaN: true });

const editOf = <Piece>(piece: fc.Arbitrary<Piece>): fc.Arbitrary<Edit<Piece>> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('set', 'insert'), at: place, piece }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('drop', 'repeat'),
        at: place,
        count: fc.integer({ min: 1, max: 24 }),
        times: fc.constantFrom(1, 2, 5, 40),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: place }) },
  );

/** What text and octets have in common. */
interface Sequence<Whole> {
  readonly length: (whole: Whole) => number;
  readonly slice: (whole: Whole, from: number, to?: number) => Whole;
  readonly join: (parts: readonly Whole[]) => Whole;
}

function apply<Whole>(sequence: Sequence<Whole>, whole: Whole, edit: Edit<Whole>): Whole {
  const { length, slice, join } = sequence;
  const at = Math.floor(edit.at * length(whole));
  switch (edit.kind) {
    case 'set':
      return join([slice(whole, 0, at), edit.piece, slice(whole, at + length(edit.piece))]);
    case 'insert':
      return join([slice(whole, 0, at), edit.piece, slice(whole, at)]);
    case 'drop':
      return join([slice(whole, 0, at), slice(whole, at + edit.count)]);
    case 'repeat': {
      const part = slice(whole, at, at + edit.count);
      return join([slice(whole, 0, at), ...Array<Whole>(edit.times).fill(part), slice(whole, at)]);
    }
    case 'cut':
      return slice(whole, 0, at);
  }
}

const edited = <Whole>(
  sequence: Sequence<Whole>,
  samples: readonly Whole[],
  piece: fc.Arbitrary<Whole>,
): fc.Arbitrary<Whole> =>
  fc
    .tuple(fc.constantFrom(...samples), fc.array(editOf(piece), { maxLength: 6 }))
    .map(([sample, edits]) => edits.reduce((whole, edit) => apply(sequence, whole, edit), sample));

const OCTETS: Sequence<Uint8Array> = {
  length: (whole) => whole.length,
  slice: (whole, from, to) => whole.subarray(from, to),
  join: (parts) => Uint8Array.from(Buffer.concat(parts)),
};

/** Values at which fields of protocols change their meaning: lengths, compression pointers, signs, ends of ranges. */
const EDGES: readonly Uint8Array[] = [
  [0],
  [1],
  [0x3f],
  [0x40],
  [0x7f],
  [0x80],
  [0xc0],
  [0xc0, 0x0c],
  [0xff],
  [0, 0],
  [0xff, 0xff],
  [0x7f, 0xff],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
].map((octets) => Uint8Array.from(octets));

/** Of all lengths: left to itself fast-check makes nothing longer than 10, whatever it may. */
const anyOctets = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map((octets) => Uint8Array.from(octets));

/** Random octets, and the samples with a few changes. */
export const hostileOctets = (samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 1, arbitrary: anyOctets(600) },
    {
      weight: 5,
      arbitrary: edited(OCTETS, samples, fc.oneof(fc.constantFrom(...EDGES), anyOctets(4))),
    },
  );

const TEXT: Sequence<string> = {
  length: (whole) => whole.length,
  slice: (whole, from, to) => whole.slice(from, to),
  join: (parts) => parts.join(''),
};

/** Pieces that mean something to many readers of text. */
const SPECIAL: readonly string[] = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\t',
  '\u001b[2J',
  '\ufeff',
  '\u202e',
  '\ud800',
  '\udfff',
  '%00',
  '../',
  '"',
  "'",
  '\\',
  '<',
  '>',
  '&',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '-1',
  '1e999',
  '99999999999999999999',
  '__proto__',
  'constructor',
  'null',
  '::ffff:0:0',
  '255.255.255.255',
  'é',
  '😀',
];

export const anyText = (maxLength = 200): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength, size: 'max' });

/** Random text, and the samples with a few changes, taken from `words` too. */
export const hostileText = (
  samples: readonly string[],
  words: readonly string[] = [],
): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 1, arbitrary: anyText() },
    {
      weight: 5,
      arbitrary: edited(TEXT, samples, fc.oneof(fc.constantFrom(...SPECIAL, ...words), anyText(6))),
    },
  );
