import type { CounterStatus, RecordStatus, SinkStatus, StatusReport, UplinkStatus } from './status.ts';

/** Columns that the text for people keeps within, but for a single word that is longer. */
const WIDTH = 100;

/** The report as text for a terminal: aligned, at most 100 columns, what needs the operator first in capitals. */
export function formatStatus(report: StatusReport): string {
  const lines = [
    `netdrift ${visible(report.version)}, process ${report.pid}, running since ${moment(report.since)}`,
    '',
    'uplinks',
    ...section(report.uplinks, uplinkLines(report.uplinks)),
    '',
    'sinks',
    ...section(report.sinks, report.sinks.flatMap(sinkLines)),
    '',
    'sources',
    ...section(report.sources, table(report.sources.map(({ name, state }) => [name, state]))),
    ...(report.counters === undefined ? [] : ['', 'counters', ...counterLines(report.counters)]),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function section(entries: readonly unknown[], lines: readonly string[]): readonly string[] {
  return entries.length === 0 ? ['  none'] : lines;
}

function uplinkLines(uplinks: readonly UplinkStatus[]): readonly string[] {
  const rows = uplinks.map(({ uplink, family, state, address, since }) => [
    uplink,
    family,
    state,
    address ?? '-',
    `since ${moment(since)}`,
  ]);
  return table(rows).flatMap((line, index) => {
    const { via, why } = uplinks[index] ?? {};
    const details = [via === undefined ? '' : `via ${via}`, why ?? ''].filter((text) => text !== '');
    return [line, ...wrapped(details.join(': '), 4)];
  });
}

function sinkLines(sink: SinkStatus): readonly string[] {
  const state = sink.state === 'ok' || sink.state === 'pending' ? sink.state : sink.state.toUpperCase();
  const width = Math.max(0, ...sink.records.map(({ record }) => record.length));
  // Records held for one and the same reason (a refused login) say it once, below all of them.
  const reasons = new Map<string, RecordStatus>();
  for (const record of sink.records) {
    if (record.failure === undefined) continue;
    reasons.set(`${record.failure.class}\n${record.failure.message}\n${record.next_attempt ?? ''}`, record);
  }
  return [
    ...wrapped(`${visible(sink.sink)}  ${visible(sink.provider)}  ${state}`, 2),
    ...sink.records.flatMap((record) => recordLines(record, Math.min(width, 50))),
    ...[...reasons.values()].flatMap(reasonLines),
  ];
}

function recordLines(record: RecordStatus, width: number): readonly string[] {
  const name = visible(record.record);
  const published = addressText(record.published);
  const since = record.since === undefined ? '' : `  since ${moment(record.since)}`;
  const wanted = record.pending === undefined ? [] : wrapped(`should be ${addressText(record.pending)}`, 6);
  const line = `    ${name.padEnd(width)}  ${published}${since}`;
  const lines = line.length <= WIDTH ? [line] : [`    ${name}`, ...wrapped(`${published}${since}`, 6)];
  return [...lines, ...wanted];
}

function reasonLines({ failure, next_attempt }: RecordStatus): readonly string[] {
  if (failure === undefined) return [];
  const next = next_attempt === undefined ? [] : wrapped(`next attempt: ${moment(next_attempt)}`, 6);
  return [
    ...wrapped(`${failure.class}: ${failure.message}`, 6),
    ...next,
    ...wrapped(`what to do: ${failure.remedy}`, 6),
  ];
}

function counterLines({ looks, triggers, clock_steps, ignored }: CounterStatus): readonly string[] {
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  return [
    ...wrapped(
      `looks: ${counted({ equal: looks.equal, different: looks.different, 'acted on': looks.acted })}`,
      2,
    ),
    ...wrapped(`because of: ${counted(triggers)}`, 2),
    ...wrapped(`clock set: ${clock_steps}`, 2),
    ...wrapped(`ignored from routers: ${counted(ignored)}`, 2),
  ];
}

function addressText(addresses: readonly string[] | null): string {
  if (addresses === null) return 'not known';
  return addresses.length === 0 ? 'no record' : visible(addresses.join(' '));
}

/** Rows with columns of equal width; rows that come out too wide are wrapped. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, visible(cell).length);
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => visible(cell).padEnd(widths[column] ?? 0));
    const line = `  ${cells.join('  ')}`.trimEnd();
    return line.length <= WIDTH ? line : wrapped(row.join('  '), 2).join('\n');
  });
}

/** Breaks at spaces; continued lines stand two columns further in. Nothing for an empty text. */
function wrapped(text: string, indent: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  const margin = (): number => (lines.length === 0 ? indent : indent + 2);
  for (const word of visible(text).split(' ')) {
    if (line !== '' && margin() + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(margin()) + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(' '.repeat(margin()) + line);
  return lines;
}

/** `2026-11-22 10:40:01Z`; what is not a time stays as it is. */
function moment(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso);
  return match === null ? visible(iso) : `${match[1]} ${match[2]}Z`;
}

/** Messages hold words of others, who must not steer the terminal. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is being removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, ' ');
}
