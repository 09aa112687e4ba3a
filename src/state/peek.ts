import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { readState, type SinkDocument } from './document.ts';
import { STATE_FILE } from './files.ts';
import { SinkState } from './sink-memory.ts';
import type { StateStore } from './store.ts';

/**
 * The state as it stands on disk, for looking only: takes no lock, so it works beside a running netdrift, and writes
 * nothing. A missing or damaged file counts as an empty one.
 */
export async function peekState(folder: string, clock: Clock): Promise<StateStore> {
  const documents = await readDocuments(folder);
  return {
    sink: (name, fingerprint) => {
      const document = documents.get(name);
      const sink = new SinkState(
        document?.fingerprint ?? fingerprint,
        clock,
        (text) => text,
        async () => {},
      );
      if (document !== undefined) sink.restore(document);
      sink.adopt(fingerprint);
      return sink;
    },
    clockSet: async () => {},
    close: async () => {},
  };
}

async function readDocuments(folder: string): Promise<ReadonlyMap<string, SinkDocument>> {
  try {
    const answer = readState(await readFile(join(folder, STATE_FILE), 'utf8'));
    return answer.kind === 'read' ? answer.document.sinks : new Map();
  } catch {
    return new Map();
  }
}
