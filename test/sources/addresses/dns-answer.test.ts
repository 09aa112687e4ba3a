import packet from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeWhoami, judgeWhoami, type WhoamiQuestion } from '../../../src/sources/addresses/dns-answer.ts';
import { whoami } from './dns-fixtures.ts';

const QUESTION: WhoamiQuestion = {
  id: 0x1234,
  family: 'ipv4',
  name: 'whoami.cloudflare',
  type: 'TXT',
  class: 'CH',
  authoritative: false,
};

const right = (address: string): Buffer =>
  whoami(packet.decode(Buffer.from(encodeWhoami(QUESTION))), address);

describe('the parser of whoami answers', () => {
  it('reads every IPv4 address and nothing else of a right answer', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(judgeWhoami(right(address), QUESTION)).toEqual({
          kind: 'answer',
          value: { kind: 'address', address },
        });
      }),
    );
  });

  it('never throws, and never takes an address from octets nobody asked for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        const judgement = judgeWhoami(octets, { ...QUESTION, id: 0xffff });
        expect(judgement.kind === 'answer' && judgement.value.kind === 'address').toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('survives any damage to a right answer, and then says either the address or why not', () => {
    const whole = right('203.0.113.9');
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, length) => {
        const octets = Buffer.from(whole);
        for (const [place, value] of changes) octets[place] = value;
        const judgement = judgeWhoami(octets.subarray(0, length), QUESTION);
        // Cut short it is never an answer with an address in it.
        if (length < whole.length && judgement.kind === 'answer') expect(judgement.value.kind).toBe('wrong');
      }),
      { numRuns: 2_000 },
    );
  });

  it('answers in any case of letters, since names have none', () => {
    const query = packet.decode(Buffer.from(encodeWhoami(QUESTION)));
    const loud = {
      ...query,
      questions: (query.questions ?? []).map((entry) => ({ ...entry, name: entry.name.toUpperCase() })),
    };
    expect(judgeWhoami(whoami(loud, '8.8.4.4'), QUESTION)).toMatchObject({ kind: 'answer' });
  });

  it('does not take an IPv4 address dressed as AAAA', () => {
    const sixth: WhoamiQuestion = { ...QUESTION, family: 'ipv6', type: 'address', class: 'IN' };
    const query = packet.decode(Buffer.from(encodeWhoami(sixth)));
    expect(judgeWhoami(whoami(query, '::ffff:8.8.4.4'), sixth)).toEqual({
      kind: 'answer',
      value: { kind: 'wrong', why: 'the record holds no plain address' },
    });
  });
});
