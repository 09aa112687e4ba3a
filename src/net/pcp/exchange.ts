import type { createSocket, RemoteInfo } from 'node:dgram';
import { type IpAddress, parseAddress } from '../../model/address.ts';

/** First wait in milliseconds, and requests in all; each wait is twice the one before. */
export interface Retransmission {
  readonly timeout: number;
  readonly requests: number;
}

/**
 * 3 datagrams, given up after 1.75 s. RFC 6886 section 3.1 would go on to 64 s: nobody waits for that where other witnesses
 * stand by, and a gateway on the same link that has not answered three times within two seconds does not speak the protocol.
 */
export const QUIET_RETRANSMISSION: Retransmission = { timeout: 250, requests: 3 };

export interface UdpQuestion<Answer> {
  readonly gateway: IpAddress;
  readonly port: number;
  readonly localAddress: IpAddress;
  readonly request: Uint8Array;
  /** `undefined` for what is no answer to this question; waiting goes on. */
  readonly accept: (datagram: Uint8Array) => Answer | undefined;
  readonly signal: AbortSignal;
}

export type UdpAnswer<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** `refused`: an ICMP error said that nothing listens. */
  | { readonly kind: 'refused' | 'silent' | 'failed'; readonly why: string };

/**
 * Asks a gateway over IPv4 from a connected socket, so that the kernel drops what others send and reports refusals. Whatever the
 * world does wrong is a result; rejects only with the signal's reason. The socket is closed in every case.
 */
export function askGateway<Answer>(
  question: UdpQuestion<Answer>,
  host: { readonly createSocket: typeof createSocket; readonly retransmission: Retransmission },
): Promise<UdpAnswer<Answer>> {
  const { gateway, port, localAddress, signal } = question;
  const { timeout, requests } = host.retransmission;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = host.createSocket('udp4');
    let timer: NodeJS.Timeout | undefined;
    let settled = false;
    const finish = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.close();
      act();
    };
    const abort = () => finish(() => reject(signal.reason));
    const done = (answer: UdpAnswer<Answer>) => finish(() => resolve(answer));
    const fail = ({ code }: NodeJS.ErrnoException) => {
      const refused = code === 'ECONNREFUSED';
      const why = refused ? 'nothing listens on that port' : `the socket failed (${code ?? 'unknown'})`;
      done({ kind: refused ? 'refused' : 'failed', why });
    };
    const send = (count: number) => {
      if (settled) return;
      socket.send(question.request, (error) => error && fail(error));
      const next = () =>
        count < requests
          ? send(count + 1)
          : done({ kind: 'silent', why: `no answer to ${requests} requests` });
      timer = setTimeout(next, timeout * 2 ** (count - 1));
    };

    signal.addEventListener('abort', abort, { once: true });
    // Stays on after the end: an error of a closing socket without a listener would end the process.
    socket.on('error', fail);
    socket.on('message', (datagram, sender) => {
      // Datagrams that came in before the socket was connected are still in its queue.
      if (!isFrom(sender, gateway, { port })) return;
      const answer = question.accept(datagram);
      if (answer !== undefined) done({ kind: 'answered', answer });
    });
    socket.bind({ address: localAddress, port: 0, exclusive: true }, () => {
      if (settled) return;
      // Node passes connect's error to the callback, which its type does not say.
      const connected = (error?: NodeJS.ErrnoException) => (error ? fail(error) : send(1));
      socket.connect(port, gateway, connected as () => void);
    });
  });
}

/** The link that a link-local address is on: systems write its name behind the address, Windows its number. */
export interface Link {
  readonly interface: string;
  readonly index?: number;
}

/** True if a datagram came from this address, of this link where it is a link-local one (`fe80::1%eth0`: every link may have one), and port. */
export function isFrom(
  sender: Pick<RemoteInfo, 'address' | 'port'>,
  address: IpAddress,
  { port, link }: { readonly port?: number; readonly link?: Link } = {},
): boolean {
  if (port !== undefined && sender.port !== port) return false;
  const [plain = '', zone] = sender.address.split('%');
  if (link !== undefined && zone !== undefined && ![link.interface, String(link.index)].includes(zone))
    return false;
  return parseAddress(plain) === address;
}
