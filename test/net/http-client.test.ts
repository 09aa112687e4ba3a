import { getEventListeners } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpFailure, type HttpRequest } from '../../src/net/http.ts';
import { createHttpPool, type HttpPool, type HttpPoolInit } from '../../src/net/http-client.ts';
import { makeCertificate } from '../fakes/certificate.ts';
import {
  type FakeHttpServer,
  type FakeHttpServerInit,
  type Reply,
  startHttpServer,
} from '../fakes/http-server.ts';

const opened: Array<{ close(): Promise<void> }> = [];
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

async function serve(init: FakeHttpServerInit = {}): Promise<FakeHttpServer> {
  const server = await startHttpServer(init);
  opened.push(server);
  return server;
}

function pool(init: Partial<HttpPoolInit> = {}): HttpPool {
  const made = createHttpPool({ userAgent: 'netdrift-test/1', ...init });
  opened.push(made);
  return made;
}

const forever = (): AbortSignal => new AbortController().signal;
const get = (url: URL, more: Partial<HttpRequest> = {}): HttpRequest => ({ method: 'GET', url, ...more });

async function failureOf(promise: Promise<unknown>): Promise<HttpFailure> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof HttpFailure) return outcome.error;
  throw new Error(`no HttpFailure, but ${JSON.stringify(outcome)}`);
}

/** The failure of one GET that the server treats so. */
async function failing(reply: Reply, more: Partial<HttpRequest> = {}): Promise<HttpFailure> {
  const server = await serve();
  server.next(reply);
  return failureOf(pool().client(get(server.url, more), forever()));
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('an exchange', () => {
  it('sends what it is given and answers with status, headers and body', async () => {
    const server = await serve();
    server.next({ status: 201, headers: { 'X-Thing': ['a', 'b'] }, body: 'grüße' });
    const answer = await pool().client(
      { method: 'PUT', url: new URL('/p?q=1,2', server.url), headers: { 'X-Key': 'k' }, body: '{"ü":1}' },
      forever(),
    );
    expect(answer).toMatchObject({ status: 201, body: 'grüße' });
    expect(answer.headers['x-thing']).toBe('a, b');
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'PUT', target: '/p?q=1,2', body: '{"ü":1}' });
    expect(request?.headers).toMatchObject({
      'user-agent': 'netdrift-test/1',
      'x-key': 'k',
      'content-length': '8',
    });
    expect(request?.headers['transfer-encoding']).toBeUndefined();
  });

  it('takes any status for an answer and follows no redirect', async () => {
    const server = await serve();
    const { client } = pool();
    for (const status of [301, 404, 429, 500, 599]) {
      server.next({ status, headers: { location: '/elsewhere' }, body: 'x' });
      expect((await client(get(server.url), forever())).status).toBe(status);
    }
    expect(server.requests).toHaveLength(5);
  });

  it('keeps no cookies', async () => {
    const server = await serve({ respond: () => ({ status: 200, headers: { 'set-cookie': 'a=b' } }) });
    const { client } = pool();
    await client(get(server.url), forever());
    await client(get(server.url), forever());
    expect(server.requests[1]?.headers.cookie).toBeUndefined();
  });

  it('lets the caller give another User-Agent, and user and password in the URL', async () => {
    const server = await serve({ respond: () => ({ status: 200 }) });
    const url = server.url;
    url.username = 'me';
    url.password = 'p%40ss';
    await pool().client(get(url, { headers: { 'User-Agent': 'other/2' } }), forever());
    expect(server.requests[0]?.headers).toMatchObject({
      'user-agent': 'other/2',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    });
  });

  it('accepts a body of exactly the limit, and no longer one', async () => {
    const server = await serve({ respond: () => ({ status: 200, body: 'x'.repeat(100) }) });
    const { client } = pool();
    expect((await client(get(server.url, { maxBytes: 100 }), forever())).body).toHaveLength(100);
    expect(await failureOf(client(get(server.url, { maxBytes: 99 }), forever()))).toMatchObject({
      kind: 'too_large',
      sent: true,
    });
  });

  it('answers HEAD without waiting for the announced body', async () => {
    const server = await serve({ respond: () => ({ headers: { 'content-length': '9000000' } }) });
    const answer = await pool().client({ method: 'HEAD', url: server.url }, forever());
    expect(answer).toMatchObject({ status: 200, body: '' });
  });
});

describe('what goes wrong before the request is sent', () => {
  it('refused', async () => {
    const url = new URL(`http://127.0.0.1:${await closedPort()}/secret-path?token=secret`);
    const failure = await failureOf(pool().client(get(url), forever()));
    expect(failure).toMatchObject({ kind: 'connect', sent: false });
    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure.message).not.toContain('secret');
  });

  it('a name that does not exist', async () => {
    const url = new URL('http://nowhere.invalid/secret-path');
    const failure = await failureOf(pool().client(get(url), forever()));
    expect(failure).toMatchObject({ kind: 'resolve', sent: false });
    expect(failure.message).not.toContain('secret');
  });

  it('a certificate nobody vouches for, even where the environment switches checks off', async () => {
    const server = await serve({ tls: makeCertificate() });
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      const failure = await failureOf(
        pool().client(get(server.url, { method: 'POST', body: 'secret' }), forever()),
      );
      expect(failure).toMatchObject({ kind: 'tls', sent: false });
      expect(failure.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
      expect(server.requests).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it('a peer that does not speak TLS', async () => {
    const server = await serve();
    const url = server.url;
    url.protocol = 'https:';
    expect(await failureOf(pool().client(get(url), forever()))).toMatchObject({ kind: 'tls', sent: false });
  });

  it('an address of the other family in the URL', async () => {
    const server = await serve({ respond: () => ({}) });
    const failure = await failureOf(pool({ family: 'ipv6' }).client(get(server.url), forever()));
    expect(failure).toMatchObject({ kind: 'connect', sent: false });
    expect(failure.message).toContain('IPv4 address');
    const bound = pool({ localAddress: '::1' });
    expect(await failureOf(bound.client(get(server.url), forever()))).toMatchObject({ kind: 'connect' });
    expect(server.load.opened).toBe(0);
  });

  it('a source address that is not ours', async () => {
    const server = await serve({ respond: () => ({}) });
    const failure = await failureOf(pool({ localAddress: '192.0.2.77' }).client(get(server.url), forever()));
    expect(failure).toMatchObject({ kind: 'connect', sent: false });
    expect(failure.message).toContain('EADDRNOTAVAIL');
  });

  it('a header that cannot be sent', async () => {
    const server = await serve();
    const failure = await failureOf(
      pool().client(get(server.url, { headers: { 'x-key': 'secret\r\nx: y' } }), forever()),
    );
    expect(failure).toMatchObject({ kind: 'malformed', sent: false });
    expect(failure.message).not.toContain('secret');
  });
});

describe('what goes wrong after the request is sent', () => {
  it.each<[string, Reply, HttpFailure['kind']]>([
    ['reset before the answer', { reset: 'headers' }, 'reset'],
    ['closed before the answer', { raw: '' }, 'reset'],
    ['reset in the middle of the body', { reset: 'body', body: 'half of it' }, 'reset'],
    ['fewer octets than announced', { body: 'short', announce: 500 }, 'reset'],
    ['more octets than announced', { body: 'a good deal longer', announce: 3 }, 'malformed'],
    ['no HTTP at all', { raw: 'SSH-2.0-OpenSSH_9.9\r\n' }, 'malformed'],
    ['a body compressed unasked', { body: 'x', headers: { 'content-encoding': 'gzip' } }, 'malformed'],
    ['a header without end', { raw: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}` }, 'too_large'],
  ])('%s', async (_, reply, kind) => {
    expect(await failing(reply)).toMatchObject({ kind, sent: true });
  });

  it('stops a body of 100 MB as soon as it is too long, announced or not', async () => {
    const server = await serve();
    server.next({ body: 'x', announce: 100_000_000 });
    const { client } = pool();
    expect(await failureOf(client(get(server.url), forever()))).toMatchObject({
      kind: 'too_large',
      sent: true,
    });

    let written = 0;
    const endless = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const chunk = Buffer.alloc(65_536, 'x');
      const push = (): void => {
        while (written < 100_000_000 && !socket.destroyed) {
          written += chunk.length;
          if (!socket.write(chunk)) break;
        }
      };
      socket.on('drain', push);
      socket.once('data', push);
    });
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise((resolve) => endless.close(() => resolve())) });
    const url = new URL(`http://127.0.0.1:${(endless.address() as AddressInfo).port}/`);
    expect(await failureOf(client(get(url), forever()))).toMatchObject({ kind: 'too_large', sent: true });
    // The kernel's buffers on both ends may hold some megabytes that nobody reads.
    expect(written).toBeLessThan(30_000_000);
  });

  it('sends nothing a second time when a kept connection turns out dead', async () => {
    const server = await serve();
    const { client } = pool();
    server.next({ status: 200 }, { reset: 'headers' });
    await client(get(server.url), forever());
    expect(await failureOf(client(get(server.url), forever()))).toMatchObject({ kind: 'reset', sent: true });
    expect(server.requests).toHaveLength(2);
    expect(server.load.opened).toBe(1);
  });
});

describe('the signal', () => {
  it.each<[string, Reply]>([
    ['before the answer', { hang: 'headers' }],
    ['in the body', { hang: 'body', body: 'half of it' }],
  ])('ends an exchange that hangs %s, and its connection', async (_, reply) => {
    const server = await serve();
    server.next(reply);
    const failure = await failureOf(pool().client(get(server.url), AbortSignal.timeout(60)));
    expect(failure).toMatchObject({ kind: 'timeout', sent: true });
    await expect.poll(() => server.load.open).toBe(0);
    // undici by itself opens another one for the request that it gave up.
    await sleep(50);
    expect(server.load.opened).toBe(1);
  });

  it('tells an abort from a deadline', async () => {
    const server = await serve();
    server.next({ hang: 'headers' });
    const stop = new AbortController();
    const failure = failureOf(pool().client(get(server.url), stop.signal));
    await expect.poll(() => server.requests.length).toBe(1);
    stop.abort();
    expect(await failure).toMatchObject({ kind: 'aborted', sent: true });
  });

  it('ends an exchange that has not got a TLS connection yet: nothing was sent', async () => {
    const mute = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise((resolve) => mute.close(() => resolve())) });
    const url = new URL(`https://127.0.0.1:${(mute.address() as AddressInfo).port}/`);
    const failure = await failureOf(pool().client(get(url), AbortSignal.timeout(60)));
    expect(failure).toMatchObject({ kind: 'timeout', sent: false });
  });

  it('opens nothing when it is aborted already, or aborts while waiting in line', async () => {
    const server = await serve({ respond: () => ({ hang: 'headers' }) });
    const { client } = pool({ connections: 1 });
    expect(await failureOf(client(get(server.url), AbortSignal.abort()))).toMatchObject({
      kind: 'aborted',
      sent: false,
    });
    const first = new AbortController();
    const hanging = failureOf(client(get(server.url), first.signal));
    const waiting = await failureOf(client(get(server.url), AbortSignal.timeout(60)));
    expect(waiting).toMatchObject({ kind: 'timeout', sent: false });
    first.abort();
    await hanging;
    expect(server.requests).toHaveLength(1);
  });
});

describe('the pool', () => {
  it('uses a connection once where the request says so', async () => {
    const server = await serve();
    const { client } = pool();
    const request = get(server.url, { closing: true });
    for (let count = 0; count < 3; count += 1) await client(request, forever());
    expect(server.load.opened).toBe(3);
  });

  it('opens at most four connections to one origin and uses them again', async () => {
    const server = await serve({ respond: () => ({ status: 200, delay: 10 }) });
    const { client } = pool();
    await Promise.all(Array.from({ length: 40 }, () => client(get(server.url), forever())));
    expect(server.requests).toHaveLength(40);
    expect(server.load.peak).toBe(4);
    expect(server.load.opened).toBe(4);
  });

  it('renews: idle connections go, what is in flight fails as lost, and the next request works', async () => {
    const server = await serve({ respond: () => ({ status: 200 }) });
    const made = pool();
    await made.client(get(server.url), forever());
    server.next({ hang: 'headers' });
    const lost = failureOf(made.client(get(server.url), forever()));
    await expect.poll(() => server.requests.length).toBe(2);
    made.renew();
    expect(await lost).toMatchObject({ kind: 'reset', sent: true });
    await expect.poll(() => server.load.open).toBe(0);
    expect((await made.client(get(server.url), forever())).status).toBe(200);
    expect(server.load.opened).toBe(2);
  });

  it('closes: nothing is left open, and nothing is opened any more', async () => {
    const server = await serve({ respond: () => ({ status: 200 }) });
    const made = pool();
    server.next({ hang: 'headers' });
    const lost = failureOf(made.client(get(server.url), forever()));
    await expect.poll(() => server.requests.length).toBe(1);
    await made.close();
    expect(await lost).toMatchObject({ kind: 'aborted', sent: true });
    await expect.poll(() => server.load.open).toBe(0);
    made.renew();
    expect(await failureOf(made.client(get(server.url), forever()))).toMatchObject({
      kind: 'aborted',
      sent: false,
    });
    await made.close();
  });

  it('binds the source address, and keeps to a family when a name has both', async () => {
    const server = await serve({ respond: () => ({ status: 200 }) });
    const url = server.url;
    url.hostname = 'localhost';
    expect((await pool({ localAddress: '127.0.0.1' }).client(get(url), forever())).status).toBe(200);
    expect((await pool({ family: 'ipv4' }).client(get(url), forever())).status).toBe(200);
    expect(await failureOf(pool({ family: 'ipv6' }).client(get(url), forever()))).toMatchObject({
      sent: false,
    });
  });
});

const { addEventListener: original } = EventTarget.prototype;

describe('connections that were not to be had', () => {
  it('leave nothing behind: no listener of any signal for each', async () => {
    const signals = new Set<AbortSignal>();
    const add = vi.spyOn(EventTarget.prototype, 'addEventListener').mockImplementation(function (
      this: EventTarget,
      ...words
    ) {
      if (this instanceof AbortSignal) signals.add(this);
      return original.apply(this, words);
    });
    try {
      const closed = await serve();
      const { url } = closed;
      await closed.close();
      const { signal } = new AbortController();
      const { client } = pool();
      for (let count = 0; count < 12; count += 1)
        expect((await failureOf(client(get(url), signal))).sent).toBe(false);
      const left = [...signals].map((one) => getEventListeners(one, 'abort').length);
      expect(left.reduce((sum, count) => sum + count, 0)).toBeLessThan(12);
    } finally {
      add.mockRestore();
    }
  });
});
