import type { SchedulerLike } from 'rxjs';
import { formatProblem, type Loaded } from '../config/load.ts';
import type { ReloadReport } from '../control/protocol.ts';
import type { Settings } from '../model/settings.ts';
import type { Provider } from '../sinks/contract.ts';
import type { Log } from '../telemetry/log.ts';
import type { Session } from './session.ts';

/** A configuration that has been read, with the providers its sinks name. */
export interface Configuration {
  readonly settings: Settings;
  readonly providers: readonly Provider[];
}

/** One session after the other: another one for a changed configuration, and for one that a defect has ended. */
export interface Sessions {
  /** The one at work, or the last one while the next is being made. */
  current(): Session;
  /** What is in force. */
  configuration(): Configuration;
  /** Reads the configuration again. Those who ask while one is still waiting for its turn share it. */
  reload(): Promise<ReloadReport>;
  /** What is being written may finish within `grace` milliseconds; nothing is started any more. */
  stop(grace: number): Promise<void>;
}

export interface SessionsInit {
  readonly configuration: Configuration;
  /** How it is called in messages. */
  readonly file: string;
  readonly load: () => Promise<Loaded>;
  /** Starts one; `broken` is to be told when a defect has ended it. */
  readonly start: (
    configuration: Configuration,
    broken: (error: unknown, session: Session) => void,
  ) => Promise<Session>;
  /** Takes secrets and level of settings for the log, before anything of them can be logged. */
  readonly use: (settings: Settings) => void;
  readonly log: Log;
  readonly scheduler: SchedulerLike;
}

/** Milliseconds between the end of a session that nobody wanted and the next one. */
const RESTART_DELAY = 1_000;
/** Milliseconds that writes under way get when the configuration changes. */
const RELOAD_GRACE = 2_000;

const STOPPING: ReloadReport = { accepted: false, problems: ['netdrift is stopping'] };

/** Starts the first session. Rejects if it cannot start; after that there is always one, or another try to have one. */
export async function startSessions(init: SessionsInit): Promise<Sessions> {
  const { file, log } = init;
  let configuration = init.configuration;
  let stopping = false;
  // One change of session at a time: reload, revival and stop follow each other.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  };

  const start = (wanted: Configuration): Promise<Session> => init.start(wanted, broken);

  const broken = (error: unknown, ended: Session): void => {
    log.error('defect', `a defect ended the session; it is started again: ${String(error)}`, { error });
    revive(ended);
  };

  /** Replaces a session that has ended, unless something else has replaced it by then. */
  const revive = (ended: Session): void => {
    init.scheduler.schedule(() => {
      void inTurn(async () => {
        if (stopping || session !== ended) return;
        await ended.stop(0);
        session = await start(configuration);
      }).catch((error: unknown) => {
        log.error('session_failed', `the session cannot start, it is tried again: ${textOf(error)}`);
        revive(ended);
      });
    }, RESTART_DELAY);
  };

  let session = await start(configuration);

  const reloadNow = async (): Promise<ReloadReport> => {
    if (stopping) return STOPPING;
    const loaded = await init.load();
    if (stopping) return STOPPING;
    if (!loaded.ok) {
      const texts = loaded.problems.map(formatProblem);
      log.error(
        'configuration_rejected',
        `${file} is wrong; the old configuration stays in force: ${texts.join(' | ')}`,
      );
      return { accepted: false, problems: texts };
    }
    if (loaded.settings.state_dir !== init.configuration.settings.state_dir) {
      log.warn('configuration_ignored', 'state_dir cannot change while running; restart netdrift for that');
    }
    await session.stop(RELOAD_GRACE);
    if (stopping) return STOPPING;
    init.use(loaded.settings);
    try {
      session = await start(loaded);
    } catch (error) {
      init.use(configuration.settings);
      log.error('configuration_rejected', `${textOf(error)}; the old configuration stays in force`);
      await startAgain();
      return { accepted: false, problems: [textOf(error)] };
    }
    configuration = loaded;
    log.info('configuration_reloaded', `${file} is in force`, { warnings: loaded.warnings.length });
    return { accepted: true, problems: [] };
  };

  /** What the old configuration needs may have been taken in between, such as a port. */
  const startAgain = async (): Promise<void> => {
    if (stopping) return;
    const ended = session;
    try {
      session = await start(configuration);
    } catch (error) {
      log.error('session_failed', `the session cannot start, it is tried again: ${textOf(error)}`);
      revive(ended);
    }
  };

  let waiting: Promise<ReloadReport> | undefined;
  return {
    current: () => session,
    configuration: () => configuration,
    reload: () => {
      if (stopping) return Promise.resolve(STOPPING);
      waiting ??= inTurn(() => {
        waiting = undefined;
        return reloadNow();
      });
      return waiting;
    },
    stop: async (grace) => {
      stopping = true;
      // At once, whatever has its turn now; and once more, should that have been the start of another one.
      await session.stop(grace);
      await inTurn(() => session.stop(grace));
    },
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
