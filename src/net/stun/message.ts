import createMessageModule from 'stun/src/node_modules/lib/create-message.js';
import decode from 'stun/src/node_modules/message/decode.js';
import encode from 'stun/src/node_modules/message/encode.js';
import type { IpAddress } from '../../model/address.ts';
import { parseAddress } from '../../model/address.ts';

/** Octets of a transaction id (RFC 8489 section 5). */
export const TRANSACTION_ID_LENGTH = 12;

export const HEADER_LENGTH = 20;
const MAGIC_COOKIE = 0x2112_a442;

const BINDING_REQUEST = 0x0001;
export const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;

const MAPPED_ADDRESS = 0x0001;
const ERROR_CODE = 0x0009;
const XOR_MAPPED_ADDRESS = 0x0020;
const ALTERNATE_SERVER = 0x8023;

/**
 * Attribute types below 0x8000 must be understood or the answer be thrown away (RFC 8489 section 14). Those of RFC 3489 are
 * known as well, because old servers still send SOURCE-ADDRESS and CHANGED-ADDRESS; the rest are RFC 8489's own.
 */
const UNDERSTOOD = new Set([
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  0x14,
  0x15,
  0x1c,
  0x1d,
  0x1e,
  XOR_MAPPED_ADDRESS,
]);

/** What a server says to a binding request. */
export type StunAnswer =
  | { readonly kind: 'mapped'; readonly address: IpAddress }
  | { readonly kind: 'error'; readonly code: number; readonly reason: string; readonly alternate?: string }
  /** Ours and well-formed, and yet of no use. */
  | { readonly kind: 'unusable'; readonly why: string };

export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

/** A binding request without attributes (RFC 8489 section 3): the 20 octets of the header. */
export function encodeBindingRequest(transactionId: Uint8Array): Uint8Array {
  return encode(createMessageModule.createMessage(BINDING_REQUEST, Buffer.from(transactionId)));
}

/**
 * Reads a datagram as the answer to the request with this transaction id. `undefined` for everything that is not that: other
 * protocols, other transactions, malformed messages. Never throws, whatever the octets.
 */
export function decodeBindingAnswer(datagram: Uint8Array, transactionId: Uint8Array): StunAnswer | undefined {
  const message = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const type = answerType(message, transactionId);
  const attributes = type === undefined ? undefined : readAttributes(message.subarray(HEADER_LENGTH));
  if (attributes === undefined) return undefined;
  const foreign = attributes.find((attribute) => attribute.type < 0x8000 && !UNDERSTOOD.has(attribute.type));
  if (foreign !== undefined) {
    return {
      kind: 'unusable',
      why: `attribute 0x${foreign.type.toString(16)} must be understood and is not`,
    };
  }
  try {
    const decoded = decode(message);
    return type === BINDING_ERROR ? readError(attributes, decoded) : readMapped(decoded);
  } catch {
    return undefined;
  }
}

/** Checked before the codec sees anything, because it trusts lengths, cookie and id. */
export function answerType(message: Buffer, transactionId: Uint8Array): number | undefined {
  if (message.length < HEADER_LENGTH || message.length % 4 !== 0) return undefined;
  const type = message.readUInt16BE(0);
  const matches =
    (type === BINDING_SUCCESS || type === BINDING_ERROR) &&
    message.readUInt16BE(2) === message.length - HEADER_LENGTH &&
    message.readUInt32BE(4) === MAGIC_COOKIE &&
    message.subarray(8, HEADER_LENGTH).equals(transactionId);
  return matches ? type : undefined;
}

/** The attributes, if they fill the body exactly and addresses have the length of their family; else `undefined`. */
export function readAttributes(body: Buffer): readonly Attribute[] | undefined {
  const attributes: Attribute[] = [];
  for (let at = 0; at < body.length; ) {
    if (at + 4 > body.length) return undefined;
    const type = body.readUInt16BE(at);
    const end = at + 4 + body.readUInt16BE(at + 2);
    if (end > body.length) return undefined;
    const value = body.subarray(at + 4, end);
    if (!isSound(type, value)) return undefined;
    attributes.push({ type, value });
    at = end + ((4 - (end % 4)) % 4);
  }
  return attributes;
}

function isSound(type: number, value: Buffer): boolean {
  if (type === ERROR_CODE) return value.length >= 4;
  if (type !== MAPPED_ADDRESS && type !== XOR_MAPPED_ADDRESS && type !== ALTERNATE_SERVER) return true;
  const octets = value[1] === 1 ? 4 : value[1] === 2 ? 16 : undefined;
  return octets !== undefined && value.length === 4 + octets;
}

type Decoded = ReturnType<typeof decode>;

/** XOR-MAPPED-ADDRESS first: routers rewrite plain addresses they find in passing (RFC 8489 section 14.2). */
function readMapped(decoded: Decoded): StunAnswer {
  const text = (decoded.getXorAddress() ?? decoded.getAddress())?.address ?? undefined;
  const address = text === undefined ? undefined : parseAddress(text);
  if (address === undefined) return { kind: 'unusable', why: 'the answer holds no mapped address' };
  return { kind: 'mapped', address };
}

/** From the octets: the codec computes class * (number + 100), which is wrong for every code but the round hundreds. */
function readError(attributes: readonly Attribute[], decoded: Decoded): StunAnswer {
  const value = attributes.find((attribute) => attribute.type === ERROR_CODE)?.value;
  if (value === undefined) return { kind: 'unusable', why: 'an error answer without an error code' };
  const code = (value.readUInt8(2) & 0x07) * 100 + value.readUInt8(3);
  const reason = value.subarray(4).toString('utf8');
  const server = decoded.getAlternateServer();
  if (server === undefined || server.address === null) return { kind: 'error', code, reason };
  return { kind: 'error', code, reason, alternate: `${server.address} port ${server.port}` };
}
