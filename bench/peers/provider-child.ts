// The provider as a process of its own, started inside a namespace by `provider.ts`. One JSON object a line: on stdout what happens,
// on stdin `{ "conduct": ... }`, acknowledged.
import { createSocket } from 'node:dgram';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { now } from '../../test/lab/support/moment.ts';
import { answerTo } from './name-server.ts';
import type { Conduct, ProviderOptions, Said } from './provider.ts';

const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);
const { delay, nameServers = [], hosts = {} } = JSON.parse(process.argv[2] ?? '{}') as ProviderOptions;
const numbers = new WeakMap<Socket, number>();
let connections = 0;
let conduct: Conduct = 'well';

function serve(request: IncomingMessage, response: ServerResponse): void {
  const query = new URL(request.url ?? '', 'http://provider').searchParams;
  const names = (query.get('hostname') ?? '').split(',').filter(Boolean);
  const address = query.get('myip') ?? '';
  const connection = numbers.get(request.socket) ?? 0;
  const accepted = conduct === 'well' || conduct === 'answers no question for a name';
  say({ request: { at: now(), names, address, connection, accepted } });
  if (conduct === 'never answers') return;
  if (conduct === 'answers 503') return void response.writeHead(503, { 'content-length': 0 }).end();
  // https://help.dyn.com/remote-access-api/perform-update/: one line a name. ddclient 3.10 cannot read a chunked body, so it has its length.
  const text = names.map(() => `good ${address}\n`).join('');
  const headers = { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) };
  setTimeout(() => response.writeHead(200, headers).end(text), delay ?? 0);
}

const server = createServer(serve);
server.on('connection', (socket: Socket) => {
  connections += 1;
  numbers.set(socket, connections);
  socket.on('error', () => {});
});
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  const long = error.code === 'HPE_HEADER_OVERFLOW';
  if (error.code !== 'ECONNRESET') say({ refused: long ? 'request too long (431)' : error.message });
  if (socket.writable)
    socket.end(`HTTP/1.1 ${long ? '431 Request Header Fields Too Large' : '400 Bad Request'}\r\n\r\n`);
});

// Each at its own address, for an answer has to come from where the question went.
for (const address of nameServers) {
  const socket = createSocket('udp4');
  socket.on('message', (question, peer) => {
    if (conduct !== 'answers no question for a name')
      socket.send(answerTo(question, hosts), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, address, resolve));
}
server.listen(0, '0.0.0.0', () => say({ port: (server.address() as AddressInfo).port }));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    ({ conduct } = JSON.parse(line) as { readonly conduct: Conduct });
    say({ conduct });
  })
  // Whoever started it is gone.
  .on('close', () => process.exit(0));
