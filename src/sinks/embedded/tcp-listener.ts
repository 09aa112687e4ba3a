import { createServer, type Server, type Socket } from 'node:net';
import { HEADER_LENGTH } from '../../net/dns/codes.ts';
import { Deframer, frame } from '../../net/dns/framing.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Responder } from './udp-listener.ts';

export interface TcpSettings {
  /** Milliseconds without a whole query until a connection is closed. */
  readonly idle: number;
  /** Connections at once; beyond it the one longest idle goes. */
  readonly connections: number;
}

export const DEFAULT_TCP: TcpSettings = { idle: 10_000, connections: 64 };

export interface TcpListener {
  readonly server: Server;
  /** Ends all connections, too. */
  close(): Promise<void>;
}

/** Binds and answers, several queries a connection (RFC 7766). Rejects if the address cannot be bound. */
export function listenTcp(
  host: string,
  port: number,
  parts: { readonly respond: Responder; readonly log: Log; readonly settings: TcpSettings },
): Promise<TcpListener> {
  const { respond, log, settings } = parts;
  // In the order of the last whole query, the longest idle first.
  const connections = new Set<Socket>();

  const serve = (socket: Socket): void => {
    const deframer = new Deframer();
    let idle: NodeJS.Timeout | undefined;
    // Only whole queries count: octets that trickle in do not keep a place.
    const touch = (): void => {
      connections.delete(socket);
      connections.add(socket);
      clearTimeout(idle);
      idle = setTimeout(() => socket.destroy(), settings.idle);
    };
    touch();
    for (const longestIdle of connections) {
      if (connections.size <= settings.connections) break;
      connections.delete(longestIdle);
      longestIdle.destroy();
    }
    socket.on('data', (chunk) => {
      for (const request of deframer.push(chunk)) {
        const answer = respond(request, 'tcp');
        // What gets silence over UDP is no DNS peer: the connection ends.
        if (answer === undefined || request.length < HEADER_LENGTH) return void socket.destroy();
        touch();
        // One who asks without reading is not read from until it has taken its answers.
        if (!socket.write(frame(answer))) socket.pause();
      }
    });
    socket.on('drain', () => socket.resume());
    socket.on('error', (error) => log.debug('embedded_connection_error', `TCP: ${error.message}`));
    socket.on('close', () => {
      clearTimeout(idle);
      connections.delete(socket);
    });
  };

  return new Promise((resolve, reject) => {
    const server = createServer(serve);
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject);
      server.on('error', (error) => log.warn('embedded_socket_error', `TCP ${host}: ${error.message}`));
      resolve({
        server,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of connections) socket.destroy();
          }),
      });
    });
  });
}
