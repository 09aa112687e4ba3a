// The router's trigger and detector as a process of their own, inside a namespace. One JSON object a line: on stdin `{ snapshot }`,
// `{ read: true }` or `{ stop: true }`; on stdout `{ trigger }`, `{ reading, took }`, `{ log }`, `{ standing }`.
import { randomBytes } from 'node:crypto';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { asyncScheduler, ReplaySubject } from 'rxjs';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { routerKind } from '../../src/sources/addresses/router.ts';
import { createRouterClient } from '../../src/sources/router/client.ts';
import { gatewayOf } from '../../src/sources/router/gateway.ts';
import { routerNotices } from '../../src/sources/triggers/router-notices.ts';
import type { Log } from '../../src/telemetry/log.ts';

const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const line = (event: string, message: string) => say({ log: { event, message } });
const log: Log = { trace: line, debug: line, info: line, warn: line, error: line, child: () => log };
const clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  boot: () => uptime() * 1_000,
};
const base = { clock, log, randomBytes: (count: number) => randomBytes(count) };
const router = createRouterClient(base);
const snapshots = new ReplaySubject<Snapshot>(1);
let snapshot: Snapshot = { interfaces: [], routes: [] };
const triggers = routerNotices({ ...base, router, scheduler: asyncScheduler }, { snapshots }).subscribe(
  (trigger) => say({ trigger }),
);
const { pcp_mapping = false } = JSON.parse(process.argv[2] ?? '{}') as { pcp_mapping?: boolean };
const [detector] = routerKind.create(
  { family: 'ipv4', options: { pcp_mapping }, allow: [] },
  {
    ...base,
    router,
    random: Math.random,
    http: () => async () => {
      throw new Error('no HTTP client here');
    },
    spawn: () => {
      throw new Error('no processes here');
    },
  },
);

async function read(): Promise<void> {
  const started = performance.now();
  const reading = await detector?.read({ snapshot, log, signal: AbortSignal.timeout(10_000) });
  say({ reading, took: Math.round(performance.now() - started) });
}

function standing(): void {
  const found = gatewayOf(snapshot, 'ipv4');
  if (found.kind === 'none') return;
  const memory = router.memory(found.gateway);
  const protocols = (['nat-pmp', 'pcp', 'upnp'] as const).map((name) => [
    name,
    memory.experience(name).state,
  ]);
  const ignored = Object.fromEntries(router.tally.counts);
  say({ standing: { ...memory.notices, ...Object.fromEntries(protocols), ignored } });
}

const input = createInterface({ input: process.stdin });
input.on('line', (text) => {
  const order = JSON.parse(text) as { snapshot?: Snapshot; read?: true; stop?: true; standing?: true };
  if (order.snapshot !== undefined) {
    snapshot = order.snapshot;
    snapshots.next(snapshot);
  }
  if (order.read) void read();
  if (order.standing) standing();
  if (order.stop) {
    triggers.unsubscribe();
    input.close();
    process.stdin.destroy();
    say({ stopped: true });
  }
});
