import type { Figure, Target } from './bench.ts';
import { type Summary, summarize } from './statistics.ts';

const HEAD = ['figure', 'unit', 'runs', 'median', 'p95', 'min', 'max', 'target', ''] as const;

/** The figures as a Markdown table, which is how the README quotes them. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const summary = summarize(figure.samples);
    const numbers = [summary.median, summary.p95, summary.min, summary.max].map(brief);
    return [figure.title, figure.unit, String(summary.runs), ...numbers, aim(figure.target), verdict(figure)];
  });
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (isText(column) ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const notes = figures.flatMap(({ title, note }) => (note === undefined ? [] : [`${title}: ${note}`]));
  return [line(HEAD), rule, ...rows.map(line), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

/** True if the figure keeps what was promised, or nothing was. */
export function reached({ samples, target }: Figure): boolean {
  if (target === undefined) return true;
  const summary = summarize(samples);
  return BOUNDS.every((bound) => summary[bound] <= (target[bound] ?? Number.POSITIVE_INFINITY));
}

const BOUNDS = ['median', 'p95', 'max'] as const satisfies ReadonlyArray<keyof Target & keyof Summary>;

const isText = (column: number): boolean => column < 2 || column > 6;
const pad = (cell: string, width: number, column: number): string =>
  isText(column) ? cell.padEnd(width) : cell.padStart(width);

/** Three significant digits; whole numbers from 100. */
function brief(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function aim(target: Target = {}): string {
  return BOUNDS.flatMap((bound) =>
    target[bound] === undefined ? [] : [`${bound} <= ${target[bound]}`],
  ).join(', ');
}

function verdict(figure: Figure): string {
  if (figure.target === undefined) return '';
  return reached(figure) ? 'reached' : 'MISSED';
}
