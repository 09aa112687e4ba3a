import { EMPTY, finalize, type Observable, Subject, type Subscription, take, takeUntil, timer } from 'rxjs';
import { NetdriftError } from '../errors.ts';
import type { RecordKey } from '../model/record.ts';
import type { Settings, SinkSettings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Trigger } from '../model/trigger.ts';
import type { Provider, Sink } from '../sinks/contract.ts';
import { reconcile } from '../sinks/reconcile.ts';
import type { DetectorKind } from '../sources/contract.ts';
import type { SinkMemory } from '../state/sink-memory.ts';
import type { StateStore } from '../state/store.ts';
import { ask } from '../streams/ask.ts';
import type { LaneSpec, SinkReport } from '../streams/fan-out.ts';
import { fromAbortable } from '../streams/from-abortable.ts';
import type { LaneInput } from '../streams/lane.ts';
import { pipeline } from '../streams/pipeline.ts';
import type { Log } from '../telemetry/log.ts';
import { type Host, newTraceId } from './host.ts';
import type { Narrator } from './narrator.ts';
import type { HttpPools } from './pools.ts';
import { uplinkQuestions } from './questions.ts';

/** What a session needs beside its settings. */
export interface SessionInit {
  readonly host: Host;
  readonly log: Log;
  readonly narrator: Narrator;
  readonly state: StateStore;
  readonly providers: readonly Provider[];
  readonly detectors: readonly DetectorKind[];
  readonly snapshot: () => Promise<Snapshot>;
  readonly triggers: Observable<Trigger>;
  readonly pools: HttpPools;
  /** True for a single run: each question asked once, all found told together. */
  readonly single?: boolean;
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

interface RunningSink {
  readonly settings: SinkSettings;
  readonly sink: Sink;
  readonly memory: SinkMemory;
  readonly batch: number;
  readonly minimumGap: number;
}

/**
 * Starts the sinks, then the pipeline.
 * @throws NetdriftError NETDRIFT_SINK_START if a sink cannot offer what it is configured to; nothing is left running then.
 */
export async function startSession(settings: Settings, init: SessionInit): Promise<Session> {
  const { host, log, narrator, pools } = init;
  const sinks = await startSinks(settings, init);
  const stopping = new Subject<void>();
  const reports = new Subject<SinkReport>();
  const single = init.single === true;
  let active = 0;
  const idle = new Subject<void>();

  const attempt = (running: RunningSink) => (input: LaneInput) =>
    fromAbortable(async (signal) => {
      active += 1;
      try {
        return await reconcile(
          {
            sink: running.sink,
            memory: running.memory,
            batch: running.batch,
            timeout: running.settings.timeout,
            minimumGap: running.minimumGap,
            clock: host.clock,
            http: pools.http(),
          },
          {
            targets: input.targets,
            log: log.child({ component: 'sink', sink: running.settings.name, trace_id: input.traceId }),
            signal,
          },
        );
      } finally {
        active -= 1;
        if (active === 0) idle.next();
      }
    });

  const lanes = sinks.map(
    (running): LaneSpec => ({
      sink: running.settings,
      init: { attempt: attempt(running), random: host.random, scheduler: host.scheduler },
    }),
  );

  const whole = pipeline({
    watch: settings.watch,
    triggers: (single ? EMPTY : init.triggers).pipe(takeUntil(stopping)),
    snapshot: () => fromAbortable(() => init.snapshot()),
    scheduler: host.scheduler,
    traceId: () => newTraceId(host),
    listener: {
      ...narrator,
      observed: (observation) => {
        // Before anything is asked or written: every open connection is dead after a change of the network, silently.
        if (observation.difference.networkChanged) pools.renew(observation.snapshot);
        narrator.observed(observation);
      },
    },
    detect: {
      questions: uplinkQuestions(settings.uplinks, init),
      ask: (question, observation) =>
        ask(question, observation, {
          clock: host.clock,
          scheduler: host.scheduler,
          deadline: settings.detection.deadline,
          onReading: narrator.answered,
        }),
      random: host.random,
      scheduler: host.scheduler,
      ...(single && { grace: settings.detection.deadline * 2, retry: false }),
    },
    fanOut: { lanes, onResolved: narrator.resolved },
  });

  const subscription: Subscription = whole.pipe(finalize(() => reports.complete())).subscribe({
    next: (report) => {
      narrator.reported(report);
      reports.next(report);
    },
    error: (error: unknown) => reports.error(error),
  });

  let stopped: Promise<void> | undefined;
  const stop = async (grace: number): Promise<void> => {
    stopping.next();
    if (active > 0) await firstOf(idle, grace, host);
    subscription.unsubscribe();
    await stopSinks(sinks);
  };
  return {
    reports: reports.asObservable(),
    memories: new Map(sinks.map((sink) => [sink.settings.name, sink.memory])),
    stop: (grace) => {
      stopped ??= stop(grace);
      return stopped;
    },
  };
}

/** Resolves at the first value, or after `milliseconds`. */
function firstOf(source: Observable<unknown>, milliseconds: number, host: Pick<Host, 'scheduler'>): Promise<void> {
  return new Promise((resolve) => {
    source
      .pipe(take(1), takeUntil(timer(milliseconds, host.scheduler)))
      .subscribe({ complete: () => resolve() });
  });
}

async function startSinks(settings: Settings, init: SessionInit): Promise<readonly RunningSink[]> {
  const started: RunningSink[] = [];
  for (const sink of settings.sinks) {
    const running = createSink(sink, init);
    try {
      if (init.single !== true) await running.sink.start?.();
    } catch (error) {
      await stopSinks(started);
      const why = error instanceof Error ? error.message : String(error);
      throw new NetdriftError('NETDRIFT_SINK_START', [sink.name, why], { cause: error });
    }
    started.push(running);
  }
  return started;
}

export function createSink(settings: SinkSettings, init: SessionInit): RunningSink {
  const provider = init.providers.find((candidate) => candidate.name === settings.provider);
  if (provider === undefined) throw new TypeError(`no provider ${settings.provider}: the configuration was not checked`);
  const keys: RecordKey[] = [...new Map(settings.records.map((record) => [`${record.key.name}/${record.key.type}`, record.key])).values()];
  const sink = provider.create(
    { name: settings.name, options: settings.options, keys },
    { ...init.host, log: init.log.child({ component: 'sink', sink: settings.name }) },
  );
  const memory = init.state.sink(settings.name, settings.fingerprint);
  return {
    settings,
    sink,
    memory,
    batch: provider.traits.batch,
    minimumGap: Math.max(settings.minimum_gap, provider.traits.minimumGap ?? 0),
  };
}

async function stopSinks(sinks: readonly RunningSink[]): Promise<void> {
  await Promise.allSettled(sinks.map((running) => running.sink.stop?.()));
}
