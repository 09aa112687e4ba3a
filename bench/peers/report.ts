import type { Cell, Title } from './measure.ts';

/** One line of the table: a cell for each column, in their order. */
export interface Row extends Title {
  readonly cells: readonly Cell[];
}

export interface Comparison {
  /** `2026-11-22`. */
  readonly date: string;
  readonly machine: string;
  readonly full: boolean;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Column {
  readonly name: string;
  readonly version: string;
  readonly intervalSource: string;
}

/** The comparison as Markdown: a table, what a reader must know about it, and what could not be measured. */
export function markdown({ date, machine, full, columns, rows }: Comparison): string {
  const head = ['', ...columns.map(({ name, version }) => `${name} ${version}`)];
  const lines = [head, head.map(() => '---'), ...rows.map((row) => [row.title, ...shown(row)])].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
  const notes = rows.flatMap(({ title, note }) => (note === undefined ? [] : [`- ${title}: ${note}`]));
  const intervals = columns.map(({ name, intervalSource }) => `- ${name}: ${intervalSource}.`);
  const failed = rows.flatMap(({ title, cells }) =>
    cells.flatMap((cell, index) =>
      cell.how === 'not measured' ? [`- ${title}, ${columns[index]?.name}: ${cell.text}`] : [],
    ),
  );
  return [
    `Measured ${date} on ${machine}${full ? '' : '; shortened run'}. Less is better, the best of a row is bold.`,
    lines.join('\n'),
    `How it was measured:\n\n${notes.join('\n')}`,
    `How often they look by default:\n\n${intervals.join('\n')}`,
    ...(failed.length > 0 ? [`Not measured:\n\n${failed.join('\n')}`] : []),
  ].join('\n\n');
}

/** Figures that differ by less are the same. */
const SAME = 1.02;

/** The cells as text. Bold where nobody did better; nothing is bold where all did the same, or only one took part. */
export function shown({ cells }: Pick<Row, 'cells'>): readonly string[] {
  const worths = cells.flatMap(({ how, worth }) => (how === 'not measured' ? [] : [worth]));
  const least = Math.min(...worths.flatMap((worth) => worth ?? []));
  const isBest = (worth: number | undefined): boolean => worth !== undefined && worth <= least * SAME;
  const differ = worths.length > 1 && !worths.every(isBest);
  return cells.map(({ how, text, worth }) => {
    if (how === 'not measured') return 'not measured';
    return differ && isBest(worth) ? `**${text}**` : text;
  });
}
