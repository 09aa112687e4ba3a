import { afterEach, describe, expect, it } from 'vitest';
import type { Family } from '../../../src/model/family.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { stunKind } from '../../../src/sources/addresses/stun.ts';
import {
  type Answer,
  errorCode,
  idOf,
  mappedAddress,
  message,
  type StunServer,
  stunServer,
  truthful,
  xorMappedAddress,
} from '../../net/stun/fixtures.ts';
import { components, link, question, snapshotOf } from './fixtures.ts';

const open: StunServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

interface Scene {
  readonly answer: Answer;
  readonly snapshot?: Snapshot;
  readonly bound?: string;
}

/** Over IPv4, since that is there on every machine; `test/net/stun` does both. */
async function read({ answer, snapshot = snapshotOf([]), bound }: Scene) {
  const server = await stunServer('ipv4', answer);
  open.push(server);
  const options = stunKind.options.parse({ servers: [`127.0.0.1:${server.port}`] });
  const init = { family: 'ipv4' as Family, options, allow: [], ...(bound ? { interface: bound } : {}) };
  const [detector] = stunKind.create(init, components());
  if (detector === undefined) throw new Error('no detector');
  return { reading: await detector.read(question({ snapshot })), server, witness: detector.witness };
}

describe('the stun detector', () => {
  it('gives the address the server saw, with a forgeable witness', async () => {
    const { reading, witness, server } = await read({ answer: truthful('8.8.4.4') });
    expect(witness).toEqual({
      detector: 'stun',
      name: `127.0.0.1:${server.port}`,
      operator: '127.0.0.1',
      forgeable: true,
      seesPath: true,
    });
    expect(reading).toEqual({
      kind: 'known',
      address: '8.8.4.4',
      via: { ...witness, path: '127.0.0.1' },
      why: `seen by ${witness.name}`,
    });
  });

  it('refuses an address of the other family', async () => {
    const { reading } = await read({ answer: truthful('2a00:1450::1') });
    expect(reading).toMatchObject({ kind: 'unavailable', why: 'asked for IPv4 and was told 2a00:1450::1' });
  });

  it('reports an error answer and the server it names instead', async () => {
    const { reading } = await read({
      answer: (request, from, socket) => {
        const attributes = [errorCode(300, 'Try\nAlternate'), mappedAddress('192.0.2.9', 3479, 0x8023)];
        socket.send(message(0x0111, idOf(request), attributes), from.port, from.address);
      },
    });
    const why = 'answered with error 300 Try Alternate; it names 192.0.2.9 port 3479 instead';
    expect(reading).toMatchObject({ kind: 'unavailable', why });
  });

  it('asks from the address of the interface the uplink is bound to', async () => {
    const seen: string[] = [];
    const answer: Answer = (request, from, socket, count) => {
      seen.push(from.address);
      truthful('8.8.4.4')(request, from, socket, count);
    };
    const snapshot = snapshotOf([link('lo', ['127.0.0.7'], { loopback: true }), link('eth0', ['192.0.2.5'])]);
    const here = await read({ answer, snapshot, bound: 'lo' });
    expect(here.reading).toMatchObject({ kind: 'known', address: '8.8.4.4' });
    expect(seen.splice(0)).toEqual(['127.0.0.7']);
    const elsewhere = await read({ answer, snapshot, bound: 'eth0' });
    expect(elsewhere.reading).toMatchObject({
      kind: 'unavailable',
      why: expect.stringMatching(/cannot ask from 192\.0\.2\.5/),
    });
    expect(seen).toEqual([]);
  });

  it('asks from the stable global address for IPv6, and leaves the choice to the system for IPv4', async () => {
    const snapshot = snapshotOf([link('eth0', ['2a00:1450::1', '2a00:1450::9 temporary', '8.8.4.4'])]);
    const options = stunKind.options.parse({ servers: ['[::1]:9'] });
    const [sixth] = stunKind.create({ family: 'ipv6', options, allow: [] }, components());
    expect(await sixth?.read(question({ snapshot }))).toMatchObject({
      kind: 'unavailable',
      why: 'cannot ask from 2a00:1450::1 (EADDRNOTAVAIL)',
    });
    const { reading } = await read({ answer: truthful('8.8.8.8'), snapshot });
    expect(reading).toMatchObject({ kind: 'known', address: '8.8.8.8' });
  });

  it('does not take a deprecated address of this host for its address', async () => {
    const snapshot = snapshotOf([link('eth0', ['8.8.4.4 deprecated'])]);
    const { reading } = await read({ answer: truthful('8.8.4.4'), snapshot });
    expect(reading).toMatchObject({
      kind: 'unavailable',
      why: expect.stringMatching(/8\.8\.4\.4 is a deprecated address of eth0/),
    });
  });

  it('refuses IPv4 in the clothes of IPv6', async () => {
    const answer: Answer = (request, from, socket) => {
      const id = idOf(request);
      const mapped = xorMappedAddress('0:0:0:0:0:ffff:808:404', 1, id);
      socket.send(message(0x0101, id, [mapped]), from.port, from.address);
    };
    // To the IPv4 question the answer stands for the IPv4 address it is.
    expect((await read({ answer })).reading).toMatchObject({ kind: 'known', address: '8.8.4.4' });
  });

  it('stops at once when aborted', async () => {
    const controller = new AbortController();
    const server = await stunServer('ipv4', () => controller.abort(new Error('enough')));
    open.push(server);
    const options = stunKind.options.parse({
      servers: [{ server: `127.0.0.1:${server.port}`, operator: 'me' }],
    });
    const [detector] = stunKind.create({ family: 'ipv4', options, allow: [] }, components());
    expect(detector?.witness.operator).toBe('me');
    await expect(detector?.read(question({ signal: controller.signal }))).rejects.toThrow('enough');
  });

  it('asks three operators by default, and writes IPv6 servers in brackets', () => {
    const made = stunKind.create(
      { family: 'ipv6', options: stunKind.options.parse({}), allow: [] },
      components(),
    );
    expect(new Set(made.map(({ witness }) => witness.operator)).size).toBe(3);
    const options = stunKind.options.parse({ servers: ['2001:db8::1'] });
    const [own] = stunKind.create({ family: 'ipv6', options, allow: [] }, components());
    expect(own?.witness.name).toBe('[2001:db8::1]:3478');
  });
});
