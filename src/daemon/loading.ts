import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { type Loaded, loadConfiguration } from '../config/load.ts';
import { providersFor } from '../sinks/catalogue.ts';
import { detectorKinds } from '../sources/addresses/registry.ts';

/** Reads a configuration with everything this build knows: its providers, its detectors, this host's files and environment. */
export function load(file: string): Promise<Loaded> {
  const uid = process.getuid?.();
  return loadConfiguration(file, {
    providers: providersFor,
    detectors: detectorKinds,
    readFile,
    stat,
    env: process.env,
    platform: process.platform,
    home: homedir(),
    ...(uid !== undefined && { uid }),
  });
}
