import { parse } from 'yaml';
import { formatDuration } from '../model/duration.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import type { Provider } from './contract.ts';
import { familiesOfRow, type Row } from './table/row.ts';

/** What can be told of a provider without an account: for `netdrift providers` and for the pages in docs/providers. */
export interface Description {
  readonly name: string;
  readonly title: string;
  readonly documentation: string;
  readonly credentials: string;
  readonly note?: string;
  /** The keys of a sink, without records, as a mapping in YAML. */
  readonly example: string;
  readonly families: readonly Family[];
  /** Both families of a name in one request, or each by itself. */
  readonly requests: 'one' | 'separate';
  /** Whether it can be asked what it holds; `undefined` where only a whole configuration would tell. */
  readonly reads: boolean | undefined;
  readonly creates: boolean;
  readonly multiple: boolean;
  /** Names or records in one write; `undefined` if there is no limit. */
  readonly batch: number | undefined;
  /** Milliseconds between two writes of one record, where the provider asks for it. */
  readonly minimum_gap: number | undefined;
}

export function describeProvider(provider: Provider): Description {
  const row = rowOf(provider);
  const { name, title, documentation, credentials, example, traits } = provider;
  return {
    name,
    title,
    documentation,
    credentials,
    ...(row?.note === undefined ? {} : { note: row.note }),
    example,
    families: row === undefined ? FAMILIES : familiesOfRow(row),
    requests: traits.families,
    reads: traits.reads ?? readsByExample(provider),
    creates: traits.creates,
    multiple: traits.multiple,
    batch: Number.isFinite(traits.batch) ? traits.batch : undefined,
    minimum_gap: traits.minimumGap,
  };
}

function rowOf(provider: Provider & { readonly row?: Row }): Row | undefined {
  return provider.row;
}

const inert = () => {
  throw new Error('nothing is started to describe a provider');
};

/**
 * Makes a sink of the provider's own example, which does no I/O, and looks. Secrets of the example become words; where a provider wants to see
 * a real key at this point, nothing can be told.
 */
function readsByExample(provider: Provider): boolean | undefined {
  const mapping: unknown = parse(
    provider.example.replaceAll(/\{ *(?:env|file|credential): *[^}]*\}/g, 'c2VjcmV0LXdvcmQtc2VjcmV0'),
  );
  const { provider: _, ...input } = Object(mapping) as Readonly<Record<string, unknown>>;
  const options = provider.options.safeParse(input);
  if (!options.success) return undefined;
  const clock = { monotonic: () => 0, wall: () => 0, boot: () => 0 };
  const log = { trace: inert, debug: inert, info: inert, warn: inert, error: inert, child: () => log };
  const components = {
    clock,
    random: () => 0,
    randomBytes: (count: number) => new Uint8Array(count),
    spawn: inert,
    log,
  };
  try {
    return (
      provider.create({ name: 'example', options: options.data, keys: [] }, components).read !== undefined
    );
  } catch {
    return undefined;
  }
}

const yes = (value: boolean | undefined): string => (value === undefined ? '?' : value ? 'yes' : 'no');

/** The columns of the list, in the order of the heads. */
export const HEADS = ['provider', 'families', 'requests', 'batch', 'creates', 'reads', 'gap'] as const;

export function columnsOf(description: Description): readonly string[] {
  const { name, families, requests, batch, creates, reads, minimum_gap } = description;
  return [
    name,
    families.length === 2 ? 'IPv4, IPv6' : families[0] === 'ipv4' ? 'IPv4' : 'IPv6',
    families.length === 1 ? 'one family' : requests === 'one' ? 'both in one' : 'one a family',
    batch === undefined ? 'any' : String(batch),
    yes(creates),
    yes(reads),
    minimum_gap === undefined ? '-' : formatDuration(minimum_gap),
  ];
}

/** A whole sink as it stands in the configuration. */
export function snippetOf({ name, example }: Pick<Description, 'name' | 'example'>): string {
  const lines = example.trimEnd().split('\n');
  return [
    'sinks:',
    `  my-${name}:`,
    ...lines.map((line) => `    ${line}`),
    '    records: [home.example.org]',
    '',
  ].join('\n');
}
