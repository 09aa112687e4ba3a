import { addressBytes, addressFromBytes, type IpAddress } from '../../model/address.ts';
import {
  answerType,
  BINDING_SUCCESS,
  encodeBindingRequest,
  HEADER_LENGTH,
  readAttributes,
} from './message.ts';

/** Where datagrams come from or go to. */
export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
}

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.address === b.address && a.port === b.port;

/** What a server is asked to answer from another of (RFC 5780 section 7.2). */
export interface Change {
  readonly address: boolean;
  readonly port: boolean;
}

const CHANGE_REQUEST = 0x0003;
const CHANGE_ADDRESS = 0x04;
const CHANGE_PORT = 0x02;
const MAPPED_ADDRESS = 0x0001;
const CHANGED_ADDRESS = 0x0005;
const XOR_MAPPED_ADDRESS = 0x0020;
const OTHER_ADDRESS = 0x802c;
const MAGIC_COOKIE = Uint8Array.of(0x21, 0x12, 0xa4, 0x42);

/** A binding request; with a change asked for, CHANGE-REQUEST is in it (RFC 5780 section 7.2). */
export function encodeBehaviourRequest(transactionId: Uint8Array, change?: Change): Uint8Array {
  const request = Buffer.from(encodeBindingRequest(transactionId));
  if (change === undefined) return request;
  const attribute = Buffer.alloc(8);
  attribute.writeUInt16BE(CHANGE_REQUEST, 0);
  attribute.writeUInt16BE(4, 2);
  attribute.writeUInt32BE((change.address ? CHANGE_ADDRESS : 0) | (change.port ? CHANGE_PORT : 0), 4);
  request.writeUInt16BE(attribute.length, 2);
  return Buffer.concat([request, attribute]);
}

export interface BehaviourAnswer {
  /** How the server sees the asking socket. */
  readonly mapped: Endpoint;
  /** Its second address and port, where it has them: OTHER-ADDRESS (RFC 5780 section 7.4), CHANGED-ADDRESS in RFC 3489. */
  readonly other?: Endpoint;
}

/** The transaction id that a datagram carries, if it is long enough to have one. */
export const transactionIdOf = (datagram: Uint8Array): Uint8Array | undefined =>
  datagram.length < HEADER_LENGTH ? undefined : datagram.subarray(8, HEADER_LENGTH);

/** Reads a successful answer to the request with this id; `undefined` for everything else. Never throws, whatever the octets. */
export function decodeBehaviourAnswer(
  datagram: Uint8Array,
  transactionId: Uint8Array,
): BehaviourAnswer | undefined {
  const message = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (answerType(message, transactionId) !== BINDING_SUCCESS) return undefined;
  const attributes = readAttributes(message.subarray(HEADER_LENGTH)) ?? [];
  const find = (type: number) => attributes.find((attribute) => attribute.type === type)?.value;
  // The key for IPv6 is cookie and transaction id, for IPv4 its first four octets (RFC 8489 section 14.2).
  const mapped =
    endpointOf(find(XOR_MAPPED_ADDRESS), Buffer.concat([MAGIC_COOKIE, transactionId])) ??
    endpointOf(find(MAPPED_ADDRESS));
  if (mapped === undefined) return undefined;
  const other = endpointOf(find(OTHER_ADDRESS)) ?? endpointOf(find(CHANGED_ADDRESS));
  const fits =
    other !== undefined && addressBytes(other.address).length === addressBytes(mapped.address).length;
  return fits ? { mapped, other } : { mapped };
}

/** An address attribute: an empty octet, the family, the port, the address. */
function endpointOf(value: Buffer | undefined, key?: Uint8Array): Endpoint | undefined {
  if (value === undefined || value.length < 8) return undefined;
  const octets = value[1] === 1 ? 4 : value[1] === 2 ? 16 : 0;
  if (octets === 0 || value.length !== 4 + octets) return undefined;
  const plain = value.subarray(2).map((octet, index) => {
    // The port is masked with the first two octets of the key, and the address from its first one on.
    const mask = key?.[index < 2 ? index : index - 2] ?? 0;
    return octet ^ mask;
  });
  const address = addressFromBytes(plain.subarray(2));
  return address === undefined ? undefined : { address, port: ((plain[0] ?? 0) << 8) | (plain[1] ?? 0) };
}
