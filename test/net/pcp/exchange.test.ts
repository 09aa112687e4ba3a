import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { askGateway } from '../../../src/net/pcp/exchange.ts';
import { decodeNatPmp, encodeAddressRequest } from '../../../src/net/pcp/nat-pmp.ts';

const LOOPBACK = address('127.0.0.1');
const ANSWER = Buffer.from('008000000000000acb00720a', 'hex');
const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

type Serve = (from: RemoteInfo, socket: Socket, count: number) => void;

async function gateway(
  serve: Serve,
): Promise<{ readonly port: number; readonly requests: readonly Buffer[] }> {
  const socket = createSocket('udp4');
  open.push(socket);
  const requests: Buffer[] = [];
  socket.on('message', (request, from) => {
    requests.push(request);
    serve(from, socket, requests.length);
  });
  await new Promise<void>((ready) => socket.bind(0, '127.0.0.1', ready));
  return { port: socket.address().port, requests };
}

const ask = (port: number, signal = AbortSignal.timeout(10_000)) =>
  askGateway(
    {
      gateway: LOOPBACK,
      port,
      localAddress: LOOPBACK,
      request: encodeAddressRequest(),
      accept: decodeNatPmp,
      signal,
    },
    { createSocket, retransmission: { timeout: 20, requests: 3 } },
  );

describe('asking a gateway', () => {
  it('gives the answer', async () => {
    const { port } = await gateway((from, socket) => socket.send(ANSWER, from.port));
    expect(await ask(port)).toMatchObject({
      kind: 'answered',
      answer: { address: '203.0.114.10', epoch: 10 },
    });
  });

  it('asks again after a silence, and passes over what is no answer', async () => {
    const { port, requests } = await gateway((from, socket, count) => {
      socket.send(count < 3 ? Buffer.from('0081') : ANSWER, from.port);
    });
    expect(await ask(port)).toMatchObject({ kind: 'answered' });
    expect(requests).toHaveLength(3);
  });

  it('gives up after three requests', async () => {
    const { port, requests } = await gateway(() => {});
    expect(await ask(port)).toEqual({ kind: 'silent', why: 'no answer to 3 requests' });
    expect(requests).toHaveLength(3);
  });

  it('says so where nothing listens', async () => {
    const { port } = await gateway(() => {});
    await new Promise<void>((closed) => open.pop()?.close(closed));
    expect(await ask(port)).toMatchObject({ kind: 'refused' });
  });

  it('does not believe another sender', async () => {
    const stranger = createSocket('udp4');
    open.push(stranger);
    const { port } = await gateway((from) => stranger.send(ANSWER, from.port, '127.0.0.1'));
    expect(await ask(port)).toMatchObject({ kind: 'silent' });
  });

  it('fails where it cannot ask from the address given', async () => {
    const question = {
      gateway: LOOPBACK,
      port: 9,
      localAddress: address('192.0.2.1'),
      request: encodeAddressRequest(),
      accept: decodeNatPmp,
      signal: AbortSignal.timeout(10_000),
    };
    const answer = await askGateway(question, { createSocket, retransmission: { timeout: 20, requests: 3 } });
    expect(answer).toEqual({ kind: 'failed', why: 'the socket failed (EADDRNOTAVAIL)' });
  });

  it('stops at once when aborted, before and while it waits', async () => {
    const { port } = await gateway(() => {});
    await expect(ask(port, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    const controller = new AbortController();
    const asking = ask(port, controller.signal);
    controller.abort(new Error('meanwhile'));
    await expect(asking).rejects.toThrow('meanwhile');
  });
});
