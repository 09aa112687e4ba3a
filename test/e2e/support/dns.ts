import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { CLASS, TYPE } from '../../../src/net/dns/codes.ts';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { EMPTY_MESSAGE, type Message } from '../../../src/net/dns/message.ts';

export interface DnsAnswer {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly addresses: readonly string[];
}

/** Asks a server on 127.0.0.1 once, over UDP. Rejects if it does not answer within a second. */
export function askDns(port: number, name: string, type: 'A' | 'AAAA'): Promise<DnsAnswer> {
  const question = { name, type: TYPE[type], class: CLASS.IN };
  const query: Message = { ...EMPTY_MESSAGE, id: 4711, questions: [question] };
  const socket = createSocket('udp4');
  return new Promise<DnsAnswer>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no answer from port ${port}`)), 1_000);
    socket.once('error', reject);
    socket.once('message', (octets) => {
      clearTimeout(late);
      const message = decodeMessage(octets)?.message;
      if (message === undefined || message.id !== query.id) return reject(new Error('not an answer'));
      const addresses = message.answers.flatMap(({ data }) =>
        data.kind === 'address' ? [String(data.address)] : [],
      );
      resolve({ rcode: message.rcode, authoritative: message.authoritative, addresses });
    });
    socket.connect(port, '127.0.0.1', () => socket.send(encodeMessage(query)));
  }).finally(() => socket.close());
}

/** A port of 127.0.0.1 that was free for TCP and UDP a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const socket = createSocket('udp4');
    const free = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
}
