import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { Secret } from '../../../src/config/secret.ts';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { CLASS, OPCODE, TYPE } from '../../../src/net/dns/codes.ts';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { EMPTY_MESSAGE } from '../../../src/net/dns/message.ts';
import { type Call, SinkError } from '../../../src/sinks/contract.ts';
import { plan } from '../../../src/sinks/plan.ts';
import { createRfc2136 } from '../../../src/sinks/rfc2136/index.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { isFitToShow } from '../support/expect.ts';
import { type FuzzTarget, target } from '../support/target.ts';

/** What is changed of a proper answer, in its order: octets set, and the rest cut off. */
interface Damage {
  readonly rcode: number;
  readonly set: readonly (readonly [number, number])[];
  readonly cut: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  rcode: fc.oneof(fc.constant(0), fc.nat({ max: 15 })),
  set: fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 3 }),
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 60 })),
});

/** A server that answers everything as it should, and then breaks the answer. */
class BrokenServer {
  damages: readonly Damage[] = [];
  #turn = 0;
  readonly #socket: Socket = createSocket('udp4');

  async port(): Promise<number> {
    this.#socket.on('message', (octets, { port }) => {
      const answer = this.#answerTo(octets);
      if (answer !== undefined) this.#socket.send(answer, port, '127.0.0.1');
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    this.#socket.unref();
    return this.#socket.address().port;
  }

  begin(damages: readonly Damage[]): void {
    this.damages = damages;
    this.#turn = 0;
  }

  #answerTo(octets: Uint8Array): Uint8Array | undefined {
    const asked = decodeMessage(octets)?.message;
    if (asked === undefined) return undefined;
    const { rcode, set, cut } = this.damages[this.#turn % this.damages.length] ?? {
      rcode: 0,
      set: [],
      cut: 0,
    };
    this.#turn += 1;
    const query = asked.opcode === OPCODE.QUERY && asked.questions[0]?.type === TYPE.A;
    const record = { name: 'home.example.org', type: TYPE.A, class: CLASS.IN, ttl: 60 };
    const answer = encodeMessage({
      ...EMPTY_MESSAGE,
      id: asked.id,
      opcode: asked.opcode,
      response: true,
      authoritative: true,
      rcode,
      questions: asked.questions,
      answers: query ? [{ ...record, data: { kind: 'address', address: address('198.51.100.9') } }] : [],
    });
    for (const [at, octet] of set) if (at < answer.length) answer[at] = octet;
    return answer.subarray(0, answer.length - Math.min(cut, answer.length));
  }
}

const server = new BrokenServer();
let port: Promise<number> | undefined;
const wanted = {
  key: { name: fqdn('home.example.org'), type: 'A' },
  addresses: [address('203.0.113.7')],
} as const;
const call: Call = {
  signal: new AbortController().signal,
  log: silentLog,
  http: () => Promise.reject(new Error('no HTTP here')),
};

async function orSinkError<Value>(work: Promise<Value> | undefined): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    isFitToShow(error.failure.message);
    return undefined;
  }
}

export const rfc2136Targets: readonly FuzzTarget[] = [
  target({
    name: 'answers to rfc2136',
    reads: 'the network',
    // Over a real socket, and waiting a moment wherever an answer is none.
    runs: 60,
    inputs: fc.tuple(fc.array(damage, { minLength: 1, maxLength: 3 }), fc.boolean()),
    check: async ([damages, signed]) => {
      port ??= server.port();
      server.begin(damages);
      const key = {
        name: fqdn('k.example.org'),
        algorithm: 'hmac-sha256',
        secret: new Secret('c2VjcmV0'),
      } as const;
      const sink = createRfc2136(
        {
          name: 'dns',
          keys: [],
          options: {
            server: { host: '127.0.0.1', port: await port },
            zone: fqdn('example.org'),
            ttl: 60,
            verify: true,
            transport: 'auto',
            ...(signed ? { key } : {}),
          },
        },
        {
          clock: { monotonic: () => 0, boot: () => 0, wall: () => 1_700_000_000_000 },
          randomBytes: (count) => new Uint8Array(count).fill(7),
        },
        {
          network: { addresses: async (host) => [address(host)], resolvers: () => [] },
          timing: { datagramWaits: [15], doubt: 2, stream: 100 },
        },
      );
      const actual = await orSinkError(sink.read?.([wanted.key], call));
      const results = await orSinkError(sink.write(plan([wanted], actual ?? []), call));
      for (const result of results ?? []) {
        if (result.kind === 'failed') isFitToShow(result.failure.message);
        // Nobody here can sign: with a key, only a signed answer could say so.
        if (signed) assert.equal(result.kind, 'failed', 'an unsigned answer believed');
      }
    },
  }),
];
