import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import { address } from '../../../src/model/address.ts';
import type { RecordType } from '../../../src/model/family.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { RecordKey } from '../../../src/model/record.ts';
import { TYPE } from '../../../src/net/dns/codes.ts';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { Deframer, frame } from '../../../src/net/dns/framing.ts';
import { EMPTY_MESSAGE, type Message } from '../../../src/net/dns/message.ts';
import { RecordStore } from '../../../src/sinks/embedded/store.ts';
import { layOutZones, type ZoneLayout } from '../../../src/sinks/embedded/zones.ts';

export const key = (name: string, type: RecordType = 'A'): RecordKey => ({ name: fqdn(name), type });

export const bothTypes = (name: string): readonly RecordKey[] => [key(name), key(name, 'AAAA')];

export const WALL_SECONDS = 1_700_000_000;

/** A store for these keys, with the addresses given as `name/type`. */
export function store(
  keys: readonly RecordKey[],
  records: Readonly<Record<string, readonly string[]>> = {},
  layout: ZoneLayout = {},
): RecordStore {
  const made = new RecordStore(layOutZones(keys, layout), 5, () => WALL_SECONDS);
  for (const [place, addresses] of Object.entries(records)) {
    const [name = '', type] = place.split('/');
    made.set(key(name, type as RecordType), addresses.map(address), 5);
  }
  return made;
}

export function query(
  name: string,
  type: keyof typeof TYPE | number = 'A',
  more: Partial<Message> = {},
): Message {
  const code = typeof type === 'number' ? type : TYPE[type];
  return { ...EMPTY_MESSAGE, id: 4_711, questions: [{ name, type: code, class: 1 }], ...more };
}

export function decoded(octets: Uint8Array | undefined): Message {
  const message = octets && decodeMessage(octets)?.message;
  if (message === undefined) throw new Error('no message, or a malformed one');
  return message;
}

/** Sends one datagram and resolves with the answer; `undefined` if there is none within `wait` milliseconds. */
export function askUdp(
  place: { readonly host: string; readonly port: number },
  octets: Uint8Array,
  wait = 5_000,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(place.host.includes(':') ? 'udp6' : 'udp4');
    const finish = (answer?: Uint8Array): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(finish, wait);
    socket.on('error', reject);
    socket.on('message', finish);
    socket.send(octets, place.port, place.host);
  });
}

/** Sends the queries on one connection, cut into pieces of `size` octets, and resolves with as many answers. */
export function askTcp(
  port: number,
  queries: readonly Message[],
  size = 65_535,
): Promise<readonly Message[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.setNoDelay(true);
    const deframer = new Deframer();
    const answers: Message[] = [];
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${answers.length} answers`)));
    socket.on('data', (chunk) => {
      answers.push(...deframer.push(chunk).map(decoded));
      if (answers.length < queries.length) return;
      resolve(answers);
      socket.destroy();
    });
    const stream = Buffer.concat(queries.map((one) => frame(encodeMessage(one))));
    for (let at = 0; at < stream.length; at += size) socket.write(stream.subarray(at, at + size));
  });
}
