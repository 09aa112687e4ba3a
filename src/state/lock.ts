import { randomBytes } from 'node:crypto';
import { chmod, link, open, readdir, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { codeOf } from './files.ts';
import { reachFolder } from './reach.ts';

/**
 * One owner a folder. The lock is one that the kernel gives back by itself, so a killed process leaves none and a reused process id
 * means nothing. Node has no flock(2), so it is made of what there is:
 * - macOS and the BSDs: open(2) with O_EXLOCK; Windows: a file opened without sharing;
 * - elsewhere (Linux): a listening Unix socket. It answers as long as its process lives, across containers that share the folder.
 */
export interface FolderLock {
  release(): Promise<void>;
}

/** `taken`: somebody alive has it. `impossible`: nothing can be created there (full, read-only, no such kind of file). */
export type LockAnswer =
  | { readonly kind: 'locked'; readonly lock: FolderLock }
  | { readonly kind: 'taken' }
  | { readonly kind: 'impossible'; readonly why: string };

const BSD: ReadonlySet<string> = new Set(['darwin', 'freebsd', 'openbsd', 'netbsd']);
const BSD_O_NONBLOCK = 0x4;
const BSD_O_EXLOCK = 0x20;
const BSD_O_CREAT = 0x200;
/** libuv's UV_FS_O_EXLOCK on Windows: opened with a share mode of none. */
const WINDOWS_EXCLUSIVE = 0x1000_0000;
const WINDOWS_O_CREAT = 0x100;
const READ_WRITE = 0x2;

/** Full, read-only, or a file system without sockets or hard links. */
const NO_LOCK_THERE: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

export async function lockFolder(
  folder: string,
  platform: NodeJS.Platform = process.platform,
): Promise<LockAnswer> {
  try {
    if (BSD.has(platform)) {
      return await lockFile(folder, READ_WRITE | BSD_O_CREAT | BSD_O_EXLOCK | BSD_O_NONBLOCK);
    }
    if (platform === 'win32') return await lockFile(folder, READ_WRITE | WINDOWS_O_CREAT | WINDOWS_EXCLUSIVE);
    return await lockSocket(folder);
  } catch (error) {
    if (NO_LOCK_THERE.has(codeOf(error) ?? '')) return { kind: 'impossible', why: codeOf(error) ?? '' };
    throw error;
  }
}

async function lockFile(folder: string, flags: number): Promise<LockAnswer> {
  try {
    const file = await open(join(folder, 'lock'), flags, 0o600);
    return { kind: 'locked', lock: { release: () => file.close() } };
  } catch (error) {
    if (['EAGAIN', 'EWOULDBLOCK', 'EBUSY', 'EACCES', 'EPERM'].includes(codeOf(error) ?? ''))
      return { kind: 'taken' };
    throw error;
  }
}

const NUMBERED = /^lock\.(\d{1,15})$/;
const UNNUMBERED = 'lock.new-';
const MOST_ROUNDS = 100;

/**
 * The sockets are numbered, `lock.1`, `lock.2` ...: whoever holds the highest number and lives is the owner. Taking over from a dead
 * owner means creating the next number, which only one can do; the dead socket is never removed to make room, because whoever removes "the
 * dead one" may hit the one that a faster starter has just made. Three invariants make it free of races:
 * 1. a numbered socket is alive from the moment it can be seen: it listens under another name first and gets its number by link(2);
 * 2. the highest number never goes away (not even on a clean end), only lower ones are removed, by the owner;
 * 3. after linking, the folder is read again: with a higher number there, one was too late and starts over.
 */
async function lockSocket(folder: string): Promise<LockAnswer> {
  const base = await reachFolder(folder);
  const server = createServer((peer) => peer.destroy());
  try {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const highest = await highestNumber(folder);
      if (highest > 0 && (await isAlive(join(base.path, `lock.${highest}`)))) {
        await close(server);
        return { kind: 'taken' };
      }
      if (await claim(server, folder, base.path, highest + 1)) {
        server.unref();
        return { kind: 'locked', lock: { release: () => close(server) } };
      }
    }
    await close(server);
    return { kind: 'taken' };
  } catch (error) {
    await close(server);
    throw error;
  } finally {
    await base.close();
  }
}

async function claim(server: Server, folder: string, base: string, number: number): Promise<boolean> {
  const unnumbered = `${UNNUMBERED}${randomBytes(6).toString('hex')}`;
  await close(server);
  await listen(server, join(base, unnumbered));
  try {
    await chmod(join(folder, unnumbered), 0o600);
    await link(join(folder, unnumbered), join(folder, `lock.${number}`));
  } catch (error) {
    // ENOENT: an owner has cleaned up our socket before it had its number.
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  // Twice, because a folder that changes while it is read may show neither the old nor the new entry.
  for (let look = 0; look < 2; look += 1) {
    if ((await highestNumber(folder)) > number) {
      await unlink(join(folder, `lock.${number}`)).catch(() => {});
      return false;
    }
  }
  for (const name of await readdir(folder)) {
    const lower = NUMBERED.exec(name);
    if (name.startsWith(UNNUMBERED) || (lower !== null && Number(lower[1]) < number)) {
      await unlink(join(folder, name)).catch(() => {});
    }
  }
  return true;
}

async function highestNumber(folder: string): Promise<number> {
  const numbers = (await readdir(folder)).map((name) => Number(NUMBERED.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** Anything but a clear "nobody listens" counts as alive: also a stopped owner, whose queue of connections may be full. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => {
      resolve(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(codeOf(error) ?? ''));
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // The same server listens again in each round.
    server.removeAllListeners('error');
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}
