import assert from 'node:assert/strict';
import fc from 'fast-check';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { CLASS, OPCODE, TYPE } from '../../../src/net/dns/codes.ts';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { readEdns } from '../../../src/net/dns/edns.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { Deframer, frame } from '../../../src/net/dns/framing.ts';
import { EMPTY_MESSAGE, type Message } from '../../../src/net/dns/message.ts';
import { nameOctets, readName } from '../../../src/net/dns/names.ts';
import { readTsig, signMessage, type TsigKey, verifyMessage } from '../../../src/net/dns/tsig.ts';
import { MOST_AMPLIFIED, respond } from '../../../src/sinks/embedded/respond.ts';
import { judgeWhoami, type WhoamiQuestion } from '../../../src/sources/addresses/dns-answer.ts';
import { message as anyMessage } from '../../net/dns/arbitraries.ts';
import { bothTypes, query, store } from '../../sinks/embedded/support.ts';
import { isFitToShow } from '../support/expect.ts';
import { hostileOctets } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const KEY: TsigKey = {
  name: 'ddns.example.org',
  algorithm: 'hmac-sha256',
  secret: new Uint8Array(32).fill(7),
};
const NOW = 1_700_000_000;
const ASKED: WhoamiQuestion = {
  id: 4_711,
  family: 'ipv4',
  name: 'whoami.example.org',
  type: 'address',
  class: 'IN',
  authoritative: true,
};

const record = (name: string, type: number, octets: Uint8Array) => ({
  name,
  type,
  class: CLASS.IN,
  ttl: 5,
  data: { kind: 'opaque' as const, octets },
});

const answer: Message = {
  ...EMPTY_MESSAGE,
  id: ASKED.id,
  response: true,
  authoritative: true,
  questions: [{ name: ASKED.name, type: TYPE.A, class: CLASS.IN }],
  answers: [
    {
      ...record(ASKED.name, TYPE.A, new Uint8Array()),
      data: { kind: 'address', address: address('192.0.2.1') },
    },
  ],
};

const soa = { kind: 'soa' as const, primary: 'ns.example.org', mailbox: 'root.example.org' };
const SAMPLES: readonly Uint8Array[] = [
  query('home.example.org'),
  query('a.b.home.example.org', 'AAAA'),
  query('a.org', 'AAAA'),
  query('none.a.org'),
  query('example.org', 'ANY', { additionals: [record('', TYPE.OPT, Uint8Array.of(0, 10, 0, 2, 1, 2))] }),
  query('home.example.org', 'A', { opcode: OPCODE.UPDATE }),
  answer,
  {
    ...answer,
    authorities: [
      {
        ...record('example.org', TYPE.SOA, new Uint8Array()),
        data: { ...soa, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
      },
      { ...record('example.org', TYPE.NS, new Uint8Array()), data: { kind: 'name', name: 'ns.example.org' } },
    ],
    additionals: [record('x.example.org', TYPE.TXT, Uint8Array.of(3, 97, 98, 99))],
  } satisfies Message,
].map((one) => encodeMessage(one));
const SIGNED = SAMPLES.map((octets) => signMessage(octets, KEY, { time: NOW }).message);

const octets = fc.oneof(
  { weight: 4, arbitrary: hostileOctets([...SAMPLES, ...SIGNED]) },
  { weight: 1, arbitrary: anyMessage.map(encodeMessage) },
);

/** Every record's name is a pointer to the one before: 127 jumps each, and the most work that can be asked for. */
function pointerChain(size: number): Uint8Array {
  const chain = Buffer.alloc(size);
  chain.writeUInt16BE(Math.floor((size - 12) / 6), 4);
  for (let at = 14; at + 6 <= size; at += 6) chain.writeUInt16BE(0xc000 | Math.min(at - 6, 0x3fff), at);
  return Uint8Array.from(chain);
}

/** The head of the true answer, so that it is judged at all, with this behind its question. */
function answering(rest: Uint8Array, count = 0xffff): Uint8Array {
  const head = Buffer.from(encodeMessage({ ...answer, answers: [] }));
  head.writeUInt16BE(count, 6);
  return Uint8Array.from(Buffer.concat([head, rest]));
}

/** As many answers of one type as fit, each an address or a name that points back to the question's. */
function manyAnswers(size: number, type: number): Uint8Array {
  const data = type === TYPE.A ? [192, 0, 2, 1] : [0xc0, 12];
  const one = Buffer.from([0xc0, 12, 0, type, 0, CLASS.IN, 0, 0, 0, 5, 0, data.length, ...data]);
  const count = Math.floor(size / one.length);
  return answering(Buffer.concat(Array<Buffer>(count).fill(one)), count);
}

const names = bothTypes('home.example.org');
// Several uplinks' addresses at one name, a short name, and a name server's that is as long as one can be: what makes answers long.
const many = Array.from({ length: 8 }, (_, index) => `2001:db8::${index}`);
const crowded = store(
  [...names, ...bothTypes('a.org')],
  {
    'home.example.org/AAAA': many,
    'a.org/AAAA': many,
    'a.org/A': many.map((_, index) => `192.0.2.${index}`),
  },
  { nameServer: fqdn(`${Array<string>(4).fill('n'.repeat(59)).join('.')}.example.net`) },
);
const zone = store([...names, ...bothTypes('*.example.org'), ...bothTypes('later.example.org')], {
  'home.example.org/A': ['192.0.2.1', '192.0.2.2'],
  'home.example.org/AAAA': ['2001:db8::1'],
});

export const dnsTargets: readonly FuzzTarget[] = [
  target({
    name: 'dns message',
    reads: 'the network',
    inputs: octets,
    growth: [pointerChain, (size) => new Uint8Array(size).fill(0xc0), (size) => new Uint8Array(size).fill(1)],
    check: (input) => {
      const decoded = decodeMessage(input);
      if (decoded === undefined) return;
      readEdns(decoded.message);
      readTsig(decoded);
      // What was understood can be written again, and then means the same.
      assert.deepEqual(decodeMessage(encodeMessage(decoded.message))?.message, decoded.message);
    },
  }),
  target({
    name: 'dns name',
    reads: 'the network',
    inputs: fc.tuple(octets, fc.nat({ max: 40 })),
    check: ([input, offset]) => {
      const read = readName(input, offset);
      if (read === undefined) return;
      assert.ok(nameOctets(read.name).length <= 255);
      assert.ok(read.next > offset && read.next <= input.length);
    },
  }),
  target({
    name: 'tsig',
    reads: 'the network',
    inputs: fc.tuple(hostileOctets(SIGNED), fc.option(fc.uint8Array({ maxLength: 64 }), { nil: undefined })),
    check: ([input, mac]) => {
      const verified = verifyMessage(input, KEY, NOW, mac);
      // The id in the header is not signed (the one in the record is), and upper and lower case of the key's name count alike.
      const signed = (octets: Uint8Array): string =>
        Buffer.from(octets.subarray(2)).toString('latin1').toLowerCase();
      const untouched = mac === undefined && SIGNED.some((sample) => signed(sample) === signed(input));
      if (verified.kind === 'verified') assert.ok(untouched, 'a signature for what was not signed');
    },
  }),
  target({
    name: 'dns over tcp',
    reads: 'the network',
    inputs: fc.tuple(fc.array(octets, { maxLength: 4 }), fc.integer({ min: 1, max: 700 })),
    growth: [
      (size) => [Array<Uint8Array>(size / 4_096).fill(new Uint8Array(4_096)), 1] as [Uint8Array[], number],
    ],
    check: ([messages, size]) => {
      const stream = Buffer.concat(messages.map(frame));
      const deframer = new Deframer();
      const found: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += size)
        found.push(...deframer.push(stream.subarray(at, at + size)));
      assert.deepEqual(
        found.map((one) => [...one]),
        messages.map((one) => [...one]),
      );
    },
  }),
  target({
    name: 'embedded server',
    reads: 'the network',
    inputs: fc.tuple(
      octets,
      fc.constantFrom('udp' as const, 'tcp' as const, 'cut' as const),
      fc.constantFrom(zone, crowded),
    ),
    growth: [(size) => [pointerChain(size), 'udp', zone] as [Uint8Array, 'udp', typeof zone]],
    check: ([input, carriage, records]) => {
      const response = respond(input, carriage, records);
      if (response === undefined) return;
      assert.ok(decodeMessage(response), 'an answer that is no message');
      if (carriage === 'cut')
        assert.ok(response.length <= Math.max(input.length, 12), 'a cut answer longer than the query');
      if (carriage === 'udp') assert.ok(response.length <= input.length * MOST_AMPLIFIED, 'amplified');
    },
  }),
  target({
    name: 'dns whoami answer',
    reads: 'the network',
    inputs: hostileOctets([
      ...SAMPLES,
      encodeMessage({ ...answer, rcode: 5 }),
      encodeMessage({ ...answer, truncated: true }),
    ]),
    growth: [
      pointerChain,
      (size) => manyAnswers(size, TYPE.A),
      (size) => manyAnswers(size, TYPE.CNAME),
      (size) => answering(new Uint8Array(size).fill(0xc0)),
    ],
    check: (input) => {
      const judged = judgeWhoami(input, ASKED);
      if (judged.kind === 'answer' && judged.value.kind === 'wrong') isFitToShow(judged.value.why);
    },
  }),
];
