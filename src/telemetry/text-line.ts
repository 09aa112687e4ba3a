/** Names that the text format shows elsewhere on the line, or leaves to the JSON format. */
const SHOWN: ReadonlySet<string> = new Set(['time', 'level', 'event', 'message', 'component', 'trace_id']);

const COLOURS: ReadonlyMap<string, string> = new Map([
  ['warn', '33'],
  ['error', '31'],
  ['debug', '2'],
  ['trace', '2'],
]);

type Entry = Readonly<Record<string, unknown>>;

/**
 * One JSON line of the log as a person reads it: `12:03:04.123 INFO  wan: address changed  reason=wake`. Local time. Whom it
 * concerns is the sink, else the uplink, else the component. Control characters are shown escaped: a provider's words must not
 * move the cursor of the terminal.
 */
export function textLine(json: string, colour: boolean): string {
  try {
    const entry = parse(json);
    if (entry !== undefined) return formatted(entry, colour);
  } catch {
    // Nested deeper than the stack, or a field where text is due that cannot become text: shown as it came.
  }
  return visible(json);
}

function formatted(entry: Entry, colour: boolean): string {
  const level = visible(String(entry['level']));
  const subject = entry['sink'] ?? entry['uplink'] ?? entry['component'];
  const subjectName = ['sink', 'uplink'].find((name) => entry[name] !== undefined);
  const details = Object.entries(entry)
    .filter(([name]) => !SHOWN.has(name) && name !== subjectName)
    .map(([name, value]) => `${visible(name)}=${plain(value)}`)
    .join(' ');
  const paint = (code: string | undefined, text: string): string =>
    colour && code !== undefined && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  const start = `${timeOfDay(String(entry['time']))} ${paint(COLOURS.get(level), level.toUpperCase().padEnd(5))}`;
  const words = `${subject === undefined ? '' : `${plain(subject)}: `}${visible(String(entry['message'] ?? ''))}`;
  return `${start} ${words}${details === '' ? '' : `  ${paint('2', details)}`}`;
}

function parse(json: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}

function timeOfDay(iso: string): string {
  const date = new Date(iso);
  const two = (count: number): string => String(count).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(',');
  if (typeof value === 'object' && value !== null) return visible(JSON.stringify(value));
  const text = visible(String(value));
  return /[\s="]/.test(text) || text === '' ? JSON.stringify(text) : text;
}

function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is being made visible
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) =>
    character === '\n' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
