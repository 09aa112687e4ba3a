import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { FAMILIES, type Family } from '../../../src/model/family.ts';
import { type Binding, openBinding } from '../../../src/net/stun/binding.ts';
import {
  type Answer,
  closedPort,
  errorCode,
  idOf,
  message,
  type StunServer,
  stunServer,
  truthful,
} from './fixtures.ts';

const BRISK = { createSocket, lookup, retransmission: { timeout: 20, requests: 3, lastWait: 4 } };
const never = new AbortController().signal;

let server: StunServer | undefined;
let binding: Binding | undefined;

async function open(family: Family, answer: Answer): Promise<Binding> {
  server = await stunServer(family, answer);
  const { host, port } = server;
  binding = openBinding({ host, port, family }, randomBytes, BRISK);
  return binding;
}

afterEach(async () => {
  binding?.close();
  await server?.close();
  server = undefined;
});

describe('a binding that is kept', () => {
  for (const family of FAMILIES) {
    it(`asks again and again from one port, 20 octets each time, another id each time (${family})`, async () => {
      const ports: number[] = [];
      const kept = await open(family, (request, from, socket, count) => {
        ports.push(from.port);
        truthful()(request, from, socket, count);
      });
      for (let round = 0; round < 3; round += 1) {
        expect(await kept.ask(never)).toEqual({
          kind: 'mapped',
          address: address(family === 'ipv4' ? '127.0.0.1' : '::1'),
        });
      }
      expect(new Set(ports).size).toBe(1);
      expect(server?.requests.map(({ length }) => length)).toEqual([20, 20, 20]);
      expect(new Set(server?.requests.map((request) => idOf(request).toString('hex'))).size).toBe(3);
    });
  }

  it('opens and sends nothing before the first question', async () => {
    await open('ipv4', truthful());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(server?.requests).toEqual([]);
  });

  it('repeats a lost request, with the same id', async () => {
    const kept = await open('ipv4', (request, from, socket, count) => {
      if (count > 2) truthful()(request, from, socket, count);
    });
    expect(await kept.ask(never)).toMatchObject({ kind: 'mapped' });
    expect(new Set(server?.requests.map((request) => idOf(request).toString('hex'))).size).toBe(1);
  });

  it('gives up on a server that is silent, and hears it when it speaks again', async () => {
    let speaks = false;
    const kept = await open('ipv4', (request, from, socket, count) => {
      if (speaks) truthful()(request, from, socket, count);
    });
    expect(await kept.ask(never)).toEqual({ kind: 'failed', why: 'no answer to 3 requests' });
    speaks = true;
    expect(await kept.ask(never)).toMatchObject({ kind: 'mapped' });
  });

  it('sends as often as a question says, and knows then where the server is', async () => {
    const kept = await open('ipv4', () => {});
    expect(kept.server).toBeUndefined();
    const once = { timeout: 20, requests: 1, lastWait: 1 };
    expect(await kept.ask(never, once)).toEqual({ kind: 'failed', why: 'no answer to 1 requests' });
    expect(server?.requests).toHaveLength(1);
    expect(kept.server).toBe('127.0.0.1');
  });

  it('does not take the late answer to an earlier question', async () => {
    let first: Buffer | undefined;
    const kept = await open('ipv4', (request, from, socket, count) => {
      first ??= idOf(request);
      if (count <= 3) return;
      const late = message(0x0101, first, []);
      socket.send(late, from.port, from.address);
    });
    await kept.ask(never);
    expect(await kept.ask(never)).toMatchObject({ kind: 'failed' });
  });

  it('tells a refusal and an error answer', async () => {
    const port = await closedPort('ipv4');
    const refused = openBinding({ host: '127.0.0.1', port, family: 'ipv4' }, randomBytes, BRISK);
    expect(await refused.ask(never)).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('refused'),
    });
    refused.close();
    const kept = await open('ipv4', (request, from, socket) =>
      socket.send(message(0x0111, idOf(request), [errorCode(500, 'Server Error')]), from.port, from.address),
    );
    expect(await kept.ask(never)).toMatchObject({ kind: 'error', code: 500 });
  });

  it('closed while it waits it ends the question; aborted it rejects with the reason', async () => {
    const kept = await open('ipv4', () => {});
    const waiting = kept.ask(never);
    await expect.poll(() => server?.requests.length).toBeGreaterThan(0);
    kept.close();
    kept.close();
    expect(await waiting).toEqual({ kind: 'failed', why: 'closed' });
    const controller = new AbortController();
    const other = openBinding({ host: '127.0.0.1', port: server?.port ?? 0, family: 'ipv4' }, randomBytes, {
      ...BRISK,
      retransmission: { timeout: 10_000, requests: 1, lastWait: 1 },
    });
    const asked = other.ask(controller.signal);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    other.close();
  });
});
