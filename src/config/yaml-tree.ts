import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node } from 'yaml';
import { type Path, pathText } from './problems.ts';
import { yamlWords } from './yaml-problems.ts';
import { CONTROL, compose, nestedTooDeep } from './yaml-text.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something the text itself does wrong, before anybody asks what it means. */
export interface TextProblem {
  readonly path: string;
  readonly position: Position;
  readonly message: string;
  readonly remedy: string;
}

/** The text as plain values (mappings are plain objects), and where each of them stands. */
export interface YamlTree {
  readonly value: unknown;
  readonly problems: readonly TextProblem[];
  /** Where a value or its key stands; of the nearest place above for what is not there. */
  position(path: Path, what: 'key' | 'value'): Position;
}

/** Deeper than any sound file, and far above the depth at which a recursion would overflow the stack. */
const DEEPEST = 50;
/** Values that aliases may stand for in all: enough for any template, too few for a bomb. */
const MOST_ALIASED = 10_000;

const TOO_DEEP = {
  message: 'is nested too deeply',
  remedy: `use at most ${DEEPEST} levels of lists and mappings, and no alias to what it stands in`,
};
const placeKey = (path: Path): string => JSON.stringify(path);

/** Reads one YAML 1.2 document (core schema; no merge keys, no tags of languages). Never throws. */
export function readYaml(text: string): YamlTree {
  const lines = new LineCounter();
  const places = new Map<string, { readonly key: number; readonly value: number }>();
  const problems: TextProblem[] = [];
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const position = (path: Path, what: 'key' | 'value'): Position => {
    for (let length = path.length; length > 0; length -= 1) {
      const place = places.get(placeKey(path.slice(0, length)));
      if (place !== undefined)
        return positionOf(what === 'key' || length < path.length ? place.key : place.value);
    }
    return { line: 1, column: 1 };
  };
  const problem = (path: Path, offset: number, message: string, remedy: string): void => {
    problems.push({ path: pathText(path), position: positionOf(offset), message, remedy });
  };

  if (nestedTooDeep(text)) {
    problem([], 0, TOO_DEEP.message, TOO_DEEP.remedy);
    return { value: undefined, problems, position };
  }
  const control = text.search(CONTROL);
  if (control >= 0) {
    lines.addNewLine(0);
    for (const { index } of text.slice(0, control).matchAll(/\n/g)) lines.addNewLine(index + 1);
    problem([], control, 'holds a control character, so it is no text', 'check that this is the right file');
    return { value: undefined, problems, position };
  }
  const told = new Set<number>();
  const root = compose(text, lines, (offset, code) => {
    // One slip makes the parser stumble several times over the same line; the first time says it all.
    const { line } = positionOf(offset);
    if (told.has(line)) return;
    told.add(line);
    const words = yamlWords(code);
    problem([], offset, words.message, words.remedy);
  });

  const anchors = new Map<string, Node>();
  let aliased = 0;
  let stopped = false;

  /** `from` is the offset of the alias through which this is reached. */
  const convert = (node: Node | null | undefined, path: Path, from?: number): unknown => {
    if (stopped || node === null || node === undefined) return null;
    const offset = from ?? node.range?.[0] ?? 0;
    if (from !== undefined) aliased += 1;
    if (path.length > DEEPEST || aliased > MOST_ALIASED) {
      stopped = true;
      if (path.length > DEEPEST) problem([], offset, TOO_DEEP.message, TOO_DEEP.remedy);
      else {
        const remedy = 'write the values out, without anchors (&) and aliases (*)';
        problem([], offset, `has aliases that stand for more than ${MOST_ALIASED} values`, remedy);
      }
      return null;
    }
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) return convert(target, path, offset);
      const words = yamlWords('BAD_ALIAS');
      problem(path, offset, words.message, words.remedy);
      return null;
    }
    if ('anchor' in node && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return node.value;
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const inner = [...path, index];
        const value = from ?? (item as Node | null)?.range?.[0] ?? offset;
        places.set(placeKey(inner), { key: value, value });
        return convert(item as Node, inner, from);
      });
    }
    return isMap(node) ? convertMap(node.items as readonly Pair[], path, offset, from) : null;
  };

  const convertMap = (pairs: readonly Pair[], path: Path, offset: number, from?: number): unknown => {
    const mapping: Record<string, unknown> = {};
    for (const pair of pairs) {
      const keyNode = isAlias(pair.key) ? anchors.get(pair.key.source) : pair.key;
      const keyOffset = from ?? pair.key?.range?.[0] ?? offset;
      if (!isScalar(keyNode) || keyNode.value === null || keyNode.value === '__proto__') {
        problem(
          path,
          keyOffset,
          'holds something that cannot be a key',
          'begin with a word and a colon: `key: value`',
        );
        continue;
      }
      if (keyNode.anchor !== undefined) anchors.set(keyNode.anchor, keyNode);
      const key = String(keyNode.value);
      const inner = [...path, key];
      if (key === '<<') {
        problem(inner, keyOffset, 'is a merge key, which YAML 1.2 does not have', 'write the keys out');
        continue;
      }
      const first = places.get(placeKey(inner));
      if (Object.hasOwn(mapping, key) && first !== undefined) {
        const { line } = positionOf(first.key);
        problem(inner, keyOffset, `stands here a second time (first on line ${line})`, 'keep one of the two');
        continue;
      }
      places.set(placeKey(inner), { key: keyOffset, value: from ?? pair.value?.range?.[0] ?? keyOffset });
      mapping[key] = convert(pair.value, inner, from);
    }
    return mapping;
  };

  return { value: convert(root, []), problems, position };
}

interface Pair {
  readonly key: Node | null;
  readonly value: Node | null;
}
