import { createHmac, timingSafeEqual } from 'node:crypto';
import { CLASS, TSIG_ERROR, TYPE } from './codes.ts';
import { type Decoded, decodeMessage } from './decode.ts';
import { foldName, nameOctets, readName, sameName, type WireName } from './names.ts';

/** The algorithms of RFC 8945 section 6 offered here, by the names they have on the wire. */
export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512', 'hmac-sha1'] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

const HASHES: Readonly<Record<TsigAlgorithm, string>> = {
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
  'hmac-sha1': 'sha1',
};

/** Seconds that the clocks of both sides may differ (RFC 8945 section 10 recommends 300). */
export const TSIG_FUDGE = 300;

export interface TsigKey {
  readonly name: WireName;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

/** The content of a TSIG record (RFC 8945 section 4.2). */
export interface Tsig {
  readonly keyName: WireName;
  readonly algorithm: WireName;
  /** Seconds since 1970, 48 bits. */
  readonly timeSigned: number;
  readonly fudge: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  readonly error: number;
  readonly other: Uint8Array;
}

export type TsigVariables = Omit<Tsig, 'mac' | 'originalId'>;

/**
 * The MAC over a message without its TSIG record (RFC 8945 section 4.3): the request's MAC with its length before it (for answers), the
 * message, the TSIG variables with names in canonical form.
 */
export function tsigMac(
  key: Pick<TsigKey, 'algorithm' | 'secret'>,
  message: Uint8Array,
  variables: TsigVariables,
  requestMac?: Uint8Array,
): Uint8Array {
  const hmac = createHmac(HASHES[key.algorithm], key.secret);
  if (requestMac !== undefined) hmac.update(uint(requestMac.length, 2)).update(requestMac);
  hmac.update(message);
  hmac.update(nameOctets(foldName(variables.keyName)));
  hmac.update(uint(CLASS.ANY, 2)).update(uint(0, 4));
  hmac.update(nameOctets(foldName(variables.algorithm)));
  hmac.update(uint(variables.timeSigned, 6)).update(uint(variables.fudge, 2));
  hmac.update(uint(variables.error, 2)).update(uint(variables.other.length, 2)).update(variables.other);
  return hmac.digest();
}

export interface Signed {
  readonly message: Uint8Array;
  /** Goes into the verification of the answer. */
  readonly mac: Uint8Array;
}

export interface SignOptions {
  /** Seconds since 1970. */
  readonly time: number;
  readonly fudge?: number;
  readonly error?: number;
  readonly other?: Uint8Array;
  /** When signing an answer. */
  readonly requestMac?: Uint8Array;
}

/** Signs a message by appending a TSIG record. */
export function signMessage(message: Uint8Array, key: TsigKey, options: SignOptions): Signed {
  const variables: TsigVariables = {
    keyName: key.name,
    algorithm: key.algorithm,
    timeSigned: options.time,
    fudge: options.fudge ?? TSIG_FUDGE,
    error: options.error ?? 0,
    other: options.other ?? new Uint8Array(),
  };
  const mac = tsigMac(key, message, variables, options.requestMac);
  const originalId = Buffer.from(message).readUInt16BE(0);
  return { message: appendTsig(message, { ...variables, mac, originalId }), mac };
}

/** Appends a TSIG record as it stands; its names are never compressed (RFC 8945 section 4.2). */
export function appendTsig(message: Uint8Array, tsig: Tsig): Uint8Array {
  const data = Buffer.concat([
    nameOctets(tsig.algorithm),
    uint(tsig.timeSigned, 6),
    uint(tsig.fudge, 2),
    uint(tsig.mac.length, 2),
    tsig.mac,
    uint(tsig.originalId, 2),
    uint(tsig.error, 2),
    uint(tsig.other.length, 2),
    tsig.other,
  ]);
  const fixed = [uint(TYPE.TSIG, 2), uint(CLASS.ANY, 2), uint(0, 4), uint(data.length, 2)];
  const signed = Buffer.concat([message, nameOctets(tsig.keyName), ...fixed, data]);
  signed.writeUInt16BE(signed.readUInt16BE(10) + 1, 10);
  return Uint8Array.from(signed);
}

/** The TSIG record of a message; 'malformed' if there is one that is broken, repeated, or not the last record. */
export function readTsig({ message }: Decoded): Tsig | 'malformed' | undefined {
  const records = [...message.answers, ...message.authorities, ...message.additionals];
  const place = records.findIndex((record) => record.type === TYPE.TSIG);
  const record = records[place];
  if (record === undefined) return undefined;
  const last = place === records.length - 1 && message.additionals.length > 0;
  if (!last || record.class !== CLASS.ANY || record.ttl !== 0 || record.data.kind !== 'opaque') {
    return 'malformed';
  }
  return readTsigData(record.name, Buffer.from(record.data.octets)) ?? 'malformed';
}

function readTsigData(keyName: WireName, octets: Buffer): Tsig | undefined {
  const algorithm = readName(octets, 0, 'refuse');
  if (algorithm === undefined) return undefined;
  const at = algorithm.next;
  if (at + 10 > octets.length) return undefined;
  const macEnd = at + 10 + octets.readUInt16BE(at + 8);
  if (macEnd + 6 > octets.length) return undefined;
  const otherEnd = macEnd + 6 + octets.readUInt16BE(macEnd + 4);
  if (otherEnd !== octets.length) return undefined;
  return {
    keyName,
    algorithm: algorithm.name,
    timeSigned: octets.readUIntBE(at, 6),
    fudge: octets.readUInt16BE(at + 6),
    mac: Uint8Array.from(octets.subarray(at + 10, macEnd)),
    originalId: octets.readUInt16BE(macEnd),
    error: octets.readUInt16BE(macEnd + 2),
    other: Uint8Array.from(octets.subarray(macEnd + 6, otherEnd)),
  };
}

/**
 * What a signature is worth:
 * - `verified`: the MAC is right and the time fits;
 * - `time`: the MAC is right, the clocks are not: `skew` is their clock minus ours, in seconds;
 * - `error`: the other side could not accept our signature and says so without signing (BADKEY, BADSIG, BADTRUNC);
 * - `unsigned`: no TSIG record; `forged`: one that does not hold.
 */
export type Verification =
  | { readonly kind: 'verified'; readonly tsig: Tsig }
  | { readonly kind: 'time'; readonly tsig: Tsig; readonly skew: number }
  | { readonly kind: 'error'; readonly error: number }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'forged'; readonly why: string };

/**
 * Verifies a message (RFC 8945 section 5.4). MACs must have full length: nobody we talk to has reason to cut them.
 * @param time seconds since 1970
 */
export function verifyMessage(
  octets: Uint8Array,
  key: TsigKey,
  time: number,
  requestMac?: Uint8Array,
): Verification {
  const decoded = decodeMessage(octets);
  const tsig = decoded && readTsig(decoded);
  if (decoded === undefined || tsig === 'malformed')
    return { kind: 'forged', why: 'its signature is malformed' };
  if (tsig === undefined) return { kind: 'unsigned' };
  if (tsig.mac.length === 0 && tsig.error !== 0) return { kind: 'error', error: tsig.error };
  if (!sameName(tsig.keyName, key.name) || !sameName(tsig.algorithm, key.algorithm)) {
    return { kind: 'forged', why: 'it is signed with another key' };
  }
  const expected = tsigMac(key, withoutTsig(octets, decoded, tsig), tsig, requestMac);
  if (tsig.mac.length !== expected.length || !timingSafeEqual(tsig.mac, expected)) {
    return { kind: 'forged', why: 'its signature does not match' };
  }
  if (tsig.error === TSIG_ERROR.BADTIME) {
    // The time signed is then our own, and the server's stands in the other data (RFC 8945 section 5.2.3).
    const theirs = tsig.other.length === 6 ? Buffer.from(tsig.other).readUIntBE(0, 6) : tsig.timeSigned;
    return { kind: 'time', tsig, skew: theirs - time };
  }
  const skew = tsig.timeSigned - time;
  if (Math.abs(skew) > tsig.fudge) return { kind: 'time', tsig, skew };
  return { kind: 'verified', tsig };
}

function withoutTsig(octets: Uint8Array, decoded: Decoded, tsig: Tsig): Uint8Array {
  const bare = Buffer.from(octets.slice(0, decoded.lastRecordAt));
  bare.writeUInt16BE(tsig.originalId, 0);
  bare.writeUInt16BE(bare.readUInt16BE(10) - 1, 10);
  return bare;
}

function uint(value: number, length: number): Uint8Array {
  const buffer = Buffer.alloc(length);
  buffer.writeUIntBE(value, 0, length);
  return buffer;
}
