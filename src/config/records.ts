import type { Family } from '../model/family.ts';
import { familyOfType, recordTypeOf } from '../model/family.ts';
import { keyText } from '../model/record.ts';
import type { RecordSettings, UplinkSettings } from '../model/settings.ts';
import { DEFAULT_UPLINK } from './defaults.ts';
import type { Findings } from './findings.ts';
import { wrongChoice } from './issue-words.ts';
import type { RecordDraft, SinkDraft } from './sinks.ts';
import { familiesOf } from './uplinks.ts';

/** Gives each record of a sink its uplink and types; every name and type once. */
export function resolveRecords(
  findings: Findings,
  sink: SinkDraft,
  uplinks: readonly UplinkSettings[],
): readonly RecordSettings[] {
  const seen = new Map<string, string>();
  return sink.records.flatMap((record) => {
    const uplink = uplinkOf(findings, sink, record, uplinks);
    if (uplink === undefined) return [];
    const ttl = record.ttl ?? sink.common.ttl;
    return typesOf(findings, record, uplink).flatMap((family): readonly RecordSettings[] => {
      const key = { name: record.name, type: recordTypeOf(family) };
      const text = keyText(key);
      if (seen.has(text)) {
        const message = `has ${text} a second time in this sink`;
        findings.error({
          path: record.path,
          message,
          remedy: 'keep one of the two, or limit one with types: [A]',
        });
        return [];
      }
      seen.set(text, uplink.name);
      return [{ key, uplink: uplink.name, ...(ttl === undefined ? {} : { ttl }) }];
    });
  });
}

function uplinkOf(
  findings: Findings,
  sink: SinkDraft,
  record: RecordDraft,
  uplinks: readonly UplinkSettings[],
): UplinkSettings | undefined {
  const names = uplinks.map(({ name }) => name);
  const wanted = record.uplink ?? sink.common.uplink;
  if (wanted === undefined) {
    const [only, ...others] = uplinks;
    const usual =
      uplinks.find(({ name }) => name === DEFAULT_UPLINK) ?? (others.length === 0 ? only : undefined);
    // Without any uplink the file has been told so already.
    if (usual === undefined && uplinks.length > 0) {
      const remedy = `add uplink: to the record or its sink, one of: ${names.join(', ')}`;
      findings.error({
        path: record.path,
        message: 'does not say which uplink it follows',
        remedy,
        missing: true,
      });
    }
    return usual;
  }
  const uplink = uplinks.find(({ name }) => name === wanted);
  // A sink's own mistake is told once by `checkSinkUplink`, not for each of its records.
  if (uplink === undefined && record.uplink !== undefined) {
    findings.error(wrongChoice([...record.path, 'uplink'], wanted, names, 'is no known uplink'));
  }
  return uplink;
}

export function checkSinkUplink(
  findings: Findings,
  sink: SinkDraft,
  uplinks: readonly UplinkSettings[],
): void {
  const wanted = sink.common.uplink;
  const names = uplinks.map(({ name }) => name);
  if (wanted === undefined || names.includes(wanted)) return;
  findings.error(wrongChoice([...sink.path, 'uplink'], wanted, names, 'is no known uplink'));
}

function typesOf(findings: Findings, record: RecordDraft, uplink: UplinkSettings): readonly Family[] {
  const detected = familiesOf(uplink);
  if (record.types === undefined) return detected;
  for (const [index, type] of record.types.entries()) {
    const family = familyOfType(type);
    if (detected.includes(family) || detected.length === 0) continue;
    findings.error({
      path: [...record.path, 'types', index],
      message: `needs ${family}, which uplink ${uplink.name} does not look for`,
      remedy: `add ${family}: with detectors to uplink ${uplink.name}, or remove ${type} here`,
      show: 'value',
    });
  }
  return record.types.map(familyOfType);
}
