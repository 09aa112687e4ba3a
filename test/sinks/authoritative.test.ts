import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { RecordKey } from '../../src/model/record.ts';
import { CLASS, RCODE, TYPE } from '../../src/net/dns/codes.ts';
import { decodeMessage } from '../../src/net/dns/decode.ts';
import { encodeMessage } from '../../src/net/dns/encode.ts';
import { Deframer, frame } from '../../src/net/dns/framing.ts';
import { EMPTY_MESSAGE, type Message, type ResourceRecord } from '../../src/net/dns/message.ts';
import { foldName } from '../../src/net/dns/names.ts';
import { lookUp } from '../../src/sinks/authoritative.ts';
import { silentLog } from '../../src/telemetry/log.ts';

type Answer = (name: string, type: number, message: Message) => Partial<Message> | undefined;

const FAST = { datagramWaits: [150, 150], doubt: 0, stream: 500 };
const home: RecordKey = { name: fqdn('home.dyn.example.org'), type: 'A' };
const RESOLVER = '127.0.0.1';
const [ONE, TWO, SIX] = ['127.0.0.2', '127.0.0.3', '::1'];

const rr = (name: string, type: number, data: ResourceRecord['data']): ResourceRecord => ({
  name,
  type,
  class: CLASS.IN,
  ttl: 60,
  data,
});
const a = (name: string, content: string): ResourceRecord =>
  rr(name, content.includes(':') ? TYPE.AAAA : TYPE.A, { kind: 'address', address: address(content) });
const points = (name: string, type: number, to: string): ResourceRecord =>
  rr(name, type, { kind: 'name', name: to });

/** Name servers on several addresses of this host, all at one port: UDP, and TCP where they are asked to. */
class Servers {
  port = 0;
  readonly answers = new Map<string, Answer>();
  readonly asked: string[] = [];
  /** Those whose answers over UDP are cut off. */
  readonly cut = new Set<string>();
  readonly #sockets: Socket[] = [];
  readonly #listeners: Server[] = [];

  /** At a port that is free for all of them: the one that the first is given may be taken elsewhere, or for TCP. */
  async start(hosts: readonly string[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#open(hosts);
        return;
      } catch (error) {
        await this.stop();
        if (tries === 10 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }

  async #open(hosts: readonly string[]): Promise<void> {
    this.port = 0;
    for (const host of hosts) {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      this.#sockets.push(socket);
      socket.on('message', (octets, from) => {
        const answer = this.#answer(host, octets, this.cut.has(host));
        if (answer) socket.send(answer, from.port, from.address);
      });
      socket.bind(this.port, host);
      await once(socket, 'listening');
      this.port = (socket.address() as AddressInfo).port;
      const listener = createServer((stream) => {
        const deframer = new Deframer();
        stream.on('error', () => {});
        stream.on('data', (chunk) => {
          for (const octets of deframer.push(chunk)) {
            const answer = this.#answer(`${host} tcp`, octets, false);
            if (answer) stream.write(frame(answer));
          }
        });
      });
      this.#listeners.push(listener);
      listener.listen(this.port, host);
      await once(listener, 'listening');
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.close();
    await Promise.all(
      this.#listeners.splice(0).map((listener) => new Promise((done) => listener.close(done))),
    );
  }

  #answer(host: string, octets: Uint8Array, truncated: boolean): Uint8Array | undefined {
    const message = decodeMessage(octets)?.message;
    const [question] = message?.questions ?? [];
    if (message === undefined || question === undefined) throw new Error('malformed');
    const name = foldName(question.name);
    const type = Object.entries(TYPE).find(([, code]) => code === question.type)?.[0];
    this.asked.push(`${host} ${message.recursionDesired ? 'rd ' : ''}${name} ${type}`);
    const made = this.answers.get(host.replace(' tcp', ''))?.(name, question.type, message);
    if (made === undefined) return undefined;
    const base = {
      ...EMPTY_MESSAGE,
      id: message.id,
      response: true,
      questions: [question],
      recursionDesired: message.recursionDesired,
    };
    return encodeMessage({ ...base, ...(truncated ? { truncated: true } : made) });
  }
}

let servers: Servers;
let hosts: Record<string, readonly string[]>;
beforeEach(async () => {
  servers = new Servers();
  await servers.start([RESOLVER, ONE, TWO, SIX]);
  hosts = { 'ns1.example.net': [ONE], 'ns2.example.net': [TWO] };
  servers.answers.set(RESOLVER, resolver);
  for (const host of [ONE, TWO, SIX]) servers.answers.set(host, authority('203.0.113.7'));
});
afterEach(() => servers.stop());

/** Knows the delegation of example.org; of the record itself it has a stale copy, as resolvers do. */
const resolver: Answer = (name, type) => {
  if (name === 'example.org' && type === TYPE.NS)
    return { answers: Object.keys(hosts).map((host) => points('example.org', TYPE.NS, host)) };
  const found = (hosts[name] ?? []).map((host) => a(name, host)).filter((one) => one.type === type);
  if (found.length > 0 || hosts[name] !== undefined) return { answers: found };
  if (name === home.name) return { answers: [a(name, '192.0.2.99')] };
  return { rcode: RCODE.NXDOMAIN };
};

const authority =
  (...contents: readonly string[]): Answer =>
  (name, type) => ({
    authoritative: true,
    answers: contents.map((content) => a(name, content)).filter((one) => one.type === type),
  });

async function look(keys: readonly RecordKey[] = [home], signal = new AbortController().signal) {
  const call = { signal, log: silentLog, http: () => Promise.reject(new Error('no HTTP here')) };
  return lookUp(keys, call, {
    network: {
      addresses: async (host) => [address(host)],
      resolvers: () => [{ host: address(RESOLVER), port: servers.port }],
    },
    randomBytes,
    port: servers.port,
    timing: FAST,
  });
}
const seen = (...contents: readonly string[]) => [{ key: home, kind: 'seen', contents }];
const unknown = (why: RegExp) => [{ key: home, kind: 'unknown', why: expect.stringMatching(why) }];

describe('looking a record up where it is kept', () => {
  it('asks every name server of the zone itself, without recursion, and believes no resolver', async () => {
    expect(await look()).toEqual(seen('203.0.113.7'));
    const direct = servers.asked.filter((one) => !one.startsWith(RESOLVER));
    expect(direct.sort()).toEqual([`${ONE} ${home.name} A`, `${TWO} ${home.name} A`]);
    expect(servers.asked.filter((one) => one.startsWith(RESOLVER)).every((one) => one.includes(' rd '))).toBe(
      true,
    );
    expect(servers.asked).not.toContain(`${RESOLVER} rd ${home.name} A`);
  });

  it('walks up from the name to its zone, and never to a top-level one', async () => {
    await look();
    const walk = servers.asked.filter((one) => one.endsWith(' NS'));
    expect(walk.map((one) => one.split(' ')[2])).toEqual([home.name, 'dyn.example.org', 'example.org']);
    const lost: RecordKey = { name: fqdn('home.lost.test'), type: 'A' };
    expect(await look([lost])).toEqual([
      { key: lost, kind: 'unknown', why: 'no zone found that holds home.lost.test' },
    ]);
    expect(servers.asked).not.toContain(`${RESOLVER} rd test NS`);
  });

  it('finds servers with IPv6 addresses alone', async () => {
    hosts = { 'ns6.example.net': [SIX] };
    expect(await look()).toEqual(seen('203.0.113.7'));
  });

  it('takes the other address of a server whose first one is dead', async () => {
    hosts = { 'ns1.example.net': ['127.0.0.77', SIX] };
    expect(await look()).toEqual(seen('203.0.113.7'));
  });

  it('asks again over TCP where an answer was cut off', async () => {
    servers.cut.add(ONE);
    expect(await look()).toEqual(seen('203.0.113.7'));
    expect(servers.asked).toContain(`${ONE} tcp ${home.name} A`);
  });

  it('sees that a record is gone, or has several contents', async () => {
    for (const host of [ONE, TWO])
      servers.answers.set(host, () => ({ authoritative: true, rcode: RCODE.NXDOMAIN }));
    expect(await look()).toEqual(seen());
    for (const host of [ONE, TWO]) servers.answers.set(host, authority('203.0.113.7', '203.0.113.8'));
    expect(await look()).toEqual(seen('203.0.113.7', '203.0.113.8'));
  });

  it('one server that is down does not matter; all of them do', async () => {
    servers.answers.set(ONE, () => undefined);
    expect(await look()).toEqual(seen('203.0.113.7'));
    servers.answers.set(TWO, () => undefined);
    expect(await look()).toEqual(unknown(/none of ns1\.example\.net, ns2\.example\.net answers/));
  });

  it.each<[string, Answer, RegExp]>([
    ['servers disagree', authority('198.51.100.1'), /its name servers disagree/],
    ['an answer has no authority', (name) => ({ answers: [a(name, '203.0.113.7')] }), /has no authority/],
    ['a server is lame', () => ({ rcode: RCODE.REFUSED }), /answered REFUSED/],
    ['a server is broken', () => ({ rcode: RCODE.SERVFAIL, authoritative: true }), /answered SERVFAIL/],
    [
      'an alias stands there',
      (name) => ({ authoritative: true, answers: [points(name, TYPE.CNAME, 'elsewhere.example.net')] }),
      /is an alias/,
    ],
  ])('cannot tell where %s', async (_, answer, why) => {
    servers.answers.set(TWO, answer);
    expect(await look()).toEqual(unknown(why));
  });

  it.each<[string, Answer, RegExp]>([
    ['fails', () => ({ rcode: RCODE.SERVFAIL }), /resolver 127\.0\.0\.1:\d+ answered SERVFAIL/],
    ['is silent', () => undefined, /no answer from 127\.0\.0\.1/],
  ])('cannot tell where the resolver %s', async (_, answer, why) => {
    servers.answers.set(RESOLVER, answer);
    expect(await look()).toEqual(unknown(why));
  });

  it('leaves out what is of another class', async () => {
    const strange = {
      ...rr(home.name, TYPE.A, { kind: 'opaque', octets: Uint8Array.of(192, 0, 2, 1) }),
      class: CLASS.CH,
    };
    servers.answers.set(ONE, () => ({
      authoritative: true,
      answers: [a(home.name, '203.0.113.7'), strange],
    }));
    expect(await look()).toEqual(seen('203.0.113.7'));
  });

  it('asks no crowd of servers', async () => {
    hosts = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`ns${index}.example.net`, [ONE]]));
    expect(await look()).toEqual(unknown(/^example\.org has 40 name servers, too many to ask them all$/));
    expect(servers.asked.filter((one) => !one.endsWith(' NS'))).toEqual([]);
  });

  it('answers for many records with one search for the zone', async () => {
    const many = Array.from(
      { length: 40 },
      (_, index): RecordKey => ({
        name: fqdn(`h${index}.example.org`),
        type: 'A',
      }),
    );
    expect((await look(many)).every((one) => one.kind === 'seen')).toBe(true);
    expect(servers.asked.filter((one) => one === `${RESOLVER} rd example.org NS`)).toHaveLength(1);
  });

  it('ends when it is stopped', async () => {
    servers.answers.set(RESOLVER, () => undefined);
    const controller = new AbortController();
    const looking = look([home], controller.signal);
    controller.abort(new Error('enough'));
    await expect(looking).rejects.toThrow('enough');
  });
});
