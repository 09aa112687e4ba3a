import { type RouterNetworkLab, routerNetwork } from './router-lab.ts';
import { dig } from './support/dig.ts';
import type { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import { startNamed } from './support/named.ts';
import type { Namespace } from './support/namespace.ts';

export const HOME = 'home.example.org';

/** TSIG, as `tsig-keygen` makes it. */
const KEY = {
  name: 'netdrift',
  algorithm: 'hmac-sha256',
  secret: 'bmV0ZHJpZnQgbGFiIGtleSBvZiAzMiBvY3RldHMhISE=',
};

/** BIND 9 that takes updates of `home.example.org`, for everybody outside. */
export const startBind = (lab: Lab, namespace: Namespace) =>
  startNamed(lab, namespace, {
    zones: [{ name: 'example.org', policy: `grant ${KEY.name} zonesub ANY;` }],
    keys: [KEY],
  });

/** A sink that writes there. */
export const rfc2136 = (server: string, more: Readonly<Record<string, unknown>> = {}) => ({
  provider: 'rfc2136',
  server,
  key: KEY,
  records: [HOME],
  minimum_gap: '0s',
  ...more,
});

/** Waits until BIND has exactly these addresses. */
export const servesAt =
  (namespace: Namespace, server: string, name = HOME) =>
  async (addresses: readonly string[], timeout = 15_000): Promise<void> => {
    const wanted = JSON.stringify([...addresses].sort());
    let last = '';
    await eventually(
      `${name} is ${wanted}`,
      async () => {
        last = JSON.stringify((await dig(namespace, { server, name, type: 'A' })).values);
        return last === wanted;
      },
      { timeout, every: 25 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${last}`);
    });
  };

export interface NatLab {
  readonly network: RouterNetworkLab;
  readonly outside: Namespace;
  /** Where BIND, and coturn if it is started, are reached. */
  readonly server: string;
  readonly serves: (addresses: readonly string[], timeout?: number) => Promise<void>;
  config(more: {
    readonly watch: Readonly<Record<string, unknown>>;
    readonly ipv4?: readonly unknown[];
  }): Readonly<Record<string, unknown>>;
}

/** The home network of the router's lab, which masquerades, with BIND outside. */
export async function openNat(lab: Lab): Promise<NatLab> {
  const server = '203.0.114.1';
  const network = await routerNetwork(lab);
  const { router, outside } = network;
  await outside.addAddress('eth0', `${server}/24`);
  await router.forward();
  await router.masquerade('wan');
  await startBind(lab, outside);
  const stun = { detector: 'stun', servers: [`${server}:3478`] };
  return {
    network,
    outside,
    server,
    serves: servesAt(outside, server),
    config: ({ watch, ipv4 = ['interface', 'router', stun] }) => ({
      watch,
      uplinks: { wan: { ipv4 } },
      sinks: { bind: rfc2136(server) },
      log: { level: 'debug' },
    }),
  };
}

/** host - router (100.64.0.2 outside) - the provider's NAT (203.0.113.10 outside) - outside. */
export interface CarrierLab {
  readonly host: Namespace;
  readonly router: Namespace;
  readonly outside: Namespace;
  readonly server: string;
  changeOutsideAddress(address: string): Promise<void>;
}

export async function openCarrier(lab: Lab): Promise<CarrierLab> {
  const server = '203.0.113.1';
  let current = '203.0.113.10';
  const host = await lab.namespace('host');
  const router = await lab.namespace('router');
  const carrier = await lab.namespace('carrier');
  const outside = await lab.namespace('outside');
  await lab.cable({ namespace: host, device: 'eth0' }, { namespace: router, device: 'lan' });
  await lab.cable({ namespace: router, device: 'wan' }, { namespace: carrier, device: 'lan' });
  await lab.cable({ namespace: carrier, device: 'wan' }, { namespace: outside, device: 'eth0' });
  await outside.addAddress('eth0', `${server}/24`);
  await carrier.addAddress('wan', `${current}/24`);
  await carrier.addAddress('lan', '100.64.0.1/24');
  await router.addAddress('wan', '100.64.0.2/24');
  await router.addAddress('lan', '192.168.1.1/24');
  await router.defaultRoute('100.64.0.1', { device: 'wan' });
  await host.addAddress('eth0', '192.168.1.10/24');
  await host.defaultRoute('192.168.1.1', { device: 'eth0' });
  for (const nat of [router, carrier]) {
    await nat.forward();
    await nat.masquerade('wan');
  }
  return {
    host,
    router,
    outside,
    server,
    changeOutsideAddress: async (address) => {
      await carrier.removeAddress('wan', `${current}/24`);
      await carrier.addAddress('wan', `${address}/24`);
      current = address;
    },
  };
}
