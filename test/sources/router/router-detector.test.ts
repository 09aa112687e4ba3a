import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { routerKind } from '../../../src/sources/addresses/router.ts';
import { createRouterClient } from '../../../src/sources/router/client.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { components, link, question, snapshotOf } from '../addresses/fixtures.ts';
import { FakeRouter, LOOPBACK } from './fake-router.ts';

let router: FakeRouter;
beforeEach(async () => {
  router = await FakeRouter.start();
});
afterEach(() => router.close());

const behind = snapshotOf(
  [link('lo', ['127.0.0.1'])],
  [{ family: 'ipv4', interface: 'lo', metric: 0, gateway: LOOPBACK }],
);

async function read(family: 'ipv4' | 'ipv6' = 'ipv4', snapshot = behind, options = {}) {
  const all = components();
  const client = createRouterClient({ ...all, randomBytes, log: silentLog, network: router.network() });
  const init = { family, options: routerKind.options.parse(options), allow: [] };
  const [detector] = routerKind.create(init, { ...all, router: client });
  if (detector === undefined) throw new Error('no detector');
  return detector.read(question({ snapshot }));
}

describe('the router detector', () => {
  it('gives the address with the protocol; NAT-PMP can be forged, UPnP and PCP cannot', async () => {
    router.natPmp = '8.8.4.4';
    expect(await read()).toEqual({
      kind: 'known',
      address: '8.8.4.4',
      via: { detector: 'router', name: '127.0.0.1 by NAT-PMP', operator: 'the router', forgeable: true },
      why: 'the router 127.0.0.1 has it outside',
    });
    Object.assign(router, { natPmp: 'silent', upnp: '8.8.4.4' });
    expect(await read()).toMatchObject({
      via: { detector: 'router', name: '127.0.0.1 by UPnP', operator: 'the router' },
    });
    Object.assign(router, { upnp: 'silent', pcp: '8.8.4.4' });
    const byPcp = await read('ipv4', behind, { pcp_mapping: true });
    expect(byPcp.via).toEqual({ detector: 'router', name: '127.0.0.1 by PCP', operator: 'the router' });
  });

  it.each([
    ['10.20.30.40', 'private'],
    ['100.64.1.2', 'cgnat'],
  ])('says of %s that another NAT stands outside', async (outside, kind) => {
    router.natPmp = outside;
    expect(await read()).toMatchObject({
      kind: 'known',
      address: address(outside),
      why: `the router 127.0.0.1 is itself behind another NAT: its outside address is ${kind}`,
    });
  });

  it('passes on what a router that lies says, with the doubt', async () => {
    router.natPmp = '127.0.0.1';
    expect(await read()).toMatchObject({ why: expect.stringContaining('though it is a loopback address') });
  });

  it('is unavailable where the router says nothing, with every reason', async () => {
    expect(await read()).toMatchObject({
      kind: 'unavailable',
      via: { name: '127.0.0.1' },
      why: '127.0.0.1 does not tell: nat-pmp: no answer to 3 requests; upnp: no answer to a search',
    });
  });

  it('is unavailable without a gateway, and for IPv6, and asks nobody then', async () => {
    expect(await read('ipv4', snapshotOf([]))).toMatchObject({
      kind: 'unavailable',
      why: 'there is no IPv4 default route',
    });
    expect(await read('ipv6')).toMatchObject({ kind: 'unavailable' });
    expect(router.asked).toMatchObject({ natPmp: 0, searches: 0 });
  });

  it('is in the registry under its name', async () => {
    const { detectorKinds } = await import('../../../src/sources/addresses/registry.ts');
    const names = detectorKinds.map(({ name }) => name);
    expect(names.indexOf('router')).toBe(names.indexOf('interface') + 1);
  });
});
