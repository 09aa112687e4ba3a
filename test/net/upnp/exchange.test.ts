import { createSocket, type Socket } from 'node:dgram';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import {
  type CallbackServer,
  listenForEvents,
  type Notification,
} from '../../../src/net/upnp/callback-server.ts';
import { lanExchange } from '../../../src/net/upnp/lan-http.ts';
import { searchGateway } from '../../../src/net/upnp/search.ts';

const LOOPBACK = address('127.0.0.1');
const servers: (Server | CallbackServer)[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets.splice(0)) socket.close();
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`);
}

const exchange = (url: URL, more: { deadline?: number; signal?: AbortSignal; body?: string } = {}) =>
  lanExchange(
    {
      method: 'SUBSCRIBE',
      url,
      localAddress: LOOPBACK,
      deadline: 5_000,
      signal: new AbortController().signal,
      ...more,
    },
    { request },
  );

describe('an exchange on the LAN', () => {
  it('sends method, path and body, and gives status, headers and body', async () => {
    const url = await serve((incoming, response) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => {
        response.writeHead(207, { SID: 'uuid:1' }).end(`${incoming.method} ${incoming.url} ${body}`);
      });
    });
    expect(await exchange(url, { body: 'hello' })).toMatchObject({
      kind: 'answered',
      status: 207,
      headers: { sid: 'uuid:1' },
      body: 'SUBSCRIBE /path?query hello',
    });
  });

  it('follows no redirect', async () => {
    const url = await serve(
      (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    expect(await exchange(url)).toMatchObject({ kind: 'answered', status: 302 });
  });

  it('gives up at its deadline, though something trickles in', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200);
      const trickle = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(trickle));
    });
    expect(await exchange(url, { deadline: 60 })).toEqual({ kind: 'failed', why: 'no answer within 60 ms' });
  });

  it('reads no endless body and no endless head', async () => {
    const body = await serve((_, response) => void response.end(Buffer.alloc(1_000_000)));
    expect(await exchange(body)).toMatchObject({ kind: 'failed', why: expect.stringContaining('more than') });
    const head = await serve((_, response) => void response.writeHead(200, { a: 'x'.repeat(20_000) }).end());
    expect(await exchange(head)).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('HPE_HEADER_OVERFLOW'),
    });
  });

  it('says so where nothing listens, where it breaks off, and where the request cannot be made', async () => {
    expect(await exchange(new URL('http://127.0.0.1:1/'))).toEqual({
      kind: 'failed',
      why: 'cannot be asked (ECONNREFUSED)',
    });
    const url = await serve((_, response) => void response.socket?.destroy());
    expect(await exchange(url)).toMatchObject({ kind: 'failed' });
    const wrong = { method: 'SUBSCRIBE', url, headers: { sid: 'a\r\nb' }, localAddress: LOOPBACK } as const;
    const answer = await lanExchange(
      { ...wrong, deadline: 1_000, signal: new AbortController().signal },
      { request },
    );
    expect(answer).toMatchObject({ kind: 'failed', why: expect.stringContaining('malformed') });
  });

  it('stops at once when aborted', async () => {
    const url = await serve(() => {});
    const controller = new AbortController();
    const asking = exchange(url, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});

async function listen(gateway = LOOPBACK) {
  const notifications: Notification[] = [];
  const strangers: string[] = [];
  const server = await listenForEvents(
    {
      localAddress: LOOPBACK,
      gateway,
      onNotification: (notification) => {
        notifications.push(notification);
        return notification.token === 'known';
      },
      onStranger: (sender) => strangers.push(sender),
      onError: () => {},
    },
    { createServer },
  );
  servers.push(server);
  return { server, notifications, strangers };
}

const NOTIFY = { nt: 'upnp:event', nts: 'upnp:propchange', sid: 'uuid:1' };

function notify(
  port: number,
  path: string,
  headers: Record<string, string>,
  body: string,
  method = 'NOTIFY',
) {
  return new Promise<number | 'cut'>((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode ?? 0);
    });
    outgoing.on('error', () => resolve('cut'));
    outgoing.end(body);
  });
}

describe('the server for events', () => {
  it('takes events of a path that was given out, and tells the others that nobody is subscribed', async () => {
    const { server, notifications } = await listen();
    expect(await notify(server.port, '/known', NOTIFY, 'body')).toBe(200);
    expect(await notify(server.port, '/guessed', NOTIFY, 'body')).toBe(412);
    expect(notifications).toEqual([
      { token: 'known', sid: 'uuid:1', body: 'body' },
      { token: 'guessed', sid: 'uuid:1', body: 'body' },
    ]);
  });

  it('refuses other methods, other kinds, and large bodies', async () => {
    const { server, notifications } = await listen();
    expect(await notify(server.port, '/known', NOTIFY, '', 'POST')).toBe(405);
    expect(await notify(server.port, '/known', { ...NOTIFY, nt: 'x' }, '')).toBe(412);
    expect(await notify(server.port, '/known', NOTIFY, 'x'.repeat(100_000))).toBe('cut');
    expect(notifications).toEqual([]);
  });

  it('cuts the connections of strangers unread', async () => {
    const { server, notifications, strangers } = await listen(address('192.168.1.1'));
    expect(await notify(server.port, '/known', NOTIFY, 'body')).toBe('cut');
    expect(notifications).toEqual([]);
    expect(strangers).toEqual(['127.0.0.1']);
  });

  it('survives connections that say nothing or nonsense, and closes them all', async () => {
    const { server } = await listen();
    const silent = connect(server.port, '127.0.0.1');
    const closed = new Promise((resolve) => silent.on('close', resolve));
    silent.on('error', () => {}).resume();
    const nonsense = connect(server.port, '127.0.0.1');
    nonsense.on('error', () => {}).resume();
    await new Promise((resolve) => nonsense.on('close', resolve).end('\0\0nonsense\r\n\r\n'));
    expect(await notify(server.port, '/known', NOTIFY, '')).toBe(200);
    server.close();
    await closed;
  });
});

const FOUND = (location: string, target = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1') =>
  `HTTP/1.1 200 OK\r\nST: ${target}\r\nLOCATION: ${location}\r\n\r\n`;

async function responder(
  answers: readonly string[],
): Promise<{ readonly port: number; readonly targets: string[] }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  const targets: string[] = [];
  socket.on('message', (datagram, from) => {
    targets.push(/^ST: (\S+)/m.exec(datagram.toString())?.[1] ?? '');
    if (targets.length === 1) for (const answer of answers) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((ready) => socket.bind(0, '127.0.0.1', ready));
  return { port: socket.address().port, targets };
}

const search = (port: number, gateway = LOOPBACK, strangers: string[] = []) =>
  searchGateway(
    {
      gateway,
      port,
      localAddress: LOOPBACK,
      signal: AbortSignal.timeout(10_000),
      onStranger: (sender) => strangers.push(sender),
    },
    { createSocket, patience: { unicast: 50, multicast: 50 } },
  );

describe('a search', () => {
  it('asks the gateway for gateways and gives the place it names', async () => {
    const { port, targets } = await responder([
      FOUND('http://127.0.0.1/x', 'upnp:rootdevice'),
      'junk',
      FOUND('http://127.0.0.1/d'),
    ]);
    expect(await search(port)).toEqual({ location: 'http://127.0.0.1/d', boot: undefined });
    expect(targets.every((target) => /WAN|Gateway/.test(target))).toBe(true);
    expect(targets.length).toBeLessThanOrEqual(4);
  });

  it('ends with nothing where nobody answers', async () => {
    const { port } = await responder([]);
    expect(await search(port)).toBeUndefined();
  });

  it('does not believe others', async () => {
    const strangers: string[] = [];
    const helper = createSocket('udp4');
    sockets.push(helper);
    const socket = createSocket('udp4');
    sockets.push(socket);
    // 127.0.0.2 is asked, 127.0.0.1 answers.
    socket.on('message', (_, from) => helper.send(FOUND('http://127.0.0.1/d'), from.port, from.address));
    await new Promise<void>((ready) => socket.bind(0, '127.0.0.2', ready));
    expect(await search(socket.address().port, address('127.0.0.2'), strangers)).toBeUndefined();
    expect(strangers).toContain('127.0.0.1');
  });
});
