import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Secret } from '../../../src/config/secret.ts';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { CLASS, OPCODE, TYPE } from '../../../src/net/dns/codes.ts';
import { type Call, SinkError } from '../../../src/sinks/contract.ts';
import { plan } from '../../../src/sinks/plan.ts';
import { createRfc2136 } from '../../../src/sinks/rfc2136/index.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { BrokenNameServer, damage } from '../support/broken-name-server.ts';
import { isFitToShow } from '../support/expect.ts';
import { type FuzzTarget, target } from '../support/target.ts';

/** Knows one record, and takes every update. */
const server = new BrokenNameServer(({ opcode, questions }) => {
  const query = opcode === OPCODE.QUERY && questions[0]?.type === TYPE.A;
  const record = { name: 'home.example.org', type: TYPE.A, class: CLASS.IN, ttl: 60 };
  return {
    answers: query ? [{ ...record, data: { kind: 'address', address: address('198.51.100.9') } }] : [],
  };
});
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
            server: { host: '127.0.0.1', port: await server.port },
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
