/** One thing wrong (`error`) or doubtful (`warning`) in the configuration, told so that a person can mend it. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1; both are missing where the file could not be read at all. */
  readonly line?: number;
  readonly column?: number;
  /** `sinks.dyn.records[0].name`; empty for the file as a whole. */
  readonly path: string;
  /** The value as text, `[secret]` for anything that may be one; missing where a value would explain nothing. */
  readonly value?: string;
  readonly message: string;
  readonly remedy: string;
  /** True if something is not there: behind broken YAML that means nothing. */
  readonly missing?: boolean;
}

export type Path = readonly (string | number)[];

/** `sinks.dyn.records[0].name`; keys that are more than letters, digits, `_` and `-` stand in quotes. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${/^[\w-]+$/.test(part) ? part : valueText(part)}`;
  }
  return text;
}

const LONGEST_VALUE = 80;

/** A scalar as it could stand in the file, on one line, cut to 80 characters. */
export function valueText(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  // JSON leaves U+007F to U+009F, line separators and direction marks as they are; a terminal may act on them.
  const tame = text.replace(/[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '\ufffd');
  return tame.length <= LONGEST_VALUE ? tame : `${tame.slice(0, LONGEST_VALUE - 1)}…`;
}

/** One problem as people read it: place, path, what is wrong, and below it what to do. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, path, value, message, remedy, severity } = problem;
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const subject = path === '' ? '' : ` ${path}:`;
  const found = value === undefined ? '' : ` (found ${value})`;
  const mark = severity === 'warning' ? ' warning:' : '';
  return `${place}${mark}${subject} ${message}${found}\n    ${remedy}`;
}

/** All problems in the order of the file, one after the other; an empty text for none. */
export function formatProblems(problems: readonly Problem[]): string {
  return sortProblems(problems).map(formatProblem).join('\n');
}

export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const rank = (problem: Problem): number => (problem.line ?? 0) * 100_000 + (problem.column ?? 0);
  return [...problems].sort((a, b) => rank(a) - rank(b));
}
