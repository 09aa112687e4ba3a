import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { asyncScheduler, type Subscription } from 'rxjs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { createRouterClient, type RouterClient } from '../../../src/sources/router/client.ts';
import { type Said, serviceNotices } from '../../../src/sources/router/hearing.ts';
import { hostRouterNetwork } from '../../../src/sources/router/network.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { GATEWAY } from './fake-router.ts';

const IGD = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1';
const sender = createSocket('udp4');
let port = 0;
let client: RouterClient;
let running: Subscription | undefined;
let heard: Said[];

beforeEach(async () => {
  const clock = { monotonic: () => 0, wall: () => 0, boot: () => 0 };
  client = createRouterClient({ clock, randomBytes, log: silentLog });
  heard = [];
  running = undefined;
  const probe = createSocket('udp4');
  await new Promise<void>((ready) => probe.bind(0, ready));
  port = probe.address().port;
  await new Promise<void>((closed) => probe.close(closed));
});
afterEach(() => running?.unsubscribe());
afterAll(() => void sender.close());

/** Listens, and resolves when the socket is bound. */
async function listen(gateway = GATEWAY): Promise<void> {
  const bound = new Promise<void>((resolve) => {
    const create = ((...given: Parameters<typeof createSocket>) => {
      const socket = createSocket(...given);
      socket.on('listening', () => setImmediate(resolve));
      return socket;
    }) as typeof createSocket;
    const ports = { ...hostRouterNetwork.ports, ssdp: port };
    const network = { ...hostRouterNetwork, createSocket: create, ports };
    running = serviceNotices(gateway, {
      client,
      network,
      scheduler: asyncScheduler,
      log: silentLog,
    }).subscribe((said) => heard.push(said));
  });
  await bound;
}

const send = (text: string) => new Promise((sent) => sender.send(text, port, '127.0.0.1', sent));
const alive = (boot: number, target = IGD, place = 'a') =>
  send(
    `NOTIFY * HTTP/1.1\r\nNT: ${target}\r\nNTS: ssdp:alive\r\nLOCATION: http://127.0.0.1/${place}\r\nBOOTID.UPNP.ORG: ${boot}\r\n\r\n`,
  );
const byebye = () => send(`NOTIFY * HTTP/1.1\r\nNT: ${IGD}\r\nNTS: ssdp:byebye\r\n\r\n`);
const count = (expected: number) => expect.poll(() => heard.length).toBe(expected);

describe('announcements of services', () => {
  it('are news once for each start of the router', async () => {
    await listen();
    await alive(1);
    await alive(1);
    await count(1);
    await alive(2);
    await count(2);
    await alive(2);
    await alive(2, IGD, 'elsewhere');
    await count(3);
  });

  it('are news after a farewell', async () => {
    await listen();
    await alive(1);
    await byebye();
    await alive(1);
    await count(2);
  });

  it('are none at first where a search has found that very start, until a farewell', async () => {
    client.memory(GATEWAY).found = '1 http://127.0.0.1/a';
    await listen();
    await alive(1);
    await alive(1, IGD.replace(/1$/, '2'));
    await alive(2);
    await count(1);
    await byebye();
    await alive(1);
    await count(2);
  });

  it('are news at first where a search has found another start', async () => {
    client.memory(GATEWAY).found = '1 http://127.0.0.1/a';
    await listen();
    await alive(2);
    await count(1);
  });

  it('with a place for each version are no restart', async () => {
    await listen();
    const second = IGD.replace(/1$/, '2');
    for (let index = 0; index < 3; index += 1) {
      await alive(1, IGD, 'v1');
      await alive(1, second, 'v2');
    }
    await alive(9);
    await count(3);
  });

  it('of other devices, and of strangers, are none', async () => {
    await listen({ ...GATEWAY, address: address('192.168.1.1') });
    await alive(1, 'urn:schemas-upnp-org:device:MediaServer:1');
    await alive(1);
    await expect.poll(() => client.tally.counts.get('a notice of a gateway from a stranger')).toBe(1);
    expect(heard).toEqual([]);
  });
});
