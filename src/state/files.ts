import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What the state needs of the file system; injected so that tests can fill the disk and pull the plug. */
export interface StateFiles {
  read(path: string): Promise<string>;
  list(folder: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Writes a new file with mode 0600 and returns when the device has it. */
  writeNew(path: string, text: string): Promise<void>;
  /** Returns when the device has the folder's entries. */
  syncFolder(folder: string): Promise<void>;
}

/** Systems and file systems where a folder cannot be synchronised (Windows among them). */
const NO_FOLDER_SYNC: ReadonlySet<string> = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP']);

export const hostFiles: StateFiles = {
  read: (path) => readFile(path, 'utf8'),
  list: (folder) => readdir(folder),
  rename,
  remove: unlink,
  async writeNew(path, text) {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async syncFolder(folder) {
    try {
      const handle = await open(folder, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (!NO_FOLDER_SYNC.has(codeOf(error) ?? '')) throw error;
    }
  },
};

export const STATE_FILE = 'state.json';
const TEMPORARY = `${STATE_FILE}.tmp-`;
const DAMAGED = `${STATE_FILE}.damaged-`;
const MOST_DAMAGED = 5;

/**
 * Replaces the state file so that at any moment, a lost power supply included, one whole version is there: a new file in the same folder,
 * synchronised before it takes the name, and the folder after.
 */
export async function replaceState(files: StateFiles, folder: string, text: string): Promise<void> {
  const temporary = join(folder, `${TEMPORARY}${randomBytes(6).toString('hex')}`);
  try {
    await files.writeNew(temporary, text);
    await files.rename(temporary, join(folder, STATE_FILE));
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw error;
  }
  await files.syncFolder(folder);
}

/** Removes what a killed process left half-written. Only the owner of the folder's lock may do so. */
export async function cleanFolder(files: StateFiles, folder: string): Promise<void> {
  for (const name of await files.list(folder).catch(() => [])) {
    if (name.startsWith(TEMPORARY)) await files.remove(join(folder, name)).catch(() => {});
  }
}

/** Gives a damaged state file another name, keeps the newest five of them, and answers the new name. */
export async function setAside(files: StateFiles, folder: string, wall: number): Promise<string> {
  const stamp = new Date(wall).toISOString().replace(/[-:.]/g, '');
  const name = `${DAMAGED}${stamp}-${randomBytes(2).toString('hex')}`;
  await files.rename(join(folder, STATE_FILE), join(folder, name));
  const old = (await files.list(folder)).filter((entry) => entry.startsWith(DAMAGED)).sort();
  for (const entry of old.slice(0, -MOST_DAMAGED)) await files.remove(join(folder, entry)).catch(() => {});
  return name;
}

export type FolderCheck =
  | { readonly kind: 'good' }
  | { readonly kind: 'repaired' }
  | { readonly kind: 'unusable'; readonly why: string };

/** Makes the folder if it is missing, and makes sure that nobody but this user can look into it. */
export async function prepareFolder(folder: string): Promise<FolderCheck> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    const found = await stat(folder);
    if (!found.isDirectory()) return { kind: 'unusable', why: 'it is not a folder' };
    // Windows has no such mode bits; there the folder inherits the rights of the user's profile or of ProgramData.
    if (process.getuid === undefined) return { kind: 'good' };
    if (found.uid !== process.getuid()) {
      return {
        kind: 'unusable',
        why: `it belongs to user ${found.uid}, netdrift runs as user ${process.getuid()}`,
      };
    }
    const open = (found.mode & 0o777) !== 0o700;
    if (open) await chmod(folder, 0o700);
    const closed = await closeFile(join(folder, STATE_FILE));
    return open || closed ? { kind: 'repaired' } : { kind: 'good' };
  } catch (error) {
    return { kind: 'unusable', why: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * A state file restored from a backup may be readable for all. True if it had to be closed and could be: in a closed folder nobody
 * reaches it anyway, and the next write makes a new one.
 */
async function closeFile(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (!found.isFile() || (found.mode & 0o077) === 0) return false;
    await chmod(path, 0o600);
    return true;
  } catch {
    return false;
  }
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
