import { classify } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { askGateway } from '../../net/pcp/exchange.ts';
import { decodePcp, encodeAnnounce, pcpResult } from '../../net/pcp/message.ts';
import { askNatPmp } from '../../sources/router/ask-udp.ts';
import type { RouterClient } from '../../sources/router/client.ts';
import { type Gateway, gatewayOf } from '../../sources/router/gateway.ts';
import { hostRouterNetwork, type RouterNetwork } from '../../sources/router/network.ts';
import type { RouterReport } from './contract.ts';
import { within } from './deadline.ts';
import { checkNotices } from './notices.ts';

export interface RouterInit {
  readonly client: RouterClient;
  readonly network?: RouterNetwork;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly deadline: number;
}

type Protocols = Extract<RouterReport, { kind: 'found' }>['protocols'];
type Protocol = Protocols[number];
type Told = Pick<Protocol, 'speaks' | 'words'>;

/**
 * Asks the gateway of the IPv4 default route what it speaks, and whether it tells of changes. No mapping is made there: PCP is only asked
 * whether it is there.
 */
export async function checkRouter(snapshot: Snapshot, init: RouterInit): Promise<RouterReport> {
  const found = gatewayOf(snapshot, 'ipv4');
  if (found.kind === 'none') return found;
  const { gateway } = found;
  const { client, network = hostRouterNetwork, now, deadline } = init;

  const protocol = async (
    name: Protocol['name'],
    ask: (signal: AbortSignal) => Promise<Told>,
  ): Promise<Protocol> => {
    const began = now();
    const told = await within(deadline, ask, () => ({ speaks: false, words: 'no answer in time' })).catch(
      (error: unknown): Told => ({ speaks: false, words: `defect: ${String(error)}` }),
    );
    return { name, ...told, took: now() - began };
  };
  const outside = within(
    deadline,
    (signal) => client.outsideAddress(gateway, { mapping: false, signal }),
    () => ({ kind: 'none', why: 'no answer in time' }) as const,
  );
  const [answer, notices, ...protocols] = await Promise.all([
    outside,
    checkNotices(gateway, { ...init, network }),
    protocol('nat-pmp', (signal) => natPmp(gateway, network, signal)),
    protocol('pcp', (signal) => pcp(gateway, network, signal)),
    protocol('upnp', async (signal) => {
      const services = await client.wanServices(gateway, signal);
      if (services.length > 0) return { speaks: true, words: `${services.length} WAN service(s)` };
      return { speaks: false, words: client.memory(gateway).experience('upnp').why ?? 'no WAN service' };
    }),
  ]);
  const { address, interface: name } = gateway;
  return {
    kind: 'found',
    address,
    interface: name,
    protocols,
    notices,
    ...(answer.kind === 'address' && {
      outside: { address: answer.address, class: classify(answer.address), by: answer.protocol },
    }),
  };
}

async function natPmp(gateway: Gateway, network: RouterNetwork, signal: AbortSignal): Promise<Told> {
  const answer = await askNatPmp(gateway, network, () => {}, signal);
  if (answer.kind === 'address') return { speaks: true, words: `outside address ${answer.address}` };
  return { speaks: answer.kind === 'without', words: answer.why };
}

/** ANNOUNCE (RFC 6887 section 14.1): the one question of PCP that makes no mapping. */
async function pcp(gateway: Gateway, network: RouterNetwork, signal: AbortSignal): Promise<Told> {
  const answer = await askGateway(
    {
      gateway: gateway.address,
      port: network.ports.gateway,
      localAddress: gateway.localAddress,
      request: encodeAnnounce(gateway.localAddress),
      accept: (datagram) =>
        decodePcp(datagram) ?? (datagram[0] === 0 && datagram.length >= 4 ? 'other' : undefined),
      signal,
    },
    network,
  );
  if (answer.kind !== 'answered') return { speaks: false, words: answer.why };
  if (answer.answer === 'other') return { speaks: false, words: 'it answers in NAT-PMP' };
  const { result } = answer.answer;
  return { speaks: true, words: result === 0 ? 'answers' : pcpResult(result) };
}
