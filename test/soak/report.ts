import type { Flatness } from './vital-signs.ts';

export interface SoakReport {
  readonly minutes: number;
  readonly seed: number;
  readonly rounds: number;
  readonly changes: number;
  /** By provider. */
  readonly requests: readonly number[];
  /** Answers judged by their word, and refusals for good among them. */
  readonly judged: number;
  readonly refusals: number;
  /** Milliseconds from the last repair of a round until every record was right, the longest of all rounds. */
  readonly slowest: number;
  readonly met: ReadonlyMap<string, number>;
  readonly signs: readonly Flatness[];
  readonly samples: number;
}

const UNITS: Readonly<Record<string, string>> = { memory: 'MiB' };

export function formatTable(report: SoakReport): string {
  const troubles = [...report.met].sort(([a], [b]) => a.localeCompare(b));
  const rows = report.signs.map(({ sign, start, end, most, slopePerHour, flat }) => [
    `${sign}${UNITS[sign] === undefined ? '' : ` (${UNITS[sign]})`}`,
    ...[start, end, most].map((value) => value.toFixed(UNITS[sign] === undefined ? 0 : 1)),
    slopePerHour.toFixed(2),
    flat ? 'flat' : 'GROWS',
  ]);
  return [
    `${report.minutes} min, seed ${report.seed}: ${report.rounds} rounds, ${report.changes} changes of address, ` +
      `${report.requests.join(' + ')} requests (${report.judged} answers judged, ${report.refusals} of them refusals); right again ${(report.slowest / 1_000).toFixed(1)} s after the last repair at most`,
    '',
    ...columns([['', 'start', 'end', 'most', 'slope / h', ''], ...rows]),
    `(${report.samples} samples; the slope leaves out the first quarter)`,
    '',
    ...columns(troubles.map(([name, count]) => [name, String(count)])),
  ].join('\n');
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}
