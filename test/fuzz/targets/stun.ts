import fc from 'fast-check';
import { decodeBehaviourAnswer } from '../../../src/net/stun/behaviour-message.ts';
import { decodeBindingAnswer } from '../../../src/net/stun/message.ts';
import { attribute, mappedAddress, message, xorMappedAddress } from '../../net/stun/fixtures.ts';
import { hostileOctets } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const ID = Uint8Array.from({ length: 12 }, (_, index) => index + 1);
const SUCCESS = 0x0101;
const ERROR = 0x0111;

const SAMPLES: readonly Uint8Array[] = [
  message(SUCCESS, ID, [xorMappedAddress('192.0.2.1', 4_711, ID)]),
  message(SUCCESS, ID, [xorMappedAddress('2001:db8::1', 4_711, ID)]),
  message(SUCCESS, ID, [mappedAddress('192.0.2.1', 4_711), mappedAddress('192.0.2.9', 3_479, 0x802c)]),
  message(SUCCESS, ID, [attribute(0x8022, Buffer.from('a server')), mappedAddress('::1', 1, 5)]),
  message(ERROR, ID, [
    attribute(9, Buffer.from([0, 0, 4, 20, 0x6e, 0x6f])),
    mappedAddress('192.0.2.1', 3_478, 0x8023),
  ]),
];

const growing = (size: number): Uint8Array => {
  const attributes = Array.from({ length: Math.floor(size / 4) }, () => attribute(0x8022, new Uint8Array()));
  return message(SUCCESS, ID, attributes.slice(0, 16_000));
};

/** The addresses a decoder gives are looked at by parseAddress within it; here it must only be total. */
export const stunTargets: readonly FuzzTarget[] = [
  target({
    name: 'stun binding answer',
    reads: 'the network',
    inputs: fc.oneof(hostileOctets(SAMPLES), resized(hostileOctets(SAMPLES))),
    growth: [growing],
    check: (input) => void decodeBindingAnswer(input, ID),
  }),
  target({
    name: 'stun behaviour answer',
    reads: 'the network',
    inputs: fc.oneof(hostileOctets(SAMPLES), resized(hostileOctets(SAMPLES))),
    growth: [growing],
    check: (input) => void decodeBehaviourAnswer(input, ID),
  }),
];

/** With the length in the header made right again, so that the attributes are reached. */
function resized(inputs: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return inputs.map((octets) => {
    const whole = Buffer.alloc(Math.max(20, Math.ceil(octets.length / 4) * 4));
    whole.set(octets);
    whole.set(SAMPLES[0]?.subarray(0, 20) ?? [], 0);
    if ((octets[1] ?? 0) === 0x11) whole.writeUInt16BE(ERROR, 0);
    whole.writeUInt16BE((whole.length - 20) & 0xffff, 2);
    return Uint8Array.from(whole);
  });
}
