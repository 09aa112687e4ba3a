import type * as z from 'zod';
import { createMask } from '../model/mask.ts';
import { issueFindings, valueAt } from './issues.ts';
import { type Path, type Problem, pathText, valueText } from './problems.ts';
import { keysAt } from './schema-keys.ts';
import type { YamlTree } from './yaml-tree.ts';

/** A problem before it has its place in the file. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
  /** Whether the value is shown: as it is, as `[secret]`, or not at all. */
  readonly show?: 'value' | 'secret' | 'nothing';
  /** What the place given is that of; the value unless said otherwise. */
  readonly at?: 'key' | 'value';
  /** True if the finding comes of something not being there, so that broken YAML may be its cause. */
  readonly missing?: boolean;
}

/** Collects everything that is wrong, so that all of it can be told at once. */
export class Findings {
  readonly problems: Problem[] = [];
  /** Secrets met so far; whatever place a finding points at, they are not shown. */
  readonly secrets = new Set<string>();
  readonly #file: string;
  readonly #tree: YamlTree;
  readonly #mask = createMask();

  constructor(file: string, tree: YamlTree) {
    this.#file = file;
    this.#tree = tree;
  }

  error(finding: Finding): void {
    this.#add('error', finding);
  }

  warning(finding: Finding): void {
    this.#add('warning', finding);
  }

  /** True if the file itself has something at this path. */
  written(path: Path): boolean {
    return valueAt(this.#tree.value, path) !== undefined;
  }

  get failed(): boolean {
    return this.problems.some(({ severity }) => severity === 'error');
  }

  /**
   * Runs a schema over the value at `path`; `undefined` when it does not fit, after every reason was noted.
   * `known` are the keys to suggest for an unknown one.
   */
  parse<T>(schema: z.ZodType<T>, input: unknown, path: Path, known: readonly string[]): T | undefined {
    const result = guarded(schema, input);
    if (result === undefined) {
      this.error({
        path,
        message: 'cannot be read',
        remedy: 'compare it with the documentation of its keys',
      });
      return undefined;
    }
    if (result.success) return result.data;
    const keysFor = (place: Path) => (place.length === 0 ? known : keysAt(schema, place));
    for (const issue of result.error.issues) {
      for (const finding of issueFindings(issue, input, keysFor)) {
        this.error({ ...finding, path: [...path, ...finding.path] });
      }
    }
    return undefined;
  }

  #add(severity: Problem['severity'], finding: Finding): void {
    const { path, message, remedy, show = 'nothing', at = 'value', missing } = finding;
    const value = show === 'secret' ? '[secret]' : show === 'value' ? this.#shown(path) : undefined;
    this.problems.push({
      severity,
      file: this.#file,
      ...this.#tree.position(path, at),
      path: pathText(path),
      ...(value === undefined ? {} : { value }),
      message: this.#scrub(message),
      remedy: this.#scrub(remedy),
      ...(missing === true ? { missing } : {}),
    });
  }

  /** The scalar at a path as text. Passwords inside a URL and everything after its `?` stay unsaid. */
  #shown(path: Path): string | undefined {
    const value = valueAt(this.#tree.value, path);
    if (typeof value === 'string') {
      if (this.secrets.has(value)) return '[secret]';
      return valueText(
        this.#scrub(value)
          .replace(/\/\/[^/]*@/g, '//[secret]@')
          .replace(/\?.*/s, '?…'),
      );
    }
    return typeof value === 'number' || typeof value === 'boolean' ? valueText(value) : undefined;
  }

  /** Secrets of one to three characters would only riddle the words with holes. */
  #scrub(text: string): string {
    for (const secret of this.secrets) this.#mask.add(secret);
    return this.#mask.scrub(text);
  }
}

/** A schema's own function may throw at a value nobody thought of; that is no reason for a stack trace. */
function guarded<T>(schema: z.ZodType<T>, input: unknown): z.ZodSafeParseResult<T> | undefined {
  try {
    return schema.safeParse(input);
  } catch {
    return undefined;
  }
}
