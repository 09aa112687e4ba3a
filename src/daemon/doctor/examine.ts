import { asyncScheduler, of } from 'rxjs';
import type { IpAddress } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import type { UplinkState } from '../../model/reading.ts';
import { keyText } from '../../model/record.ts';
import type { Settings } from '../../model/settings.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { HttpClient } from '../../net/http.ts';
import type { RouterClient } from '../../sources/router/client.ts';
import type { RouterNetwork } from '../../sources/router/network.ts';
import { enter } from '../../streams/address-book.ts';
import { elect } from '../../streams/elect.ts';
import { resolveTargets } from '../../streams/targets.ts';
import type { QuestionInit } from '../questions.ts';
import { sinkHttp } from '../session.ts';
import { watchClocks } from './clocks.ts';
import type {
  ConfigurationReport,
  DoctorReport,
  SinkReport,
  WatchReport,
  WitnessReport,
} from './contract.ts';
import { within } from './deadline.ts';
import { checkEvents, type ListenToEvents } from './events.ts';
import { findingsOf } from './findings.ts';
import { describeContainer, describeHost, type ReadFile } from './host.ts';
import { checkNat, type NatInit } from './nat.ts';
import { checkRouter } from './router.ts';
import { checkSinks, type SinksInit } from './sinks.ts';
import { askWitnesses } from './witnesses.ts';

/** Milliseconds for each part; all parts run at once, the sinks' being the longest. With the snapshot before them it is 14 s at most. */
export interface DoctorDeadlines {
  readonly snapshot: number;
  readonly witness: number;
  readonly router: number;
  readonly nat: number;
}
export const DOCTOR_DEADLINES: DoctorDeadlines = {
  snapshot: 2_000,
  witness: 5_000,
  router: 6_000,
  nat: 8_000,
};
export const SINK_DEADLINE = 12_000;

export interface DoctorInit extends QuestionInit {
  readonly version: string;
  readonly configuration: ConfigurationReport;
  readonly snapshot: () => Promise<Snapshot>;
  readonly readFile: ReadFile;
  readonly listen: ListenToEvents;
  readonly router: RouterClient;
  readonly routerNetwork?: RouterNetwork;
  readonly nat: Pick<NatInit, 'createSocket' | 'lookup'>;
  readonly sinks: Omit<SinksInit, 'clock' | 'log' | 'http'>;
  readonly deadlines?: DoctorDeadlines;
}

/**
 * Asks everything once, at the same time, each with a deadline of its own, and says what there is to do. Changes nothing that lasts: neither on
 * this host nor at a sink, and at the router there is for a moment the subscription to its events. Never rejects for reasons of the world.
 */
export async function examine(
  settings: Pick<Settings, 'uplinks' | 'sinks' | 'watch'>,
  init: DoctorInit,
): Promise<DoctorReport> {
  const { host, log, deadlines = DOCTOR_DEADLINES } = init;
  const { clock } = host;
  const now = (): number => clock.monotonic();
  const began = now();
  const clocks = watchClocks(clock);
  const nothing: Snapshot = { interfaces: [], routes: [] };
  const snapshot = await within(deadlines.snapshot, init.snapshot, () => nothing).catch(() => nothing);
  init.pools.see(snapshot);

  /** The same client, with an ear for what time it is elsewhere. */
  const overheard =
    (http: HttpClient): HttpClient =>
    async (request, signal) => {
      const sent = clock.wall();
      const answer = await http(request, signal);
      clocks.heard(answer, sent, request.url.origin);
      return answer;
    };
  const pools = {
    ...init.pools,
    witness: (...of: Parameters<typeof init.pools.witness>) => overheard(init.pools.witness(...of)),
  };

  const [events, router, nat, witnesses, sinks] = await Promise.all([
    checkEvents(init.listen, now),
    checkRouter(snapshot, {
      client: init.router,
      now,
      clock,
      randomBytes: host.randomBytes,
      deadline: deadlines.router,
      ...(init.routerNetwork && { network: init.routerNetwork }),
    }),
    checkNat(settings.uplinks, snapshot, {
      ...init.nat,
      randomBytes: host.randomBytes,
      deadline: deadlines.nat,
    }),
    askWitnesses(settings.uplinks, snapshot, { ...init, pools, deadline: deadlines.witness }),
    checkSinks(settings.sinks, {
      ...init.sinks,
      http: (sink) => overheard(sinkHttp(sink, init)),
      log,
      clock,
    }),
  ]);
  const facts = {
    configuration: init.configuration,
    host: describeHost(snapshot),
    container: describeContainer(snapshot, init.readFile),
    events,
    router,
    nat,
    watch: watchOf(settings.watch),
    witnesses,
    clocks: clocks.report(),
    sinks: sinks.map((report) => withWanted(report, settings, witnesses, clock)),
  };
  return { version: init.version, ...facts, findings: findingsOf(facts), took: now() - began };
}

const watchOf = ({ every, keep_watch }: Settings['watch']): WatchReport => ({
  every,
  ...(typeof keep_watch === 'number' && { keepWatch: keep_watch }),
});

/** Adds what each record should hold, as far as the witnesses of single uplinks can tell it without a vote. */
function withWanted(
  report: SinkReport,
  { sinks, uplinks }: Pick<Settings, 'sinks' | 'uplinks'>,
  witnesses: readonly WitnessReport[],
  clock: Clock,
): SinkReport {
  const settings = sinks.find(({ name }) => name === report.sink);
  if (settings === undefined) return report;
  const states = new Map<string, UplinkState>();
  for (const { uplink, family, address, fit, detector, name } of witnesses) {
    if (uplink === undefined || !fit || address === undefined || states.has(`${uplink} ${family}`)) continue;
    const state = { kind: 'set', address, via: { detector, name } } as const;
    states.set(`${uplink} ${family}`, { uplink, family, state, took: 0 });
  }
  const look = { traceId: 'doctor', triggers: [], mode: 'inject' } as const;
  let book = enter(undefined, { look, networkChanged: false, states: [...states.values()] });
  // As the running one elects, but with no past: every uplink that works counts at once, and none is known to be down for long.
  const ranks = uplinks.map(({ name, metric }, order) => ({ name, metric: metric ?? order }));
  const init = { uplinks: ranks, holdDown: 0, removeAfter: Number.POSITIVE_INFINITY, clock };
  of(book)
    .pipe(elect({ ...init, scheduler: asyncScheduler }))
    .subscribe((elected) => {
      book = elected;
    });
  const wanted = new Map<string, readonly IpAddress[]>(
    resolveTargets(book, settings).targets.map((target) => [keyText(target.key), target.addresses]),
  );
  return {
    ...report,
    records: report.records.map((one) => {
      const addresses = wanted.get(one.record);
      return addresses === undefined ? one : { ...one, wanted: addresses };
    }),
  };
}
