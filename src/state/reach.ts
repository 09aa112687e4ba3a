import { open } from 'node:fs/promises';

/** A way to name sockets in a folder that the system takes, whatever the length of the folder's path. */
export interface Reach {
  /** Stands for the folder until `close`. */
  readonly path: string;
  close(): Promise<void>;
}

/**
 * sun_path holds 108 octets on Linux and 104 on macOS and the BSDs, the final zero included; here is the room it leaves beside the
 * longest name that netdrift gives to a socket.
 */
export const LONGEST_FOLDER = 80;

/** Linux only for long paths: the folder is reached through an open descriptor of it, and the socket lies in the folder all the same. */
export async function reachFolder(folder: string): Promise<Reach> {
  if (Buffer.byteLength(folder) <= LONGEST_FOLDER) return { path: folder, close: async () => {} };
  const handle = await open(folder, 'r');
  return { path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
}
