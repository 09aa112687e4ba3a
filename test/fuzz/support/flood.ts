import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { TYPE } from '../../../src/net/dns/codes.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { openEndpoint } from '../../../src/sinks/embedded/endpoint.ts';
import { RateLimit } from '../../../src/sinks/embedded/rate-limit.ts';
import { respond } from '../../../src/sinks/embedded/respond.ts';
import { DEFAULT_TCP } from '../../../src/sinks/embedded/tcp-listener.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { askUdp, bothTypes, decoded, query, store } from '../../sinks/embedded/support.ts';
import { hostileOctets } from './mutate.ts';

export interface FloodInit {
  readonly datagrams: number;
  /** Answers a second to one network; without it all there are. */
  readonly rate?: number;
  readonly seed: number;
}

export interface FloodReport {
  readonly sent: number;
  /** Datagrams that the server saw: the kernel drops what a full buffer has no room for. */
  readonly arrived: number;
  readonly received: number;
  readonly answered: number;
  /** The most octets that came back for one that went in, over all datagrams answered, and of the worst single one. */
  readonly amplification: number;
  readonly worst: number;
  readonly milliseconds: number;
  /** True if a proper question was answered in the end. */
  readonly alive: boolean;
}

const names = [...bothTypes('home.example.org'), ...bothTypes('*.example.org')];

const SAMPLES = [
  query('home.example.org'),
  query('home.example.org', 'ANY'),
  query('home.example.org', 'SOA'),
  query('home.example.org', 'NS'),
  query('a.b.c.home.example.org', 'AAAA'),
  query('elsewhere.example'),
  query('home.example.org', 'A', {
    additionals: [
      {
        name: '',
        type: TYPE.OPT,
        class: 4_096,
        ttl: 0x8000,
        data: { kind: 'opaque', octets: new Uint8Array() },
      },
    ],
  }),
].map((one) => encodeMessage(one));

/** Different datagrams; sent over and over, with another id each time. */
const VARIETY = 4_000;
/** Sent before waiting for the server to have read them: a socket's buffer holds a few hundred. */
const AT_ONCE = 64;

/** Throws random and nearly right datagrams at an embedded server of its own, over a real socket on loopback. */
export async function flood({ datagrams, rate = 10_000_000, seed }: FloodInit): Promise<FloodReport> {
  const records = store(names, {
    'home.example.org/A': ['192.0.2.1'],
    'home.example.org/AAAA': ['2001:db8::1'],
  });
  const began = performance.now();
  let received = 0;
  let arrived = 0;
  let heard = 0;
  let said = 0;
  let answered = 0;
  let worst = 0;
  const endpoint = await openEndpoint('127.0.0.1', 0, {
    log: silentLog,
    tcp: DEFAULT_TCP,
    limit: new RateLimit({ rate, networks: 1_000, now: () => performance.now() }),
    respond: (request, carriage) => {
      const response = respond(request, carriage, records);
      arrived += 1;
      heard += request.length;
      if (response !== undefined) {
        answered += 1;
        said += response.length;
        worst = Math.max(worst, response.length / Math.max(1, request.length));
      }
      return response;
    },
  });
  const socket = createSocket('udp4');
  socket.on('message', () => {
    received += 1;
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const variety = fc
    .sample(hostileOctets(SAMPLES), { seed, numRuns: VARIETY })
    .map((octets) => Buffer.from(octets));

  let sent = 0;
  while (sent < datagrams) {
    const burst: Promise<void>[] = [];
    for (let count = 0; count < AT_ONCE && sent < datagrams; count += 1) {
      const octets = variety[sent % VARIETY] ?? Buffer.alloc(0);
      if (octets.length > 1) octets.writeUInt16BE(sent & 0xffff, 0);
      burst.push(new Promise((done) => void socket.send(octets, endpoint.port, '127.0.0.1', () => done())));
      sent += 1;
    }
    await Promise.all(burst);
    // libuv reads 32 datagrams a turn at most: with one turn for each burst, half of them would find the buffer full.
    for (let turns = 0; arrived < sent && turns < 8; turns += 1)
      await new Promise<void>((turn) => setImmediate(turn));
  }
  await pause(100);
  const milliseconds = performance.now() - began;
  const amplification = heard === 0 ? 0 : said / heard;
  const counts = { sent, arrived, received, answered, amplification, worst, milliseconds };
  const last = await ask(endpoint.port, rate);
  socket.close();
  await endpoint.close();
  return { ...counts, alive: last };
}

/** Waits for the limit to let this host through again, and asks. */
async function ask(port: number, rate: number): Promise<boolean> {
  await pause(Math.min(2_000, 1_500 / rate + 50));
  const reply = await askUdp({ host: '127.0.0.1', port }, encodeMessage(query('home.example.org')), 2_000);
  return reply !== undefined && decoded(reply).answers.length === 1;
}
