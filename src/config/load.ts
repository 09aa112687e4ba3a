import { dirname, resolve } from 'node:path';
import type { Provider } from '../sinks/contract.ts';
import { type StateSurroundings, stateFolder } from './defaults.ts';
import { isMapping } from './fields.ts';
import { type Parsed, parseTree, type Surroundings } from './parse.ts';
import type { Problem } from './problems.ts';
import type { FileText } from './secrets.ts';
import { readYaml } from './yaml-tree.ts';

export { type Parsed, parseConfiguration, type Surroundings } from './parse.ts';
export { formatProblem, formatProblems, type Problem } from './problems.ts';

/** What loading needs of the host; `node:fs/promises` fits. */
export interface LoadComponents
  extends Omit<Surroundings, 'file' | 'folder' | 'files' | 'mode' | 'providers'> {
  /** The providers of these names, and whatever else is needed to suggest another one. */
  readonly providers: (names: readonly string[]) => Promise<readonly Provider[]>;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly stat: (path: string) => Promise<{ readonly mode: number; readonly size: number }>;
}

const LARGEST_FILE = 1_048_576;
const LARGEST_SECRET = 65_536;

/**
 * Reads a configuration file and the secrets it refers to. Never rejects: an unreadable file is a problem like any
 * other, without a line. Relative paths in the file start at its folder.
 */
export async function loadConfiguration(file: string, components: LoadComponents): Promise<Loaded> {
  const read = await readText(file, LARGEST_FILE, components);
  if (!read.ok) {
    return { ok: false, problems: [unreadable(file, read.why)], unreadable: read.why, providers: [] };
  }
  const tree = readYaml(read.text);
  const folder = dirname(file);
  const providers = await components.providers(providerNames(tree.value));
  const surroundings = {
    ...components,
    providers,
    file,
    folder,
    ...(read.mode === undefined ? {} : { mode: read.mode }),
  };
  const first = parseTree(tree, { ...surroundings, files: new Map() });
  if (first.unread.length === 0) return { ...first.parsed, providers };
  const files = new Map<string, FileText>();
  const texts = first.unread.map(async (path) => {
    files.set(path, await readText(path, LARGEST_SECRET, components));
  });
  await Promise.all(texts);
  return { ...parseTree(tree, { ...surroundings, files }).parsed, providers };
}

/**
 * The state folder that a file names, whatever else is wrong with it: the netdrift that runs may have read it while it was right.
 * `undefined` if the file cannot be read.
 */
export async function loadStateFolder(
  file: string,
  components: Pick<LoadComponents, 'readFile' | 'stat'> & StateSurroundings,
): Promise<string | undefined> {
  const read = await readText(file, LARGEST_FILE, components);
  if (!read.ok) return undefined;
  const root = readYaml(read.text).value;
  const given = isMapping(root) ? root['state_dir'] : undefined;
  const usable = typeof given === 'string' && given !== '' && !given.startsWith('~');
  return usable ? resolve(dirname(file), given) : stateFolder(components);
}

/** What was read, with the providers that its settings are for. */
export type Loaded = Parsed & { readonly providers: readonly Provider[] };

/**
 * The names after `provider:` in every sink, whatever else is wrong with the file. Where no name stands, an empty one does: it is no
 * provider's, so every provider is there to be named to the operator.
 */
function providerNames(root: unknown): readonly string[] {
  const sinks = isMapping(root) ? root['sinks'] : undefined;
  if (!isMapping(sinks)) return [];
  return Object.values(sinks).flatMap((sink) => {
    const name = isMapping(sink) ? sink['provider'] : undefined;
    return isMapping(sink) ? [typeof name === 'string' ? name : ''] : [];
  });
}

type ReadText = FileText & { readonly mode?: number };

async function readText(
  path: string,
  largest: number,
  components: Pick<LoadComponents, 'readFile' | 'stat'>,
): Promise<ReadText> {
  try {
    const { mode, size } = await components.stat(path);
    // Asked before reading: /dev/zero and a log file given by mistake have no end worth waiting for.
    if (size > largest) return { ok: false, why: `it is larger than ${largest / 1_024} KiB` };
    if ((mode & 0o170000) === 0o020000) return { ok: false, why: 'it is a device, not a file' };
    const bytes = await components.readFile(path);
    if (bytes.length > largest) return { ok: false, why: `it is larger than ${largest / 1_024} KiB` };
    return { ...decode(bytes), mode };
  } catch (error) {
    return { ok: false, why: whyOf(error) };
  }
}

function decode(bytes: Uint8Array): FileText {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) return { ok: false, why: 'it is UTF-16; save it as UTF-8' };
  try {
    // A byte order mark is dropped by the decoder.
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, why: 'it is not UTF-8 text' };
  }
}

const WHYS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
};

function whyOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return WHYS[code] ?? code;
}

function unreadable(file: string, why: string): Problem {
  return {
    severity: 'error',
    file,
    path: '',
    message: `cannot be read: ${why}`,
    remedy: 'give the right path with --config, and let the user netdrift runs as read the file',
  };
}
