/**
 * Decisions read off a row of octets, so that fast-check can make and shrink them: where the row ends every choice is the first one, so a
 * shorter row, or one with smaller octets, is a simpler story.
 */
export class Choices {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /** From 0 up to, but not including, `count`. */
  below(count: number): number {
    const octet = this.#octets[this.#at] ?? 0;
    this.#at += 1;
    return octet % Math.max(1, count);
  }

  from<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** True for `times` of 256 octets, never at the end of the row. */
  rarely(times: number): boolean {
    const octet = this.#octets[this.#at] ?? 0;
    this.#at += 1;
    return octet >= 256 - times;
  }
}
