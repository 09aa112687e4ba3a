import { type Observable, Subject } from 'rxjs';
import type { IpAddress } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import { type EpochMark, stateLost } from '../../net/pcp/epoch.ts';
import type { WanService } from '../../net/upnp/description.ts';
import type { Log } from '../../telemetry/log.ts';
import { askNatPmp, askPcp } from './ask-udp.ts';
import { askServices, type Discovery, discover } from './ask-upnp.ts';
import { type Gateway, gatewayKey } from './gateway.ts';
import { createMemory, type GatewayMemory, type Protocol } from './memory.ts';
import { hostRouterNetwork, type RouterNetwork } from './network.ts';
import { firstAddress, type OutsideAnswer, type ProtocolAnswer, type Way } from './outside.ts';
import { shared } from './shared.ts';
import { createTally, type Tally } from './tally.ts';

/**
 * Talks to gateways, for the detector and for the trigger alike, and remembers for a while what each of them speaks. It keeps
 * nothing open and runs no timer: everything happens while somebody asks.
 */
export interface RouterClient {
  /** The IPv4 address the gateway has outside. Rejects only with the signal's reason. */
  outsideAddress(gateway: Gateway, wanted: { mapping: boolean; signal: AbortSignal }): Promise<OutsideAnswer>;
  /** The UPnP services that know it, found anew where they are not known; empty while there are none. */
  wanServices(gateway: Gateway, signal: AbortSignal): Promise<readonly WanService[]>;
  /** What was found is not there any more. */
  dropServices(gateway: Gateway): void;
  memory(gateway: Gateway): GatewayMemory;
  /** What the gateway answered last, whatever was made of it. */
  lastAnswer(gateway: Gateway): IpAddress | undefined;
  /** The gateway told its clock of state. True if it has lost its state since the time before. */
  epochSeen(gateway: Gateway, protocol: Protocol, epoch: number): boolean;
  /** Emits the key (`gatewayKey`) of a gateway each time it is seen to have lost its state. */
  readonly restarts: Observable<{ readonly key: string; readonly protocol: Protocol }>;
  /** Forgets everything about a gateway: it is no longer ours. */
  forget(gateway: Gateway): void;
  readonly tally: Tally;
}

export interface RouterClientInit {
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Log;
  readonly network?: RouterNetwork;
  /** Told the reason each time something that claims to be from a router is not believed. */
  readonly onIgnored?: (reason: string) => void;
}

interface Known {
  readonly memory: GatewayMemory;
  readonly epochs: Map<Protocol, EpochMark>;
  readonly discover: (signal: AbortSignal) => Promise<Discovery>;
  services: readonly WanService[] | undefined;
  lastAnswer: IpAddress | undefined;
}

/** Gateways remembered at a time; a laptop that roams must not remember every café. */
const MOST_KNOWN = 16;
/** Milliseconds of silence of one protocol after which the next one is asked too: the first retransmission. */
const STAGGER = 250;

export function createRouterClient(init: RouterClientInit): RouterClient {
  const { clock, randomBytes, log } = init;
  const network = init.network ?? hostRouterNetwork;
  const tally = createTally(log, init.onIgnored);
  const restarts = new Subject<{ readonly key: string; readonly protocol: Protocol }>();
  const known = new Map<string, Known>();

  const knownOf = (gateway: Gateway): Known => {
    const key = gatewayKey(gateway);
    const present = known.get(key);
    if (present !== undefined) return present;
    const [oldest] = known.keys();
    if (known.size >= MOST_KNOWN && oldest !== undefined) known.delete(oldest);
    const entry: Known = {
      memory: createMemory(clock),
      epochs: new Map(),
      discover: shared((signal) => discover(gateway, network, tally, signal)),
      services: undefined,
      lastAnswer: undefined,
    };
    known.set(key, entry);
    return entry;
  };

  const epochSeen: RouterClient['epochSeen'] = (gateway, protocol, epoch) => {
    const { epochs } = knownOf(gateway);
    const mark = { epoch, at: clock.boot() };
    const before = epochs.get(protocol);
    epochs.set(protocol, mark);
    if (protocol === 'upnp' || before === undefined || !stateLost(protocol, before, mark)) return false;
    restarts.next({ key: gatewayKey(gateway), protocol });
    return true;
  };

  const learn = (memory: GatewayMemory, protocol: Protocol, answer: ProtocolAnswer): ProtocolAnswer => {
    if (answer.kind === 'silent') memory.silent(protocol, answer.why);
    else if (answer.kind !== 'failed')
      memory.spoke(protocol, answer.kind === 'without' ? answer.why : undefined);
    return answer;
  };

  /** Services that do not answer: whatever is announced next is a reason to look for them. */
  const lose = (entry: Known): void => {
    entry.services = undefined;
    entry.memory.found = undefined;
  };

  const wanServices: RouterClient['wanServices'] = async (gateway, signal) => {
    const entry = knownOf(gateway);
    if (entry.services !== undefined) return entry.services;
    if (entry.memory.rest('upnp') > 0) return [];
    const found = await entry.discover(signal);
    if (found.kind === 'silent') {
      // Several may have waited for the same search: it counts once.
      if (entry.memory.rest('upnp') === 0) entry.memory.silent('upnp', found.why);
      return [];
    }
    entry.memory.spoke('upnp');
    entry.services = found.services;
    entry.memory.found = found.start;
    return found.services;
  };

  const askUpnp = async (gateway: Gateway, signal: AbortSignal): Promise<ProtocolAnswer> => {
    const entry = knownOf(gateway);
    const remembered = entry.services;
    const services = await wanServices(gateway, signal);
    if (services.length === 0) {
      return { kind: 'failed', why: entry.memory.experience('upnp').why ?? 'nothing found' };
    }
    const answer = await askServices(gateway, services, network, signal);
    if (answer.kind !== 'silent') return learn(entry.memory, 'upnp', answer);
    lose(entry);
    // After a restart the services are often on another port: what was remembered is looked for once more.
    if (remembered !== undefined) return askUpnp(gateway, signal);
    return learn(entry.memory, 'upnp', answer);
  };

  const outsideAddress: RouterClient['outsideAddress'] = async (gateway, { mapping, signal }) => {
    const entry = knownOf(gateway);
    const { memory } = entry;
    let waitsSince: number | undefined;
    const seen = (protocol: Protocol, epoch: number) => void epochSeen(gateway, protocol, epoch);
    const all: readonly Way[] = [
      {
        protocol: 'nat-pmp',
        ask: async (own) => {
          waitsSince = clock.monotonic();
          const answer = await askNatPmp(gateway, network, seen, own);
          waitsSince = undefined;
          return learn(memory, 'nat-pmp', answer);
        },
      },
      { protocol: 'upnp', ask: (own) => askUpnp(gateway, own) },
      ...(mapping
        ? [
            {
              protocol: 'pcp' as const,
              ask: async (own: AbortSignal) =>
                learn(memory, 'pcp', await askPcp(gateway, network, seen, randomBytes, own)),
            },
          ]
        : []),
    ];
    const speaks = ({ protocol }: Way) => (memory.experience(protocol).state === 'speaks' ? 0 : 1);
    const ways = all.filter(({ protocol }) => memory.rest(protocol) === 0);
    if (ways.length === 0) {
      const rest = Math.min(...all.map(({ protocol }) => memory.rest(protocol)));
      const whys = all.map(({ protocol }) => `${protocol}: ${memory.experience(protocol).why ?? 'silent'}`);
      return { kind: 'none', why: `${whys.join('; ')} (asked again in ${Math.ceil(rest / 1_000)} s)` };
    }
    const answer = await firstAddress(
      [...ways].sort((a, b) => speaks(a) - speaks(b)),
      STAGGER,
      signal,
    ).catch((error: unknown) => {
      // The next witness was quicker, as it is wherever nobody speaks this here: else its silence would be waited for again each time.
      if (signal.aborted && waitsSince !== undefined && clock.monotonic() - waitsSince >= STAGGER) {
        memory.silent('nat-pmp', `no answer within ${STAGGER} ms`);
      }
      throw error;
    });
    if (answer.kind === 'address') entry.lastAnswer = answer.address;
    return answer;
  };

  return {
    outsideAddress,
    wanServices,
    dropServices: (gateway) => lose(knownOf(gateway)),
    memory: (gateway) => knownOf(gateway).memory,
    lastAnswer: (gateway) => known.get(gatewayKey(gateway))?.lastAnswer,
    epochSeen,
    restarts: restarts.asObservable(),
    forget: (gateway) => void known.delete(gatewayKey(gateway)),
    tally,
  };
}
