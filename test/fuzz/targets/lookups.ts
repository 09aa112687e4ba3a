import assert from 'node:assert/strict';
import fc from 'fast-check';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { CLASS, TYPE } from '../../../src/net/dns/codes.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { EMPTY_MESSAGE, type Message, type ResourceRecord } from '../../../src/net/dns/message.ts';
import { foldName } from '../../../src/net/dns/names.ts';
import type { HttpAnswer } from '../../../src/net/http.ts';
import { lookUp } from '../../../src/sinks/authoritative.ts';
import { ownersIn } from '../../../src/sinks/rfc2136/marks.ts';
import type { WhoamiQuestion } from '../../../src/sources/addresses/dns-answer.ts';
import { askWhoami, type DnsNetwork, WHOAMI_TIMING } from '../../../src/sources/addresses/dns-ask.ts';
import { callOf } from '../../fakes/sink-call.ts';
import { BrokenNameServer, type Damage, damage } from '../support/broken-name-server.ts';
import { isFitToShow } from '../support/expect.ts';
import { anyText, hostileOctets, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const HOME = { name: fqdn('home.example.org'), type: 'A' } as const;
const LOOPBACK = address('127.0.0.1');

const record = (
  name: string,
  type: number,
  data: ResourceRecord['data'],
  own: number = CLASS.IN,
): ResourceRecord => ({
  name,
  type,
  class: own,
  ttl: 60,
  data,
});
const points = (name: string, type: number, to: string) => record(name, type, { kind: 'name', name: to });

/** Octets of an address are never damaged, so that nobody but this server is asked; of the servers' addresses only how they are said. */
const MILD = { set: [] };

/** What a server says where it is asked for a type, beside the proper answer. */
const stray: fc.Arbitrary<ResourceRecord> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom<string>(HOME.name, 'HOME.example.org', 'other.example.org', 'example.org'),
      fc.nat(),
    )
    .map(([name, end]) =>
      record(name, TYPE.A, { kind: 'address', address: address(`203.0.113.${end % 256}`) }),
    ),
  fc
    .constantFrom(CLASS.CH, CLASS.ANY, CLASS.NONE)
    .map((own) => record(HOME.name, TYPE.A, { kind: 'opaque', octets: Uint8Array.of(192, 0, 2, 1) }, own)),
  fc.constantFrom(
    points(HOME.name, TYPE.CNAME, 'elsewhere.example.net'),
    points('org', TYPE.DNAME, 'net'),
    points('example.org', TYPE.NS, 'ns9.example.org'),
  ),
);

interface Scene {
  /** Labels of the names of the zone's servers. */
  readonly servers: readonly string[];
  readonly strays: readonly ResourceRecord[];
  readonly contents: readonly number[];
  readonly damages: readonly Damage[];
}

const label = fc.oneof(
  fc.constantFrom('ns1', 'ns2', 'NS1', 'a\\.b', '\\000\\027[2J', 'x'.repeat(63)),
  fc.stringMatching(/^[a-z0-9-]{1,20}$/),
);
const scene: fc.Arbitrary<Scene> = fc.record({
  servers: fc.oneof(
    { weight: 9, arbitrary: fc.array(label, { maxLength: 4 }) },
    {
      weight: 1,
      arbitrary: fc.nat({ max: 30 }).map((count) => Array.from({ length: count * 10 }, (_, at) => `ns${at}`)),
    },
  ),
  strays: fc.array(stray, { maxLength: 2 }),
  contents: fc.array(fc.nat({ max: 255 }), { maxLength: 2 }),
  damages: fc.array(damage, { minLength: 1, maxLength: 3 }),
});

let now: Scene = { servers: [], strays: [], contents: [], damages: [] };
let asked = 0;
const server = new BrokenNameServer(({ questions: [question] }): Partial<Message> => {
  asked += 1;
  const name = foldName(question?.name ?? '');
  switch (question?.type) {
    case TYPE.NS:
      return name === 'example.org'
        ? { answers: now.servers.map((one) => points(name, TYPE.NS, `${one}.example.net`)) }
        : { answers: [...now.strays] };
    case TYPE.A: {
      if (name !== HOME.name)
        return { answers: [record(name, TYPE.A, { kind: 'address', address: LOOPBACK })] };
      const own = now.contents.map((end) =>
        record(name, TYPE.A, { kind: 'address', address: address(`192.0.2.${end}`) }),
      );
      return { answers: [...own, ...now.strays] };
    }
    default:
      return {};
  }
});

/** Questions for one record: up to its zone, of each server's name both families, and the servers themselves, each a few times. */
const MOST_QUESTIONS = 1_000;

const QUESTION: WhoamiQuestion = {
  id: 4_711,
  family: 'ipv4',
  name: 'whoami.example.org',
  type: 'TXT',
  class: 'CH',
  authoritative: false,
};
const whoami = encodeMessage({
  ...EMPTY_MESSAGE,
  id: QUESTION.id,
  response: true,
  questions: [{ name: QUESTION.name, type: TYPE.TXT, class: CLASS.CH }],
  answers: [
    record(
      QUESTION.name,
      TYPE.TXT,
      { kind: 'opaque', octets: Uint8Array.of(9, ...Buffer.from('192.0.2.1')) },
      CLASS.CH,
    ),
  ],
});
const noNetwork: DnsNetwork = {
  lookup: () => assert.fail('asks for a name'),
  timing: WHOAMI_TIMING,
};

const text = (words: string): Uint8Array => Uint8Array.of(words.length, ...Buffer.from(words, 'latin1'));

export const lookupTargets: readonly FuzzTarget[] = [
  target({
    name: 'answers to a lookup of a record',
    reads: 'the network',
    // Over a real socket, and waiting a moment wherever an answer is none.
    runs: 60,
    inputs: scene,
    check: async (given) => {
      now = given;
      asked = 0;
      server.begin(given.damages.map((one) => ({ ...one, ...MILD })));
      const port = await server.port;
      const [observation] = await lookUp([HOME], callOf(), {
        network: { addresses: async () => [], resolvers: () => [{ host: LOOPBACK, port }] },
        randomBytes: (count) => new Uint8Array(count).fill(7),
        port,
        timing: { datagramWaits: [15], doubt: 2, stream: 100 },
      });
      assert.ok(asked <= MOST_QUESTIONS, `${asked} questions for one record`);
      if (observation?.kind === 'unknown') isFitToShow(observation.why);
      if (observation?.kind === 'seen')
        for (const content of observation.contents) assert.match(content, /^\d+\.\d+\.\d+\.\d+$/, content);
    },
  }),
  target({
    name: 'dns answer over https',
    reads: 'the network',
    inputs: fc.record({
      status: fc.constantFrom(200, 200, 200, 404, 500),
      type: fc.option(hostileText(['application/dns-message', 'text/html; charset=utf-8']), {
        nil: undefined,
      }),
      octets: fc.option(hostileOctets([whoami]), { nil: undefined, freq: 9 }),
    }),
    check: async ({ status, type, octets }) => {
      const answer: HttpAnswer = {
        status,
        headers: type === undefined ? {} : { 'content-type': type },
        body: '',
        ...(octets === undefined ? {} : { octets }),
      };
      const task = {
        question: QUESTION,
        place: { transport: 'doh', url: new URL('https://dns.example/query') },
        localAddress: undefined,
        http: async () => answer,
        signal: new AbortController().signal,
      } as const;
      const told = await askWhoami(task, noNetwork);
      if (told.kind === 'wrong') isFitToShow(told.why);
    },
  }),
  target({
    name: 'mark in a txt record',
    reads: 'the network',
    inputs: fc.array(
      fc.oneof(
        hostileOctets([text('netdrift:home'), text('v=spf1 -all')]),
        anyText().map((one) => text(one.slice(0, 200))),
      ),
      { maxLength: 3 },
    ),
    growth: [(size) => [new Uint8Array(size)], (size) => [new Uint8Array(size).fill(1)]],
    check: (contents) => {
      const records = contents.map((octets) => record('m.example.org', TYPE.TXT, { kind: 'opaque', octets }));
      for (const owner of ownersIn({ name: fqdn('m.example.org'), records }))
        assert.match(owner, /^[\w.-]{1,32}$/);
    },
  }),
];
