import type { Lab } from './lab.ts';
import type { Namespace } from './namespace.ts';

/** Two hosts on one cable: `host` has a default route to `outside`, where the servers of a test run. */
export interface PlainNetwork {
  readonly host: Namespace;
  readonly outside: Namespace;
  /** Of `host`, on its device `eth0`. */
  readonly address: string;
  /** Of `outside`, on its device `eth0`; the gateway of `host`. */
  readonly server: string;
}

/** A host that owns its address. 198.51.100.0/24 is documentation space: the configuration has to allow `documentation`. */
export async function plainNetwork(lab: Lab): Promise<PlainNetwork> {
  const [address, server] = ['198.51.100.10', '198.51.100.1'];
  const host = await lab.namespace('host');
  const outside = await lab.namespace('outside');
  await lab.cable({ namespace: host, device: 'eth0' }, { namespace: outside, device: 'eth0' });
  await outside.addAddress('eth0', `${server}/24`);
  await host.addAddress('eth0', `${address}/24`);
  await host.defaultRoute(server, { device: 'eth0' });
  return { host, outside, address, server };
}

/** host (192.168.1.10, `eth0`) - router (`lan`, `wan`) - outside (203.0.113.1, `eth0`). */
export interface HomeNetwork {
  readonly host: Namespace;
  readonly router: Namespace;
  readonly outside: Namespace;
  /** Where servers outside are reached. */
  readonly server: string;
  /** Gives the router another outside address, within 203.0.113.0/24, as a provider does at night. */
  changeOutsideAddress(address: string): Promise<void>;
}

/** A host behind a masquerading router, whose outside address is 203.0.113.10 at first. */
export async function homeNetwork(lab: Lab): Promise<HomeNetwork> {
  const server = '203.0.113.1';
  let current = '203.0.113.10';
  const host = await lab.namespace('host');
  const router = await lab.namespace('router');
  const outside = await lab.namespace('outside');
  await lab.cable({ namespace: host, device: 'eth0' }, { namespace: router, device: 'lan' });
  await lab.cable({ namespace: router, device: 'wan' }, { namespace: outside, device: 'eth0' });

  await outside.addAddress('eth0', `${server}/24`);
  await router.addAddress('wan', `${current}/24`);
  await router.addAddress('lan', '192.168.1.1/24');
  await router.defaultRoute(server, { device: 'wan' });
  await router.forward();
  await router.masquerade('wan');
  await host.addAddress('eth0', '192.168.1.10/24');
  await host.defaultRoute('192.168.1.1', { device: 'eth0' });

  return {
    host,
    router,
    outside,
    server,
    changeOutsideAddress: async (address) => {
      await router.removeAddress('wan', `${current}/24`);
      await router.addAddress('wan', `${address}/24`);
      // The default route went with the address it was reached from.
      await router.defaultRoute(server, { device: 'wan' });
      current = address;
    },
  };
}
