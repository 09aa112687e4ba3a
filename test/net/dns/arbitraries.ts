import fc from 'fast-check';
import { addressFromBytes } from '../../../src/model/address.ts';
import type { Message, Question, RecordData, ResourceRecord } from '../../../src/net/dns/message.ts';

/** Labels of arbitrary octets, as this codec writes them in text. */
const label = fc
  .oneof(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.uint8Array({ minLength: 63, maxLength: 63 }))
  .map((octets) =>
    [...octets]
      .map((octet) => {
        const character = String.fromCharCode(octet);
        return /[!-~]/.test(character) && !/[.\\]/.test(character)
          ? character
          : `\\${String(octet).padStart(3, '0')}`;
      })
      .join(''),
  );

export const wireName = fc.array(label, { maxLength: 4 }).map((labels) => {
  let octets = 1;
  const kept: string[] = [];
  for (const text of labels) {
    const length = text.replace(/\\\d{3}/g, '.').length;
    octets += length + 1;
    if (octets <= 255) kept.push(text);
  }
  return kept.join('.');
});

const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const bit = fc.boolean();

const question: fc.Arbitrary<Question> = fc.record({ name: wireName, type: uint16, class: uint16 });

const opaque = fc
  .uint8Array({ maxLength: 40 })
  .map((octets): RecordData => ({ kind: 'opaque', octets: Uint8Array.from(octets) }));
const named = wireName.map((name): RecordData => ({ kind: 'name', name }));
const soa = fc
  .record({
    primary: wireName,
    mailbox: wireName,
    serial: uint32,
    refresh: uint32,
    retry: uint32,
    expire: uint32,
    minimum: uint32,
  })
  .map((fields): RecordData => ({ kind: 'soa', ...fields }));
const address = (length: 4 | 16) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .filter((octets) => length === 4 || octets.subarray(0, 10).some((octet) => octet !== 0))
    .map((octets): RecordData => {
      const parsed = addressFromBytes(octets);
      if (parsed === undefined) throw new Error('no address');
      return { kind: 'address', address: parsed };
    });

const typed = (type: number, data: fc.Arbitrary<RecordData>): fc.Arbitrary<ResourceRecord> =>
  fc.record({ name: wireName, type: fc.constant(type), class: fc.constantFrom(1, 254), ttl: uint32, data });

export const resourceRecord: fc.Arbitrary<ResourceRecord> = fc.oneof(
  typed(1, address(4)),
  typed(28, address(16)),
  typed(2, named),
  typed(5, named),
  typed(6, soa),
  typed(16, opaque),
  typed(65_280, opaque),
);

const section = fc.array(resourceRecord, { maxLength: 4 });

export const message: fc.Arbitrary<Message> = fc.record({
  id: uint16,
  response: bit,
  opcode: fc.integer({ min: 0, max: 15 }),
  authoritative: bit,
  truncated: bit,
  recursionDesired: bit,
  recursionAvailable: bit,
  authenticData: bit,
  checkingDisabled: bit,
  rcode: fc.integer({ min: 0, max: 15 }),
  questions: fc.array(question, { maxLength: 2 }),
  answers: section,
  authorities: section,
  additionals: section,
});
