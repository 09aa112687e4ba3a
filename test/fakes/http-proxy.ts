import http from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface FakeProxy {
  readonly url: URL;
  /** `CONNECT host:port` and `GET http://…` as they came, with Proxy-Authorization. */
  readonly requests: ReadonlyArray<{ readonly line: string; readonly authorization?: string }>;
  close(): Promise<void>;
}

/**
 * An HTTP proxy on a loopback port: tunnels and plain forwarding. Whatever host is asked for, it goes to `port` on 127.0.0.1.
 * `mode: refuse` answers 403 to everything, `strange` 407 to everything, `mute` nothing.
 */
export async function startProxy(
  port: number,
  mode: 'serve' | 'refuse' | 'strange' | 'mute' = 'serve',
): Promise<FakeProxy> {
  const requests: Array<{ line: string; authorization?: string }> = [];
  const refusal = mode === 'refuse' ? 403 : mode === 'strange' ? 407 : undefined;
  const sockets = new Set<Socket>();
  const note = (incoming: http.IncomingMessage): void => {
    const authorization = incoming.headers['proxy-authorization'];
    const line = `${incoming.method} ${incoming.url}`;
    requests.push(authorization === undefined ? { line } : { line, authorization });
  };
  const server = http.createServer((incoming, response) => {
    note(incoming);
    if (mode === 'mute') return;
    if (refusal !== undefined) return void response.writeHead(refusal).end();
    const path = new URL(incoming.url ?? '/').pathname;
    const { method, headers } = incoming;
    const onward = http.request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on('connection', (socket: Socket) => void sockets.add(socket.on('error', () => {})));
  server.on('connect', (incoming, socket: Socket) => {
    note(incoming);
    if (mode === 'mute') return;
    if (refusal !== undefined)
      return void socket.end(`HTTP/1.1 ${refusal} Not so\r\ncontent-length: 0\r\n\r\n`);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
