import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { decodePcp, encodeAnnounce, encodeMap, pcpResult } from '../../../src/net/pcp/message.ts';
import { decodeNatPmp, encodeAddressRequest, natPmpResult } from '../../../src/net/pcp/nat-pmp.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const nonce = hex('0102030405060708090a0b0c');

describe('NAT-PMP', () => {
  it('asks with two octets', () => {
    expect([...encodeAddressRequest()]).toEqual([0, 0]);
  });

  it('reads an address and the epoch (RFC 6886 section 3.2)', () => {
    expect(decodeNatPmp(hex('00 80 0000 00000e10 cb00720a'))).toEqual({
      kind: 'address',
      address: '203.0.114.10',
      epoch: 3600,
    });
  });

  it('reads 0.0.0.0 as no address', () => {
    expect(decodeNatPmp(hex('00 80 0000 00000001 00000000'))).toMatchObject({
      kind: 'address',
      address: undefined,
    });
  });

  it('reads what miniupnpd says without an outside address', () => {
    expect(decodeNatPmp(hex('008000030000000200000000'))).toEqual({ kind: 'refused', result: 3, epoch: 2 });
    expect(natPmpResult(3)).toBe('the router has no outside address yet');
  });

  it.each([
    ['a request', '00 00'],
    ['another opcode', '00 81 0000 00000001 cb00720a'],
    ['another version', '01 80 0000 00000001 cb00720a'],
    ['an address cut off', '00 80 0000 00000001 cb0072'],
    ['nothing', ''],
  ])('takes %s for nothing', (_, text) => {
    expect(decodeNatPmp(hex(text))).toBeUndefined();
  });
});

describe('PCP', () => {
  it('writes ANNOUNCE with the client as IPv4-mapped address (RFC 6887 section 7.1)', () => {
    expect(Buffer.from(encodeAnnounce(address('192.168.77.10'))).toString('hex')).toBe(
      '02000000' + '00000000' + '00000000000000000000ffffc0a84d0a',
    );
  });

  it('writes MAP (section 11.1)', () => {
    const request = encodeMap({ client: address('192.168.1.10'), nonce, port: 9, lifetime: 60 });
    expect(Buffer.from(request).toString('hex')).toBe(
      '02010000' +
        '0000003c' +
        '00000000000000000000ffffc0a8010a' +
        '0102030405060708090a0b0c' +
        '11000000' +
        '00090000' +
        '00000000000000000000ffff00000000',
    );
  });

  it('writes MAP for IPv6 with the all-zeros suggestion', () => {
    const request = encodeMap({ client: address('2001:db8::10'), nonce, port: 9, lifetime: 0 });
    expect(Buffer.from(request.subarray(8, 24)).toString('hex')).toBe('20010db8000000000000000000000010');
    expect([...request.subarray(44)]).toEqual(new Array(16).fill(0));
  });

  it('reads what miniupnpd announces', () => {
    expect(decodePcp(hex(`0280000000000000 00000002 ${'00'.repeat(12)}`))).toEqual({
      opcode: 'announce',
      result: 0,
      lifetime: 0,
      epoch: 2,
    });
  });

  it('reads a mapping', () => {
    const text = `02810000 0000003c 00000e10 ${'00'.repeat(12)} 0102030405060708090a0b0c 11000000 00090400 00000000000000000000ffffcb00720a`;
    expect(decodePcp(hex(text))).toEqual({
      opcode: 'map',
      result: 0,
      lifetime: 60,
      epoch: 3600,
      mapping: { nonce, port: 9, address: '203.0.114.10' },
    });
  });

  it.each([
    ['a request', `0200 0000 ${'00'.repeat(20)}`],
    ['a length that is no multiple of four', `0280 0000 ${'00'.repeat(21)}`],
    ['a mapping cut off', `0281 0000 ${'00'.repeat(20)}`],
    ['too long a message', `0280 0000 ${'00'.repeat(1_100)}`],
    ['another version', `0380 0000 ${'00'.repeat(20)}`],
  ])('takes %s for nothing', (_, text) => {
    expect(decodePcp(hex(text))).toBeUndefined();
  });

  it('has words for every result', () => {
    fc.assert(
      fc.property(fc.nat(255), (code) => {
        expect(pcpResult(code)).not.toBe('');
        expect(natPmpResult(code)).not.toBe('');
      }),
    );
  });
});

describe('whatever arrives', () => {
  const version = fc.constantFrom(0, 2, 1);
  const opcode = fc.constantFrom(128, 129, 0, 130);
  const near = fc
    .tuple(version, opcode, fc.uint8Array({ maxLength: 1_200 }))
    .map(([first, second, rest]) => Uint8Array.from([first, second, ...rest]));

  it('is read or not, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 2_000 }), near), (datagram) => {
        const natPmp = decodeNatPmp(datagram);
        const pcp = decodePcp(datagram);
        expect(natPmp === undefined || pcp === undefined).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
