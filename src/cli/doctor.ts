import { createSocket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { defaultSettings } from '../config/default-settings.ts';
import { formatProblem } from '../config/load.ts';
import type { ConfigurationReport, DoctorReport } from '../daemon/doctor/contract.ts';
import { examine, SINK_DEADLINE } from '../daemon/doctor/examine.ts';
import { formatDoctor } from '../daemon/doctor/format.ts';
import { handshake, type Place } from '../daemon/doctor/places.ts';
import { throughProxy } from '../daemon/doctor/proxied.ts';
import { systemHost } from '../daemon/host.ts';
import { load } from '../daemon/loading.ts';
import { openLogging } from '../daemon/logging.ts';
import { createPools } from '../daemon/pools.ts';
import { namedInterfaces } from '../daemon/questions.ts';
import { createSink } from '../daemon/session.ts';
import { USER_AGENT } from '../daemon/user-agent.ts';
import type { RecordKey } from '../model/record.ts';
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
  return { ...usual, report: { file, problems: errors.map((problem) => formatProblem(problem)) } };
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
    { named: namedInterfaces(settings) },
  );
  const state = await peekState(settings.state_dir, host.clock);
  // The commands' own log would repeat as lines what the report says in its place.
  const quiet = { ...host, log };
  const report = await examine(settings, {
    version: VERSION,
    configuration,
    host,
    log,
    pools,
    detectors: detectorKinds,
    boundRoutes: createBoundRoutes(quiet),
    router: createRouterClient(quiet),
    snapshot,
    readFile: (path) => readFileSync(path, 'utf8'),
    listen: (onState) =>
      systemEvents({ ...quiet, snapshot, onState, signals: new EventEmitter() }, settings.watch),
    nat: { createSocket, lookup: (name, { family }) => dns.lookup(name, { family }) },
    sinks: {
      providers,
      create: (sink) => createSink(sink, { host, log, providers, state }),
      resolve,
      place: {
        lookup: async (name) => (await dns.lookup(name, { all: true })).map(({ address }) => address),
        handshake,
        clock: host.clock,
        deadline: NAME_DEADLINE,
      },
      proxied: (url) => throughProxy(url, process.env),
      deadline: SINK_DEADLINE,
    },
  });
  return scrubbed(report, logging.scrub);
}

/** Milliseconds for a name to resolve, and again for a TLS connection. */
const NAME_DEADLINE = 5_000;

async function resolve({ name, type }: RecordKey, server?: Place): Promise<readonly string[]> {
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 1 });
  if (server !== undefined) {
    const host = server.host.includes(':') ? `[${server.host}]` : server.host;
    resolver.setServers([`${host}:${server.port}`]);
  }
  try {
    return await (type === 'A' ? resolver.resolve4(name) : resolver.resolve6(name));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // The server knows the name and has none of these, or knows that there is no such name.
    if (code === 'ENODATA' || code === 'ENOTFOUND') return [];
    throw error;
  }
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
