import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { decodeBindingAnswer, encodeBindingRequest } from '../../../src/net/stun/message.ts';
import { attribute, errorCode, mappedAddress, message, xorMappedAddress } from './fixtures.ts';

const ID = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex');
const SUCCESS = 0x0101;
const ERROR = 0x0111;

/** RFC 5769 section 2.2: sample IPv4 response, and section 2.3 for IPv6 (password and integrity play no part here). */
const SAMPLE_IPV4 = Buffer.from(
  '0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643' +
    '000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96',
  'hex',
);
const SAMPLE_IPV6 = Buffer.from(
  '010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa' +
    'a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c',
  'hex',
);

describe('a binding request', () => {
  it('is the header alone, with cookie and transaction id', () => {
    expect(Buffer.from(encodeBindingRequest(ID)).toString('hex')).toBe(
      `000100002112a442${ID.toString('hex')}`,
    );
  });
});

describe('a binding answer', () => {
  it('reads the samples of RFC 5769', () => {
    expect(decodeBindingAnswer(SAMPLE_IPV4, ID)).toEqual({ kind: 'mapped', address: '192.0.2.1' });
    const sixth = { kind: 'mapped', address: '2001:db8:1234:5678:11:2233:4455:6677' };
    expect(decodeBindingAnswer(SAMPLE_IPV6, ID)).toEqual(sixth);
  });

  it('prefers XOR-MAPPED-ADDRESS and falls back to MAPPED-ADDRESS', () => {
    const plain = mappedAddress('10.1.2.3', 99);
    const both = message(SUCCESS, ID, [plain, xorMappedAddress('8.8.4.4', 99, ID)]);
    expect(decodeBindingAnswer(both, ID)).toEqual({ kind: 'mapped', address: '8.8.4.4' });
    const old = message(SUCCESS, ID, [
      plain,
      mappedAddress('8.8.8.8', 3478, 4),
      mappedAddress('8.8.8.9', 3479, 5),
    ]);
    expect(decodeBindingAnswer(old, ID)).toEqual({ kind: 'mapped', address: '10.1.2.3' });
  });

  it('says so if there is no address in it', () => {
    const answer = decodeBindingAnswer(message(SUCCESS, ID, []), ID);
    expect(answer).toEqual({ kind: 'unusable', why: 'the answer holds no mapped address' });
  });

  it.each([300, 400, 401, 420, 438, 500])('reads error %d as it was sent', (code) => {
    const answer = decodeBindingAnswer(message(ERROR, ID, [errorCode(code, 'Because')]), ID);
    expect(answer).toEqual({ kind: 'error', code, reason: 'Because' });
  });

  it('names the alternate server of error 300', () => {
    const attributes = [errorCode(300, 'Try Alternate'), mappedAddress('192.0.2.9', 3479, 0x8023)];
    expect(decodeBindingAnswer(message(ERROR, ID, attributes), ID)).toMatchObject({
      code: 300,
      alternate: '192.0.2.9 port 3479',
    });
  });

  it('refuses attributes that must be understood and are not, and passes over optional ones', () => {
    const mapped = xorMappedAddress('8.8.4.4', 1, ID);
    const strange = message(SUCCESS, ID, [attribute(0x7abc, Buffer.from('x')), mapped]);
    expect(decodeBindingAnswer(strange, ID)).toMatchObject({ kind: 'unusable' });
    const optional = message(SUCCESS, ID, [attribute(0xfabc, Buffer.from('x')), mapped]);
    expect(decodeBindingAnswer(optional, ID)).toMatchObject({ kind: 'mapped' });
  });

  const good = message(SUCCESS, ID, [xorMappedAddress('8.8.4.4', 1, ID)]);
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(good);
    copy[at] = value;
    return copy;
  };

  it.each([
    ['another transaction id', changed(8, 0)],
    ['another cookie', changed(4, 0)],
    ['a request', changed(0, 0)],
    ['a wrong length', changed(3, 8)],
    ['a family that does not exist', changed(25, 3)],
    ['an attribute longer than the message', changed(23, 12)],
    ['nothing', Buffer.alloc(0)],
    ['half a header', good.subarray(0, 12)],
    ['half an attribute', good.subarray(0, 28)],
    ['an error without a whole code', message(ERROR, ID, [attribute(9, Buffer.from([0, 0]))])],
  ])('ignores %s', (_, datagram) => {
    expect(decodeBindingAnswer(datagram, ID)).toBeUndefined();
  });

  const anyAddress = fc.oneof(
    fc.ipV4(),
    fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((bytes) =>
        [...new Array(8).keys()]
          .map((at) => (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16))
          .join(':'),
      ),
  );

  it('gives every address back as it was sent', () => {
    const id = fc.uint8Array({ minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(anyAddress, id, fc.integer({ min: 1, max: 65_535 }), (text, transaction, port) => {
        const datagram = message(SUCCESS, transaction, [xorMappedAddress(text, port, transaction)]);
        const answer = decodeBindingAnswer(datagram, transaction);
        expect(answer).toEqual({ kind: 'mapped', address: address(text) });
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws on random octets behind a good header', () => {
    fc.assert(
      fc.property(fc.constantFrom(SUCCESS, ERROR), fc.uint8Array({ maxLength: 200 }), (type, body) => {
        decodeBindingAnswer(message(type, ID, [body]), ID);
        decodeBindingAnswer(body, ID);
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws on random attributes and never invents an address of another length', () => {
    const types = fc.oneof(
      fc.constantFrom(1, 6, 8, 9, 10, 0x14, 0x20, 0x22, 0x24, 0x25, 0x27, 0x8022, 0x8023, 0x8028, 0x802b),
      fc.integer({ min: 0, max: 0xffff }),
    );
    const anyAttribute = fc.tuple(types, fc.uint8Array({ maxLength: 24 }));
    fc.assert(
      fc.property(fc.constantFrom(SUCCESS, ERROR), fc.array(anyAttribute, { maxLength: 6 }), (type, list) => {
        const datagram = message(
          type,
          ID,
          list.map(([kind, value]) => attribute(kind, value)),
        );
        const answer = decodeBindingAnswer(datagram, ID);
        if (answer?.kind === 'mapped') {
          expect(
            list.some(([kind, value]) => [1, 0x20].includes(kind) && [8, 20].includes(value.length)),
          ).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws on samples with octets changed, cut or added', () => {
    const change = fc.tuple(fc.nat(SAMPLE_IPV6.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(SAMPLE_IPV4, SAMPLE_IPV6),
        fc.array(change, { maxLength: 8 }),
        fc.nat(100),
        fc.uint8Array({ maxLength: 8 }),
        (sample, changes, cut, added) => {
          const copy = Buffer.from(sample);
          for (const [at, value] of changes) copy[at % copy.length] = value;
          decodeBindingAnswer(copy, ID);
          decodeBindingAnswer(Buffer.concat([copy.subarray(0, cut), added]), ID);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
