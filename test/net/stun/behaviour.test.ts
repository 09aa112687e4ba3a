import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { type Behaviour, natBehaviour } from '../../../src/net/stun/behaviour.ts';
import {
  decodeBehaviourAnswer,
  encodeBehaviourRequest,
  transactionIdOf,
} from '../../../src/net/stun/behaviour-message.ts';
import {
  at,
  type Dependence,
  type FakeNatInit,
  type FakeServer,
  fakeNat,
  HOST,
  OUTSIDE,
} from './fake-nat.ts';
import { attribute, errorCode, mappedAddress, message, xorMappedAddress } from './fixtures.ts';

const ID = Buffer.from('000102030405060708090a0b', 'hex');

describe('the messages of RFC 5780', () => {
  it('ask for nothing but a binding, or for an answer from elsewhere', () => {
    expect(Buffer.from(encodeBehaviourRequest(ID)).toString('hex')).toBe(
      `000100002112a442${ID.toString('hex')}`,
    );
    const change = (wanted: boolean, port: boolean) =>
      Buffer.from(encodeBehaviourRequest(ID, { address: wanted, port })).toString('hex');
    // RFC 5780 section 7.2: A is 4 and B is 2 in the last octet.
    expect(change(true, true)).toBe(`000100082112a442${ID.toString('hex')}0003000400000006`);
    expect(change(false, true).slice(-8)).toBe('00000002');
    expect(change(true, false).slice(-8)).toBe('00000004');
  });

  it.each([
    ['203.0.113.7', '198.51.100.2'],
    ['2001:db8::7', '2001:db8:1::2'],
  ])('are read with address and port: %s', (seen, other) => {
    const datagram = message(0x0101, ID, [
      xorMappedAddress(seen, 40_001, ID),
      mappedAddress(other, 3479, 0x802c),
    ]);
    expect(decodeBehaviourAnswer(datagram, ID)).toEqual({ mapped: at(seen, 40_001), other: at(other, 3479) });
  });

  it('of older servers are read as well', () => {
    const datagram = message(0x0101, ID, [
      mappedAddress('203.0.113.7', 9),
      mappedAddress('198.51.100.2', 3479, 0x0005),
    ]);
    expect(decodeBehaviourAnswer(datagram, ID)).toEqual({
      mapped: at('203.0.113.7', 9),
      other: at('198.51.100.2', 3479),
    });
  });

  it('are no answer if they are of another transaction, an error, without an address, or broken', () => {
    const good = message(0x0101, ID, [xorMappedAddress('203.0.113.7', 1, ID)]);
    expect(decodeBehaviourAnswer(good, randomBytes(12))).toBeUndefined();
    expect(decodeBehaviourAnswer(message(0x0111, ID, [errorCode(420, 'Unknown')]), ID)).toBeUndefined();
    expect(decodeBehaviourAnswer(message(0x0101, ID, []), ID)).toBeUndefined();
    expect(
      decodeBehaviourAnswer(message(0x0101, ID, [attribute(0x0001, Buffer.alloc(7))]), ID),
    ).toBeUndefined();
    expect(decodeBehaviourAnswer(good.subarray(0, 24), ID)).toBeUndefined();
    // A second address of the other family is none to compare with.
    const mixed = message(0x0101, ID, [
      xorMappedAddress('203.0.113.7', 1, ID),
      mappedAddress('2001:db8::1', 2, 0x802c),
    ]);
    expect(decodeBehaviourAnswer(mixed, ID)).toEqual({ mapped: at('203.0.113.7', 1) });
  });

  it('never throw, whatever the octets', () => {
    const body = fc.uint8Array({ maxLength: 120 });
    fc.assert(
      fc.property(body, fc.boolean(), (octets, headed) => {
        const datagram = headed ? message(0x0101, ID, [octets]) : octets;
        decodeBehaviourAnswer(datagram, ID);
        transactionIdOf(datagram);
      }),
    );
  });
});

const PRIMARY = at('192.0.2.10', 3478);
const able: FakeServer = { primary: PRIMARY, other: at('192.0.2.11', 3479) };
const plain: FakeServer = { primary: at('192.0.2.20', 3478) };
const plain2: FakeServer = { primary: at('192.0.2.30', 3478) };

async function measure(init: FakeNatInit): Promise<{ result: Behaviour; nat: ReturnType<typeof fakeNat> }> {
  const nat = fakeNat(init);
  const result = await natBehaviour({
    family: 'ipv4',
    servers: init.servers.map(({ primary }, index) => ({ name: `server ${index}`, endpoint: primary })),
    own: [address(HOST)],
    createSocket: nat.createSocket,
    randomBytes,
    retransmission: { timeout: 5, requests: 2 },
    signal: AbortSignal.timeout(10_000),
  });
  expect(nat.opened.every(({ closed }) => closed)).toBe(true);
  return { result, nat };
}

const KINDS: readonly Dependence[] = [
  'endpoint_independent',
  'address_dependent',
  'address_and_port_dependent',
];

describe('the behaviour of a NAT', () => {
  it.each(KINDS.flatMap((mapping) => KINDS.map((filtering) => [mapping, filtering] as const)))(
    'mapping %s, filtering %s is found by one server with two addresses',
    async (mapping, filtering) => {
      const { result } = await measure({ servers: [plain, able], mapping, filtering });
      expect(result).toEqual({
        kind: 'measured',
        mapping,
        filtering,
        seen: [OUTSIDE],
        method: 'rfc5780',
        servers: ['server 1'],
      });
    },
  );

  it.each([
    ['endpoint_independent', 'endpoint_independent'],
    ['address_dependent', 'dependent'],
    ['address_and_port_dependent', 'dependent'],
  ] as const)('mapping %s is seen as %s by two servers', async (mapping, told) => {
    const { result } = await measure({ servers: [plain, plain2], mapping, filtering: 'address_dependent' });
    expect(result).toEqual({
      kind: 'measured',
      mapping: told,
      seen: [OUTSIDE],
      method: 'two_servers',
      servers: ['server 0', 'server 1'],
    });
  });

  it('is none where the world sees an address of this host', async () => {
    const { result } = await measure({
      servers: [plain],
      mapping: 'none',
      filtering: 'endpoint_independent',
    });
    expect(result).toMatchObject({ kind: 'measured', mapping: 'none', seen: [HOST] });
  });

  it('is not known from one server without a second address, and the reason says that there is one', async () => {
    const { result } = await measure({
      servers: [plain],
      mapping: 'endpoint_independent',
      filtering: 'address_dependent',
    });
    expect(result).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining(`behind a NAT, seen as ${OUTSIDE}`),
    });
  });

  it('is not known where nobody answers, or strangers do', async () => {
    const silent = { servers: [], mapping: 'none', filtering: 'endpoint_independent' } as const;
    expect((await measure(silent)).result).toEqual({
      kind: 'unknown',
      why: 'no STUN server could be resolved',
    });
    const { result } = await measure({ ...silent, servers: [able], spoofed: true });
    expect(result).toEqual({ kind: 'unknown', why: 'no STUN server answered' });
  });

  it('is never measured by writing to where a server would like: its second address must be of its own kind', async () => {
    const evil = { primary: PRIMARY, other: at('192.168.1.1', 53) };
    const { result, nat } = await measure({
      servers: [evil],
      mapping: 'endpoint_independent',
      filtering: 'address_dependent',
    });
    expect(result.kind).toBe('unknown');
    expect(nat.opened.flatMap(({ sent }) => sent).every(({ address: to }) => to === PRIMARY.address)).toBe(
      true,
    );
  });

  it('ends when told to, and leaves no socket', async () => {
    const nat = fakeNat({ servers: [], mapping: 'none', filtering: 'endpoint_independent' });
    const stop = new AbortController();
    const looking = natBehaviour({
      family: 'ipv4',
      servers: [{ name: 'silent', endpoint: PRIMARY }],
      own: [],
      createSocket: nat.createSocket,
      randomBytes,
      retransmission: { timeout: 60_000, requests: 2 },
      signal: stop.signal,
    });
    setImmediate(() => stop.abort());
    expect(await looking).toEqual({ kind: 'unknown', why: 'no STUN server answered' });
    expect(nat.opened.map(({ closed }) => closed)).toEqual([true, true]);
  });
});
