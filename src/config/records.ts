import { FAMILIES, type Family, familyOfType, recordTypeOf } from '../model/family.ts';
import { keyText } from '../model/record.ts';
import type { RecordSettings, UplinkSettings } from '../model/settings.ts';
import { ACTIVE, ALL, oneOfAll } from '../model/uplinks.ts';
import { DEFAULT_UPLINK } from './defaults.ts';
import type { Findings } from './findings.ts';
import { hostPartOf, isOtherHosts, typesOfOtherHost } from './host-part.ts';
import { wrongChoice } from './issue-words.ts';
import { fittingTtl, takenFamilies } from './provider-fit.ts';
import type { RecordDraft, SinkDraft } from './sinks.ts';
import { familiesOf } from './uplinks.ts';

/** Gives each record of a sink its uplink and types; every name and type once. */
export function resolveRecords(
  findings: Findings,
  sink: SinkDraft,
  uplinks: readonly UplinkSettings[],
): readonly RecordSettings[] {
  const seen = new Map<string, string>();
  const usualTtl = fittingTtl(findings, sink, [...sink.path, 'ttl'], sink.common.ttl);
  return sink.records.flatMap((record) => {
    const followed = followedBy(findings, sink, record, uplinks);
    if (followed === undefined) return [];
    const ttl = fittingTtl(findings, sink, [...record.path, 'ttl'], record.ttl) ?? usualTtl;
    const host = hostPartOf(findings, record);
    const families = takenFamilies(findings, sink, record, typesOf(findings, record, followed));
    return families.flatMap((family): readonly RecordSettings[] => {
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
      seen.set(text, followed.name);
      const names =
        followed.name === ALL
          ? followed.uplinks
              .filter((one) => familiesOf(one).includes(family))
              .map((one) => oneOfAll(one.name))
          : [followed.name];
      return names.map((uplink) => ({
        key,
        uplink,
        ...(ttl === undefined ? {} : { ttl }),
        ...(host === undefined ? {} : { host }),
      }));
    });
  });
}

/** What a record follows: one uplink, or one of the words that stand for several. */
interface Followed {
  readonly name: string;
  readonly uplinks: readonly UplinkSettings[];
}

function followedBy(
  findings: Findings,
  sink: SinkDraft,
  record: RecordDraft,
  uplinks: readonly UplinkSettings[],
): Followed | undefined {
  const wanted = record.uplink ?? sink.common.uplink;
  if (wanted === ACTIVE || wanted === ALL) {
    if (uplinks.length > 1) {
      if (wanted === ALL && !sink.provider.traits.multiple) {
        findings.error({
          path: record.path,
          message: `wants the addresses of all uplinks, but provider ${sink.provider.name} holds one address a name`,
          remedy: 'name one uplink, or use uplink: active',
        });
      }
      return { name: wanted, uplinks };
    }
    // With a single uplink both words mean that one.
    const [only] = uplinks;
    return only && { name: only.name, uplinks };
  }
  const uplink = uplinkOf(findings, sink, record, uplinks);
  return uplink && { name: uplink.name, uplinks: [uplink] };
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
  if (wanted === undefined || wanted === ACTIVE || wanted === ALL || names.includes(wanted)) return;
  findings.error(wrongChoice([...sink.path, 'uplink'], wanted, names, 'is no known uplink'));
}

function typesOf(findings: Findings, record: RecordDraft, { name, uplinks }: Followed): readonly Family[] {
  if (isOtherHosts(record)) return typesOfOtherHost(findings, record, name, uplinks);
  const detected = FAMILIES.filter((family) => uplinks.some((uplink) => familiesOf(uplink).includes(family)));
  if (record.types === undefined) return detected;
  for (const [index, type] of record.types.entries()) {
    const family = familyOfType(type);
    if (detected.includes(family) || detected.length === 0) continue;
    findings.error({
      path: [...record.path, 'types', index],
      message: `needs ${family}, which uplink ${name} does not look for`,
      remedy: `add ${family}: with detectors to uplink ${name}, or remove ${type} here`,
      show: 'value',
    });
  }
  return record.types.map(familyOfType);
}
