import { createSocket, type Socket } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket as Stream } from 'node:net';
import type { IpAddress } from '../../../src/model/address.ts';
import { CLASS, OPCODE, RCODE, TYPE } from '../../../src/net/dns/codes.ts';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { Deframer, frame } from '../../../src/net/dns/framing.ts';
import { EMPTY_MESSAGE, type Message, type ResourceRecord } from '../../../src/net/dns/message.ts';
import { foldName, nameIsWithin } from '../../../src/net/dns/names.ts';
import {
  appendTsig,
  readTsig,
  signMessage,
  type Tsig,
  type TsigKey,
  verifyMessage,
} from '../../../src/net/dns/tsig.ts';

export interface FakeInit {
  readonly zone: string;
  readonly primary?: string;
  readonly key?: TsigKey;
  /** Seconds since 1970. */
  readonly time: () => number;
}

/** How a message came, and what to send back in its place. */
export interface Incoming {
  readonly octets: Uint8Array;
  readonly message: Message;
  readonly transport: 'udp' | 'tcp';
  readonly reply: (octets: Uint8Array) => void;
  /** The answer the server would give, signed as it should be. */
  readonly proper: () => Uint8Array;
  /** An answer of another code, signed as it should be; whatever was asked is not done. */
  readonly coded: (rcode: number, more?: Partial<Message>) => Uint8Array;
  readonly tsig: Tsig | undefined;
}

/** One turn of a script: deals with one message in its own way. */
export type Turn = (incoming: Incoming) => void;

/**
 * A primary server as RFC 2136 section 3 describes it: prerequisites, atomic updates, TSIG. `script` takes the first messages; when it is
 * used up the server behaves.
 */
export class FakeServer {
  readonly records = new Map<string, ResourceRecord[]>();
  readonly received: Incoming[] = [];
  script: Turn[] = [];
  /** Asked before the script: true if it has dealt with the message. */
  intercept: (incoming: Incoming) => boolean = () => false;
  port = 0;
  readonly #init: FakeInit;
  #udp: Socket | undefined;
  readonly #streams = new Set<Stream>();
  readonly #tcp: Server = createServer((stream) => this.#serve(stream));

  constructor(init: FakeInit) {
    this.#init = init;
  }

  /** Takes a port that is free for TCP and for UDP; another process may have one of the two, so it may take some tries. */
  async start(): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => this.#tcp.listen(0, '127.0.0.1', resolve));
      this.port = (this.#tcp.address() as AddressInfo).port;
      if (await this.#bindUdp()) return;
      await new Promise((resolve) => this.#tcp.close(resolve));
    }
  }

  #bindUdp(): Promise<boolean> {
    const socket = createSocket('udp4');
    this.#udp = socket;
    socket.on('message', (octets, from) =>
      this.#take(octets, 'udp', (answer) => socket.send(answer, from.port, from.address)),
    );
    return new Promise((resolve) => {
      socket.once('error', () => socket.close(() => resolve(false)));
      socket.bind(this.port, '127.0.0.1', () => resolve(true));
    });
  }

  async stop(): Promise<void> {
    if (!this.#tcp.listening) return;
    for (const stream of this.#streams) stream.destroy();
    await new Promise<void>((resolve) => this.#udp?.close(() => resolve()));
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  /** Connections open now. */
  get streams(): number {
    return this.#streams.size;
  }

  get updates(): readonly Incoming[] {
    return this.received.filter(({ message }) => message.opcode === OPCODE.UPDATE);
  }

  put(name: string, type: 'A' | 'AAAA', addresses: readonly IpAddress[], ttl = 300): void {
    const made = addresses.map(
      (address): ResourceRecord => ({
        name,
        type: TYPE[type],
        class: CLASS.IN,
        ttl,
        data: { kind: 'address', address },
      }),
    );
    this.records.set(`${name}/${TYPE[type]}`, made);
  }

  /** Contents and TTLs of one RRset, as text. */
  held(name: string, type: 'A' | 'AAAA'): readonly string[] {
    const found = this.records.get(`${name}/${TYPE[type]}`) ?? [];
    return found
      .map(({ data, ttl }) => `${data.kind === 'address' ? data.address : data.kind} ${ttl}`)
      .sort();
  }

  #serve(stream: Stream): void {
    const deframer = new Deframer();
    this.#streams.add(stream);
    stream.on('error', () => {});
    stream.on('close', () => this.#streams.delete(stream));
    stream.on('data', (chunk) => {
      for (const octets of deframer.push(chunk)) {
        this.#take(octets, 'tcp', (answer) => stream.write(frame(answer)));
      }
    });
  }

  #take(octets: Uint8Array, transport: Incoming['transport'], reply: Incoming['reply']): void {
    const decoded = decodeMessage(octets);
    if (decoded === undefined) throw new Error('the client sent a malformed message');
    const found = readTsig(decoded);
    const tsig = typeof found === 'object' ? found : undefined;
    const { message } = decoded;
    const coded: Incoming['coded'] = (rcode, more = {}) => this.#answer(message, tsig, { rcode, ...more });
    const incoming: Incoming = {
      octets: Uint8Array.from(octets),
      message,
      transport,
      reply,
      tsig,
      coded,
      proper: () => this.#proper(octets, message, tsig),
    };
    this.received.push(incoming);
    if (this.intercept(incoming)) return;
    const turn = this.script.shift();
    if (turn) turn(incoming);
    else reply(incoming.proper());
  }

  #answer(request: Message, tsig: Tsig | undefined, more: Partial<Message>): Uint8Array {
    const { id, opcode, questions } = request;
    const octets = encodeMessage({ ...EMPTY_MESSAGE, id, opcode, questions, response: true, ...more });
    const { key, time } = this.#init;
    if (tsig === undefined || key === undefined) return octets;
    return signMessage(octets, key, { time: time(), requestMac: tsig.mac }).message;
  }

  #proper(octets: Uint8Array, message: Message, tsig: Tsig | undefined): Uint8Array {
    const { key, time } = this.#init;
    if (key !== undefined) {
      if (tsig === undefined) return this.#answer(message, undefined, { rcode: RCODE.REFUSED });
      const verification = verifyMessage(octets, key, time());
      if (verification.kind === 'forged') {
        const error = verification.why.includes('another key') ? 17 : 16;
        return appendTsig(this.#answer(message, undefined, { rcode: RCODE.NOTAUTH }), {
          ...tsig,
          mac: new Uint8Array(),
          error,
        });
      }
      if (verification.kind === 'time') {
        const other = Buffer.alloc(6);
        other.writeUIntBE(time(), 0, 6);
        const refusal = this.#answer(message, undefined, { rcode: RCODE.NOTAUTH });
        const signing = { time: tsig.timeSigned, error: 18, other, requestMac: tsig.mac };
        return signMessage(refusal, key, signing).message;
      }
    }
    return this.#answer(
      message,
      tsig,
      message.opcode === OPCODE.UPDATE ? this.#update(message) : this.#query(message),
    );
  }

  #query(message: Message): Partial<Message> {
    const [question] = message.questions;
    const { zone, primary = `ns.${zone}` } = this.#init;
    if (question === undefined) return { rcode: RCODE.FORMERR };
    const name = foldName(question.name);
    if (!nameIsWithin(name, zone)) return { rcode: RCODE.REFUSED };
    const soa: ResourceRecord = {
      name: zone,
      type: TYPE.SOA,
      class: CLASS.IN,
      ttl: 60,
      data: {
        kind: 'soa',
        primary,
        mailbox: `root.${zone}`,
        serial: 1,
        refresh: 1,
        retry: 1,
        expire: 1,
        minimum: 1,
      },
    };
    const alias = this.records.get(`${name}/${TYPE.CNAME}`);
    const wildcard = `*.${name.slice(name.indexOf('.') + 1)}`;
    const own = [...this.records.keys()].some((place) => place.startsWith(`${name}/`));
    const owner = own ? name : wildcard;
    const answers = alias ?? this.records.get(`${owner}/${question.type}`) ?? [];
    if (question.type === TYPE.SOA && name === zone) return { authoritative: true, answers: [soa] };
    if (answers.length > 0) {
      return { authoritative: true, answers: answers.map((record) => ({ ...record, name: question.name })) };
    }
    return { authoritative: true, rcode: own ? 0 : RCODE.NXDOMAIN, authorities: [soa] };
  }

  #update(message: Message): Partial<Message> {
    const [zone] = message.questions;
    if (zone?.name !== this.#init.zone) return { rcode: RCODE.NOTAUTH };
    const records = [...message.answers, ...message.authorities];
    if (records.some(({ name }) => !nameIsWithin(name, this.#init.zone))) return { rcode: RCODE.NOTZONE };
    const place = ({ name, type }: ResourceRecord) => `${foldName(name)}/${type}`;
    const wanted = new Map<string, string[]>();
    for (const record of message.answers) {
      const held = this.records.get(place(record)) ?? [];
      if (record.class === CLASS.NONE && held.length > 0) return { rcode: RCODE.YXRRSET };
      if (record.class === CLASS.IN) {
        wanted.set(place(record), [...(wanted.get(place(record)) ?? []), JSON.stringify(record.data)]);
      }
    }
    for (const [key, values] of wanted) {
      const held = (this.records.get(key) ?? []).map(({ data }) => JSON.stringify(data));
      if (held.sort().join() !== values.sort().join()) return { rcode: RCODE.NXRRSET };
    }
    for (const record of message.authorities) {
      // RFC 2136 section 3.4.2.2: left out without a word.
      if (record.class === CLASS.IN && this.records.has(`${foldName(record.name)}/${TYPE.CNAME}`)) continue;
      if (record.class === CLASS.ANY) this.records.delete(place(record));
      else this.records.set(place(record), [...(this.records.get(place(record)) ?? []), record]);
    }
    return { rcode: RCODE.NOERROR };
  }
}
