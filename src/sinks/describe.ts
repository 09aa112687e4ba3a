import { parse } from 'yaml';
import { formatDuration } from '../model/duration.ts';
import { FAMILIES, type Family, recordTypeOf } from '../model/family.ts';
import type { Provider, Traits } from './contract.ts';
import { namesPerRequest, type Row } from './table/row.ts';

/** What can be told of a provider without an account: for `netdrift providers` and for the pages in docs/providers. */
export interface Description {
  readonly name: string;
  readonly title: string;
  readonly documentation: string;
  readonly credentials: string;
  /** What the service cannot do, and what its documentation leaves open. */
  readonly notes: readonly string[];
  /** The keys of a sink, without records, as a mapping in YAML. */
  readonly example: string;
  readonly families: readonly Family[];
  /** Both families of a name in one request, or each by itself. */
  readonly requests: 'one' | 'separate';
  /** Whether it can be asked what it holds; `undefined` where only a whole configuration would tell. */
  readonly reads: boolean | undefined;
  readonly creates: boolean;
  readonly multiple: boolean;
  /** Names in one request of a service of the table, records in one write elsewhere; `undefined` if there is no limit. */
  readonly batch: number | undefined;
  /** Milliseconds between two writes of one record, where the provider asks for it. */
  readonly minimum_gap: number | undefined;
  /** Seconds a time to live may have, where the provider's documentation says so. */
  readonly ttl: Traits['ttl'];
}

export function describeProvider(provider: Provider): Description {
  const row = rowOf(provider);
  const { name, title, documentation, credentials, example, traits } = provider;
  return {
    name,
    title,
    documentation,
    credentials,
    notes: provider.notes ?? [],
    example,
    families: traits.takes ?? FAMILIES,
    requests: traits.families,
    reads: traits.reads ?? readsByExample(provider),
    creates: traits.creates,
    multiple: traits.multiple,
    batch: row === undefined ? limitOf(traits.batch) : namesPerRequest(row),
    minimum_gap: traits.minimumGap,
    ttl: traits.ttl,
  };
}

const limitOf = (batch: number): number | undefined => (Number.isFinite(batch) ? batch : undefined);

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
export const HEADS = ['provider', 'families', 'requests', 'batch', 'creates', 'reads', 'gap', 'ttl'] as const;

export function columnsOf(description: Description): readonly string[] {
  const { name, families, requests, batch, creates, reads, minimum_gap, ttl } = description;
  return [
    name,
    families.length === 2 ? 'IPv4, IPv6' : families[0] === 'ipv4' ? 'IPv4' : 'IPv6',
    families.length === 1 ? 'one family' : requests === 'one' ? 'both in one' : 'one a family',
    batch === undefined ? 'any' : String(batch),
    yes(creates),
    yes(reads),
    minimum_gap === undefined ? '-' : formatDuration(minimum_gap),
    ttlText(ttl),
  ];
}

function ttlText(ttl: Traits['ttl']): string {
  if (ttl === undefined) return '-';
  const { min = 1, max, automatic } = ttl;
  const range = max === undefined ? `from ${min}` : `${min} to ${max}`;
  return automatic === undefined ? range : `${range}, or ${automatic}`;
}

/** A whole sink as it stands in the configuration. */
export function snippetOf({
  name,
  example,
  families,
}: Pick<Description, 'name' | 'example' | 'families'>): string {
  const [only, ...others] = families.map(recordTypeOf);
  const host = 'home.example.org';
  const lines = example.trimEnd().split('\n');
  return [
    'sinks:',
    `  my-${name}:`,
    ...lines.map((line) => `    ${line}`),
    `    records: [${others.length > 0 ? host : `{ name: ${host}, types: [${only}] }`}]`,
    '',
  ].join('\n');
}
