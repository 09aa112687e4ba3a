import { join } from 'node:path';
import { NetdriftError } from '../errors.ts';
import type { Clock } from '../model/clock.ts';
import { hostLater, type Later } from '../telemetry/later.ts';
import type { Log } from '../telemetry/log.ts';
import { readState, type SinkDocument, STATE_VERSION, writeState } from './document.ts';
import {
  cleanFolder,
  codeOf,
  hostFiles,
  prepareFolder,
  replaceState,
  STATE_FILE,
  type StateFiles,
  setAside,
} from './files.ts';
import { type FolderLock, lockFolder } from './lock.ts';
import { createSaver } from './saver.ts';
import { type SinkMemory, SinkState } from './sink-memory.ts';

/** What each sink confirmed, and until when it must be left alone. The only reader and writer of the state folder's `state.json`. */
export interface StateStore {
  /**
   * The memory of one sink. The same name gives the same memory; another fingerprint (account, place, secrets) drops what was
   * confirmed and the holds without end, and keeps the timed ones.
   */
  sink(name: string, fingerprint: string): SinkMemory;
  /**
   * The wall clock has been set. The file keeps the ends of waits by it, since no other clock outlives the process: they are
   * written anew, so that a restart finds them where they are.
   */
  clockSet(): Promise<void>;
  /** Writes what is unwritten and gives the folder free. */
  close(): Promise<void>;
}

export interface StateComponents {
  readonly clock: Clock;
  readonly log: Log;
  readonly files?: StateFiles;
  readonly later?: Later;
  /** Removes secret values from messages before they are kept. */
  readonly scrub?: (text: string) => string;
}

/**
 * Opens the state folder, alone. Damage to the file is never fatal: it is set aside and everything counts as unknown.
 *
 * @throws NetdriftError NETDRIFT_STATE_UNUSABLE if the folder cannot be made or is not ours alone; NETDRIFT_ALREADY_RUNNING if another
 * live process has it.
 */
export async function openState(folder: string, components: StateComponents): Promise<StateStore> {
  const {
    clock,
    log: parent,
    files = hostFiles,
    later = hostLater,
    scrub = (text: string) => text,
  } = components;
  const log = parent.child({ component: 'state' });
  const check = await prepareFolder(folder);
  if (check.kind === 'unusable') throw new NetdriftError('NETDRIFT_STATE_UNUSABLE', [folder, check.why]);
  if (check.kind === 'repaired')
    log.warn('state_permissions_repaired', `closed ${folder} and what is in it to other users`);
  const lock = await takeLock(folder, log);

  await cleanFolder(files, folder);
  const restored = await load(folder, files, clock, log);
  const sinks = new Map<string, SinkState>();

  const saver = createSaver(
    async () => {
      // Sinks that nobody has asked for yet are carried along: a configuration may bring them back, and a ban outlives that.
      const documents = new Map<string, SinkDocument>(restored);
      for (const [name, sink] of sinks) documents.set(name, sink.toDocument());
      await replaceState(files, folder, writeState({ version: STATE_VERSION, sinks: documents }));
    },
    log,
    later,
  );

  const restamp = async (): Promise<void> => {
    const waits = [...sinks.values()].some((sink) =>
      sink.holds().some((hold) => hold.remaining() !== undefined),
    );
    if (waits) await saver.save();
  };

  return {
    sink(name, fingerprint) {
      const known = sinks.get(name);
      if (known !== undefined) {
        if (known.adopt(fingerprint)) void saver.save();
        return known;
      }
      const document = restored.get(name);
      const sink = new SinkState(document?.fingerprint ?? fingerprint, clock, scrub, () => saver.save());
      if (document !== undefined) sink.restore(document);
      if (sink.adopt(fingerprint)) void saver.save();
      sinks.set(name, sink);
      return sink;
    },
    clockSet: restamp,
    async close() {
      // A step that nobody has noticed yet.
      await restamp();
      await saver.close();
      await lock?.release();
    },
  };
}

async function takeLock(folder: string, log: Log): Promise<FolderLock | undefined> {
  const answer = await lockFolder(folder).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new NetdriftError('NETDRIFT_STATE_UNUSABLE', [folder, why], { cause: error });
  });
  switch (answer.kind) {
    case 'locked':
      return answer.lock;
    case 'taken':
      throw new NetdriftError('NETDRIFT_ALREADY_RUNNING', [folder]);
    case 'impossible':
      log.warn(
        'state_unlocked',
        `cannot lock ${folder} (${answer.why}): a second netdrift would go unnoticed`,
      );
      return undefined;
  }
}

async function load(
  folder: string,
  files: StateFiles,
  clock: Clock,
  log: Log,
): Promise<ReadonlyMap<string, SinkDocument>> {
  let why: string;
  try {
    const answer = readState(await files.read(join(folder, STATE_FILE)));
    if (answer.kind === 'read') return answer.document.sinks;
    why = answer.why;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Map();
    why = error instanceof Error ? error.message : String(error);
  }
  const name = await setAside(files, folder, clock.wall()).catch(() => undefined);
  const fate = name === undefined ? 'and could not be set aside' : `and was set aside as ${name}`;
  log.error('state_damaged', `the state file cannot be used (${why}) ${fate}; everything counts as unknown`);
  return new Map();
}
