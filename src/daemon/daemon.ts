import { merge, Subject, tap } from 'rxjs';
import { controlPath } from '../control/path.ts';
import type { ReloadReport, TriggerReport } from '../control/protocol.ts';
import { startControl } from '../control/server.ts';
import type { StatusReport } from '../control/status.ts';
import type { Trigger } from '../model/trigger.ts';
import { loadHttp } from '../net/http-client.ts';
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
import { startSession } from './session.ts';
import { type Configuration, type SessionsInit, startSessions } from './sessions.ts';
import { createStatusBoard } from './status-board.ts';
import { USER_AGENT } from './user-agent.ts';

/** A netdrift at work: one state folder, one control socket, and one session after the other as the configuration changes. */
export interface Daemon {
  reload(): Promise<ReloadReport>;
  trigger(detail: string): void;
  /** Resolves when what is under way has ended or `grace` milliseconds have passed, and everything is closed. */
  stop(grace: number): Promise<void>;
}

export interface DaemonInit extends Configuration {
  readonly file: string;
  readonly host: Host;
  readonly logging: Logging;
  /** Told of reloads, whoever asked for them. */
  readonly service?: ServiceManager;
}

/** Milliseconds after the start when the rest of the program is loaded. */
const LOAD_DELAY = 2_000;

/**
 * Starts everything.
 * @throws NetdriftError if the state folder is unusable or in use, or a sink cannot start.
 */
export async function startDaemon(init: DaemonInit): Promise<Daemon> {
  const { host, logging, file } = init;
  const { log } = logging;
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

  const start: SessionsInit['start'] = async ({ settings, providers }, broken) => {
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
      .subscribe({ error: (error: unknown) => broken(error, session) });
    return session;
  };

  const sessions = await startSessions({
    configuration: init,
    file,
    load: () => load(file),
    start,
    use: logging.use,
    log,
    scheduler: host.scheduler,
  }).catch(async (error: unknown) => {
    await state.close();
    throw error;
  });

  const reload = (): Promise<ReloadReport> =>
    init.service?.reloading(sessions.reload, ({ accepted }) => reloadStatus(accepted)) ?? sessions.reload();

  const trigger = (detail: string): void =>
    operator.next({ reason: 'operator', source: 'control', mode: 'inject', detail });

  const release = async (name: string): Promise<number> => {
    const memory = sessions.current().memories.get(name);
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
          ...board.report(sessions.configuration().settings, sessions.current().memories),
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
    // Both at once: whoever is connected must not delay the end of what is being written.
    await Promise.all([control?.close(), sessions.stop(grace)]);
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
