import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { LookupOptions } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { FAMILIES, type Family } from '../../../src/model/family.ts';
import { askStun, hostNetwork, type StunNetwork, type StunQuestion } from '../../../src/net/stun/exchange.ts';
import {
  type Answer,
  closedPort,
  errorCode,
  idOf,
  message,
  type StunServer,
  stunServer,
  truthful,
  xorMappedAddress,
} from './fixtures.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some((entry) => entry.address === '::1'),
);
const families = FAMILIES.filter((family) => family === 'ipv4' || hasIpv6);

const open: StunServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(family: Family, answer: Answer): Promise<StunServer> {
  const server = await stunServer(family, answer);
  open.push(server);
  return server;
}

const quick: StunNetwork = { ...hostNetwork, retransmission: { timeout: 10, requests: 4, lastWait: 2 } };

function ask(
  family: Family,
  { host, port }: { host: string; port: number },
  change: Partial<StunQuestion> = {},
  network: StunNetwork = hostNetwork,
) {
  const signal = AbortSignal.timeout(10_000);
  return askStun({ host, port, family, signal, ...change }, (count) => randomBytes(count), network);
}

describe.each(families)('a STUN transaction over %s', (family) => {
  const loopback = family === 'ipv4' ? '127.0.0.1' : '::1';
  const outside = family === 'ipv4' ? '8.8.4.4' : '2a00:1450::8844';

  it('learns the address the server sees', async () => {
    const server = await serve(family, truthful());
    expect(await ask(family, server)).toEqual({ kind: 'mapped', address: loopback });
    expect(server.requests).toHaveLength(1);
  });

  it('asks from the address it is bound to', async () => {
    const server = await serve(family, truthful());
    const localAddress = address(family === 'ipv4' ? '127.0.0.5' : '::1');
    expect(await ask(family, server, { localAddress })).toEqual({ kind: 'mapped', address: localAddress });
  });

  it('says so if it cannot ask from that address', async () => {
    const server = await serve(family, truthful());
    const localAddress = address(family === 'ipv4' ? '192.0.2.77' : '2001:db8::77');
    const result = await ask(family, server, { localAddress });
    expect(result).toEqual({ kind: 'failed', why: `cannot ask from ${localAddress} (EADDRNOTAVAIL)` });
  });

  it('sends the same request again until there is an answer', async () => {
    const answer = truthful(outside);
    const server = await serve(family, (request, from, socket, count) => {
      if (count === 3) answer(request, from, socket, count);
    });
    expect(await ask(family, server, {}, quick)).toEqual({ kind: 'mapped', address: outside });
    expect(new Set(server.requests.map((request) => request.toString('hex'))).size).toBe(1);
  });

  it('gives up after the last wait', async () => {
    const server = await serve(family, () => {});
    const result = await ask(family, server, {}, quick);
    expect(result).toEqual({ kind: 'failed', why: 'no answer to 4 requests' });
    expect(server.requests).toHaveLength(4);
  });

  it('stops at once when aborted, with the reason given, and closes its socket', async () => {
    const controller = new AbortController();
    const server = await serve(family, () => controller.abort(new Error('enough')));
    let closed = 0;
    const network: StunNetwork = {
      ...hostNetwork,
      createSocket: ((type: 'udp4' | 'udp6') =>
        createSocket(type).once('close', () => closed++)) as typeof createSocket,
    };
    await expect(ask(family, server, { signal: controller.signal }, network)).rejects.toThrow('enough');
    await new Promise(setImmediate);
    expect(closed).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it('sends nothing if aborted before', async () => {
    const server = await serve(family, truthful());
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(ask(family, server, { signal })).rejects.toThrow('too late');
    expect(server.requests).toHaveLength(0);
  });

  it('reports a refusal at once', async () => {
    const result = await ask(family, { host: loopback, port: await closedPort(family) });
    expect(result).toEqual({ kind: 'failed', why: 'refused: nothing listens on that port' });
  });

  it('ignores an answer from another port, even with the right transaction id', async () => {
    const stranger = await serve(family, () => {});
    const forge = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
    const server = await serve(family, (request, from, socket, count) => {
      const id = idOf(request);
      const forged = message(0x0101, id, [
        xorMappedAddress(family === 'ipv4' ? '6.6.6.6' : '2a00::6666', 1, id),
      ]);
      forge.send(forged, from.port, from.address, () => truthful(outside)(request, from, socket, count));
    });
    expect(stranger.port).not.toBe(server.port);
    expect(await ask(family, server)).toEqual({ kind: 'mapped', address: outside });
    forge.close();
  });

  it('ignores a forged answer that arrives before the socket is connected', async () => {
    const server = await serve(family, truthful(outside));
    const forge = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
    const id = Buffer.alloc(12, 7);
    const forged = message(0x0101, id, [
      xorMappedAddress(family === 'ipv4' ? '6.6.6.6' : '2a00::6666', 1, id),
    ]);
    const network: StunNetwork = {
      ...hostNetwork,
      createSocket: ((type: 'udp4' | 'udp6') => {
        const socket = createSocket(type);
        const connect = socket.connect.bind(socket);
        // The socket is bound here and not yet connected; the forged datagram is in its queue first.
        socket.connect = ((port: number, host: string, ready: () => void) => {
          forge.send(forged, socket.address().port, loopback, () => connect(port, host, ready));
        }) as typeof socket.connect;
        return socket;
      }) as typeof createSocket,
    };
    const signal = AbortSignal.timeout(10_000);
    const question = {
      host: server.host,
      port: server.port,
      family,
      localAddress: address(loopback),
      signal,
    };
    expect(await askStun(question, () => id, network)).toEqual({ kind: 'mapped', address: outside });
    forge.close();
  });

  it('ignores a wrong transaction id and malformed datagrams', async () => {
    const server = await serve(family, (request, from, socket, count) => {
      const id = idOf(request);
      const other = Buffer.alloc(12, 1);
      const wrong = [
        Buffer.from('hello'),
        Buffer.alloc(0),
        message(0x0101, other, [xorMappedAddress('6.6.6.6', 1, other)]),
        message(0x0101, id, [xorMappedAddress('6.6.6.6', 1, id)]).subarray(0, 30),
      ];
      for (const datagram of wrong) socket.send(datagram, from.port, from.address);
      truthful(outside)(request, from, socket, count);
    });
    expect(await ask(family, server)).toEqual({ kind: 'mapped', address: outside });
  });

  it('reports an error answer', async () => {
    const server = await serve(family, (request, from, socket) => {
      const answer = message(0x0111, idOf(request), [errorCode(420, 'Unknown Attribute')]);
      socket.send(answer, from.port, from.address);
    });
    expect(await ask(family, server)).toEqual({ kind: 'error', code: 420, reason: 'Unknown Attribute' });
  });
});

describe('the name of a STUN server', () => {
  const resolving = (answer: string | undefined, seen: LookupOptions[] = []): StunNetwork => ({
    ...hostNetwork,
    lookup: ((_: string, options: LookupOptions, done: (error: Error | null, address?: string) => void) => {
      seen.push(options);
      if (answer === undefined) done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
      else done(null, answer);
    }) as typeof hostNetwork.lookup,
  });

  it('is resolved for the family alone', async () => {
    const server = await serve('ipv4', truthful());
    const seen: LookupOptions[] = [];
    const result = await ask(
      'ipv4',
      { host: 'stun.example.org', port: server.port },
      {},
      resolving('127.0.0.1', seen),
    );
    expect(result).toEqual({ kind: 'mapped', address: '127.0.0.1' });
    expect(seen).toEqual([{ family: 4 }]);
  });

  it('gives the reason if it has no address', async () => {
    const result = await ask('ipv6', { host: 'stun.example.org', port: 1 }, {}, resolving(undefined));
    expect(result).toEqual({ kind: 'failed', why: 'no IPv6 address of stun.example.org found (ENOTFOUND)' });
  });

  it('is not asked at an address of the other family', async () => {
    const result = await ask('ipv6', { host: '127.0.0.1', port: 1 });
    expect(result).toEqual({ kind: 'failed', why: 'no IPv6 address of 127.0.0.1 found' });
  });

  it('does not hold up an abort', async () => {
    const controller = new AbortController();
    const network = {
      ...hostNetwork,
      lookup: (() => controller.abort(new Error('enough'))) as unknown as typeof hostNetwork.lookup,
    };
    const asked = ask('ipv4', { host: 'stun.example.org', port: 1 }, { signal: controller.signal }, network);
    await expect(asked).rejects.toThrow('enough');
  });
});
