import { createSocket, type Socket } from 'node:dgram';
import type { Log } from '../../telemetry/log.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Carriage } from './respond.ts';

export type Responder = (request: Uint8Array, carriage: Carriage) => Uint8Array | undefined;

export interface UdpParts {
  readonly respond: Responder;
  readonly limit: RateLimit;
  readonly log: Log;
}

/** Binds and answers. Rejects if the address cannot be bound; after that nothing a datagram holds ends it. */
export function listenUdp(host: string, port: number, parts: UdpParts): Promise<Socket> {
  const { log } = parts;
  return new Promise((resolve, reject) => {
    // [::] takes IPv6 alone, so that 0.0.0.0 can be listed beside it.
    const ipv6 = host.includes(':');
    const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
    socket.once('error', reject);
    socket.on('message', (datagram, from) => {
      // Nothing can be sent to port 0; such a datagram is forged.
      if (from.port === 0) return;
      const allowance = parts.limit.ask(from.address);
      if (allowance === 'silence') return;
      const answer = parts.respond(datagram, allowance === 'cut' ? 'cut' : 'udp');
      if (answer === undefined) return;
      socket.send(answer, from.port, from.address, (error) => {
        if (error) log.debug('embedded_send_failed', `no answer sent to ${from.address}: ${error.message}`);
      });
    });
    socket.bind(port, host, () => {
      socket.off('error', reject);
      socket.on('error', (error) => log.warn('embedded_socket_error', `UDP ${host}: ${error.message}`));
      resolve(socket);
    });
  });
}
