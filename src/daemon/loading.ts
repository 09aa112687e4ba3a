import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { type Loaded, loadConfiguration, loadStateFolder } from '../config/load.ts';
import { providersFor } from '../sinks/catalogue.ts';
import { detectorKinds } from '../sources/addresses/registry.ts';

const files = { readFile, stat };

function surroundings() {
  const uid = process.getuid?.();
  return {
    env: process.env,
    platform: process.platform,
    home: homedir(),
    ...(uid !== undefined && { uid }),
  };
}

/** Reads a configuration with everything this build knows: its providers, its detectors, this host's files and environment. */
export const load = (file: string): Promise<Loaded> =>
  loadConfiguration(file, {
    providers: providersFor,
    detectors: detectorKinds,
    ...files,
    ...surroundings(),
  });

/** Where the netdrift of this configuration keeps its state; `undefined` if the file cannot be read. */
export const stateFolderOf = (file: string): Promise<string | undefined> =>
  loadStateFolder(file, { ...files, ...surroundings() });
