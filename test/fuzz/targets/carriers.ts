import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import fc from 'fast-check';
import { checkPlace } from '../../../src/daemon/doctor/places.ts';
import { address, parseAddress } from '../../../src/model/address.ts';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { type Exchange, ExchangeFailure, exchange } from '../../../src/net/dns/exchange.ts';
import { Deframer, frame } from '../../../src/net/dns/framing.ts';
import { askGateway } from '../../../src/net/pcp/exchange.ts';
import { decodeNatPmp } from '../../../src/net/pcp/nat-pmp.ts';
import { openBehaviourSocket } from '../../../src/net/stun/behaviour-socket.ts';
import { openBinding } from '../../../src/net/stun/binding.ts';
import { askStun, type StunNetwork } from '../../../src/net/stun/exchange.ts';
import { searchGateway } from '../../../src/net/upnp/search.ts';
import { openEndpoint } from '../../../src/sinks/embedded/endpoint.ts';
import { RateLimit } from '../../../src/sinks/embedded/rate-limit.ts';
import { respond } from '../../../src/sinks/embedded/respond.ts';
import { DEFAULT_TCP } from '../../../src/sinks/embedded/tcp-listener.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { attribute, mappedAddress, message, xorMappedAddress } from '../../net/stun/fixtures.ts';
import { bothTypes, query, store } from '../../sinks/embedded/support.ts';
import { BluntDatagrams } from '../support/blunt-datagrams.ts';
import { BluntServer } from '../support/blunt-server.ts';
import { isFitToShow } from '../support/expect.ts';
import { hostileOctets, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

/** Over real sockets, and waiting a moment wherever an answer is none. */
const RUNS = 60;

const LOCAL = address('127.0.0.1');
const signal = new AbortController().signal;
const datagrams = new BluntDatagrams();
const server = new BluntServer();

const several = (samples: readonly Uint8Array[]): fc.Arbitrary<readonly Uint8Array[]> =>
  fc.array(hostileOctets(samples), { maxLength: 3 });

const octetsOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const NAT_PMP = [Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 9, 192, 0, 2, 1)];
const SSDP = [
  'HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://127.0.0.1:5000/desc.xml\r\n\r\n',
].map(octetsOf);

const ID = Uint8Array.from({ length: 12 }, (_, index) => index + 1);
const STUN = [
  message(0x0101, ID, [xorMappedAddress('192.0.2.1', 4_711, ID)]),
  message(0x0111, ID, [attribute(9, Buffer.from([0, 0, 4, 20, 0x6e, 0x6f]))]),
];
const stunNetwork: StunNetwork = {
  createSocket,
  lookup: (_, __, callback) => callback(null, '127.0.0.1', 4),
  retransmission: { timeout: 5, requests: 2, lastWait: 2 },
};
const BEHAVIOUR = [
  message(0x0101, ID, [mappedAddress('192.0.2.1', 4_711), mappedAddress('127.0.0.1', 3_479, 0x802c)]),
];

const QUERY = encodeMessage(query('home.example.org'));
const records = store(bothTypes('home.example.org'), { 'home.example.org/A': ['192.0.2.1'] });
const ANSWER = respond(QUERY, 'tcp', records) ?? new Uint8Array();

const open = () =>
  openEndpoint('127.0.0.1', 0, {
    log: silentLog,
    // It must not keep the process alive: what is idle for so long is closed by its own timer.
    tcp: { ...DEFAULT_TCP, idle: 200 },
    limit: new RateLimit({ rate: 10_000_000, networks: 10, now: () => performance.now() }),
    respond: (request, carriage) => respond(request, carriage, records),
  });

/** Opened anew for each input, so that none is left open. Answers what came back over TCP before the connection ended. */
async function saidOver(octets: Uint8Array): Promise<readonly Uint8Array[]> {
  const endpoint = await open();
  const deframer = new Deframer();
  const found: Uint8Array[] = [];
  const socket = createSocket('udp4');
  await new Promise((sent) => socket.send(octets, endpoint.port, '127.0.0.1', sent));
  socket.close();
  await new Promise<void>((closed) => {
    const stream = connect(endpoint.port, '127.0.0.1', () => stream.end(octets));
    stream.on('data', (chunk) => found.push(...deframer.push(chunk)));
    stream.on('error', () => {});
    stream.on('close', () => closed());
  });
  await endpoint.close();
  return found;
}

export const carrierTargets: readonly FuzzTarget[] = [
  target({
    name: 'datagrams of a router',
    reads: 'the network',
    runs: RUNS,
    inputs: several(NAT_PMP),
    check: async (said) => {
      const port = await datagrams.answering(said);
      const question = { gateway: LOCAL, port, localAddress: LOCAL, request: Uint8Array.of(0, 0), signal };
      const answer = await askGateway(
        { ...question, accept: decodeNatPmp },
        { createSocket, retransmission: { timeout: 5, requests: 2 } },
      );
      if (answer.kind !== 'answered') isFitToShow(answer.why);
    },
  }),
  target({
    name: 'answers to a search',
    reads: 'the network',
    runs: RUNS,
    inputs: several(SSDP),
    check: async (said) => {
      const port = await datagrams.answering(said);
      const question = { gateway: LOCAL, port, localAddress: LOCAL, signal, onStranger: () => assert.fail() };
      const patience = { unicast: 10, multicast: 1 };
      const place = await searchGateway(question, { createSocket, patience });
      if (place === undefined) return;
      assert.equal(typeof place.location, 'string');
      assert.ok(['string', 'undefined'].includes(typeof place.boot));
    },
  }),
  target({
    name: 'datagrams of a stun server',
    reads: 'the network',
    runs: RUNS,
    inputs: several([...STUN, ...BEHAVIOUR]),
    check: async (said) => {
      const port = await datagrams.answering(said);
      const place = { host: 'stun.example', port, family: 'ipv4' as const };
      const binding = openBinding(place, () => ID, stunNetwork);
      for (const result of [
        await askStun({ ...place, signal }, () => ID, stunNetwork),
        await binding.ask(signal),
      ]) {
        if (result.kind === 'failed') isFitToShow(result.why);
        if (result.kind === 'mapped') assert.equal(parseAddress(result.address), result.address);
      }
      binding.close();
      const behaviour = openBehaviourSocket('ipv4', {
        createSocket,
        randomBytes: () => ID,
        retransmission: { timeout: 5, requests: 2 },
      });
      await behaviour.ask({ to: { address: LOCAL, port } });
      behaviour.close();
    },
  }),
  target({
    name: 'dns answer over a stream',
    reads: 'the network',
    runs: RUNS,
    inputs: hostileOctets([Uint8Array.from(frame(ANSWER))]),
    check: async (octets) => {
      const port = await server.answering(octets);
      const task: Exchange<number> = {
        peer: { host: LOCAL, port },
        request: QUERY,
        transport: 'tcp',
        signal,
        timing: { datagramWaits: [], doubt: 0, stream: 2_000 },
        judge: (answer) => {
          const decoded = decodeMessage(answer);
          return decoded === undefined
            ? { kind: 'stranger', why: 'it was malformed' }
            : { kind: 'answer', value: decoded.message.rcode };
        },
      };
      try {
        assert.ok(Number.isInteger((await exchange(task)).value));
      } catch (error) {
        if (!(error instanceof ExchangeFailure)) throw error;
        isFitToShow(error.message);
        assert.notEqual(error.kind, 'timeout', 'waits although the other side has closed');
      }
    },
  }),
  target({
    name: 'embedded server over its sockets',
    reads: 'the network',
    runs: RUNS,
    inputs: hostileOctets([
      Uint8Array.from(frame(QUERY)),
      Uint8Array.from(Buffer.concat([frame(QUERY), frame(QUERY)])),
    ]),
    check: async (octets) => {
      for (const answer of await saidOver(octets)) assert.ok(decodeMessage(answer));
    },
  }),
  target({
    name: 'certificate of a service',
    reads: 'the network',
    inputs: fc.record({
      protocol: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
      until: fc.oneof(
        hostileText(['Nov  6 08:49:37 2026 GMT', 'Dec 31 23:59:59 9999 GMT']).map((text) => Date.parse(text)),
        fc.constantFrom(8.64e15, -8.64e15, Number.NaN),
      ),
      error: fc.option(hostileText(["Hostname/IP does not match certificate's altnames: x"]), {
        nil: undefined,
        freq: 2,
      }),
    }),
    check: async ({ error, ...told }) => {
      const checks = await checkPlace(
        { host: 'dns.example', port: 443, tls: true },
        {
          lookup: async () => ['192.0.2.1'],
          handshake: async () => {
            if (error !== undefined) throw new Error(error);
            return told;
          },
          clock: { monotonic: () => 0, wall: () => 1_700_000_000_000 },
          deadline: 1_000,
        },
      );
      for (const { words } of checks) isFitToShow(words);
    },
  }),
];
