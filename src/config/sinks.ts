import type * as z from 'zod';
import type { Provider } from '../sinks/contract.ts';
import { fields, isMapping, listAt, mappingAt } from './fields.ts';
import type { Findings } from './findings.ts';
import { unknownKey, wrongChoice, wrongType } from './issue-words.ts';
import { checkName } from './name-check.ts';
import type { Path } from './problems.ts';
import { keysOf } from './schema-keys.ts';
import { recordSchema, sinkSchema } from './sections.ts';

/** A sink as it stands in the file, before records and uplinks have been brought together. */
export interface SinkDraft {
  readonly name: string;
  readonly path: Path;
  readonly provider: Provider;
  readonly common: Partial<z.output<typeof sinkSchema>>;
  readonly records: readonly RecordDraft[];
  readonly options: unknown;
}

export type RecordDraft = z.output<typeof recordSchema> & { readonly path: Path };

/** The keys every sink has beside those of its provider. */
export const SINK_KEYS: readonly string[] = ['provider', 'records', ...Object.keys(sinkSchema.shape)];

/** Reads `sinks:`; a sink with an unknown provider is noted and left out. */
export function readSinks(
  findings: Findings,
  input: unknown,
  providers: readonly Provider[],
): readonly SinkDraft[] {
  const path = ['sinks'];
  const remedy = 'add sinks: with at least one sink, such as local: { provider: embedded, … }';
  if (input === undefined) {
    findings.error({ path, message: 'is missing', remedy, missing: true });
    return [];
  }
  const mapping = mappingAt(findings, input, path, 'from names to sinks');
  if (mapping === undefined) return [];
  if (Object.keys(mapping).length === 0) findings.error({ path, message: 'has no sink', remedy });
  return Object.entries(mapping).flatMap(([name, value]) => {
    checkName(findings, [...path, name], name);
    return readSink(findings, name, value, providers) ?? [];
  });
}

function readSink(
  findings: Findings,
  name: string,
  input: unknown,
  providers: readonly Provider[],
): SinkDraft | undefined {
  const path = ['sinks', name];
  const mapping = mappingAt(findings, input, path, 'with provider and records');
  if (mapping === undefined) return undefined;
  const provider = providerOf(findings, mapping['provider'], [...path, 'provider'], providers);
  const own = provider === undefined ? [] : keysOf(provider.options);
  const known = [...new Set([...SINK_KEYS, ...own])];

  const shared: Record<string, unknown> = {};
  const special: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(mapping)) {
    if (Object.hasOwn(sinkSchema.shape, key)) shared[key] = value;
    // A provider that declares a common key sees it as well.
    if (own.includes(key) || !SINK_KEYS.includes(key)) special[key] = value;
  }
  const common = fields(findings, sinkSchema, shared, path, known);
  const records = readRecords(findings, mapping['records'], [...path, 'records']);
  if (provider === undefined) {
    const names = providers.flatMap((candidate) => keysOf(candidate.options));
    for (const key of Object.keys(special)) {
      if (!names.includes(key)) findings.error(unknownKey([...path, key], key, SINK_KEYS));
    }
    return undefined;
  }
  const options = findings.parse(provider.options, special, path, known);
  return { name, path, provider, common, records, options };
}

function providerOf(
  findings: Findings,
  name: unknown,
  path: Path,
  providers: readonly Provider[],
): Provider | undefined {
  const names = providers.map((provider) => provider.name);
  if (typeof name !== 'string') {
    const finding = wrongType(path, name, 'string');
    findings.error({ ...finding, remedy: `write provider: and one of ${names.join(', ')}` });
    return undefined;
  }
  const provider = providers.find((candidate) => candidate.name === name);
  if (provider === undefined) findings.error(wrongChoice(path, name, names, 'is no known provider'));
  return provider;
}

function readRecords(findings: Findings, input: unknown, path: Path): readonly RecordDraft[] {
  if (input === undefined) {
    const remedy = 'add records: [home.example.org] with the names to keep up to date';
    findings.error({ path, message: 'is missing', remedy, missing: true });
    return [];
  }
  const list = listAt(findings, input, path, 'names');
  if (list?.length === 0) {
    findings.error({
      path,
      message: 'lists no record',
      remedy: 'list at least one name, or remove the sink',
    });
  }
  return (list ?? []).flatMap((item, index) => readRecord(findings, item, [...path, index]) ?? []);
}

/** A bare name, or a mapping with `name`. */
function readRecord(findings: Findings, item: unknown, path: Path): RecordDraft | undefined {
  if (isMapping(item)) {
    const { name, ...rest } = fields(findings, recordSchema, item, path);
    return name === undefined ? undefined : { name, ...rest, path };
  }
  const name = findings.parse(recordSchema.shape.name, item, path, []);
  return name === undefined ? undefined : { name, path };
}
