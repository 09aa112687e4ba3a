import { FAMILIES, type Family } from '../model/family.ts';
import type { DetectorSettings, UplinkSettings } from '../model/settings.ts';
import { ACTIVE, ALL } from '../model/uplinks.ts';
import type { DetectorKind } from '../sources/contract.ts';
import { checkAgree } from './agreement-check.ts';
import { checkSource } from './cross-checks.ts';
import { AUTO, AUTO_DETECTORS, DEFAULTS } from './defaults.ts';
import { fields, isMapping, listAt, mappingAt } from './fields.ts';
import type { Findings } from './findings.ts';
import { wrongChoice, wrongType } from './issue-words.ts';
import { checkName } from './name-check.ts';
import type { Path } from './problems.ts';
import { keysOf } from './schema-keys.ts';
import { uplinkSchema } from './sections.ts';

const UPLINK_KEYS = [...FAMILIES, ...Object.keys(uplinkSchema.shape)];

/** Reads `uplinks:`; what does not fit is noted and left out, so that the names at least are known. */
export function readUplinks(
  findings: Findings,
  input: unknown,
  kinds: readonly DetectorKind[],
): readonly UplinkSettings[] {
  const path = ['uplinks'];
  const mapping = mappingAt(
    findings,
    input === undefined ? DEFAULTS.uplinks : input,
    path,
    'from names to uplinks',
  );
  if (mapping === undefined) return [];
  const uplinks = Object.entries(mapping).flatMap(([name, value]) => {
    checkName(findings, [...path, name], name);
    if (name === ACTIVE || name === ALL) {
      const remedy = `give it another name; records say uplink: ${name} to follow several`;
      findings.error({
        path: [...path, name],
        message: 'is a word with a meaning of its own',
        remedy,
        at: 'key',
      });
    }
    const uplink = readUplink(findings, name, value, kinds);
    return uplink === undefined ? [] : [uplink];
  });
  if (Object.keys(mapping).length === 0) {
    findings.error({
      path,
      message: 'has no uplink',
      remedy: 'add one, or remove the key to have the usual one',
    });
  }
  return uplinks;
}

function readUplink(
  findings: Findings,
  name: string,
  input: unknown,
  kinds: readonly DetectorKind[],
): UplinkSettings | undefined {
  const path = ['uplinks', name];
  const mapping = mappingAt(findings, input, path, 'with ipv4, ipv6 or both');
  if (mapping === undefined) return undefined;
  const { ipv4, ipv6, ...rest } = mapping;
  const common = fields(findings, uplinkSchema, rest, path, UPLINK_KEYS);
  if (ipv4 === undefined && ipv6 === undefined) {
    const remedy = 'add ipv4: [auto], or ipv6: [auto], or both';
    findings.error({ path, message: 'looks for no address', remedy, at: 'key', missing: true });
  }
  const detectors = {
    ipv4: readDetectors(findings, ipv4, [...path, 'ipv4'], kinds, 'ipv4'),
    ipv6: readDetectors(findings, ipv6, [...path, 'ipv6'], kinds, 'ipv6'),
  };
  if (common.agree !== undefined) checkAgree(findings, path, common.agree, detectors, kinds);
  const uplink = {
    name,
    detectors,
    ...(common.interface === undefined ? {} : { interface: common.interface }),
    ...(common.source === undefined ? {} : { source: common.source }),
    allow: common.allow ?? [],
    ...(common.agree === undefined ? {} : { agree: common.agree }),
    ...(common.accept_exits === undefined ? {} : { accept_exits: common.accept_exits }),
    ...(common.metric === undefined ? {} : { metric: common.metric }),
  };
  checkSource(findings, uplink, path);
  return uplink;
}

function readDetectors(
  findings: Findings,
  input: unknown,
  path: Path,
  kinds: readonly DetectorKind[],
  family: Family,
): readonly DetectorSettings[] {
  if (input === undefined) return [];
  const list = listAt(findings, input, path, 'detectors');
  if (list === undefined) return [];
  if (list.length === 0) {
    const remedy = 'list at least one detector, or remove the key if this family is not wanted';
    findings.error({ path, message: 'lists no detector', remedy });
  }
  return list.flatMap((item, index) =>
    item === AUTO
      ? expandAuto(list, kinds)
      : (readDetector(findings, item, [...path, index], kinds, family) ?? []),
  );
}

/** The witnesses that `auto` stands for, but for those that the list names itself: these keep their place and options. */
function expandAuto(list: readonly unknown[], kinds: readonly DetectorKind[]): readonly DetectorSettings[] {
  const named = new Set(list.map((item) => (isMapping(item) ? item['detector'] : item)));
  return AUTO_DETECTORS.flatMap((name) => {
    const kind = kinds.find((candidate) => candidate.name === name);
    return kind === undefined || named.has(name) ? [] : [{ detector: name, options: kind.options.parse({}) }];
  });
}

/** A bare name, or a mapping with `detector` and the keys of its own. */
function readDetector(
  findings: Findings,
  item: unknown,
  path: Path,
  kinds: readonly DetectorKind[],
  family: Family,
): DetectorSettings | undefined {
  const bare = !isMapping(item);
  const { detector: name, ...options } = bare ? { detector: item } : item;
  const place = bare ? path : [...path, 'detector'];
  if (typeof name !== 'string') {
    const names = [AUTO, ...kinds.map((kind) => kind.name)].join(', ');
    const remedy = `write the name of a detector (${names}), or { detector: name, … }`;
    findings.error({ ...wrongType(place, name, 'string'), remedy });
    return undefined;
  }
  if (name === AUTO) {
    const remedy = 'write auto by itself, and detectors with keys of their own beside it';
    findings.error({ path: place, message: 'takes no keys', remedy, show: 'value' });
    return undefined;
  }
  const kind = kinds.find((candidate) => candidate.name === name);
  if (kind === undefined) {
    const names = [AUTO, ...kinds.map((candidate) => candidate.name)];
    findings.error(wrongChoice(place, name, names, 'is no known detector'));
    return undefined;
  }
  if (bare && !kind.options.safeParse({}).success) {
    const remedy = `write { detector: ${name}, … } with its keys (${keysOf(kind.options).join(', ')})`;
    findings.error({ path, message: 'needs more than its name', remedy, show: 'value' });
    return undefined;
  }
  const parsed = findings.parse(kind.options, options, path, ['detector', ...keysOf(kind.options)]);
  const misfit = parsed === undefined ? undefined : kind.check?.(parsed, family);
  if (misfit !== undefined) {
    const { key, ...words } = misfit;
    findings.error({ path: [...path, key], ...words, show: 'value' });
  }
  return { detector: name, options: parsed };
}

/** The families an uplink looks for. */
export const familiesOf = (uplink: UplinkSettings): readonly Family[] =>
  FAMILIES.filter((family) => uplink.detectors[family].length > 0);
