import { createMask, MARK, type Mask } from '../model/mask.ts';

/**
 * The last defence against secrets in what is written: every secret value is registered once, and every line is searched for it in
 * the shapes in which programs, providers and libraries hand it back. The first defence is that nobody puts one there.
 */
export interface Redactor extends Mask {
  /** The same for one line of JSON, which stays valid; names and values of `keep` (level, time, event) are never touched. */
  scrubLine(json: string): string;
}

const KEPT: ReadonlySet<string> = new Set(['time', 'level', 'event']);

export function createRedactor(): Redactor {
  const { add, scrub } = createMask();

  const scrubValue = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return scrub(value);
    if (typeof value === 'number') return scrub(String(value)) === String(value) ? value : MARK;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => scrubValue(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) =>
        depth === 0 && KEPT.has(name)
          ? [name, item]
          : [depth === 0 ? name : scrub(name), scrubValue(item, depth + 1)],
      ),
    );
  };

  return {
    add,
    scrub,
    scrubLine(json) {
      if (scrub(json) === json) return json;
      try {
        return JSON.stringify(scrubValue(JSON.parse(json), 0));
      } catch {
        return scrub(json);
      }
    },
  };
}
