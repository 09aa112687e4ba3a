import type { Clock } from '../../model/clock.ts';
import type { Family } from '../../model/family.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Spawn } from '../../model/spawn.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Log } from '../../telemetry/log.ts';
import { OUTSIDE } from '../outside-world.ts';
import { runCommand } from './run-command.ts';
import { sourceAddress } from './source-address.ts';

export interface BoundRoutesInit {
  readonly spawn: Spawn;
  readonly platform: NodeJS.Platform;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

export interface BoundUplink {
  readonly uplink: string;
  readonly interface: string;
  readonly family: Family;
}

/** Knows whether what is sent from the address of a bound uplink leaves by its interface. */
export interface BoundRoutes {
  /**
   * Why it does not, with the remedy; `undefined` if it does, or nobody can tell. `to` is where the question goes; somewhere outside if
   * not given. Never rejects.
   */
  violation(bound: BoundUplink, snapshot: Snapshot, to?: string): Promise<string | undefined>;
}

/** Milliseconds for the kernel's answer. */
const DEADLINE = 1_000;
/** Milliseconds for which a violation is not looked at again: rules that mend it cause no event. */
const SETTLED = 1_000;

interface Entry {
  readonly scene: string;
  readonly at: number;
  readonly verdict: Promise<Verdict>;
  holds: boolean;
}

type Verdict = { readonly kind: 'holds' | 'unknown' } | { readonly kind: 'violated'; readonly how: string };

/**
 * A socket that is bound to an address still goes where the routes say: without a rule for that address it leaves by the default
 * route, and a witness names the address of another uplink. Linux is asked once for each state of the network (`ip route get`).
 */
export function createBoundRoutes(init: BoundRoutesInit): BoundRoutes {
  const entries = new Map<string, Entry>();
  const told = new Map<string, boolean>();

  const tell = (bound: BoundUplink, subject: string, why: string | undefined): void => {
    const fields = { uplink: bound.uplink, family: bound.family, interface: bound.interface };
    const before = told.get(subject);
    told.set(subject, why === undefined);
    if (why !== undefined && before !== false) {
      init.log.warn('uplink_not_bound', `${why}; its outside witnesses are not asked until then`, fields);
    }
    if (why === undefined && before === false) {
      init.log.info('uplink_bound', `requests of ${bound.uplink} leave by ${bound.interface} again`, fields);
    }
  };

  return {
    violation: async (bound, snapshot, to = OUTSIDE[bound.family]) => {
      if (init.platform !== 'linux') return undefined;
      const source = sourceAddress(snapshot, bound.family, bound.interface);
      // Without an address to send from no witness is asked anyway, and says so.
      if (source.kind === 'none' || source.address === undefined) return undefined;
      const subject = `${bound.uplink} ${bound.family} ${to}`;
      const scene = JSON.stringify([source.address, snapshot.routes]);
      const known = entries.get(subject);
      const now = init.clock.monotonic();
      const fresh = known?.scene === scene && (known.holds || now - known.at < SETTLED);
      const entry: Entry = fresh
        ? known
        : { scene, at: now, verdict: lookUp(bound, source.address, to, init), holds: false };
      entries.set(subject, entry);
      const verdict = await entry.verdict;
      entry.holds = verdict.kind !== 'violated';
      if (verdict.kind === 'unknown') return undefined;
      const why =
        verdict.kind === 'violated' ? sentence(bound, source.address, verdict.how, snapshot) : undefined;
      tell(bound, subject, why);
      return why;
    },
  };
}

async function lookUp(
  bound: BoundUplink,
  source: string,
  to: string,
  init: BoundRoutesInit,
): Promise<Verdict> {
  const family = bound.family === 'ipv4' ? '-4' : '-6';
  const words = [family, 'route', 'get', to, 'from', source];
  const unknown = (why: string): Verdict => {
    init.log.debug('uplink_binding_unknown', `ip ${words.join(' ')}: ${cleanWords(why)}`, {
      uplink: bound.uplink,
      family: bound.family,
    });
    return { kind: 'unknown' };
  };
  try {
    const start = () =>
      init.spawn('ip', words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: pathOnly() });
    const result = await runCommand(start, AbortSignal.timeout(DEADLINE));
    if (result.kind === 'failed') return unknown(result.why);
    return readRoute(result, bound.interface) ?? unknown(result.stderr || result.stdout);
  } catch (error) {
    return unknown(String(error));
  }
}

const pathOnly = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], LC_ALL: 'C' });

/** What `ip route get` says of the way (iproute2 and BusyBox alike); `undefined` if it says nothing of it. */
export function readRoute(
  { code, stdout, stderr }: { readonly code: number; readonly stdout: string; readonly stderr: string },
  wanted: string,
): Verdict | undefined {
  if (code !== 0) {
    const refused = /RTNETLINK answers: (.*(?:unreachable|No route|not permitted|prohibited).*)/i.exec(
      stderr,
    );
    return refused === null ? undefined : { kind: 'violated', how: `have no route (${refused[1]})` };
  }
  const device = /\sdev\s+(\S+)/.exec(stdout)?.[1];
  if (device === undefined) return undefined;
  return device === wanted ? { kind: 'holds' } : { kind: 'violated', how: `leave by ${device}` };
}

function sentence(
  { uplink, interface: name, family }: BoundUplink,
  source: string,
  how: string,
  snapshot: Snapshot,
): string {
  const ip = family === 'ipv4' ? 'ip' : 'ip -6';
  const index = snapshot.interfaces.find((one) => one.name === name)?.index ?? 0;
  // Above the tables of the system (253 to 255), and another one for each interface.
  const table = 1_000 + index;
  const route = snapshot.routes.find((one) => one.family === family && one.interface === name);
  const via =
    route === undefined ? 'via GATEWAY ' : route.gateway === undefined ? '' : `via ${route.gateway} `;
  return (
    `not_bound: requests of ${uplink} from ${source} ${how} and not by ${name}; ` +
    `mend it with: ${ip} route add default ${via}dev ${name} table ${table} && ${ip} rule add from ${source} table ${table}`
  );
}
