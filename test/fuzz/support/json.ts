import fc from 'fast-check';

/** Values at which a reader of JSON that trusts its input falls over. */
export const EVIL_VALUES: readonly unknown[] = [
  null,
  true,
  '',
  0,
  -1,
  1e308,
  2 ** 53,
  [],
  {},
  [null],
  [[]],
  { toString: 1, valueOf: 1 },
  { length: -1 },
  JSON.parse('{"then":1}'),
  JSON.parse('{"__proto__":{"ok":true}}'),
  'constructor',
  '\u0000\u001b[2J\u202e',
  'x'.repeat(3_000),
  '192.0.2.1',
  '127.0.0.1',
  '::1',
  'http://[',
  'home.example.org',
];

/** Deeper than a recursive walk can follow. */
export const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

type Node = { readonly path: readonly (string | number)[] };

function nodesOf(value: unknown, path: readonly (string | number)[] = []): readonly Node[] {
  if (typeof value !== 'object' || value === null) return [{ path }];
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [{ path }, ...inner.flatMap(([name, item]) => nodesOf(item, [...path, name]))];
}

function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return by;
  if (Array.isArray(value))
    return value.map((item, index) => (index === name ? replaced(item, rest, by) : item));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, item]) => [
      key,
      key === name ? replaced(item, rest, by) : item,
    ]),
  );
}

/** Values of any kind, and the samples with some of their parts replaced. */
export const hostileValue = (samples: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.jsonValue() },
    { weight: 1, arbitrary: fc.constantFrom(...EVIL_VALUES) },
    {
      weight: 5,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...samples),
          fc.array(
            fc.tuple(
              fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
              fc.oneof(fc.constantFrom(...EVIL_VALUES), fc.jsonValue({ maxDepth: 1 })),
            ),
            { maxLength: 3 },
          ),
        )
        .map(([sample, edits]) =>
          edits.reduce<unknown>((value, [place, by]) => {
            const nodes = nodesOf(value);
            return replaced(value, nodes[Math.floor(place * nodes.length)]?.path ?? [], by);
          }, sample),
        ),
    },
  );

/** Such values as text, now and then cut short, and too deep. */
export const hostileJson = (samples: readonly unknown[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: hostileValue(samples).map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(hostileValue(samples), fc.nat({ max: 200 }))
        .map(([value, length]) => JSON.stringify(value).slice(0, length)),
    },
    { weight: 1, arbitrary: fc.constantFrom(DEEP, '1e999', '"\\ud800"', '{"a":1,"a":2}') },
  );
