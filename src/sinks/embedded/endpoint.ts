import type { Socket } from 'node:dgram';
import { listenTcp, type TcpListener, type TcpSettings } from './tcp-listener.ts';
import { listenUdp, type UdpParts } from './udp-listener.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** How often another free port is tried when port 0 was asked for and TCP has the one that UDP got. */
const PORT_TRIES = 10;

/** Opens one address for UDP and TCP on the same port. Rejects with the system's error; nothing stays open then. */
export async function openEndpoint(
  host: string,
  port: number,
  parts: UdpParts & { readonly tcp: TcpSettings },
): Promise<Endpoint> {
  for (let attempt = 1; ; attempt += 1) {
    const udp = await listenUdp(host, port, parts);
    const bound = udp.address().port;
    try {
      const tcp = await listenTcp(host, bound, {
        respond: parts.respond,
        log: parts.log,
        settings: parts.tcp,
      });
      return { host, port: bound, close: () => closeBoth(udp, tcp) };
    } catch (error) {
      await closeUdp(udp);
      if (port !== 0 || attempt >= PORT_TRIES) throw error;
    }
  }
}

const closeUdp = (socket: Socket): Promise<void> => new Promise((closed) => socket.close(() => closed()));

async function closeBoth(udp: Socket, tcp: TcpListener): Promise<void> {
  await Promise.all([closeUdp(udp), tcp.close()]);
}
