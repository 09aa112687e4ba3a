import type { createServer, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type IpAddress, parseAddress } from '../../model/address.ts';

/** One event as it arrived, from the gateway, under a path that we gave out. */
export interface Notification {
  /** The path it was sent to, without the slash. */
  readonly token: string;
  readonly sid: string;
  readonly body: string;
}

export interface CallbackServer {
  readonly port: number;
  close(): void;
}

export interface CallbackInit {
  readonly localAddress: IpAddress;
  /** The only host whose connections are kept. */
  readonly gateway: IpAddress;
  /** True if it was taken; else the sender is told that nobody is subscribed (412, UDA 2.0 section 4.3.2). */
  readonly onNotification: (notification: Notification) => boolean;
  readonly onStranger: (sender: string) => void;
  readonly onError: (error: Error) => void;
}

const LONGEST_BODY = 16 * 1_024;
const LONGEST_HEAD = 8 * 1_024;
const MOST_CONNECTIONS = 8;
const PATIENCE = 5_000;

/**
 * Listens on the LAN address, on a port of the system's choice, for the events of one gateway. Connections of others are cut before
 * a byte of them is read. Rejects if it cannot listen.
 */
export function listenForEvents(
  init: CallbackInit,
  host: { readonly createServer: typeof createServer },
): Promise<CallbackServer> {
  const server = host.createServer(
    { maxHeaderSize: LONGEST_HEAD, headersTimeout: PATIENCE, requestTimeout: PATIENCE },
    (request, response) => {
      void serve(request, response, init);
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connection', (socket) => {
    const sender = socket.remoteAddress ?? '';
    if (parseAddress(sender) === init.gateway) return;
    init.onStranger(sender);
    socket.destroy();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: init.localAddress, port: 0 }, () => {
      server.off('error', reject);
      server.on('error', init.onError);
      const { port } = server.address() as AddressInfo;
      const close = () => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ port, close });
    });
  });
}

async function serve(request: IncomingMessage, response: ServerResponse, init: CallbackInit): Promise<void> {
  const answer = (status: number) => {
    response.writeHead(status, { connection: 'close', 'content-length': '0' });
    response.end();
  };
  response.on('error', () => {});
  const { headers, url = '' } = request;
  if (request.method !== 'NOTIFY') return answer(405);
  if (headers['nt'] !== 'upnp:event' || headers['nts'] !== 'upnp:propchange') return answer(412);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += (chunk as Buffer).length;
      if (length > LONGEST_BODY) return void request.destroy();
      chunks.push(chunk as Buffer);
    }
  } catch {
    // The sender left in the middle of its event: there is nobody to answer.
    return;
  }
  const taken = init.onNotification({
    token: url.slice(1),
    sid: String(headers['sid'] ?? ''),
    body: Buffer.concat(chunks).toString('utf8'),
  });
  answer(taken ? 200 : 412);
}
