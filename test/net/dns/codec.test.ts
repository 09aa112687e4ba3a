import packet from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { CLASS, OPCODE, TYPE } from '../../../src/net/dns/codes.ts';
import { decodeHeader, decodeMessage } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { EMPTY_MESSAGE, type Message, NO_DATA } from '../../../src/net/dns/message.ts';
import { message } from './arbitraries.ts';

const query: Message = {
  ...EMPTY_MESSAGE,
  id: 7,
  questions: [{ name: 'Home.Example.org', type: TYPE.A, class: 1 }],
};

describe('messages', () => {
  it('come back from the wire as they were', () => {
    fc.assert(
      fc.property(message, (original) => {
        expect(decodeMessage(encodeMessage(original))?.message).toEqual(original);
      }),
    );
  });

  it('are understood by another codec', () => {
    const octets = encodeMessage({
      ...query,
      response: true,
      authoritative: true,
      answers: [
        {
          name: 'Home.Example.org',
          type: TYPE.A,
          class: CLASS.IN,
          ttl: 5,
          data: { kind: 'address', address: address('192.0.2.1') },
        },
      ],
      authorities: [
        {
          name: 'Example.org',
          type: TYPE.NS,
          class: CLASS.IN,
          ttl: 5,
          data: { kind: 'name', name: 'ns.example.org' },
        },
      ],
    });
    const other = packet.decode(Buffer.from(octets));
    expect(other.questions).toEqual([{ name: 'Home.Example.org', type: 'A', class: 'IN' }]);
    expect(other.answers).toMatchObject([{ name: 'Home.Example.org', type: 'A', ttl: 5, data: '192.0.2.1' }]);
    expect(other.authorities).toMatchObject([{ name: 'Example.org', type: 'NS', data: 'ns.example.org' }]);
    expect(other.flag_aa).toBe(true);
  });

  it('are read from another codec, compressed names included', () => {
    const octets = packet.encode({
      type: 'response',
      id: 99,
      flags: packet.AUTHORITATIVE_ANSWER,
      questions: [{ type: 'SOA', name: 'example.org' }],
      answers: [
        {
          type: 'SOA',
          name: 'example.org',
          ttl: 60,
          data: {
            mname: 'ns.example.org',
            rname: 'root.example.org',
            serial: 5,
            refresh: 1,
            retry: 2,
            expire: 3,
            minimum: 4,
          },
        },
      ],
    });
    expect(decodeMessage(octets)?.message.answers[0]?.data).toEqual({
      kind: 'soa',
      primary: 'ns.example.org',
      mailbox: 'root.example.org',
      serial: 5,
      refresh: 1,
      retry: 2,
      expire: 3,
      minimum: 4,
    });
  });

  it('write an UPDATE as RFC 2136 wants it: class NONE and ANY, addresses without content', () => {
    const octets = encodeMessage({
      ...EMPTY_MESSAGE,
      id: 1,
      opcode: OPCODE.UPDATE,
      questions: [{ name: 'o', type: TYPE.SOA, class: CLASS.IN }],
      answers: [{ name: 'a.o', type: TYPE.A, class: CLASS.NONE, ttl: 0, data: NO_DATA }],
      authorities: [{ name: 'a.o', type: TYPE.A, class: CLASS.ANY, ttl: 0, data: NO_DATA }],
    });
    expect(Buffer.from(octets).toString('hex')).toBe(
      [
        '00012800' + '0001000100010000',
        '016f00' + '00060001',
        '0161c00c' + '000100fe' + '00000000' + '0000',
        'c013' + '000100ff' + '00000000' + '0000',
      ].join(''),
    );
  });

  it('keep the octets of an IPv4-mapped AAAA, which has no text of its own', () => {
    const mapped = Buffer.from('00000000000000000000ffffc0000201', 'hex');
    const record = {
      name: 'a',
      type: TYPE.AAAA,
      class: CLASS.IN,
      ttl: 1,
      data: { kind: 'opaque', octets: Uint8Array.from(mapped) },
    } as const;
    const original = { ...query, answers: [record] };
    expect(decodeMessage(encodeMessage(original))?.message).toEqual(original);
  });
});

describe('malformed messages', () => {
  const octets = encodeMessage({
    ...query,
    answers: [
      {
        name: 'Home.Example.org',
        type: TYPE.A,
        class: 1,
        ttl: 5,
        data: { kind: 'address', address: address('192.0.2.1') },
      },
    ],
  });

  it('are refused when cut off anywhere', () => {
    for (let length = 0; length < octets.length; length += 1) {
      expect(decodeMessage(octets.subarray(0, length))).toBeUndefined();
    }
  });

  it('are refused with something left over', () => {
    expect(decodeMessage(Uint8Array.of(...octets, 0))).toBeUndefined();
  });

  it('are refused with an address of the wrong length', () => {
    const wrong = encodeMessage({
      ...query,
      answers: [
        {
          name: 'a',
          type: TYPE.A,
          class: 1,
          ttl: 5,
          data: { kind: 'opaque', octets: Uint8Array.of(1, 2, 3) },
        },
      ],
    });
    expect(decodeMessage(wrong)).toBeUndefined();
  });

  it('never make the parser throw, whatever the octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (random) => {
        decodeHeader(random);
        decodeMessage(random);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never make the parser throw when one octet of a sound one is changed', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 0, max: 255 }), (sound, at, value) => {
        const changed = encodeMessage(sound);
        changed[at % changed.length] = value;
        decodeMessage(changed);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are refused where a name follows more than 127 pointers, so that parsing stays linear', () => {
    // The content of the first record is a chain of pointers; the name of the second one enters it at some link.
    const chain = 200;
    const contentAt = 12 + 11;
    const message = (links: number): Uint8Array => {
      const content = Uint8Array.from({ length: chain * 2 }, (_, index) => {
        const link = index >> 1;
        const target = 0xc000 | (link === 0 ? 12 : contentAt + (link - 1) * 2);
        return index % 2 === 0 ? target >> 8 : target & 0xff;
      });
      const first = encodeMessage({
        ...EMPTY_MESSAGE,
        answers: [{ name: '', type: TYPE.TXT, class: 1, ttl: 0, data: { kind: 'opaque', octets: content } }],
      });
      const entry = 0xc000 | (contentAt + (links - 2) * 2);
      const octets = Buffer.concat([
        first,
        Buffer.from([entry >> 8, entry & 0xff, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0]),
      ]);
      octets.writeUInt16BE(2, 6);
      return octets;
    };
    expect(decodeMessage(message(127))?.message.answers[1]?.name).toBe('');
    expect(decodeMessage(message(128))).toBeUndefined();
  });
});
