import { constants, type FileHandle, open } from 'node:fs/promises';
import * as z from 'zod';
import type { Reading, Witness } from '../../model/reading.ts';
import type { Detector, DetectorInit, DetectorKind } from '../contract.ts';
import { ANSWER_LIMIT, readAddressText, unavailable } from './answer.ts';

const options = z.strictObject({ path: z.string().min(1) });

type Options = z.infer<typeof options>;

/** What the detector uses of the file system. */
export interface FileAccess {
  readonly open: typeof open;
}

/** A file that another program writes, such as a hook of the PPP or DHCP client. */
export const fileKind: DetectorKind<Options> = {
  name: 'file',
  title: 'an address that another program writes to a file',
  options,
  create: (init) => fileDetectors(init),
};

/** `access` is replaced in tests. */
export function fileDetectors(
  init: DetectorInit<Options>,
  access: FileAccess = { open },
): readonly Detector[] {
  const { path } = init.options;
  const via: Witness = { detector: 'file', name: path, operator: 'this host' };
  return [
    {
      witness: via,
      outside: false,
      read: async ({ signal }): Promise<Reading> => {
        signal.throwIfAborted();
        const content = await readWhole(path, access);
        signal.throwIfAborted();
        if (content.kind === 'failed') return unavailable(via, content.why);
        if (content.text.trim() === 'none') {
          return { kind: 'absent', via, why: 'the file says that there is none' };
        }
        const read = readAddressText(content.text, init.family, 'the file');
        if (read.kind === 'wrong') return unavailable(via, read.why);
        return { kind: 'known', address: read.address, via, why: 'written in the file' };
      },
    },
  ];
}

type Content =
  | { readonly kind: 'read'; readonly text: string }
  | { readonly kind: 'failed'; readonly why: string };

async function readWhole(path: string, access: FileAccess): Promise<Content> {
  let handle: FileHandle | undefined;
  try {
    // O_NONBLOCK: opening a FIFO that nobody writes to would never return.
    handle = await access.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await handle.stat()).isFile()) return { kind: 'failed', why: 'it is not a regular file' };
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(ANSWER_LIMIT + 1), 0, ANSWER_LIMIT + 1, 0);
    if (bytesRead > ANSWER_LIMIT)
      return { kind: 'failed', why: `the file is longer than ${ANSWER_LIMIT} octets` };
    return { kind: 'read', text: buffer.toString('utf8', 0, bytesRead) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return {
      kind: 'failed',
      why: code === 'ENOENT' ? 'there is no such file' : `cannot read it (${code ?? error})`,
    };
  } finally {
    await handle?.close();
  }
}
