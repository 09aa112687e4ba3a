import { bindingOf, isBound } from '../model/binding.ts';
import { type Duration, formatDuration, milliseconds, minutes } from '../model/duration.ts';
import { FAMILIES } from '../model/family.ts';
import type { RecordSettings, SinkSettings, UplinkSettings, WatchSettings } from '../model/settings.ts';
import { mayHold } from '../model/uplinks.ts';
import { isMapping } from './fields.ts';
import type { Findings } from './findings.ts';
import { wrongChoice } from './issue-words.ts';
import type { Path } from './problems.ts';
import type { SinkDraft } from './sinks.ts';

/** settle <= settle_limit <= every: otherwise a bound would never be reached, or always. */
export function checkWatch(findings: Findings, watch: Partial<WatchSettings>): void {
  const ordered = ['settle', 'settle_limit', 'every'] as const;
  for (const [index, key] of ordered.entries()) {
    const larger = ordered[index + 1];
    const value = watch[key];
    const bound = larger === undefined ? undefined : watch[larger];
    if (larger === undefined || value === undefined || bound === undefined || value <= bound) continue;
    findings.error({
      path: ['watch', key],
      message: `is longer than ${larger} (${formatDuration(bound)})`,
      remedy: `make ${key} at most ${formatDuration(bound)}, or ${larger} at least ${formatDuration(value)}`,
      show: 'value',
    });
  }
}

/** A look that takes longer than the time to the next one is given up for it, and the next one after that. */
export function checkLookFits(
  findings: Findings,
  { every, settle_limit: settle }: Partial<WatchSettings>,
  deadline: Duration | undefined,
): void {
  if (every === undefined || settle === undefined || deadline === undefined || settle > every) return;
  const longest = milliseconds(settle + deadline);
  if (longest <= every) return;
  findings.warning({
    path: ['watch', 'every'],
    message: `is shorter than a look may take (settle_limit and detection.deadline: ${formatDuration(longest)}), so slow witnesses may never be heard`,
    remedy: `write ${formatDuration(longest)} or more, or make detection.deadline shorter`,
    show: 'value',
  });
}

/** Two sinks cannot listen at one place; 0.0.0.0 and [::] take every address of the port. */
export function checkListeners(findings: Findings, sinks: readonly SinkDraft[]): void {
  const taken: { readonly sink: string; readonly host: string; readonly port: number }[] = [];
  for (const { name, path, options } of sinks) {
    const given = isMapping(options) ? options['listen'] : undefined;
    for (const listen of Array.isArray(given) ? given : [given]) {
      if (!isMapping(listen)) continue;
      const { host, port } = listen;
      if (typeof host !== 'string' || typeof port !== 'number' || port === 0) continue;
      const other = taken.find((place) => place.port === port && overlap(place.host, host));
      if (other !== undefined) {
        const which = other.sink === name ? 'this sink' : `sink ${other.sink}`;
        findings.error({
          path: [...path, 'listen'],
          message: `is where ${which} listens already`,
          remedy: 'give each sink a port of its own, or put the records into one sink',
          show: 'value',
        });
      }
      taken.push({ sink: name, host, port });
    }
  }
}

/** [::] takes IPv4 as well on most systems, unless told otherwise; so only the same family counts as taken. */
function overlap(a: string, b: string): boolean {
  if (a.includes(':') !== b.includes(':')) return false;
  const every = a.includes(':') ? '::' : '0.0.0.0';
  return a === b || a === every || b === every;
}

/**
 * A class has to be allowed on both ends to get through; on one end alone it does nothing. A sink that has an `allow` of
 * its own has said what it wants, be it nothing.
 */
export function checkAllow(
  findings: Findings,
  sink: SinkDraft,
  records: readonly RecordSettings[],
  uplinks: readonly UplinkSettings[],
): void {
  const here = sink.common.allow ?? [];
  const used = uplinks.filter(({ name }) => records.some(({ uplink }) => mayHold(uplink, name)));
  const path = [...sink.path, 'allow'];
  for (const uplink of findings.written(path) ? [] : used) {
    if (uplink.allow.length === 0) continue;
    findings.warning({
      path: sink.path,
      message: `does not publish ${uplink.allow.join(', ')} addresses, which uplink ${uplink.name} allows`,
      remedy: `add allow: [${uplink.allow.join(', ')}] if they are wanted here, or allow: [] if not`,
      at: 'key',
    });
  }
  const idle = here.filter((name) => !used.some(({ allow }) => allow.includes(name)));
  if (idle.length > 0 && used.length > 0) {
    findings.warning({
      path,
      message: `allows ${idle.join(', ')} addresses, which no uplink of it lets through`,
      remedy: `add them to allow: of uplink ${used.map(({ name }) => name).join(', ')}, or remove them here`,
      at: 'key',
    });
  }
}

/** Bound in one family alone, its questions in the other would leave by whatever way the system takes, and name another uplink's address. */
export function checkSource(findings: Findings, uplink: UplinkSettings, path: Path): void {
  if (uplink.source === undefined || uplink.interface !== undefined) return;
  for (const family of FAMILIES) {
    if (uplink.detectors[family].length === 0 || uplink.source[family] !== undefined) continue;
    findings.error({
      path: [...path, 'source'],
      message: `has no address of ${family}, which the uplink looks for`,
      remedy: `add one, or interface: with the name of its interface, or remove ${family}:`,
    });
  }
}

/** The uplink that a sink's requests leave through; noted if it is unknown, is bound to nothing, or cannot be used for this provider. */
export function viaOf(
  findings: Findings,
  { path, common, provider }: SinkDraft,
  uplinks: readonly UplinkSettings[],
): UplinkSettings | undefined {
  const wanted = common.via;
  if (wanted === undefined) return undefined;
  const place = [...path, 'via'];
  if (provider.traits.bindable === false) {
    findings.error({
      path: place,
      message: `cannot be had: provider ${provider.name} sends nothing that could be bound to an uplink`,
      remedy: 'remove the key; routes of the system decide where its requests go',
    });
    return undefined;
  }
  const uplink = uplinks.find(({ name }) => name === wanted);
  if (uplink === undefined) {
    const names = uplinks.map(({ name }) => name);
    findings.error(wrongChoice(place, wanted, names, 'is no known uplink'));
    return undefined;
  }
  if (!FAMILIES.some((family) => isBound(bindingOf(uplink, family)))) {
    findings.error({
      path: place,
      message: `names an uplink that is bound to nothing, so requests could leave anywhere`,
      remedy: `add interface: or source: to uplink ${wanted}, or remove the key`,
      show: 'value',
    });
  }
  return uplink;
}

export function checkUnusedUplinks(
  findings: Findings,
  uplinks: readonly UplinkSettings[],
  sinks: readonly Pick<SinkSettings, 'records' | 'via'>[],
): void {
  for (const { name } of uplinks) {
    const used = sinks.some(
      ({ records, via }) => via?.name === name || records.some(({ uplink }) => mayHold(uplink, name)),
    );
    if (used) continue;
    findings.warning({
      path: ['uplinks', name],
      message: 'is used by no record',
      remedy: `write uplink: ${name} at a record or sink, or remove the uplink`,
      at: 'key',
    });
  }
}

/** What the provider itself demands between two writes cannot be undercut. */
export function checkGap(findings: Findings, sink: SinkDraft, written: boolean): void {
  const least = sink.provider.traits.minimumGap ?? 0;
  const gap = sink.common.minimum_gap;
  if (!written || gap === undefined || gap >= least) return;
  findings.warning({
    path: [...sink.path, 'minimum_gap'],
    message: `is shorter than provider ${sink.provider.name} allows; ${formatDuration(least)} is used`,
    remedy: `write ${formatDuration(least)} or more, or remove the key`,
    show: 'value',
  });
}

/** Providers count requests to read as well. */
const SHORT_DRIFT_CHECK = minutes(1);

export function checkDrift(findings: Findings, { path, common }: SinkDraft): void {
  const { drift_check: every, drift_lookup: lookup, drift_resolver: resolver } = common;
  if (typeof every === 'number' && every < SHORT_DRIFT_CHECK) {
    findings.warning({
      path: [...path, 'drift_check'],
      message: 'is shorter than 1m, and many providers forbid to be asked so often',
      remedy: 'write 1m or more, unless the server is your own',
      show: 'value',
    });
  }
  if (resolver !== undefined && lookup !== 'authoritative') {
    findings.warning({
      path: [...path, 'drift_resolver'],
      message: 'is not used without drift_lookup: authoritative',
      remedy: 'add drift_lookup: authoritative, or remove the key',
    });
  }
}
