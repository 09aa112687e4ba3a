import { classify, type IpAddress, parseAddress } from '../../model/address.ts';
import { type Binding, boundInterface } from '../../model/binding.ts';
import type { Clock } from '../../model/clock.ts';
import type { Family } from '../../model/family.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Spawn } from '../../model/spawn.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Log } from '../../telemetry/log.ts';
import { OUTSIDE } from '../outside-world.ts';
import { isNear } from '../router/gateway.ts';
import { runCommand } from './run-command.ts';
import { sourceAddress } from './source-address.ts';

export interface BoundRoutesInit {
  readonly spawn: Spawn;
  readonly platform: NodeJS.Platform;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

export interface BoundUplink extends Binding {
  readonly uplink: string;
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

/** One way out that must hold: from this address, by this interface. */
interface Way {
  readonly uplink: string;
  readonly family: Family;
  readonly source: IpAddress;
  readonly device: string;
  /** False for a gateway that must not be the next one on the way. */
  readonly near: (gateway: IpAddress) => boolean;
}

interface Entry {
  readonly scene: string;
  readonly at: number;
  readonly verdict: Promise<Verdict>;
  holds: boolean;
}

type Verdict =
  | { readonly kind: 'holds' }
  | { readonly kind: 'violated'; readonly how: string }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * A socket that is bound to an address still goes where the routes say: without a rule for that address it leaves by the default
 * route, and a witness names the address of another uplink. Linux is asked once for each state of the network (`ip route get`).
 */
export function createBoundRoutes(init: BoundRoutesInit): BoundRoutes {
  const entries = new Map<string, Entry>();
  const told = new Map<string, boolean>();
  const admitted = new Set<string>();

  const tell = (way: Way, subject: string, why: string | undefined): void => {
    const fields = { uplink: way.uplink, family: way.family, interface: way.device };
    const before = told.get(subject);
    told.set(subject, why === undefined);
    if (why !== undefined && before !== false) {
      init.log.warn('uplink_not_bound', `${why}; its outside witnesses are not asked until then`, fields);
    }
    if (why === undefined && before === false) {
      init.log.info('uplink_bound', `requests of ${way.uplink} leave by ${way.device} again`, fields);
    }
  };

  /** What cannot be checked is believed, and said once: it is for the operator to see to it then. */
  const admit = (way: Way, why: string): void => {
    const subject = `${way.uplink} ${way.family}`;
    const level = admitted.has(subject) ? 'debug' : 'warn';
    admitted.add(subject);
    init.log[level](
      'uplink_binding_unknown',
      `cannot check that requests of ${way.uplink} from ${way.source} leave by ${way.device}: ${why}`,
      { uplink: way.uplink, family: way.family, interface: way.device },
    );
  };

  return {
    violation: async (bound, snapshot, to = OUTSIDE[bound.family]) => {
      const way = wayOf(bound, snapshot);
      if (way === undefined) return undefined;
      if (init.platform !== 'linux') {
        admit(way, `${init.platform} does not tell which way packets go`);
        return undefined;
      }
      const subject = `${bound.uplink} ${bound.family} ${to}`;
      const scene = JSON.stringify([way.source, way.device, snapshot.routes]);
      const known = entries.get(subject);
      const now = init.clock.monotonic();
      const fresh = known?.scene === scene && (known.holds || now - known.at < SETTLED);
      const entry: Entry = fresh ? known : { scene, at: now, verdict: lookUp(way, to, init), holds: false };
      entries.set(subject, entry);
      const verdict = await entry.verdict;
      entry.holds = verdict.kind !== 'violated';
      if (verdict.kind === 'unknown') {
        admit(way, verdict.why);
        return undefined;
      }
      const why = verdict.kind === 'violated' ? sentence(way, verdict.how, snapshot) : undefined;
      tell(way, subject, why);
      return why;
    },
  };
}

/** `undefined` where there is nothing to send from: no witness is asked then anyway, and says so. */
function wayOf(bound: BoundUplink, snapshot: Snapshot): Way | undefined {
  const { uplink, family } = bound;
  const source = sourceAddress(snapshot, family, bound);
  const owner = snapshot.interfaces.find(({ name }) => name === boundInterface(bound, snapshot));
  if (source.kind === 'none' || source.address === undefined || owner === undefined) return undefined;
  // An address of the loopback belongs to every way out.
  if (owner.loopback) return undefined;
  const entry = owner.addresses.find(({ address }) => address === source.address);
  // Two addresses of one interface may be in the networks of two routers. Without translation the gateway does not matter.
  const translated = bound.source !== undefined && classify(source.address) !== 'global';
  const near = (gateway: IpAddress) => !translated || entry === undefined || isNear(entry, gateway);
  return { uplink, family, source: source.address, device: owner.name, near };
}

async function lookUp(way: Way, to: string, init: BoundRoutesInit): Promise<Verdict> {
  const family = way.family === 'ipv4' ? '-4' : '-6';
  const words = [family, 'route', 'get', to, 'from', way.source];
  const unknown = (why: string): Verdict => ({
    kind: 'unknown',
    why: `ip ${words.join(' ')}: ${cleanWords(why)}`,
  });
  try {
    const start = () =>
      init.spawn('ip', words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: pathOnly() });
    const result = await runCommand(start, AbortSignal.timeout(DEADLINE));
    if (result.kind === 'failed') return unknown(result.why);
    return readRoute(result, way) ?? unknown(result.stderr || result.stdout);
  } catch (error) {
    return unknown(String(error));
  }
}

const pathOnly = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], LC_ALL: 'C' });

/** What `ip route get` says of the way (iproute2 and BusyBox alike); `undefined` if it says nothing of it. */
export function readRoute(
  { code, stdout, stderr }: { readonly code: number; readonly stdout: string; readonly stderr: string },
  { device: wanted, near }: Pick<Way, 'device' | 'near'>,
): Verdict | undefined {
  if (code !== 0) {
    const refused = /RTNETLINK answers: (.*(?:unreachable|No route|not permitted|prohibited).*)/i.exec(
      stderr,
    );
    return refused === null
      ? undefined
      : { kind: 'violated', how: `have no route by ${wanted} (${cleanWords(refused[1] ?? '')})` };
  }
  const device = /\sdev\s+(\S+)/.exec(stdout)?.[1];
  if (device === undefined) return undefined;
  if (device !== wanted)
    return { kind: 'violated', how: `leave by ${cleanWords(device)} and not by ${wanted}` };
  const gateway = parseAddress(/\svia\s+(?:inet6?\s+)?(\S+)/.exec(stdout)?.[1] ?? '');
  if (gateway === undefined || near(gateway)) return { kind: 'holds' };
  return { kind: 'violated', how: `go to ${gateway}, which is not on the network of that address` };
}

function sentence({ uplink, family, source, device, near }: Way, how: string, snapshot: Snapshot): string {
  const ip = family === 'ipv4' ? 'ip' : 'ip -6';
  const index = snapshot.interfaces.find(({ name }) => name === device)?.index ?? 0;
  // Above the tables of the system (253 to 255), and another one for each interface.
  const table = 1_000 + index;
  const route = snapshot.routes.find(
    (one) =>
      one.family === family && one.interface === device && (one.gateway === undefined || near(one.gateway)),
  );
  const via =
    route === undefined ? 'via GATEWAY ' : route.gateway === undefined ? '' : `via ${route.gateway} `;
  return (
    `not_bound: requests of ${uplink} from ${source} ${how}; ` +
    `mend it with: ${ip} route add default ${via}dev ${device} table ${table} && ${ip} rule add from ${source} table ${table}`
  );
}
