import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPools, type HttpPools } from '../../src/daemon/pools.ts';
import { address } from '../../src/model/address.ts';
import type { UplinkSettings } from '../../src/model/settings.ts';
import type { AddressFlags, Snapshot } from '../../src/model/snapshot.ts';
import { HttpFailure } from '../../src/net/http.ts';
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
      message: expect.stringContaining('ppp0 has no IPv4 address to send from'),
    });
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    ['tentative', { tentative: true }],
    ['a duplicate', { duplicate: true }],
  ])('an address that is %s is none', async (_, flags) => {
    pools.see(snapshot(['127.0.0.1', flags]));
    await expect(ask(bound)).rejects.toThrow('no IPv4 address');
    expect(server.requests).toHaveLength(0);
  });

  test('an address of the other family, or of another interface, is none', async () => {
    pools.see(snapshot(['::1']));
    await expect(ask(bound)).rejects.toThrow('no IPv4 address');
    pools.see(snapshot(['127.0.0.1']));
    await expect(ask(uplink({ interface: 'wwan0' }))).rejects.toThrow('wwan0 has no IPv4 address');
  });

  test('leaves from the address of the interface, and from the next one after a change', async () => {
    pools.see(snapshot(['127.0.0.1']));
    expect(await ask(bound)).toMatchObject({ status: 200 });
    const opened = server.load.opened;
    pools.see(snapshot(['127.0.0.1', { deprecated: true }], ['127.0.0.1']));
    expect(await ask(bound)).toMatchObject({ status: 200 });
    expect(server.load.opened).toBeGreaterThanOrEqual(opened);
    pools.see(snapshot());
    await expect(ask(bound)).rejects.toThrow('no IPv4 address');
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
