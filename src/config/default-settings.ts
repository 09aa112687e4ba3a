import type { Settings } from '../model/settings.ts';
import type { DetectorKind } from '../sources/contract.ts';
import { type StateSurroundings, stateFolder } from './defaults.ts';
import { Findings } from './findings.ts';
import { detectionSchema, failoverSchema, logSchema, watchSchema } from './sections.ts';
import { readUplinks } from './uplinks.ts';
import { readYaml } from './yaml-tree.ts';

/** What holds where nothing is configured: the usual uplink with the usual witnesses, and no sink. */
export function defaultSettings(
  detectors: readonly DetectorKind[],
  surroundings: StateSurroundings,
): Settings {
  return {
    watch: watchSchema.parse({}) as Settings['watch'],
    detection: detectionSchema.parse({}) as Settings['detection'],
    failover: failoverSchema.parse({}) as Settings['failover'],
    uplinks: readUplinks(new Findings('', readYaml('')), undefined, detectors),
    sinks: [],
    log: logSchema.parse({}) as Settings['log'],
    state_dir: stateFolder(surroundings),
  };
}
