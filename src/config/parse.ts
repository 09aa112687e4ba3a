import { resolve } from 'node:path';
import type { Settings, SinkSettings, UplinkSettings } from '../model/settings.ts';
import type { Provider } from '../sinks/contract.ts';
import type { DetectorKind } from '../sources/contract.ts';
import {
  checkAllow,
  checkDrift,
  checkGap,
  checkListeners,
  checkLookFits,
  checkUnusedUplinks,
  checkWatch,
  viaOf,
} from './cross-checks.ts';
import { DEFAULTS, type StateSurroundings, stateFolder } from './defaults.ts';
import { warnOfReadableLiterals } from './exposed-secrets.ts';
import { fields, isMapping } from './fields.ts';
import { Findings } from './findings.ts';
import { deepFreeze, fingerprint } from './fingerprint.ts';
import { sortOf, unknownKey, wrongType } from './issue-words.ts';
import { type Problem, sortProblems } from './problems.ts';
import { checkMisfits } from './provider-fit.ts';
import { checkSinkUplink, resolveRecords } from './records.ts';
import { withSecretSource } from './secret-source.ts';
import { type SecretPlaces, secretSource } from './secrets.ts';
import { detectionSchema, failoverSchema, logSchema, TOP_KEYS, watchSchema } from './sections.ts';
import { readSinks, type SinkDraft } from './sinks.ts';
import { readUplinks } from './uplinks.ts';
import { readYaml, type YamlTree } from './yaml-tree.ts';

/** What the text of a configuration is judged with; nothing in it does I/O. */
export interface Surroundings extends StateSurroundings, SecretPlaces {
  /** As shown in problems. */
  readonly file: string;
  readonly providers: readonly Provider[];
  readonly detectors: readonly DetectorKind[];
  /** Permission bits of the file, where the platform has them. */
  readonly mode?: number;
}

export type Parsed =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly Problem[] }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** Why the file could not even be read; the one problem then says the same. */
      readonly unreadable?: string;
    };

/** More than a person mends at once; a binary file would have thousands. */
const MOST_PROBLEMS = 100;

/** Reads the whole text. Never throws: whatever is wrong with it is in the answer, all of it. */
export function parseConfiguration(text: string, surroundings: Surroundings): Parsed {
  return parseTree(readYaml(text), surroundings).parsed;
}

/** As `parseConfiguration`, from a text already read; `unread` are files that secrets refer to and `files` lacks. */
export function parseTree(
  tree: YamlTree,
  surroundings: Surroundings,
): { readonly parsed: Parsed; readonly unread: readonly string[] } {
  const { file } = surroundings;
  const findings = new Findings(file, tree);
  const literals = new Set<string>();
  const unread = new Set<string>();
  const source = secretSource(surroundings, {
    value: (value, exposed) => {
      findings.secrets.add(value);
      if (exposed) literals.add(value);
    },
    unread: (path) => unread.add(path),
  });
  const settings = withSecretSource(source, () => readSettings(findings, tree.value, surroundings));
  warnOfReadableLiterals(findings, tree.value, literals, surroundings);
  const broken = tree.problems.map(({ position, ...rest }): Problem => {
    return { severity: 'error', file, ...position, ...rest };
  });
  if (broken.length === 0 && !findings.failed && settings !== undefined) {
    const warnings = sortProblems(findings.problems);
    return { parsed: { ok: true, settings: deepFreeze(settings), warnings }, unread: [...unread] };
  }
  const problems = sortProblems([...broken, ...credible(findings.problems, broken)]);
  return { parsed: { ok: false, problems: capped(problems, file) }, unread: [...unread] };
}

/** After broken YAML nothing below it, and nothing that seems to be missing, can be relied upon. */
function credible(problems: readonly Problem[], broken: readonly Problem[]): readonly Problem[] {
  const first = Math.min(...broken.map(({ line }) => line ?? 1));
  return problems.filter(
    ({ line = 0, missing }) => broken.length === 0 || (line < first && missing !== true),
  );
}

function capped(problems: readonly Problem[], file: string): readonly Problem[] {
  const more = problems.length - MOST_PROBLEMS;
  if (more <= 0) return problems;
  const message = `has ${more} more problems`;
  const remedy = 'mend those above first; is this the right file?';
  return [...problems.slice(0, MOST_PROBLEMS), { severity: 'error', file, path: '', message, remedy }];
}

function readSettings(findings: Findings, root: unknown, surroundings: Surroundings): Settings | undefined {
  if (!isMapping(root)) {
    const empty = root === null || root === undefined;
    findings.error({
      path: [],
      message: empty ? 'is empty' : `must be a mapping, but is ${sortOf(root)}`,
      remedy: `begin with keys such as sinks: (all of them: ${TOP_KEYS.join(', ')})`,
      missing: empty,
    });
    return undefined;
  }
  for (const key of Object.keys(root)) {
    if (!TOP_KEYS.some((known) => known === key)) findings.error(unknownKey([key], key, TOP_KEYS));
  }
  const watch = fields(findings, watchSchema, root['watch'] ?? absent(root, 'watch'), ['watch']);
  const detection = fields(findings, detectionSchema, root['detection'] ?? absent(root, 'detection'), [
    'detection',
  ]);
  const failover = fields(findings, failoverSchema, root['failover'] ?? absent(root, 'failover'), [
    'failover',
  ]);
  const log = fields(findings, logSchema, root['log'] ?? absent(root, 'log'), ['log']);
  const state_dir = readStateFolder(findings, root['state_dir'], surroundings);
  checkWatch(findings, watch);
  checkLookFits(findings, watch, detection.deadline);
  const uplinks = readUplinks(findings, root['uplinks'], surroundings.detectors);
  const drafts = readSinks(findings, root['sinks'], surroundings.providers);
  const sinks = drafts.map((draft) => finishSink(findings, draft, uplinks));
  checkListeners(findings, drafts);
  // While records are in doubt, an uplink may only seem to be unused.
  if (!findings.failed) checkUnusedUplinks(findings, uplinks, sinks);
  if (findings.failed) return undefined;
  return {
    watch: watch as Settings['watch'],
    detection: detection as Settings['detection'],
    failover: failover as Settings['failover'],
    uplinks,
    sinks,
    log: log as Settings['log'],
    state_dir,
  };
}

/** A section left out is an empty one; a section with nothing after its colon is a slip. */
const absent = (root: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(root, key) ? root[key] : {};

function finishSink(findings: Findings, draft: SinkDraft, uplinks: readonly UplinkSettings[]): SinkSettings {
  const { name, provider, common, options } = draft;
  checkSinkUplink(findings, draft, uplinks);
  const records = resolveRecords(findings, draft, uplinks);
  checkAllow(findings, draft, records, uplinks);
  const written = findings.written([...draft.path, 'minimum_gap']);
  checkMisfits(findings, draft, records);
  checkGap(findings, draft, written);
  checkDrift(findings, draft);
  const via = viaOf(findings, draft, uplinks);
  const least = provider.traits.minimumGap;
  // What the provider demands is a floor under what is written, and the default where nothing is.
  const gap = written ? Math.max(common.minimum_gap ?? 0, least ?? 0) : (least ?? common.minimum_gap ?? 0);
  return {
    name,
    provider: provider.name,
    records,
    allow: common.allow ?? [],
    timeout: common.timeout as SinkSettings['timeout'],
    minimum_gap: gap as SinkSettings['minimum_gap'],
    ...(typeof common.drift_check === 'number' && { drift_check: common.drift_check }),
    ...(common.drift_lookup === 'authoritative' && {
      drift_lookup: common.drift_resolver === undefined ? {} : { resolver: common.drift_resolver },
    }),
    ...(via && { via }),
    when_absent: common.when_absent ?? DEFAULTS.sink.when_absent,
    options,
    fingerprint: fingerprint(name, provider.name, options),
  };
}

function readStateFolder(findings: Findings, input: unknown, surroundings: Surroundings): string {
  if (input === undefined) return stateFolder(surroundings);
  const path = ['state_dir'];
  if (typeof input !== 'string' || input === '')
    findings.error(wrongType(path, input === '' ? null : input, 'string'));
  else if (input.startsWith('~')) {
    findings.error({
      path,
      message: 'begins with ~, which only shells understand',
      remedy: `write the whole path, such as ${surroundings.home}${input.slice(1)}`,
      show: 'value',
    });
  } else return resolve(surroundings.folder, input);
  return stateFolder(surroundings);
}
