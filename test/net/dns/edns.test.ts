import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optRecord, readEdns } from '../../../src/net/dns/edns.ts';
import { EMPTY_MESSAGE, type ResourceRecord } from '../../../src/net/dns/message.ts';

const withOpt = (...additionals: readonly ResourceRecord[]) => ({ ...EMPTY_MESSAGE, additionals });

describe('EDNS', () => {
  it('comes back as it was', () => {
    const option = fc.record({
      code: fc.integer({ min: 0, max: 65_535 }),
      octets: fc.uint8Array({ maxLength: 9 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        fc.array(option),
        (rcode, dnssecOk, options) => {
          const plain = options.map(({ code, octets }) => ({ code, octets: Uint8Array.from(octets) }));
          const record = optRecord({ extendedRcode: rcode, dnssecOk, options: plain });
          const expected = { udpLength: 1_232, version: 0, extendedRcode: rcode, dnssecOk, options: plain };
          expect(readEdns(withOpt(record))).toEqual(expected);
        },
      ),
    );
  });

  it('counts less than 512 octets as 512', () => {
    expect(readEdns(withOpt({ ...optRecord({}), class: 100 }))).toMatchObject({ udpLength: 512 });
  });

  it('is missing where there is no OPT', () => {
    expect(readEdns(EMPTY_MESSAGE)).toBeUndefined();
  });

  it('is malformed twice, with a name, in another section, or with broken options', () => {
    const broken = Uint8Array.of(0, 10, 0, 9, 1);
    expect(readEdns(withOpt(optRecord({}), optRecord({})))).toBe('malformed');
    expect(readEdns(withOpt({ ...optRecord({}), name: 'a' }))).toBe('malformed');
    expect(readEdns({ ...EMPTY_MESSAGE, answers: [optRecord({})] })).toBe('malformed');
    expect(readEdns(withOpt({ ...optRecord({}), data: { kind: 'opaque', octets: broken } }))).toBe(
      'malformed',
    );
  });
});
