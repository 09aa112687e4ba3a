import { merge, Subject, tap } from 'rxjs';
import { formatProblem, type Problem } from '../config/load.ts';
import { controlPath } from '../control/path.ts';
import type { ReloadReport, TriggerReport } from '../control/protocol.ts';
import { startControl } from '../control/server.ts';
import type { StatusReport } from '../control/status.ts';
import type { Settings } from '../model/settings.ts';
import type { Trigger } from '../model/trigger.ts';
import { loadHttp } from '../net/http-client.ts';
import type { Provider } from '../sinks/contract.ts';
import { detectorKinds } from '../sources/addresses/registry.ts';
import { createSnapshotReader } from '../sources/snapshot/index.ts';
import { triggerSources } from '../sources/triggers/index.ts';
import { openState, type StateStore } from '../state/store.ts';
import { VERSION } from '../version.ts';
import { createCounters } from './counters.ts';
import type { Host } from './host.ts';
import { load } from './loading.ts';
import type { Logging } from './logging.ts';
import { createNarrator } from './narrator.ts';
import { createPools } from './pools.ts';
import { namedInterfaces } from './questions.ts';
import type { ServiceManager } from './service-manager.ts';
import { type Session, startSession } from './session.ts';
import { createStatusBoard } from './status-board.ts';
import { USER_AGENT } from './user-agent.ts';

/** A netdrift at work: one state folder, one control socket, and one session after the other as the configuration changes. */
export interface Daemon {
  reload(): Promise<ReloadReport>;
  trigger(detail: string): void;
  /** Resolves when what is under way has ended or `grace` milliseconds have passed, and everything is closed. */
  stop(grace: number): Promise<void>;
}

/** A configuration that has been read, with the providers its sinks name. */
export interface Configuration {
  readonly settings: Settings;
  readonly providers: readonly Provider[];
}

export interface DaemonInit extends Configuration {
  readonly file: string;
  readonly host: Host;
  readonly logging: Logging;
  /** Told of reloads, whoever asked for them. */
  readonly service?: ServiceManager;
}

/** Milliseconds between a defect that ended a session and the next one. */
const RESTART_DELAY = 1_000;
/** Milliseconds after the start when the rest of the program is loaded. */
const LOAD_DELAY = 2_000;
/** Milliseconds that writes under way get when the configuration changes. */
const RELOAD_GRACE = 2_000;

/**
 * Starts everything.
 * @throws NetdriftError if the state folder is unusable or in use, or a sink cannot start.
 */
export async function startDaemon(init: DaemonInit): Promise<Daemon> {
  const { host, logging, file } = init;
  const { log } = logging;
  let current: Configuration = init;
  const folder = init.settings.state_dir;
  const state: StateStore = await openState(folder, { clock: host.clock, log, scrub: logging.scrub });
  const board = createStatusBoard(host.clock);
  const pools = createPools({ userAgent: USER_AGENT, proxy: process.env });
  const operator = new Subject<Trigger>();
  let named: readonly string[] = [];
  const readSnapshot = createSnapshotReader({ platform: host.platform, log }, { named: () => named });
  const counters = createCounters();
  const told = createNarrator(log, host.clock);
  const narrator = {
    ...told,
    found: (findings: Parameters<typeof told.found>[0]) => {
      board.found(findings);
      told.found(findings);
    },
    triggered: counters.triggered,
    observed: (observation: Parameters<typeof told.observed>[0]) => {
      counters.observed(observation);
      told.observed(observation);
    },
    entered: (book: Parameters<typeof told.entered>[0]) => {
      board.entered(book);
      told.entered(book);
    },
  };

  const start = async ({ settings, providers }: Configuration): Promise<Session> => {
    named = namedInterfaces(settings);
    const session = await startSession(settings, {
      host,
      log,
      narrator,
      onIgnored: counters.ignored,
      state,
      providers,
      detectors: detectorKinds,
      snapshot: readSnapshot,
      triggers: merge(
        operator,
        triggerSources(
          {
            ...host,
            log,
            snapshot: readSnapshot,
            onState: board.sourceState,
            onClockSet: () => {
              counters.clockSet();
              void state.clockSet();
            },
          },
          { ...settings.watch, named },
        ),
      ),
      pools,
    });
    session.reports
      .pipe(tap(board.reported))
      .subscribe({ error: (error: unknown) => revive(error, session) });
    return session;
  };

  let stopping = false;
  // One change of session at a time: reload, revival and stop follow each other.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  };

  /** A defect must not end the process: the session is replaced by a fresh one. */
  const revive = (error: unknown, broken: Session): void => {
    log.error('defect', `a defect ended the session; it is started again: ${String(error)}`, { error });
    setTimeout(() => {
      if (stopping || session !== broken) return;
      void inTurn(async () => {
        await broken.stop(0);
        session = await start(current);
      }).catch((again: unknown) => revive(again, broken));
    }, RESTART_DELAY);
  };

  let session = await start(current).catch(async (error: unknown) => {
    await state.close();
    throw error;
  });

  const reloadNow = (): Promise<ReloadReport> =>
    inTurn(async () => {
      const parsed = await load(file);
      if (!parsed.ok) return reject(parsed.problems);
      if (parsed.settings.state_dir !== folder) {
        log.warn('configuration_ignored', 'state_dir cannot change while running; restart netdrift for that');
      }
      logging.use(parsed.settings);
      await session.stop(RELOAD_GRACE);
      try {
        session = await start(parsed);
        current = parsed;
      } catch (error) {
        session = await start(current);
        const why = error instanceof Error ? error.message : String(error);
        log.error('configuration_rejected', `${why}; the old configuration stays in force`);
        return { accepted: false, problems: [why] };
      }
      log.info('configuration_reloaded', `${file} is in force`, { warnings: parsed.warnings.length });
      return { accepted: true, problems: [] };
    });

  const reload = (): Promise<ReloadReport> =>
    init.service?.reloading(reloadNow, ({ accepted }) => reloadStatus(accepted)) ?? reloadNow();

  const reject = (problems: readonly Problem[]): ReloadReport => {
    const texts = problems.map(formatProblem);
    log.error(
      'configuration_rejected',
      `${file} is wrong; the old configuration stays in force: ${texts.join(' | ')}`,
    );
    return { accepted: false, problems: texts };
  };

  const trigger = (detail: string): void =>
    operator.next({ reason: 'operator', source: 'control', mode: 'inject', detail });

  const release = async (name: string): Promise<number> => {
    const memory = session.memories.get(name);
    if (memory === undefined) throw new Error(`there is no sink ${name}`);
    const released = await memory.release();
    log.info('hold_released', `the operator released ${released} hold(s) of ${name}`, { sink: name });
    return released;
  };

  const control = await startControl(
    controlPath(folder, host.platform),
    {
      status: (): StatusReport =>
        logging.scrubbed({
          ...board.report(current.settings, session.memories),
          counters: counters.report(),
        }),
      trigger: async (request): Promise<TriggerReport> => {
        const released = request.release === undefined ? 0 : await release(request.release);
        trigger('asked over the control socket');
        return { looked: true, released };
      },
      reload,
      watch: logging.watch,
    },
    log,
  ).catch((error: unknown) => {
    // Without the socket netdrift does its work all the same; only status, trigger and watch have nobody to ask.
    log.warn('control_unavailable', `no control socket: ${String(error)}`, { error });
    return undefined;
  });

  log.info(
    'started',
    `netdrift ${VERSION} watches ${init.settings.uplinks.length} uplink(s) for ${init.settings.sinks.length} sink(s)`,
    {
      version: VERSION,
      configuration: file,
      state_dir: folder,
      control: control?.path,
    },
  );

  // Not at once: what is not needed for the first publication must not delay it.
  setTimeout(() => void loadHttp().catch(() => undefined), LOAD_DELAY).unref();

  let stopped: Promise<void> | undefined;
  const stop = async (grace: number): Promise<void> => {
    stopping = true;
    await control?.close();
    await inTurn(() => session.stop(grace));
    await pools.close();
    await state.close();
  };
  return {
    reload,
    trigger,
    stop: (grace) => {
      stopped ??= stop(grace);
      return stopped;
    },
  };
}

const reloadStatus = (accepted: boolean): string =>
  accepted ? 'configuration read again' : 'configuration rejected, the old one stays in force: see the log';
