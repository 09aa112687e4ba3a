import { FAMILIES, type Family, familyOfType, recordTypeOf } from '../model/family.ts';
import type { RecordSettings } from '../model/settings.ts';
import type { Findings } from './findings.ts';
import type { Path } from './problems.ts';
import type { RecordDraft, SinkDraft } from './sinks.ts';

/**
 * Those of the families that the provider of the sink has a place for. A type that is written and has none is a mistake; one that
 * nobody wrote is left out, unless nothing is left then.
 */
export function takenFamilies(
  findings: Findings,
  { provider }: SinkDraft,
  record: RecordDraft,
  families: readonly Family[],
): readonly Family[] {
  const takes = provider.traits.takes ?? FAMILIES;
  const taken = families.filter((family) => takes.includes(family));
  const holds = `provider ${provider.name} holds ${takes.map(recordTypeOf).join(' and ')} records only`;
  const remedy = `write types: [${takes.map(recordTypeOf).join(', ')}], or use another provider for the other type`;
  const written = record.types ?? [];
  for (const [index, type] of written.entries()) {
    if (takes.includes(familyOfType(type))) continue;
    const path = [...record.path, 'types', index];
    findings.error({ path, message: `cannot be kept here: ${holds}`, remedy, show: 'value' });
  }
  if (taken.length === 0 && families.length > 0 && written.length === 0) {
    const message = `would hold ${families.map(recordTypeOf).join(' and ')}, and ${holds}`;
    findings.error({ path: record.path, message, remedy: 'use another provider for it' });
  }
  return taken;
}

/** The TTL that the provider will take in place of the one written at `path`; a warning if they differ. */
export function fittingTtl(
  findings: Findings,
  { provider }: SinkDraft,
  path: Path,
  written: number | undefined,
): number | undefined {
  const { min = 1, max = Number.POSITIVE_INFINITY, automatic } = provider.traits.ttl ?? {};
  if (written === undefined || written === automatic) return written;
  const used = Math.min(Math.max(written, min), max);
  if (used !== written) {
    const bound = written < min ? 'shorter' : 'longer';
    findings.warning({
      path,
      message: `is ${bound} than provider ${provider.name} allows; ${used} (seconds) is used`,
      remedy: `write ${used} or ${written < min ? 'more' : 'less'}, or remove the key`,
      show: 'value',
    });
  }
  return used;
}

/** What the provider itself knows to be wrong with the names it is given. */
export function checkMisfits(
  findings: Findings,
  { provider, options, records: drafts }: SinkDraft,
  records: readonly RecordSettings[],
): void {
  if (options === undefined) return;
  const told = new Set<string>();
  for (const { key, message, remedy } of provider.check?.(
    options,
    records.map((one) => one.key),
  ) ?? []) {
    const draft = drafts.find(({ name }) => name === key.name);
    const words = `${key.name} ${message}`;
    if (draft === undefined || told.has(words)) continue;
    told.add(words);
    findings.error({ path: draft.path, message: words, remedy });
  }
}
