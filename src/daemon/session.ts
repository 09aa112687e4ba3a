import { type Observable, ReplaySubject, Subject, take, takeUntil, timer } from 'rxjs';
import { NetdriftError } from '../errors.ts';
import type { RecordKey } from '../model/record.ts';
import type { Settings, SinkSettings } from '../model/settings.ts';
import type { HttpClient } from '../net/http.ts';
import { type Provider, type Sink, SinkError } from '../sinks/contract.ts';
import { type ReconcileInit, reconcile } from '../sinks/reconcile.ts';
import { startedOnUse } from '../sinks/started-on-use.ts';
import { withAuthoritativeLookup } from '../sinks/with-lookup.ts';
import { createBoundRoutes } from '../sources/addresses/bound-route.ts';
import { type SinkMemory, volatileMemory } from '../state/sink-memory.ts';
import type { StateStore } from '../state/store.ts';
import type { LaneSpec, SinkReport } from '../streams/fan-out.ts';
import { fromAbortable } from '../streams/from-abortable.ts';
import type { LaneInput } from '../streams/lane.ts';
import { pipeline } from '../streams/pipeline.ts';
import { type AddressInit, addressParts } from './address-parts.ts';
import { confirmedAddresses } from './confirmed.ts';
import type { Host } from './host.ts';
import type { Narrator } from './narrator.ts';

/** What a session needs beside its settings. */
export interface SessionInit extends AddressInit {
  readonly narrator: Narrator;
  readonly state: StateStore;
  readonly providers: readonly Provider[];
}

/** One configuration at work: from triggers to sinks. A changed configuration gets a new session. */
export interface Session {
  readonly reports: Observable<SinkReport>;
  readonly memories: ReadonlyMap<string, SinkMemory>;
  /**
   * Ends it: what is being written may finish within `grace` milliseconds, then it is aborted. Idempotent; resolves when
   * nothing of the session is left.
   */
  stop(grace: number): Promise<void>;
}

export interface RunningSink {
  readonly settings: SinkSettings;
  readonly sink: Sink;
  readonly memory: SinkMemory;
  readonly batch: number;
}

/** Through the uplink that a sink names, or whichever way works. */
export const sinkHttp = (
  { via }: Pick<SinkSettings, 'via'>,
  { pools, boundRoutes }: Pick<SessionInit, 'pools' | 'boundRoutes'>,
): HttpClient => (via === undefined ? pools.http() : pools.through(via, boundRoutes));

/** What `reconcile` needs to know of a sink at work. */
export function reconcileInit(
  running: RunningSink,
  init: Pick<SessionInit, 'host' | 'pools' | 'boundRoutes'>,
): ReconcileInit {
  const { sink, memory, settings, batch } = running;
  const { timeout, minimum_gap: minimumGap } = settings;
  const http = sinkHttp(settings, init);
  return { sink, memory, batch, timeout, minimumGap, clock: init.host.clock, http };
}

/**
 * Starts the sinks, then the pipeline.
 * @throws NetdriftError NETDRIFT_SINK_START if a sink can never offer what it is configured to; nothing is left running then.
 */
export async function startSession(settings: Settings, given: SessionInit): Promise<Session> {
  const { host, log, narrator } = given;
  // Sinks and witnesses that leave through an uplink hear of its routes from one place, which tells of them once.
  const init = { ...given, boundRoutes: given.boundRoutes ?? createBoundRoutes({ ...host, log }) };
  const sinks = await startSinks(settings, init);
  const stopping = new Subject<void>();
  const idle = new Subject<void>();
  // Replayed to whoever subscribes after the first outcomes: a session with nothing slow in it reports within this very call.
  const reports = new ReplaySubject<SinkReport>(settings.sinks.length);
  let active = 0;

  const attempt = (running: RunningSink) => (input: LaneInput) =>
    fromAbortable(async (signal) => {
      active += 1;
      try {
        const bound = log.child({ component: 'sink', sink: running.settings.name, trace_id: input.traceId });
        return await reconcile(reconcileInit(running, init), {
          targets: input.targets,
          log: bound,
          signal,
          verify: input.verify === true,
        });
      } finally {
        active -= 1;
        // Not within this turn: what the attempt answers has yet to be reported, and a newer one may follow it.
        host.scheduler.schedule(() => {
          if (active === 0) idle.next();
        });
      }
    });
  const lanes = sinks.map(
    (running): LaneSpec => ({
      sink: running.settings,
      init: { attempt: attempt(running), random: host.random, scheduler: host.scheduler },
      recheck: {
        every: (running.sink.read ?? running.sink.observe) && running.settings.drift_check,
        random: host.random,
        scheduler: host.scheduler,
      },
    }),
  );
  const memories = new Map(sinks.map((sink) => [sink.settings.name, sink.memory]));
  const confirmed = confirmedAddresses(settings.sinks, ({ name }) => memories.get(name));
  const parts = addressParts(settings, { ...init, confirmed });
  const whole = pipeline({
    ...parts,
    triggers: parts.triggers.pipe(takeUntil(stopping)),
    elect: {
      uplinks: settings.uplinks.map(({ name, metric }, order) => ({ name, metric: metric ?? order })),
      holdDown: settings.failover.hold_down,
      removeAfter: settings.failover.remove_after,
      clock: host.clock,
      scheduler: host.scheduler,
    },
    absence: {
      // A single run looks once: there is nothing to wait for.
      after: init.single === true ? 0 : settings.failover.remove_after,
      scheduler: host.scheduler,
    },
    fanOut: { lanes, onResolved: narrator.resolved },
  });
  const subscription = whole.subscribe({
    next: (report) => {
      narrator.reported(report);
      reports.next(report);
    },
    error: (error: unknown) => reports.error(error),
    complete: () => reports.complete(),
  });

  const stop = async (grace: number): Promise<void> => {
    stopping.next();
    if (active > 0) await firstOf(idle, grace, host);
    subscription.unsubscribe();
    await stopSinks(sinks);
  };
  let stopped: Promise<void> | undefined;
  return {
    reports: reports.asObservable(),
    memories,
    stop: (grace) => {
      stopped ??= stop(grace);
      return stopped;
    },
  };
}

/** Resolves at the first value, or after `milliseconds`. */
function firstOf(
  source: Observable<unknown>,
  milliseconds: number,
  host: Pick<Host, 'scheduler'>,
): Promise<void> {
  return new Promise((resolve) => {
    source
      .pipe(take(1), takeUntil(timer(milliseconds, host.scheduler)))
      .subscribe({ complete: () => resolve() });
  });
}

async function startSinks(settings: Settings, init: SessionInit): Promise<readonly RunningSink[]> {
  const started: RunningSink[] = [];
  for (const sink of settings.sinks) {
    const created = createSink(sink, init);
    const running = init.single === true ? created : { ...created, sink: startedOnUse(created.sink) };
    await running.memory.prune(sink.records.map((record) => record.key));
    try {
      if (init.single !== true) await running.sink.start?.();
    } catch (error) {
      if (error instanceof SinkError) {
        started.push(running);
        init.log.error('sink_not_started', `${error.message}; it is tried again, and the other sinks go on`, {
          component: 'sink',
          sink: sink.name,
        });
        continue;
      }
      await stopSinks(started);
      const why = error instanceof Error ? error.message : String(error);
      throw new NetdriftError('NETDRIFT_SINK_START', [sink.name, why], { cause: error });
    }
    started.push(running);
  }
  return started;
}

export function createSink(
  settings: SinkSettings,
  init: Pick<SessionInit, 'host' | 'log' | 'state' | 'providers'>,
): RunningSink {
  const provider = init.providers.find((candidate) => candidate.name === settings.provider);
  if (provider === undefined)
    throw new TypeError(`no provider ${settings.provider}: the configuration was not checked`);
  const keys: RecordKey[] = [
    ...new Map(
      settings.records.map((record) => [`${record.key.name}/${record.key.type}`, record.key]),
    ).values(),
  ];
  const created = provider.create(
    { name: settings.name, options: settings.options, keys },
    { ...init.host, log: init.log.child({ component: 'sink', sink: settings.name }) },
  );
  const lookup = settings.drift_lookup;
  const sink =
    lookup === undefined
      ? created
      : withAuthoritativeLookup(created, {
          randomBytes: init.host.randomBytes,
          resolver: lookup.resolver,
        });
  // What is gone with the process must not be believed after a start: such a sink begins with an empty memory each time.
  const memory =
    provider.traits.volatile === true
      ? volatileMemory(init.host.clock)
      : init.state.sink(settings.name, settings.fingerprint);
  return { settings, sink, memory, batch: sink.batch ?? provider.traits.batch };
}

async function stopSinks(sinks: readonly RunningSink[]): Promise<void> {
  await Promise.allSettled(sinks.map((running) => running.sink.stop?.()));
}
