import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { LONGEST_FOLDER, type Reach, reachFolder } from '../state/reach.ts';

/**
 * Where the running netdrift of a state folder listens: `control.sock` in the folder; on Windows a named pipe. Where a folder's path is
 * too long for a socket, and the system has no other way to it (all but Linux), it is `/tmp/netdrift-<digest of folder>.sock`:
 * literally /tmp and not $TMPDIR, because the operator's shell and the service have different ones and must come to the same name.
 * The folder must be absolute.
 */
export function controlPath(folder: string, platform: NodeJS.Platform = process.platform): string {
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 24);
  if (platform === 'win32') return `\\\\.\\pipe\\netdrift-${digest}`;
  if (platform === 'linux' || Buffer.byteLength(folder) <= LONGEST_FOLDER)
    return join(folder, 'control.sock');
  return `/tmp/netdrift-${digest}.sock`;
}

/** True for a Windows named pipe, which is no file. */
export const isPipe = (path: string): boolean => path.startsWith('\\\\');

/** The path as the system takes it, until `close`. */
export async function reachSocket(path: string): Promise<Reach> {
  if (isPipe(path)) return { path, close: async () => {} };
  const folder = await reachFolder(dirname(path));
  return { path: join(folder.path, basename(path)), close: folder.close };
}
