import { askGateway, type UdpAnswer } from '../../net/pcp/exchange.ts';
import { decodePcp, encodeMap, NONCE_LENGTH, type PcpMessage, pcpResult } from '../../net/pcp/message.ts';
import { decodeNatPmp, encodeAddressRequest, natPmpResult } from '../../net/pcp/nat-pmp.ts';
import type { Gateway } from './gateway.ts';
import type { Protocol } from './memory.ts';
import type { RouterNetwork } from './network.ts';
import type { ProtocolAnswer } from './outside.ts';

type EpochSeen = (protocol: Protocol, epoch: number) => void;

const question = (gateway: Gateway, network: RouterNetwork, request: Uint8Array, signal: AbortSignal) => ({
  gateway: gateway.address,
  port: network.ports.gateway,
  localAddress: gateway.localAddress,
  request,
  signal,
});

/** A silence or an ICMP refusal tells about the gateway; a socket that fails tells about this host only. */
const unanswered = (answer: Exclude<UdpAnswer<unknown>, { kind: 'answered' }>): ProtocolAnswer => ({
  kind: answer.kind === 'failed' ? 'failed' : 'silent',
  why: answer.why,
});

/** Asks for the outside address by NAT-PMP: 2 octets there, 12 back, nothing changed at the gateway. */
export async function askNatPmp(
  gateway: Gateway,
  network: RouterNetwork,
  epochSeen: EpochSeen,
  signal: AbortSignal,
): Promise<ProtocolAnswer> {
  const accept = (datagram: Uint8Array) => {
    const message = decodeNatPmp(datagram);
    if (message !== undefined) return message;
    // A gateway of PCP alone answers in its own version (RFC 6887 section 9 and appendix A).
    return datagram[0] === 2 ? ('pcp only' as const) : undefined;
  };
  const asked = question(gateway, network, encodeAddressRequest(), signal);
  const answer = await askGateway({ ...asked, accept }, network);
  if (answer.kind !== 'answered') return unanswered(answer);
  const message = answer.answer;
  if (message === 'pcp only') return { kind: 'silent', why: 'it speaks PCP without NAT-PMP' };
  if (message.epoch !== undefined) epochSeen('nat-pmp', message.epoch);
  if (message.kind === 'refused') return { kind: 'without', why: natPmpResult(message.result) };
  if (message.address === undefined) return { kind: 'without', why: 'the router has no outside address now' };
  return { kind: 'address', address: message.address };
}

/** The discard service (RFC 863): nothing listens there, so the mapping opens nothing. */
const DISCARD_PORT = 9;
/** Seconds; a gateway that ignores the removal forgets it soon by itself. */
const LIFETIME = 60;

/**
 * Asks for the outside address by PCP. PCP tells it only together with a mapping (RFC 6887 section 11.6), so one is made for the discard
 * port and removed at once. For those who ask for it alone.
 */
export async function askPcp(
  gateway: Gateway,
  network: RouterNetwork,
  epochSeen: EpochSeen,
  randomBytes: (count: number) => Uint8Array,
  signal: AbortSignal,
): Promise<ProtocolAnswer> {
  const nonce = randomBytes(NONCE_LENGTH);
  const request = (lifetime: number) =>
    encodeMap({ client: gateway.localAddress, nonce, port: DISCARD_PORT, lifetime });
  const accept = (datagram: Uint8Array): PcpMessage | 'nat-pmp only' | undefined => {
    if (datagram[0] === 0 && datagram.length >= 4) return 'nat-pmp only';
    const message = decodePcp(datagram);
    if (message?.mapping === undefined) return undefined;
    // The answer repeats the nonce (section 11.4), or somebody else made it up.
    return Buffer.compare(message.mapping.nonce, nonce) === 0 ? message : undefined;
  };
  const answer = await askGateway(
    { ...question(gateway, network, request(LIFETIME), signal), accept },
    network,
  );
  if (answer.kind !== 'answered') return unanswered(answer);
  const message = answer.answer;
  if (message === 'nat-pmp only') return { kind: 'silent', why: 'it speaks NAT-PMP without PCP' };
  epochSeen('pcp', message.epoch);
  if (message.result !== 0) return { kind: 'without', why: pcpResult(message.result) };
  remove(gateway, network, request(0));
  const address = message.mapping?.address;
  if (address === undefined) return { kind: 'without', why: 'the router has no outside address now' };
  return { kind: 'address', address };
}

/** One datagram, without waiting: the lifetime is the safety net. */
function remove(gateway: Gateway, network: RouterNetwork, request: Uint8Array): void {
  const socket = network.createSocket('udp4');
  socket.on('error', () => {});
  socket.bind({ address: gateway.localAddress, port: 0, exclusive: true }, () => {
    socket.send(request, network.ports.gateway, gateway.address, () => socket.close());
  });
}
