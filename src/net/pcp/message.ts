import { addressBytes, addressFromBytes, type IpAddress } from '../../model/address.ts';

const VERSION = 2;
const RESPONSE = 0x80;
const ANNOUNCE = 0;
const MAP = 1;
const HEADER = 24;
const MAP_PAYLOAD = 36;
/** RFC 6887 section 7: a longer message is none. */
const LONGEST = 1_100;
export const NONCE_LENGTH = 12;
const UDP = 17;

/** What a gateway says in PCP (version 2), asked or of its own accord. */
export interface PcpMessage {
  readonly opcode: 'announce' | 'map';
  /** RFC 6887 section 7.4; 0 is success. */
  readonly result: number;
  /** Seconds the answer holds. */
  readonly lifetime: number;
  /** Seconds since the gateway's state was made (section 8.5). */
  readonly epoch: number;
  /** Of a MAP answer. */
  readonly mapping?: {
    readonly nonce: Uint8Array;
    readonly port: number;
    readonly address: IpAddress | undefined;
  };
}

/** "Are you there, and is your state still what it was?" (RFC 6887 section 14.1). Changes nothing at the gateway. */
export function encodeAnnounce(client: IpAddress): Uint8Array {
  return header(ANNOUNCE, 0, client);
}

export interface MapRequest {
  readonly client: IpAddress;
  readonly nonce: Uint8Array;
  readonly port: number;
  /** Seconds; 0 removes the mapping made with the same nonce (section 15). */
  readonly lifetime: number;
}

/** Asks for a UDP mapping (section 11.1), any outside port and address. */
export function encodeMap({ client, nonce, port, lifetime }: MapRequest): Uint8Array {
  const payload = new Uint8Array(MAP_PAYLOAD);
  payload.set(nonce.subarray(0, NONCE_LENGTH), 0);
  payload[12] = UDP;
  new DataView(payload.buffer).setUint16(16, port);
  // No suggestion: the all-zeros address of the client's family, which for IPv4 is ::ffff:0.0.0.0.
  if (!client.includes(':')) payload.set([0xff, 0xff], 30);
  return Buffer.concat([header(MAP, lifetime, client), payload]);
}

function header(opcode: number, lifetime: number, client: IpAddress): Uint8Array {
  const octets = new Uint8Array(HEADER);
  octets[0] = VERSION;
  octets[1] = opcode;
  new DataView(octets.buffer).setUint32(4, lifetime);
  octets.set(mapped(client), 8);
  return octets;
}

/** IPv4 travels as ::ffff:a.b.c.d (section 5). */
function mapped(address: IpAddress): Uint8Array {
  const octets = addressBytes(address);
  if (octets.length === 16) return octets;
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...octets]);
}

/** Reads a response of version 2 (section 7.2) with opcode ANNOUNCE or MAP; `undefined` for everything else. Never throws. */
export function decodePcp(datagram: Uint8Array): PcpMessage | undefined {
  const { length } = datagram;
  if (length < HEADER || length > LONGEST || length % 4 !== 0 || datagram[0] !== VERSION) return undefined;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const base = { result: view.getUint8(3), lifetime: view.getUint32(4), epoch: view.getUint32(8) };
  switch (datagram[1]) {
    case RESPONSE | ANNOUNCE:
      return { opcode: 'announce', ...base };
    case RESPONSE | MAP: {
      if (length < HEADER + MAP_PAYLOAD) return undefined;
      const payload = datagram.subarray(HEADER, HEADER + MAP_PAYLOAD);
      const address = addressFromBytes(payload.subarray(20, 36));
      const none = address === undefined || address === '0.0.0.0' || address === '::';
      const nonce = payload.slice(0, NONCE_LENGTH);
      const port = view.getUint16(HEADER + 16);
      return { opcode: 'map', ...base, mapping: { nonce, port, address: none ? undefined : address } };
    }
    default:
      return undefined;
  }
}

const RESULTS: Readonly<Record<number, string>> = {
  1: 'it does not speak this version',
  2: 'not authorized: the function may be switched off at the router',
  3: 'it found the request malformed',
  4: 'it does not know this request',
  7: 'a network failure at the router, such as no outside address',
  8: 'the router is out of resources',
  10: 'too many mappings of this host',
  12: 'this host is not where the router sees it: another NAT between them',
};

/** RFC 6887 section 7.4, in words for a message. */
export const pcpResult = (result: number): string => RESULTS[result] ?? `result code ${result}`;
