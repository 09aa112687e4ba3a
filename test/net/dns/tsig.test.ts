import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { EMPTY_MESSAGE } from '../../../src/net/dns/message.ts';
import {
  appendTsig,
  readTsig,
  signMessage,
  TSIG_ALGORITHMS,
  type TsigKey,
  tsigMac,
  verifyMessage,
} from '../../../src/net/dns/tsig.ts';
import { describeRecorded } from '../../replay/recorded.ts';
import { read } from '../../replay/recording.ts';
import { message as anyMessage } from './arbitraries.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

const key: TsigKey = {
  name: 'Key.example.org',
  algorithm: 'hmac-sha256',
  secret: hex('00112233445566778899'),
};
const request = encodeMessage({
  ...EMPTY_MESSAGE,
  id: 4_711,
  questions: [{ name: 'a.org', type: 1, class: 1 }],
});
const time = 1_700_000_000;

interface TsigVectors {
  readonly message: { readonly wireWithoutTsig: string };
  readonly tsig: {
    readonly keyName: string;
    readonly secretBase64: string;
    readonly timeSigned: number;
    readonly fudge: number;
    readonly error: number;
    readonly otherData: string;
  };
  readonly vectors: { readonly name: string; readonly requestMac: string; readonly mac: string }[];
}

describe('the digest of RFC 8945, section 4.3.3, put together by hand', () => {
  // The message without TSIG; then name, class ANY, TTL 0, algorithm, time (48 bits), fudge, error and the length of other data.
  const message = '1267000000010000000000000161036f72670000010001';
  const variables = [
    ...['036b6579076578616d706c65036f726700', '00ff', '00000000'],
    ...['0b686d61632d73686132353600', '00006553f100', '012c', '0000', '0000'],
  ];

  it.each([
    ['a request', undefined, ''],
    ['an answer, behind the MAC of its request and that MAC’s length', hex('3684c225'), '00043684c225'],
  ])('is what is signed: %s', (_what, requestMac, first) => {
    const digest = hex([first, message, ...variables].join(''));
    const { mac } = signMessage(request, key, {
      time,
      ...(requestMac === undefined ? {} : { requestMac }),
    });
    const expected = createHmac('sha256', key.secret).update(digest).digest('hex');
    expect(Buffer.from(mac).toString('hex')).toBe(expected);
    expect(Buffer.from(request).toString('hex')).toBe(message);
  });
});

describeRecorded('recorded vectors', () => {
  const recorded = read('vectors/tsig/hmac-sha256-update.json') as TsigVectors;
  const recordedKey: TsigKey = {
    name: recorded.tsig.keyName.replace(/\.$/, ''),
    algorithm: 'hmac-sha256',
    secret: Uint8Array.from(Buffer.from(recorded.tsig.secretBase64, 'base64')),
  };
  const variables = {
    keyName: recordedKey.name,
    algorithm: recordedKey.algorithm,
    timeSigned: recorded.tsig.timeSigned,
    fudge: recorded.tsig.fudge,
    error: recorded.tsig.error,
    other: hex(recorded.tsig.otherData),
  };

  it.each(recorded.vectors)('give the MAC $name', (vector) => {
    const requestMac = vector.requestMac === '' ? undefined : hex(vector.requestMac);
    const mac = tsigMac(recordedKey, hex(recorded.message.wireWithoutTsig), variables, requestMac);
    expect(Buffer.from(mac).toString('hex')).toBe(vector.mac);
  });

  it('write the very message that is signed', () => {
    const message = encodeMessage({
      ...EMPTY_MESSAGE,
      id: 42,
      opcode: 5,
      questions: [{ name: 'example.com', type: 6, class: 1 }],
    });
    expect(Buffer.from(message).toString('hex')).toBe(recorded.message.wireWithoutTsig);
    const { mac } = signMessage(message, recordedKey, { time: recorded.tsig.timeSigned, error: 18 });
    expect(Buffer.from(mac).toString('hex')).toBe(recorded.vectors[0]?.mac);
  });
});

describe('signing and verifying', () => {
  it.each(TSIG_ALGORITHMS)('agree with %s', (algorithm) => {
    const own = { ...key, algorithm };
    const { message } = signMessage(request, own, { time });
    expect(verifyMessage(message, own, time)).toMatchObject({ kind: 'verified' });
  });

  it('agree for any message, even if its id was changed on the way', () => {
    fc.assert(
      fc.property(anyMessage, fc.integer({ min: 0, max: 0xffff }), (message, id) => {
        const { message: signed } = signMessage(encodeMessage(message), key, { time });
        Buffer.from(signed.buffer).writeUInt16BE(id, 0);
        expect(verifyMessage(signed, key, time).kind).toBe('verified');
      }),
    );
  });

  it('have no regard to the case of the key name', () => {
    const { message } = signMessage(request, { ...key, name: 'KEY.EXAMPLE.ORG' }, { time });
    expect(verifyMessage(message, key, time).kind).toBe('verified');
  });

  it('bind an answer to its request', () => {
    const { mac } = signMessage(request, key, { time });
    const { message: answer } = signMessage(request, key, { time, requestMac: mac });
    expect(verifyMessage(answer, key, time, mac).kind).toBe('verified');
    expect(verifyMessage(answer, key, time).kind).toBe('forged');
    expect(verifyMessage(answer, key, time, Uint8Array.from(mac).reverse()).kind).toBe('forged');
  });

  it('find out any change of any octet', () => {
    const { message } = signMessage(request, key, { time });
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        // The id is not covered: forwarders change it, and the original one stands in the record.
        fc.pre(at > 1);
        const changed = Uint8Array.from(message);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const { kind } = verifyMessage(changed, key, time);
        // Letters of the names are covered in lower case only.
        const caseOnly = flip === 0x20 && decodeMessage(changed) !== undefined && at >= request.length;
        if (!caseOnly) expect(kind).not.toBe('verified');
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuse another secret, another key and a shortened MAC', () => {
    const { message } = signMessage(request, { ...key, secret: hex('ff') }, { time });
    expect(verifyMessage(message, key, time)).toEqual({
      kind: 'forged',
      why: 'its signature does not match',
    });
    const other = signMessage(request, { ...key, name: 'other' }, { time });
    expect(verifyMessage(other.message, key, time)).toEqual({
      kind: 'forged',
      why: 'it is signed with another key',
    });
    const short = appendTsig(request, {
      keyName: key.name,
      algorithm: key.algorithm,
      timeSigned: time,
      fudge: 300,
      mac: signMessage(request, key, { time }).mac.subarray(0, 16),
      originalId: 4_711,
      error: 0,
      other: new Uint8Array(),
    });
    expect(verifyMessage(short, key, time).kind).toBe('forged');
  });

  it('tell by how much the clocks differ', () => {
    const { message } = signMessage(request, key, { time });
    expect(verifyMessage(message, key, time + 300).kind).toBe('verified');
    expect(verifyMessage(message, key, time + 301)).toMatchObject({ kind: 'time', skew: -301 });
    const serverTime = Buffer.alloc(6);
    serverTime.writeUIntBE(time + 7_200, 0, 6);
    const badTime = signMessage(request, key, { time, error: 18, other: serverTime });
    expect(verifyMessage(badTime.message, key, time)).toMatchObject({ kind: 'time', skew: 7_200 });
  });

  it('tell an unsigned refusal from a missing signature', () => {
    const refusal = appendTsig(request, {
      keyName: key.name,
      algorithm: key.algorithm,
      timeSigned: 0,
      fudge: 300,
      mac: new Uint8Array(),
      originalId: 4_711,
      error: 17,
      other: new Uint8Array(),
    });
    expect(verifyMessage(refusal, key, time)).toEqual({ kind: 'error', error: 17 });
    expect(verifyMessage(request, key, time)).toEqual({ kind: 'unsigned' });
  });

  it('refuse a signature that is not the last record', () => {
    const { message } = signMessage(request, key, { time });
    const twice = signMessage(message, key, { time });
    expect(verifyMessage(twice.message, key, time)).toEqual({
      kind: 'forged',
      why: 'its signature is malformed',
    });
  });

  it('never throw over the content of a TSIG record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (octets) => {
        const message = encodeMessage({
          ...EMPTY_MESSAGE,
          additionals: [{ name: 'k', type: 250, class: 255, ttl: 0, data: { kind: 'opaque', octets } }],
        });
        const decoded = decodeMessage(message);
        if (decoded) readTsig(decoded);
        expect(verifyMessage(message, key, time).kind).not.toBe('verified');
      }),
    );
  });
});
