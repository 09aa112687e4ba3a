import type { Target } from '../model/record.ts';

interface Placed {
  readonly target: Target;
}

/** Changes, or what else concerns a record, of one zone next to each other, where they do not fit into one call: a zone torn apart costs a request for each of its parts. */
export function neighbouring<Item extends Placed>(changes: readonly Item[], batch: number): readonly Item[] {
  if (changes.length <= batch) return changes;
  const placed = changes.map((change) => {
    return { change, place: change.target.key.name.split('.').reverse().join('\0') };
  });
  placed.sort((a, b) => (a.place < b.place ? -1 : Number(a.place > b.place)));
  return placed.map(({ change }) => change);
}

/** Parts of that size; an infinite one is all. */
export function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  if (!Number.isFinite(size)) {
    if (items.length > 0) yield items;
    return;
  }
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
