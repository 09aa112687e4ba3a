import { formatDuration } from '../../model/duration.ts';
import type { Behaviour } from '../../net/stun/behaviour.ts';
import type { DoctorReport, Finding, SinkReport, WitnessReport } from './contract.ts';

/** Columns that text is broken at; a word that is longer stays whole. */
const WIDTH = 110;

/** The report for people: a heading a section, aligned columns, and at the end what to do. */
export function formatDoctor(report: DoctorReport): string {
  const { configuration, findings } = report;
  const file = configuration.file ?? 'no configuration: the defaults are looked at';
  const fixes = findings.filter(({ weight }) => weight === 'fix');
  const others = findings.filter(({ weight }) => weight === 'better');
  const lines = [
    `netdrift ${report.version} doctor, ${file}`,
    ...section('this host', hostLines(report)),
    ...section('events', eventLines(report)),
    ...section('router', routerLines(report)),
    ...section('NAT', natLines(report)),
    ...section('witnesses', table(report.witnesses.map(witnessRow))),
    ...section('clocks', clockLines(report)),
    ...section('sinks', report.sinks.flatMap(sinkLines)),
    ...section('what to fix', fixes.length === 0 ? ['  nothing'] : fixes.flatMap(findingLines)),
    ...(others.length === 0 ? [] : section('what could be better', others.flatMap(findingLines))),
    '',
    `looked for ${milliseconds(report.took)}; nothing was changed`,
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

const section = (title: string, lines: readonly string[]): readonly string[] => [
  '',
  title,
  ...(lines.length === 0 ? ['  none'] : lines),
];

function hostLines({ host, container }: DoctorReport): readonly string[] {
  const rows = host.interfaces.flatMap(({ name, running, kind, addresses }) => {
    const about = [running ? 'up' : 'down', ...(kind === 'usual' ? [] : [kind])].join(', ');
    const own = addresses.map((one) => [
      `${one.address}/${one.prefixLength}`,
      one.class,
      one.flags.join(', '),
    ]);
    const [first = ['no address', '', ''], ...rest] = own;
    return [[name, about, ...first], ...rest.map((cells) => ['', '', ...cells])];
  });
  const routes = host.routes.map(({ family, gateway, interface: device, metric }) => {
    const via = gateway === undefined ? 'on-link' : `via ${gateway}`;
    return `  ${family} default route ${via} dev ${device} metric ${metric}`;
  });
  const inside =
    container.in === undefined
      ? []
      : [`  in a ${container.in} container${container.bridged ? ', behind a bridge' : ''}`];
  return [...table(rows), ...(routes.length === 0 ? ['  no default route'] : routes), ...inside];
}

function eventLines({ events, watch: { every, keepWatch } }: DoctorReport): readonly string[] {
  const asks = keepWatch === undefined ? 'never' : `every ${formatDuration(keepWatch)}`;
  const anyway = `looks every ${formatDuration(every)} anyway; asks a STUN server ${asks} where no router tells`;
  return [...sourceLines(events), ...wrapped(anyway, 2)];
}

function sourceLines({ source, state, took }: DoctorReport['events']): readonly string[] {
  switch (state) {
    case 'listening':
      return [`  ${source} listens (after ${milliseconds(took)})`];
    case 'polling':
      return [`  ${source} gives no events here: polling`];
    case 'silent':
      return ['  no source of events has come to listen'];
  }
}

function routerLines({ router }: DoctorReport): readonly string[] {
  if (router.kind === 'none') return wrapped(router.why, 2);
  const { outside, notices } = router;
  return [
    `  ${router.address} on ${router.interface}`,
    ...table(
      router.protocols.map(({ name, speaks, words, took }) => [
        name,
        speaks ? 'yes' : 'no',
        milliseconds(took),
        words,
      ]),
      4,
    ),
    ...(outside === undefined
      ? []
      : [`  its outside address is ${outside.address} (${outside.class}), by ${outside.by}`]),
    `  multicasts: ${MULTICASTS[notices.multicast]}; events: ${EVENTS[notices.events]}`,
    ...notices.problems.flatMap((problem) => wrapped(problem, 2, 2)),
  ];
}

const MULTICASTS = { off: 'not to be heard', listening: 'listens', heard: 'heard one' } as const;
const EVENTS = {
  off: 'not subscribed to',
  subscribed: 'subscribed, and the first one did not come',
  heard: 'subscribed, and the first one came',
} as const;

function natLines({ nat }: DoctorReport): readonly string[] {
  return nat.flatMap((one) => wrapped(`${one.family}  ${behaviourWords(one)}`, 2, 6));
}

const WORDS = {
  none: 'no NAT: the world sees an address of this host',
  endpoint_independent: 'NAT, the same mapping for everybody (endpoint-independent)',
  address_dependent: 'NAT, another mapping for each address (address-dependent)',
  address_and_port_dependent:
    'NAT, another mapping for each address and port (address-and-port-dependent, "symmetric")',
  dependent: 'NAT, another mapping for each destination (not endpoint-independent)',
} as const;

function behaviourWords(behaviour: Behaviour): string {
  if (behaviour.kind === 'unknown') return `not known: ${behaviour.why}`;
  const { mapping, filtering, method, servers, seen } = behaviour;
  const by = { rfc5780: 'RFC 5780', two_servers: 'two servers', one_server: 'one server' }[method];
  const filter = filtering === undefined ? '' : `; lets in ${FILTERS[filtering]}`;
  return `${WORDS[mapping]}, seen as ${seen.join(' and ')}${filter} (${by}: ${servers.join(', ')})`;
}

const FILTERS = {
  endpoint_independent: 'answers from anywhere',
  address_dependent: 'answers from addresses it has written to',
  address_and_port_dependent: 'answers from where it has written to alone',
} as const;

function witnessRow({
  uplink,
  family,
  detector,
  name,
  says,
  address,
  fit,
  why,
  took,
}: WitnessReport): readonly string[] {
  const answer = says === 'known' ? (address ?? '') : says === 'absent' ? 'none' : '-';
  // A reason is for what is not as wished; whoever asks for all of it takes --json.
  const words = says === 'known' && fit ? '' : (why ?? '');
  return [uplink ?? '(others)', family, detector, name, milliseconds(took), answer, words];
}

function clockLines({ clocks: { wall, plausible, stepped, offset } }: DoctorReport): readonly string[] {
  const doubt = plausible ? '' : ', which cannot be';
  const others =
    offset === undefined
      ? 'no web service answered to compare with'
      : `${Math.abs(offset.milliseconds) < 1_000 ? 'agrees with' : `${offset.milliseconds} ms off from`} ${offset.by}`;
  const step = Math.abs(stepped) < 1_000 ? 'steady' : `set by ${stepped} ms meanwhile`;
  return [`  ${wall}${doubt}; ${step}; ${others}`];
}

function sinkLines({ sink, provider, checks, records }: SinkReport): readonly string[] {
  const marks = { good: 'ok', bad: 'BAD', unknown: '?' } as const;
  return [
    `  ${visible(sink)}, ${visible(provider)}`,
    ...table(
      checks.map(({ what, state, words, took }) => [
        what,
        marks[state],
        took === undefined ? '' : milliseconds(took),
        words,
      ]),
      4,
    ),
    ...table(
      records.map(({ record, published, by }) => [
        record,
        published === undefined ? 'could not be told' : published.join(' ') || 'no record',
        by === undefined ? '' : `says ${by}`,
      ]),
      4,
    ),
  ];
}

const findingLines = ({ what, remedy }: Finding, index: number): readonly string[] => [
  ...wrapped(`${index + 1}. ${what}`, 2, 3),
  ...wrapped(`-> ${remedy}`, 5, 3),
];

const milliseconds = (count: number): string => `${Math.max(0, Math.round(count))} ms`;

/** Rows of cells under each other; the last cell of a row is broken where it is too long, and goes on below. */
function table(rows: readonly (readonly string[])[], indent = 2): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => visible(row[column] ?? '').length)),
  );
  return rows.flatMap((row) => {
    const last = row.length - 1;
    const head = row.slice(0, last).map((cell, column) => visible(cell).padEnd(widths[column] ?? 0));
    const start = `${' '.repeat(indent)}${head.join('  ')}${head.length === 0 ? '' : '  '}`;
    const text = visible(row[last] ?? '');
    if (start.length + text.length <= WIDTH) return [`${start}${text}`];
    return [start, ...wrapped(text, indent + 4)];
  });
}

/** Breaks at spaces; continued lines stand `hanging` columns further in. */
function wrapped(text: string, indent: number, hanging = 0): readonly string[] {
  const lines: string[] = [];
  let line = '';
  const margin = (): number => indent + (lines.length === 0 ? 0 : hanging);
  for (const word of visible(text).split(' ')) {
    if (line !== '' && margin() + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(margin()) + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, ' '.repeat(margin()) + line];
}

/** Words of others must not steer the terminal. */
const visible = (text: string): string => text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, ' ');
