import { classify, type IpAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import { type BehaviourAnswer, type Endpoint, sameEndpoint } from './behaviour-message.ts';
import { type BehaviourHost, type BehaviourSocket, openBehaviourSocket } from './behaviour-socket.ts';

/** The words of RFC 4787 section 4.1; `dependent` where two servers tell no more than that it is not independent. */
export type Mapping =
  | 'none'
  | 'endpoint_independent'
  | 'address_dependent'
  | 'address_and_port_dependent'
  | 'dependent';
/** RFC 4787 section 5. */
export type Filtering = 'endpoint_independent' | 'address_dependent' | 'address_and_port_dependent';

/** A server whose name has been resolved. */
export interface BehaviourServer {
  readonly name: string;
  readonly endpoint: Endpoint;
}

export type Behaviour =
  | {
      readonly kind: 'measured';
      readonly mapping: Mapping;
      /** Only servers with a second address can tell. */
      readonly filtering?: Filtering;
      /** How this host is seen, by every server that answered; once each. */
      readonly seen: readonly IpAddress[];
      /** `rfc5780`, by one server with two addresses, or `two_servers`. */
      readonly method: 'rfc5780' | 'two_servers' | 'one_server';
      readonly servers: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly why: string };

export interface BehaviourInit extends BehaviourHost {
  readonly family: Family;
  readonly servers: readonly BehaviourServer[];
  /** Every address this host itself has: seen under one of them, it is behind no NAT. */
  readonly own: readonly IpAddress[];
  readonly localAddress?: IpAddress;
  readonly signal: AbortSignal;
}

interface Answered {
  readonly server: BehaviourServer;
  readonly answer: BehaviourAnswer;
}

/**
 * How the NAT in front of this host maps and filters (RFC 5780 sections 4.3 and 4.4), with datagrams to a few STUN servers. Whatever goes
 * wrong is `unknown`; never rejects. No socket is left when it ends.
 */
export async function natBehaviour(init: BehaviourInit): Promise<Behaviour> {
  const { family, servers, localAddress, signal } = init;
  if (servers.length === 0) return unknown('no STUN server could be resolved');
  const mapping = openBehaviourSocket(family, init, localAddress);
  // Of its own: what the tests of mapping send out opens the very doors that those of filtering try.
  const filtering = openBehaviourSocket(family, init, localAddress);
  const close = (): void => {
    mapping.close();
    filtering.close();
  };
  if (signal.aborted) close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const asked = await Promise.all(
      servers.map(async (server): Promise<readonly Answered[]> => {
        const answer = await mapping.ask({ to: server.endpoint });
        return answer === undefined ? [] : [{ server, answer }];
      }),
    );
    return await judge(asked.flat(), init, mapping, filtering);
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

async function judge(
  answered: readonly Answered[],
  { own }: BehaviourInit,
  mappingSocket: BehaviourSocket,
  filteringSocket: BehaviourSocket,
): Promise<Behaviour> {
  const [first] = answered;
  if (first === undefined) return unknown('no STUN server answered');
  const seen = [...new Set(answered.map(({ answer }) => answer.mapped.address))];
  const told = { kind: 'measured', seen, servers: answered.map(({ server }) => server.name) } as const;
  const able = answered.find(hasSecondAddress);
  const [filtering, measured] = await Promise.all([
    able && measureFiltering(able, filteringSocket),
    able && measureMapping(able, mappingSocket),
  ]);
  const more = filtering === undefined ? {} : { filtering };
  const names = able === undefined ? [] : [able.server.name];
  if (seen.every((address) => own.includes(address))) {
    return { ...told, mapping: 'none', method: able === undefined ? 'one_server' : 'rfc5780', ...more };
  }
  if (measured !== undefined)
    return { ...told, mapping: measured, method: 'rfc5780', servers: names, ...more };
  const second = answered.find(({ server }) => server.endpoint.address !== first.server.endpoint.address);
  if (second === undefined) {
    const why = `behind a NAT, seen as ${seen.join(', ')}; only one STUN server answered, and it has no second address`;
    return unknown(why);
  }
  const alike = sameEndpoint(first.answer.mapped, second.answer.mapped);
  return { ...told, mapping: alike ? 'endpoint_independent' : 'dependent', method: 'two_servers', ...more };
}

/**
 * True for a server with two addresses and two ports; else there is nothing to compare. An address of another class is none of its own: nobody
 * makes this host send datagrams into its LAN.
 */
function hasSecondAddress({ server: { endpoint }, answer: { other } }: Answered): boolean {
  if (other === undefined || other.address === endpoint.address || other.port === endpoint.port) return false;
  return classify(other.address) === classify(endpoint.address);
}

/** RFC 5780 section 4.3: the same socket to the other address, then to the other port of that. */
async function measureMapping(
  { server, answer: { mapped, other } }: Answered,
  socket: BehaviourSocket,
): Promise<Mapping | undefined> {
  if (other === undefined) return undefined;
  const second = await socket.ask({ to: { address: other.address, port: server.endpoint.port } });
  if (second === undefined) return undefined;
  if (sameEndpoint(mapped, second.mapped)) return 'endpoint_independent';
  const third = await socket.ask({ to: other });
  if (third === undefined) return 'dependent';
  return sameEndpoint(second.mapped, third.mapped) ? 'address_dependent' : 'address_and_port_dependent';
}

/** RFC 5780 section 4.4: whether an answer from an address or port never written to comes through. */
async function measureFiltering(
  { server: { endpoint }, answer: { other } }: Answered,
  socket: BehaviourSocket,
): Promise<Filtering | undefined> {
  if (other === undefined || (await socket.ask({ to: endpoint })) === undefined) return undefined;
  const both = { address: true, port: true };
  if ((await socket.ask({ to: endpoint, change: both, from: other })) !== undefined)
    return 'endpoint_independent';
  const from = { address: endpoint.address, port: other.port };
  const answer = await socket.ask({ to: endpoint, change: { address: false, port: true }, from });
  return answer === undefined ? 'address_and_port_dependent' : 'address_dependent';
}

const unknown = (why: string): Behaviour => ({ kind: 'unknown', why });
