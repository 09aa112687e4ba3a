import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deframer, frame } from '../../../src/net/dns/framing.ts';

describe('messages in a stream', () => {
  it('come out whole and in order, however the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(frame));
        const deframer = new Deframer();
        const received: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          received.push(...deframer.push(stream.subarray(at, at + length)));
          at += length;
        }
        expect(received).toEqual(sent.map((message) => Uint8Array.from(message)));
      }),
    );
  });

  it('take the longest message octet by octet', () => {
    const longest = new Uint8Array(65_535).fill(7);
    const deframer = new Deframer();
    const received = [...frame(longest)].flatMap((octet) => deframer.push(Uint8Array.of(octet)));
    expect(received).toEqual([longest]);
  });
});
