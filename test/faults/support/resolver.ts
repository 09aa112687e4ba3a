import { createSocket, type Socket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import dnsPacket from 'dns-packet';

/** What the resolver does about a name: an IPv4 address, an RCODE of RFC 1035 section 4.1.1, nothing at all, or octets that are no answer. */
export type Said = { readonly address: string } | 'SERVFAIL' | 'NXDOMAIN' | 'silence' | 'garbage';

const RCODES = { SERVFAIL: 2, NXDOMAIN: 3 } as const;

/** A port in resolv.conf cannot be given, so the address is one of loopback's that nobody else has: from the pid. */
const ownLoopback = (): string => `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 256}.53`;

/**
 * The resolver of one process. `wrapper` puts the program into a mount namespace in which /etc/resolv.conf names this resolver and
 * nobody else; the host's own file stays as it is.
 */
export class Resolver {
  readonly names = new Map<string, Said>();
  readonly asked: string[] = [];
  readonly #socket: Socket;
  readonly #file: string;

  private constructor(socket: Socket, file: string) {
    this.#socket = socket;
    this.#file = file;
    socket.on('message', (message, peer) => this.#answer(message, peer.port, peer.address));
  }

  static async start(folder: string, address: string = ownLoopback()): Promise<Resolver> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(53, address, resolve);
    });
    socket.on('error', () => {});
    const file = path.join(folder, 'resolv.conf');
    // glibc's own defaults: 5 s an attempt, two attempts.
    writeFileSync(file, `nameserver ${address}\n`);
    return new Resolver(socket, file);
  }

  get wrapper(): readonly string[] {
    const script = `mount --bind ${this.#file} /etc/resolv.conf && exec "$@"`;
    return ['unshare', '--mount', 'sh', '-c', script, 'sh'];
  }

  close(): void {
    this.#socket.close();
  }

  #answer(message: Buffer, port: number, peer: string): void {
    const query = dnsPacket.decode(message);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    this.asked.push(`${question.name} ${question.type}`);
    const said = this.names.get(question.name.toLowerCase()) ?? 'NXDOMAIN';
    if (said === 'silence') return;
    if (said === 'garbage')
      return void this.#socket.send(Buffer.from('this is no DNS message at all'), port, peer);
    const found = typeof said === 'object' && question.type === 'A';
    const answer = dnsPacket.encode({
      id: query.id ?? 0,
      type: 'response',
      flags: 0x0180 | (typeof said === 'string' ? RCODES[said] : 0),
      questions: [question],
      answers: found ? [{ name: question.name, type: 'A', ttl: 0, data: said.address }] : [],
    });
    this.#socket.send(answer, port, peer);
  }
}
