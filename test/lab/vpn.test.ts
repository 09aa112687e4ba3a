import { expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { startNetdrift } from './support/netdrift.ts';
import { type HomeNetwork, homeNetwork } from './support/networks.ts';
import { confirmed, dyndns2, published, settings } from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';

const [HOME, EXIT] = ['203.0.113.10', '198.51.100.2'];
const SERVICE = 8_081;

/** What the usual clients do to the routes; neither touches the default route of the main table. */
const CLIENTS: ReadonlyArray<{
  readonly name: string;
  readonly device: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
}> = [
  {
    name: 'wg-quick, by a rule and a table of its own',
    device: 'wg0',
    up: [
      'route add default via 10.8.0.1 dev wg0 table 51820',
      'rule add not fwmark 0xca6c table 51820',
      'rule add table main suppress_prefixlength 0',
    ],
    down: [
      'rule del table main suppress_prefixlength 0',
      'rule del not fwmark 0xca6c table 51820',
      'route del default table 51820',
    ],
  },
  {
    name: 'OpenVPN with redirect-gateway def1, by two halves of the world',
    device: 'tun0',
    up: ['route add 0.0.0.0/1 via 10.8.0.1 dev tun0', 'route add 128.0.0.0/1 via 10.8.0.1 dev tun0'],
    down: ['route del 0.0.0.0/1 dev tun0', 'route del 128.0.0.0/1 dev tun0'],
  },
];

/** A link that looks like a VPN's, to a host that leads into the outside world by another way. */
async function layTunnel(lab: Lab, { host, outside }: HomeNetwork, device: string): Promise<void> {
  const exit: Namespace = await lab.namespace('exit');
  await lab.cable({ namespace: host, device }, { namespace: exit, device: 'inside' });
  await lab.cable({ namespace: exit, device: 'wan' }, { namespace: outside, device: 'eth1' });
  await host.addAddress(device, '10.8.0.2/24');
  await exit.addAddress('inside', '10.8.0.1/24');
  await exit.addAddress('wan', `${EXIT}/24`);
  await outside.addAddress('eth1', '198.51.100.1/24');
  await exit.defaultRoute('198.51.100.1', { device: 'wan' });
  await exit.forward();
  await exit.masquerade('wan');
}

describeLab('a host whose VPN takes all traffic over', [], () => {
  test.each(CLIENTS)(
    '$name: its exit is not published, and home is again once it is off',
    async ({ device, up, down }) => {
      await using lab = await Lab.open();
      const network = await homeNetwork(lab);
      const { host, outside, server } = network;
      await layTunnel(lab, network, device);
      const recorder = await Recorder.start(lab, outside);
      const service = await Recorder.start(lab, outside, { port: SERVICE, reply: { body: HOME } });
      const witness = { detector: 'http', services: [`http://${server}:${SERVICE}/`] };
      const netdrift = startNetdrift(lab, {
        namespace: host,
        config: settings(
          { dyn: dyndns2(server, recorder.port) },
          { uplinks: { wan: { ipv4: [witness], allow: ['documentation'] } } },
        ),
      });
      await confirmed(netdrift, HOME);

      await service.reply({ body: EXIT });
      for (const change of up) await host.ip(change);
      const refused = await netdrift.line({ event: 'address_unavailable' }, { timeout: 15_000 });
      expect(refused.message).toContain(
        `tunnel: the way out leads through ${device}, so ${EXIT} may be the exit`,
      );

      await service.reply({ body: '203.0.113.11' });
      for (const change of down) await host.ip(change);
      await confirmed(netdrift, '203.0.113.11');
      expect(published(recorder)).toEqual([HOME, '203.0.113.11']);
    },
  );
});
