import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPools, type HttpPools } from '../../src/daemon/pools.ts';
import { address } from '../../src/model/address.ts';
import type { UplinkSettings } from '../../src/model/settings.ts';
import type { AddressFlags, Snapshot } from '../../src/model/snapshot.ts';
import { HttpFailure } from '../../src/net/http.ts';
import { failureOfHttpFailure } from '../../src/sinks/failures.ts';
import type { BoundRoutes, BoundUplink } from '../../src/sources/addresses/bound-route.ts';
import { startProxy } from '../fakes/http-proxy.ts';
import { type FakeHttpServer, startHttpServer } from '../fakes/http-server.ts';

let server: FakeHttpServer;
let pools: HttpPools;

beforeEach(async () => {
  server = await startHttpServer({ respond: () => ({ body: 'ok' }) });
  pools = createPools({ userAgent: 'netdrift/test' });
});
afterEach(async () => {
  await pools.close();
  await server.close();
});

const uplink = (more: Partial<UplinkSettings> = {}): UplinkSettings => ({
  name: 'wan',
  detectors: { ipv4: [], ipv6: [] },
  allow: [],
  ...more,
});
const calm: AddressFlags = { tentative: false, duplicate: false, deprecated: false, temporary: false };
const snapshot = (...addresses: ReadonlyArray<readonly [string, Partial<AddressFlags>?]>): Snapshot => ({
  interfaces: [
    {
      name: 'ppp0',
      index: 2,
      running: true,
      loopback: false,
      virtual: false,
      addresses: addresses.map(([text, flags]) => ({
        address: address(text),
        family: text.includes(':') ? 'ipv6' : 'ipv4',
        prefixLength: 32,
        flags: { ...calm, ...flags },
      })),
    },
  ],
  routes: [],
});
const ask = (bound: UplinkSettings, signal = AbortSignal.timeout(5_000)) =>
  pools.witness(bound, 'ipv4')({ method: 'GET', url: server.url }, signal);

describe('an uplink that is bound to an interface', () => {
  const bound = uplink({ interface: 'ppp0' });

  test('fails loudly without an address there: unbound, the question would leave by another uplink', async () => {
    const failure = await ask(bound).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HttpFailure);
    expect(failure).toMatchObject({
      message: expect.stringContaining('there is no interface ppp0'),
    });
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    ['tentative', { tentative: true }],
    ['a duplicate', { duplicate: true }],
  ])('an address that is %s is none', async (_, flags) => {
    pools.see(snapshot(['127.0.0.1', flags]));
    await expect(ask(bound)).rejects.toThrow('nothing to ask from: 1 address, all');
    expect(server.requests).toHaveLength(0);
  });

  test('an address of the other family, or of another interface, is none', async () => {
    pools.see(snapshot(['::1']));
    await expect(ask(bound)).rejects.toThrow('ppp0 has no IPv4 address');
    pools.see(snapshot(['127.0.0.1']));
    await expect(ask(uplink({ interface: 'wwan0' }))).rejects.toThrow('there is no interface wwan0');
  });

  test('leaves from the address of the interface, and from the next one after a change', async () => {
    pools.see(snapshot(['127.0.0.1']));
    expect(await ask(bound)).toMatchObject({ status: 200 });
    const opened = server.load.opened;
    pools.see(snapshot(['127.0.0.1', { deprecated: true }], ['127.0.0.1']));
    expect(await ask(bound)).toMatchObject({ status: 200 });
    expect(server.load.opened).toBeGreaterThanOrEqual(opened);
    pools.see(snapshot());
    await expect(ask(bound)).rejects.toThrow('ppp0 has no IPv4 address');
  });
});

describe('an uplink that is bound to a source address', () => {
  const bound = uplink({ source: { ipv4: address('127.0.0.7') } });

  test('leaves from that address and no other of the host', async () => {
    pools.see(snapshot(['127.0.0.1'], ['127.0.0.7']));
    expect(await ask(bound)).toMatchObject({ status: 200 });
    expect(server.requests.map(({ from }) => from)).toEqual(['127.0.0.7']);
  });

  test('fails loudly where the host does not have it, or not on the interface named with it', async () => {
    pools.see(snapshot(['127.0.0.1']));
    await expect(ask(bound)).rejects.toThrow('this host does not have 127.0.0.7');
    await expect(ask({ ...bound, interface: 'ppp0' })).rejects.toThrow('ppp0 does not have 127.0.0.7');
    expect(server.requests).toHaveLength(0);
  });
});

test('a witness of an unbound uplink asks from the stable IPv6 address, since the system would take the temporary one', async () => {
  const sixth = await startHttpServer({ host: '::1', respond: () => ({ body: 'ok' }) });
  try {
    const request = { method: 'GET', url: sixth.url } as const;
    pools.see(snapshot(['2a00:1450::1'], ['2a00:1450::9', { temporary: true }]));
    const failure = await pools
      .witness(uplink(), 'ipv6')(request, AbortSignal.timeout(5_000))
      .catch((error: unknown) => error);
    // This host does not have the address, and says so by its code: another one would have got through.
    expect(failure).toMatchObject({ message: expect.stringContaining('EADDRNOTAVAIL') });
    pools.see(snapshot(['2a00:1450::9', { temporary: true }]));
    const through = await pools.witness(uplink(), 'ipv6')(request, AbortSignal.timeout(5_000));
    expect(through.status).toBe(200);
  } finally {
    await sixth.close();
  }
});

describe('a sink that leaves through an uplink', () => {
  const lte = uplink({ name: 'lte', interface: 'ppp0' });
  const send = (bound: UplinkSettings, url = server.url, routes?: BoundRoutes) =>
    pools.through(bound, routes)({ method: 'GET', url }, AbortSignal.timeout(5_000));

  test('sends from what the uplink is bound to', async () => {
    pools.see(snapshot(['127.0.0.7']));
    expect(await send(lte)).toMatchObject({ status: 200 });
    pools.see(snapshot(['127.0.0.7'], ['127.0.0.8']));
    expect(await send(uplink({ source: { ipv4: address('127.0.0.8') } }))).toMatchObject({ status: 200 });
    expect(server.requests.map(({ from }) => from)).toEqual(['127.0.0.7', '127.0.0.8']);
  });

  test('reaches a server of either family, if the uplink has an address of it', async () => {
    const sixth = await startHttpServer({ host: '::1', respond: () => ({ body: 'ok' }) });
    try {
      pools.see(snapshot(['127.0.0.7'], ['::1']));
      expect(await send(lte, sixth.url)).toMatchObject({ status: 200 });
      expect(await send(lte)).toMatchObject({ status: 200 });
      pools.see(snapshot(['127.0.0.7']));
      await expect(send(lte, sixth.url)).rejects.toMatchObject({ kind: 'connect', sent: false });
    } finally {
      await sixth.close();
    }
  });

  test('is sent once: what may have arrived is not tried in the other family', async () => {
    pools.see(snapshot(['127.0.0.7'], ['::1']));
    server.next({ reset: 'headers' });
    await expect(send(lte)).rejects.toMatchObject({ sent: true });
    expect(server.requests).toHaveLength(1);
  });

  test('fails as unreachable without an address there, and sends nothing', async () => {
    pools.see(snapshot());
    const failure = await send(lte).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'connect',
      sent: false,
      message: expect.stringContaining('ppp0 has no IPv4 address'),
    });
    if (!(failure instanceof HttpFailure)) throw failure;
    expect(failureOfHttpFailure(failure, 'write')).toMatchObject({ class: 'unreachable' });
    expect(server.requests).toHaveLength(0);
  });

  test('sends nothing where what leaves from there takes another way', async () => {
    pools.see(snapshot(['127.0.0.7']));
    const asked: BoundUplink[] = [];
    const violation = async (bound: BoundUplink) => {
      asked.push(bound);
      return 'not_bound: requests of lte leave by eth0';
    };
    await expect(send(lte, server.url, { violation })).rejects.toThrow('not_bound: requests of lte');
    expect(asked).toEqual([{ uplink: 'lte', family: 'ipv4', interface: 'ppp0' }]);
    expect(server.requests).toHaveLength(0);
  });

  test('goes through a proxy as every sink does, from the same address', async () => {
    const proxy = await startProxy(Number(server.url.port));
    const proxied = createPools({ userAgent: 'netdrift/test', proxy: { http_proxy: proxy.url.href } });
    try {
      proxied.see(snapshot(['127.0.0.7']));
      const outside = { method: 'GET', url: new URL('http://provider.example/') } as const;
      expect((await proxied.through(lte)(outside, AbortSignal.timeout(5_000))).status).toBe(200);
      expect(proxy.requests).toHaveLength(1);
    } finally {
      await proxied.close();
      await proxy.close();
    }
  });
});

test('a witness is never asked through a proxy, sinks are', async () => {
  const proxy = await startProxy(Number(server.url.port));
  const proxied = createPools({ userAgent: 'netdrift/test', proxy: { http_proxy: proxy.url.href } });
  try {
    const signal = AbortSignal.timeout(5_000);
    const direct = await proxied.witness(uplink(), 'ipv4')({ method: 'GET', url: server.url }, signal);
    expect(direct.status).toBe(200);
    expect(proxy.requests).toEqual([]);
    // Loopback is never proxied; this name is resolved by the proxy alone.
    const outside = { method: 'GET', url: new URL('http://provider.example/') } as const;
    expect((await proxied.http()(outside, signal)).status).toBe(200);
    expect(proxy.requests).toHaveLength(1);
  } finally {
    await proxied.close();
    await proxy.close();
  }
});

test('after a change of the network nothing old is used: a request under way fails at once, the next one has a connection of its own', async () => {
  await pools.http()({ method: 'GET', url: server.url }, AbortSignal.timeout(5_000));
  server.next({ hang: 'headers' });
  const hanging = pools
    .http()({ method: 'GET', url: server.url }, AbortSignal.timeout(60_000))
    .catch((error: unknown) => error);
  while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const opened = server.load.opened;
  pools.renew();
  expect(await hanging).toBeInstanceOf(HttpFailure);
  expect(await pools.http()({ method: 'GET', url: server.url }, AbortSignal.timeout(5_000))).toMatchObject({
    status: 200,
  });
  expect(server.load.opened).toBe(opened + 1);
});
