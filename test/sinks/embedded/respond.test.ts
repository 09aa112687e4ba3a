import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fqdn } from '../../../src/model/name.ts';
import { optRecord, readEdns } from '../../../src/net/dns/edns.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import type { Message } from '../../../src/net/dns/message.ts';
import { type Carriage, MOST_AMPLIFIED, respond } from '../../../src/sinks/embedded/respond.ts';
import { message as anyMessage } from '../../net/dns/arbitraries.ts';
import { bothTypes, decoded, key, query, store, WALL_SECONDS } from './support.ts';

const home = store([...bothTypes('home.test'), key('a.b.home.test')], {
  'home.test/A': ['192.0.2.1'],
  'home.test/AAAA': ['2001:db8::1'],
  'a.b.home.test/A': ['192.0.2.2'],
});

const ask = (message: Message, from = home, carriage: Carriage = 'udp'): Message =>
  decoded(respond(encodeMessage(message), carriage, from));

const addresses = (message: Message) =>
  message.answers.flatMap(({ data }) => (data.kind === 'address' ? data.address : []));

const withEdns = (message: Message, opt = optRecord({})): Message => ({ ...message, additionals: [opt] });

describe('records', () => {
  it('answer with authority, and with the id, question and RD as asked', () => {
    const answer = ask(query('home.test', 'A', { recursionDesired: true }));
    expect(answer).toMatchObject({
      id: 4_711,
      response: true,
      authoritative: true,
      recursionDesired: true,
      recursionAvailable: false,
      truncated: false,
      rcode: 0,
      questions: [{ name: 'home.test', type: 1, class: 1 }],
      answers: [{ name: 'home.test', type: 1, class: 1, ttl: 5, data: { address: '192.0.2.1' } }],
      additionals: [],
    });
    expect(addresses(ask(query('home.test', 'AAAA')))).toEqual(['2001:db8::1']);
  });

  it('are found in any case, and the case asked comes back', () => {
    const answer = ask(query('hOmE.TeSt'));
    expect(answer.questions[0]?.name).toBe('hOmE.TeSt');
    expect(answer.answers[0]?.name).toBe('hOmE.TeSt');
  });

  it('of the apex are SOA and NS, too', () => {
    expect(ask(query('home.test', 'SOA')).answers[0]?.data).toMatchObject({
      kind: 'soa',
      primary: 'home.test',
      mailbox: 'hostmaster.home.test',
      serial: WALL_SECONDS + 3,
      minimum: 5,
    });
    const ns = ask(query('home.test', 'NS'));
    expect(ns.answers.map(({ data }) => data)).toEqual([{ kind: 'name', name: 'home.test' }]);
    expect(ns.additionals).toMatchObject([{ type: 1, data: { address: '192.0.2.1' } }, { type: 28 }]);
  });

  it('asked for as ANY give one RRset (RFC 8482)', () => {
    expect(addresses(ask(query('home.test', 'ANY')))).toEqual(['192.0.2.1']);
  });
});

describe('negative answers', () => {
  const negative = (message: Message) => ({
    rcode: message.rcode,
    authoritative: message.authoritative,
    answers: message.answers.length,
    authority: message.authorities.map(({ name, type, ttl }) => ({ name, type, ttl })),
  });
  const soa = [{ name: 'home.test', type: 6, ttl: 5 }];

  it.each([
    ['a type that a name does not have', 'home.test', 'TXT'],
    ['the other family', 'a.b.home.test', 'AAAA'],
    ['a name that only leads to another', 'b.home.test', 'A'],
    ['SOA below the apex', 'a.b.home.test', 'SOA'],
  ] as const)('are "no data" for %s', (_, name, type) => {
    expect(negative(ask(query(name, type)))).toEqual({
      rcode: 0,
      authoritative: true,
      answers: 0,
      authority: soa,
    });
  });

  it.each(['nobody.home.test', 'x.a.b.home.test', 'x\\046home.home.test'])(
    'are "no such name" for %s',
    (name) => {
      expect(negative(ask(query(name)))).toEqual({
        rcode: 3,
        authoritative: true,
        answers: 0,
        authority: soa,
      });
    },
  );

  it.each(['other.test', 'test', '', 'ahome.test', 'x\\046home.test'])(
    'are "refused" for the foreign name "%s"',
    (name) => {
      expect(negative(ask(query(name)))).toEqual({
        rcode: 5,
        authoritative: false,
        answers: 0,
        authority: [],
      });
    },
  );
});

describe('addresses not known yet', () => {
  const keys = bothTypes('home.test');

  it('are a failure that nobody remembers, not a "no"', () => {
    const unknown = store(keys);
    for (const type of ['A', 'AAAA', 'ANY'] as const) {
      expect(ask(query('home.test', type), unknown)).toMatchObject({ rcode: 2, authoritative: false });
    }
    expect(ask(query('home.test', 'SOA'), unknown)).toMatchObject({ rcode: 0, answers: [{ type: 6 }] });
    expect(ask(query('home.test', 'TXT'), unknown)).toMatchObject({ rcode: 0, answers: [] });
  });

  it('are "no data" as soon as one family is known, so that the other one does not get in its way', () => {
    const half = store(keys, { 'home.test/A': ['192.0.2.1'] });
    expect(ask(query('home.test', 'AAAA'), half)).toMatchObject({
      rcode: 0,
      answers: [],
      authorities: [{ type: 6 }],
    });
  });

  it('are "no data" when there are known to be none', () => {
    const none = store(keys, { 'home.test/A': [] });
    expect(ask(query('home.test'), none)).toMatchObject({
      rcode: 0,
      answers: [],
      authorities: [{ type: 6 }],
    });
  });

  it('say so to those who speak EDNS (RFC 8914)', () => {
    const options = (message: Message) => {
      const edns = readEdns(message);
      return typeof edns === 'object' ? edns.options : edns;
    };
    const notReady = ask(withEdns(query('home.test')), store(keys));
    expect(options(notReady)).toEqual([{ code: 15, octets: Uint8Array.of(0, 14) }]);
    expect(options(ask(withEdns(query('other.test'))))).toEqual([{ code: 15, octets: Uint8Array.of(0, 20) }]);
  });
});

describe('wildcards', () => {
  const wild = store([key('*.home.test'), key('www.home.test'), key('a.b.home.test')], {
    '*.home.test/A': ['192.0.2.9'],
    'www.home.test/A': ['192.0.2.1'],
    'a.b.home.test/A': ['192.0.2.2'],
  });

  it('answer for names that do not exist, at any depth', () => {
    expect(addresses(ask(query('any.home.test'), wild))).toEqual(['192.0.2.9']);
    expect(addresses(ask(query('more.than.any.home.test'), wild))).toEqual(['192.0.2.9']);
    expect(ask(query('any.home.test'), wild).answers[0]?.name).toBe('any.home.test');
    expect(addresses(ask(query('*.home.test'), wild))).toEqual(['192.0.2.9']);
  });

  it('do not answer for names that do, nor below them', () => {
    expect(addresses(ask(query('www.home.test'), wild))).toEqual(['192.0.2.1']);
    expect(ask(query('www.home.test', 'AAAA'), wild)).toMatchObject({ rcode: 0, answers: [] });
    expect(ask(query('b.home.test'), wild)).toMatchObject({ rcode: 0, answers: [] });
    expect(ask(query('x.b.home.test'), wild)).toMatchObject({ rcode: 3 });
  });
});

describe('what is not answered with records', () => {
  it.each(['AXFR', 'IXFR', 'TKEY'] as const)('refuses %s', (type) => {
    expect(ask(query('home.test', type))).toMatchObject({ rcode: 5, answers: [] });
  });

  it('refuses other classes', () => {
    expect(
      ask({ ...query('home.test'), questions: [{ name: 'version.bind', type: 16, class: 3 }] }).rcode,
    ).toBe(5);
    expect(
      ask({ ...query('home.test'), questions: [{ name: 'home.test', type: 1, class: 255 }] }).rcode,
    ).toBe(5);
  });

  it.each([1, 2, 4, 5, 6, 15])('does not know opcode %i', (opcode) => {
    expect(ask({ ...query('home.test'), opcode })).toMatchObject({
      id: 4_711,
      rcode: 4,
      opcode,
      questions: [],
    });
  });

  it('finds a format error in anything but one question', () => {
    const [question] = query('home.test').questions;
    if (question === undefined) throw new Error('no question');
    expect(ask({ ...query('home.test'), questions: [] }).rcode).toBe(1);
    expect(ask({ ...query('home.test'), questions: [question, question] }).rcode).toBe(1);
  });

  it('finds a format error in garbage after a readable header', () => {
    const garbage = Buffer.concat([
      encodeMessage(query('home.test')).subarray(0, 12),
      Buffer.from('ffffff', 'hex'),
    ]);
    expect(decoded(respond(garbage, 'udp', home))).toMatchObject({ id: 4_711, rcode: 1, questions: [] });
  });

  it('is silent to answers and to less than a header', () => {
    expect(respond(encodeMessage(query('home.test', 'A', { response: true })), 'udp', home)).toBeUndefined();
    expect(respond(encodeMessage(query('home.test')).subarray(0, 11), 'udp', home)).toBeUndefined();
    expect(respond(new Uint8Array(), 'udp', home)).toBeUndefined();
  });
});

describe('EDNS', () => {
  it('is answered when asked, and not otherwise', () => {
    expect(readEdns(ask(query('home.test')))).toBeUndefined();
    expect(readEdns(ask(withEdns(query('home.test'))))).toEqual({
      udpLength: 1_232,
      version: 0,
      extendedRcode: 0,
      dnssecOk: false,
      options: [],
    });
    expect(readEdns(ask(withEdns(query('home.test'), optRecord({ dnssecOk: true }))))).toMatchObject({
      dnssecOk: true,
    });
  });

  it('of a later version is BADVERS', () => {
    const answer = ask(withEdns(query('home.test'), { ...optRecord({}), ttl: 0x00010000 }));
    expect(answer).toMatchObject({ rcode: 0, answers: [] });
    expect(readEdns(answer)).toMatchObject({ extendedRcode: 1, version: 0 });
  });

  it('twice is a format error', () => {
    expect(ask({ ...query('home.test'), additionals: [optRecord({}), optRecord({})] }).rcode).toBe(1);
  });
});

const many = (count: number) => Array.from({ length: count }, (_, index) => `192.0.2.${index}`);

describe('long answers', () => {
  const large = store([key('home.test')], { 'home.test/A': many(100) });
  const sizes = (message: Message, carriage: Carriage = 'udp') => {
    const octets = respond(encodeMessage(message), carriage, large);
    const { truncated, answers } = decoded(octets);
    return { length: octets?.length, truncated, answers: answers.length };
  };

  it('are cut to nothing, with TC, beyond what the asker takes', () => {
    expect(sizes(query('home.test'))).toEqual({ length: 27, truncated: true, answers: 0 });
    const generous = withEdns(query('home.test'), { ...optRecord({}), class: 4_096 });
    expect(sizes(generous)).toEqual({ length: 38, truncated: true, answers: 0 });
  });

  it('go whole over TCP', () => {
    expect(sizes(query('home.test'), 'tcp')).toEqual({ length: 27 + 1_600, truncated: false, answers: 100 });
  });

  it('go up to 512 octets without EDNS, and up to 1232 with it', () => {
    // 205 octets of name: a short question does not bring so much back.
    const long = `${Array<string>(4).fill('n'.repeat(48)).join('.')}.home.test`;
    const holding = (count: number) => store([key(long)], { [`${long}/A`]: many(count) });
    expect(ask(query(long), holding(18))).toMatchObject({ truncated: false });
    expect(ask(query(long), holding(19))).toMatchObject({ truncated: true });
    expect(ask(withEdns(query(long), { ...optRecord({}), class: 1_232 }), holding(19))).toMatchObject({
      truncated: false,
    });
    expect(ask(withEdns(query(long), { ...optRecord({}), class: 512 }), holding(19))).toMatchObject({
      truncated: true,
    });
  });

  it('lose their additional records first', () => {
    const both = store(bothTypes('home.test'), {
      'home.test/A': many(5),
      'home.test/AAAA': ['2001:db8::1'],
    });
    expect(ask(query('home.test', 'NS'), both)).toMatchObject({
      truncated: false,
      answers: [{}],
      additionals: [],
    });
  });

  it('are cut at once where only that is allowed', () => {
    expect(ask(query('home.test'), home, 'cut')).toMatchObject({ truncated: true, answers: [] });
  });
});

describe('hostile messages', () => {
  it('never throw, and what is answered is well formed', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      anyMessage.map(encodeMessage),
      anyMessage.map((message) => encodeMessage({ ...message, response: false, opcode: 0 })),
    );
    fc.assert(
      fc.property(octets, fc.constantFrom<Carriage>('udp', 'tcp', 'cut'), (request, carriage) => {
        const answer = respond(request, carriage, home);
        if (answer !== undefined) expect(decoded(answer).response).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gain little: an answer is at most a small multiple of the query', () => {
    const types = ['A', 'AAAA', 'NS', 'SOA', 'ANY', 'TXT', 'AXFR'] as const;
    for (const name of ['home.test', 'b.home.test', 'none.home.test', 'other.test']) {
      for (const type of types) {
        const request = encodeMessage(query(name, type));
        expect((respond(request, 'udp', home)?.length ?? 0) / request.length).toBeLessThan(4);
      }
    }
  });

  it('gain no more by many addresses and long names of servers: those go over TCP (property)', () => {
    const label = fc.integer({ min: 1, max: 60 }).map((length) => 'n'.repeat(length));
    const nameServer = fc
      .array(label, { minLength: 1, maxLength: 4 })
      .map((labels) => `${labels.join('.')}.test`)
      .filter((name) => name.length < 250);
    const situation = fc.record({
      name: fc.constantFrom('a.test', 'home.test', 'none.a.test'),
      type: fc.constantFrom('A' as const, 'AAAA' as const, 'NS' as const, 'SOA' as const, 'ANY' as const),
      count: fc.integer({ min: 0, max: 40 }),
      nameServer,
      edns: fc.boolean(),
    });
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(situation, ({ name, type, count, nameServer, edns }) => {
        const crowded = store(
          [...bothTypes('a.test'), ...bothTypes('home.test')],
          {
            'a.test/A': many(count),
            'a.test/AAAA': many(count).map((_, index) => `2001:db8::${index}`),
          },
          { nameServer: fqdn(nameServer) },
        );
        const asked = edns
          ? withEdns(query(name, type), { ...optRecord({}), class: 4_096 })
          : query(name, type);
        const request = encodeMessage(asked);
        const answer = respond(request, 'udp', crowded);
        expect((answer?.length ?? 0) / request.length).toBeLessThanOrEqual(MOST_AMPLIFIED);
        const whole = decoded(respond(request, 'tcp', crowded));
        expect(whole.truncated).toBe(false);
        seen.add(decoded(answer).truncated);
      }),
      { numRuns: 500 },
    );
    expect(seen).toEqual(new Set([true, false]));
  });
});
