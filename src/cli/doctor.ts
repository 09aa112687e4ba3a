import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { defaultSettings } from '../config/default-settings.ts';
import { formatProblem } from '../config/load.ts';
import type { ConfigurationReport, DoctorReport } from '../daemon/doctor/contract.ts';
import { examine, SINK_DEADLINE } from '../daemon/doctor/examine.ts';
import { formatDoctor } from '../daemon/doctor/format.ts';
import { hostNetwork } from '../daemon/doctor/host-network.ts';
import { systemHost } from '../daemon/host.ts';
import { load } from '../daemon/loading.ts';
import { openLogging } from '../daemon/logging.ts';
import { createPools } from '../daemon/pools.ts';
import { namedInterfaces } from '../daemon/questions.ts';
import { createSink } from '../daemon/session.ts';
import { USER_AGENT } from '../daemon/user-agent.ts';
import type { Settings } from '../model/settings.ts';
import type { Provider } from '../sinks/contract.ts';
import { createBoundRoutes } from '../sources/addresses/bound-route.ts';
import { detectorKinds } from '../sources/addresses/registry.ts';
import { createRouterClient } from '../sources/router/client.ts';
import { createSnapshotReader } from '../sources/snapshot/index.ts';
import { systemEvents } from '../sources/triggers/index.ts';
import { peekState } from '../state/peek.ts';
import { VERSION } from '../version.ts';
import { configurationFile } from './configuration.ts';
import { EXIT } from './exit.ts';

/**
 * Asks every witness, the router and every sink once and says what to fix. Works without a configuration and without a network; changes nothing.
 * Ends the process itself: a name that is still being resolved would hold it for as long as the resolver likes.
 */
export async function doctor(options: { readonly config?: string; readonly json?: true }): Promise<never> {
  // Read by the C library at the first name it resolves. Its own 5 s and two tries would outlast every deadline here, and a thread that waits
  // for it holds the process at its end.
  process.env['RES_OPTIONS'] ??= 'timeout:2 attempts:1';
  const { settings, providers, report: configuration } = await settingsToLookAt(options);
  const report = await look(settings, providers, configuration);
  const text = options.json ? `${JSON.stringify(report, null, 2)}\n` : formatDoctor(report);
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
  const wrong = report.findings.some(({ weight }) => weight === 'fix');
  process.exit(wrong ? EXIT.unpublished : EXIT.published);
}

interface LookedAt {
  readonly settings: Settings;
  readonly providers: readonly Provider[];
  readonly report: ConfigurationReport;
}

async function settingsToLookAt(options: { readonly config?: string }): Promise<LookedAt> {
  const uid = process.getuid?.();
  const surroundings = { env: process.env, platform: process.platform, home: homedir(), uid };
  const usual = { settings: defaultSettings(detectorKinds, surroundings), providers: [] };
  const named = options.config ?? process.env['NETDRIFT_CONFIG'];
  const file = await configurationFile(options.config).catch(() => undefined);
  if (file === undefined) return { ...usual, report: { problems: [], ...(named && { file: named }) } };
  const parsed = await load(file);
  if (parsed.ok) {
    const { settings, providers } = parsed;
    return { settings, providers, report: { file, problems: [] } };
  }
  const errors = parsed.problems.filter(({ severity }) => severity === 'error');
  return {
    ...usual,
    report: { file, problems: errors.map((problem) => formatProblem(problem).replaceAll(/\s*\n\s*/g, '; ')) },
  };
}

async function look(
  settings: Settings,
  providers: readonly Provider[],
  configuration: ConfigurationReport,
): Promise<DoctorReport> {
  const host = systemHost;
  const logging = openLogging(settings, { clock: host.clock, descriptor: 2, level: 'error' });
  const { log } = logging;
  const pools = createPools({ userAgent: USER_AGENT, proxy: process.env });
  const snapshot = createSnapshotReader(
    { platform: host.platform, log },
    { named: () => namedInterfaces(settings) },
  );
  const network = hostNetwork(host.clock);
  const state = await peekState(settings.state_dir, host.clock);
  const shared = { ...host, log };
  const report = await examine(settings, {
    version: VERSION,
    configuration,
    host,
    log,
    pools,
    detectors: detectorKinds,
    boundRoutes: createBoundRoutes(shared),
    router: createRouterClient(shared),
    snapshot,
    readFile: (path) => readFileSync(path, 'utf8'),
    listen: (onState) =>
      systemEvents({ ...shared, snapshot, onState, signals: new EventEmitter() }, settings.watch),
    nat: network.nat,
    sinks: {
      providers,
      create: (sink) => createSink(sink, { host, log, providers, state }),
      resolve: network.resolve,
      place: network.place,
      proxied: network.proxied,
      deadline: SINK_DEADLINE,
    },
  });
  return scrubbed(report, logging.scrub);
}

/** The last defence: no text of the report holds a secret of the configuration. */
function scrubbed<Value>(value: Value, scrub: (text: string) => string): Value {
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') return scrub(inner);
    if (Array.isArray(inner)) return inner.map(walk);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, part]) => [key, walk(part)]));
  };
  return walk(value) as Value;
}
