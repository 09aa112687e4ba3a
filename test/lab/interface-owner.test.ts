import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import { eventually, now, pause } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import {
  askedFor,
  confirmed,
  dyndns2,
  embedded,
  publication,
  published,
  publishedInOrder,
  served,
  settings,
} from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';

const [FIRST, SECOND, THIRD] = ['198.51.100.10', '198.51.100.11', '198.51.100.12'];
const [V6, OTHER_V6] = ['2001:db8::10', '2001:db8::11'];

const bothFamilies = { wan: { ipv4: ['interface'], ipv6: ['interface'], allow: ['documentation'] } };
const onlyV6 = { wan: { ipv6: ['interface'], allow: ['documentation'] } };

describeLab('a host that owns its address', ['dig'], () => {
  let lab: Lab;
  let network: PlainNetwork;
  let host: Namespace;
  let recorder: Recorder;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    host = network.host;
    recorder = await Recorder.start(lab, network.outside);
  });
  afterEach(() => lab.close());

  const start = (more: Record<string, unknown> = {}): Netdrift => {
    const sinks = { local: embedded(), dyn: dyndns2(network.server, recorder.port) };
    return startNetdrift(lab, { namespace: host, config: settings(sinks, more) });
  };

  /** Both sinks hold the first address. */
  const settled = async (netdrift: Netdrift): Promise<void> => {
    await confirmed(netdrift, FIRST);
    await served(host, 'A', [FIRST]);
  };

  test('has its new address published when the address is replaced', async () => {
    const netdrift = start();
    await settled(netdrift);
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('has its new address published when the old one goes first, and the route with it', async () => {
    const netdrift = start();
    await settled(netdrift);
    await host.removeAddress('eth0', `${FIRST}/24`);
    // Long enough for the look that finds nothing: what is published must stay.
    await pause(600);
    await served(host, 'A', [FIRST]);
    await host.addAddress('eth0', `${SECOND}/24`);
    await host.defaultRoute(network.server, { device: 'eth0' });
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  describe('whose records are to be cleared when it has no address', () => {
    const clearing = (failover: Record<string, string>) => {
      const local = embedded({ when_absent: 'clear' });
      return startNetdrift(lab, { namespace: host, config: settings({ local }, { failover }) });
    };
    const plugIn = async (address: string): Promise<void> => {
      await host.addAddress('eth0', `${address}/24`);
      await host.defaultRoute(network.server, { device: 'eth0' });
    };

    test('keeps them while the link is up and the address has yet to come, as after each start', async () => {
      const netdrift = clearing({ remove_after: '1m' });
      await served(host, 'A', [FIRST]);
      const after = netdrift.log.mark();
      await host.removeAddress('eth0', `${FIRST}/24`);
      await netdrift.line({ event: 'address_absent' }, { after });
      await pause(3_000);
      await served(host, 'A', [FIRST]);
      await plugIn(SECOND);
      await served(host, 'A', [SECOND]);
      const written = netdrift.log.items.filter(({ event }) => event === 'record_updated');
      expect(written.map((line) => line['address'])).toEqual([FIRST, SECOND]);
    });

    test('loses them once it has had none for the time that is set', async () => {
      clearing({ remove_after: '1s' });
      await served(host, 'A', [FIRST]);
      await host.removeAddress('eth0', `${FIRST}/24`);
      await served(host, 'A', []);
      await plugIn(SECOND);
      await served(host, 'A', [SECOND]);
    });
  });

  test('keeps the published address when a lower one is added beside it', async () => {
    const netdrift = start();
    await settled(netdrift);
    const after = netdrift.log.mark();
    await host.addAddress('eth0', '198.51.100.5/24');
    await netdrift.line({ event: 'look_acting' }, { after });
    expect(await netdrift.command('trigger')).toMatchObject({ code: 0 });
    await netdrift.line((line) => line.event === 'address_detected' && line['address'] === FIRST, {
      after: netdrift.log.mark(),
    });
    await served(host, 'A', [FIRST]);
    // A new process and a new session have chosen nothing yet, but the provider holds the first one.
    await netdrift.restart();
    await served(host, 'A', [FIRST]);
    const before = netdrift.log.mark();
    netdrift.signal('SIGHUP');
    await netdrift.line({ event: 'configuration_reloaded' }, { after: before });
    await served(host, 'A', [FIRST]);
    // Only when the chosen one goes does the other take its place.
    await host.removeAddress('eth0', `${FIRST}/24`);
    await served(host, 'A', ['198.51.100.5']);
    await publishedInOrder(recorder, [FIRST, '198.51.100.5']);
  });

  test('has the new address of a tunnel published that only a detector names', async () => {
    await lab.cable({ namespace: host, device: 'wg0' }, { namespace: network.outside, device: 'wg0' });
    await host.addAddress('wg0', '203.0.113.20/24');
    const ipv4 = [{ detector: 'interface', interface: 'wg0' }];
    const netdrift = start({ uplinks: { vpn: { ipv4, allow: ['documentation'] } } });
    await confirmed(netdrift, '203.0.113.20');
    await host.replaceAddress('wg0', '203.0.113.20/24', '203.0.113.21/24');
    await publishedInOrder(recorder, ['203.0.113.20', '203.0.113.21']);
  });

  test('has a global address of the loopback published where a detector names it', async () => {
    await host.addAddress('lo', '203.0.113.30/32');
    const ipv4 = [{ detector: 'interface', interface: 'lo' }];
    const netdrift = start({ uplinks: { anycast: { ipv4, allow: ['documentation'] } } });
    await confirmed(netdrift, '203.0.113.30');
    await host.replaceAddress('lo', '203.0.113.30/32', '203.0.113.31/32');
    await publishedInOrder(recorder, ['203.0.113.30', '203.0.113.31']);
  });

  test('has another IPv6 address published when the first becomes deprecated', async () => {
    await host.addAddress('eth0', `${V6}/64`);
    await confirmed(start({ uplinks: onlyV6 }), V6);
    await host.addAddress('eth0', `${OTHER_V6}/64`);
    await host.ip(`addr change ${V6}/64 dev eth0 valid_lft 3600 preferred_lft 0`);
    await served(host, 'AAAA', [OTHER_V6]);
    await publishedInOrder(recorder, [V6, OTHER_V6]);
  });

  test('has an IPv6 address published after duplicate address detection and never before', async () => {
    // Four probes a second apart, so that tentative lasts long enough to be caught.
    await host.sysctl('net.ipv6.conf.eth0.dad_transmits', '3');
    const netdrift = start({ uplinks: bothFamilies });
    await settled(netdrift);
    await host.addAddress('eth0', `${V6}/64`, { dad: true });
    // A look that is asked for in the middle of it is not to be fooled either.
    expect(await netdrift.command('trigger')).toMatchObject({ code: 0 });
    let tentativeAt = 0;
    await eventually(
      'detection has finished',
      async () => {
        const before = now();
        const tentative = (await host.ip('-o -6 addr show dev eth0 tentative')).includes(V6);
        if (tentative) tentativeAt = before;
        return !tentative;
      },
      { timeout: 15_000, every: 50 },
    );
    expect(tentativeAt).toBeGreaterThan(0);
    await served(host, 'AAAA', [V6]);
    const sent = await recorder.requests.find((request) => askedFor(request).includes(V6));
    expect(sent.at).toBeGreaterThan(tentativeAt);
  });

  test('never has an IPv6 address published that another host has already', async () => {
    await network.outside.addAddress('eth0', `${V6}/64`);
    const netdrift = start({ uplinks: bothFamilies });
    await settled(netdrift);
    await host.addAddress('eth0', `${V6}/64`, { dad: true });
    await eventually(
      'the kernel finds the duplicate',
      async () => (await host.ip('-o -6 addr show dev eth0 dadfailed')).includes(V6),
      { timeout: 15_000 },
    );
    await host.addAddress('eth0', `${OTHER_V6}/64`);
    await served(host, 'AAAA', [OTHER_V6]);
    expect(published(recorder).join(' ')).not.toMatch(new RegExp(`${V6}(?![0-9a-f])`));
  });

  test('leaves its records alone while the link is down, and writes nothing when it is back unchanged', async () => {
    const netdrift = start();
    await settled(netdrift);
    let after = netdrift.log.mark();
    await host.link('eth0', 'down');
    await netdrift.line({ event: 'address_unavailable' }, { after });
    await served(host, 'A', [FIRST]);
    after = netdrift.log.mark();
    await host.link('eth0', 'up');
    await host.defaultRoute(network.server, { device: 'eth0' });
    await netdrift.line((line) => line.event === 'address_detected' && line['address'] === FIRST, { after });
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('leaves its records alone while the cable is unplugged, and writes nothing when it is back', async () => {
    const netdrift = start();
    await settled(netdrift);
    let after = netdrift.log.mark();
    // The other end goes down: this one loses its carrier and keeps address and route.
    await network.outside.link('eth0', 'down');
    await netdrift.line({ event: 'address_unavailable' }, { after });
    await served(host, 'A', [FIRST]);
    after = netdrift.log.mark();
    await network.outside.link('eth0', 'up');
    await netdrift.line((line) => line.event === 'address_detected' && line['address'] === FIRST, { after });
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('has the address published that it got while the link was down', async () => {
    const netdrift = start();
    await settled(netdrift);
    await host.link('eth0', 'down');
    await pause(500);
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await host.link('eth0', 'up');
    await host.defaultRoute(network.server, { device: 'eth0' });
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('has the address of the other interface published when the default route moves there and back', async () => {
    const [second, other] = ['203.0.113.20', '203.0.113.1'];
    await lab.cable({ namespace: host, device: 'eth1' }, { namespace: network.outside, device: 'eth1' });
    await network.outside.addAddress('eth1', `${other}/24`);
    await host.addAddress('eth1', `${second}/24`);
    const netdrift = start();
    await settled(netdrift);
    // Beside the first one, and cheaper; then the first one becomes the cheapest; then it is alone.
    await host.defaultRoute(network.server, { device: 'eth0', metric: 200 });
    await host.ip('route del default dev eth0 metric 0');
    await host.defaultRoute(other, { device: 'eth1', metric: 100 });
    await served(host, 'A', [second]);
    await host.defaultRoute(network.server, { device: 'eth0', metric: 50 });
    await served(host, 'A', [FIRST]);
    await host.ip('route del default dev eth0 metric 50');
    await served(host, 'A', [second]);
    await host.ip('route del default dev eth1');
    await served(host, 'A', [FIRST]);
    await publishedInOrder(recorder, [FIRST, second, FIRST, second, FIRST]);
  });

  test('sends nothing for renewed leases that change nothing', async () => {
    const netdrift = start();
    await settled(netdrift);
    const after = netdrift.log.mark();
    for (let renewal = 0; renewal < 20; renewal += 1) {
      await host.ipBatch([
        `addr change ${FIRST}/24 dev eth0 valid_lft ${3600 + renewal} preferred_lft ${1800 + renewal}`,
        `route replace default via ${network.server} dev eth0`,
      ]);
    }
    await netdrift.line({ event: 'look_nothing_changed' }, { after });
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('has the right address published after a storm of 10,000 events, with few requests on the way', async () => {
    const netdrift = start();
    await settled(netdrift);
    const began = now();
    const commands: string[] = [];
    for (let round = 0; round < 2_500; round += 1) {
      const [from, to] = round % 2 === 0 ? [FIRST, SECOND] : [SECOND, FIRST];
      // Four events each: the address and its local route come, the old ones go.
      commands.push(`addr add ${to}/24 dev eth0`, `addr del ${from}/24 dev eth0`);
    }
    commands.push(`addr add ${THIRD}/24 dev eth0`, `addr del ${FIRST}/24 dev eth0`);
    await host.ipBatch(commands);
    const lasted = now() - began;
    await served(host, 'A', [THIRD]);
    await publication(recorder, THIRD);
    // One request each time the settling limit of 3 s ends, the first and the last.
    const most = 2 + Math.ceil(lasted / 3_000);
    expect(published(recorder).length).toBeLessThanOrEqual(most);
    expect(published(recorder).at(-1)).toBe(THIRD);
  });

  test('does not wait for the end of a storm that lasts longer than the settling limit', async () => {
    const netdrift = start({ watch: { every: '1h', settle_limit: '1s' } });
    await settled(netdrift);
    await host.replaceAddress('eth0', `${FIRST}/24`, `${THIRD}/24`);
    const flap = [`addr add ${SECOND}/24 dev eth0`, `addr del ${SECOND}/24 dev eth0`];
    let storming = true;
    const storm = (async () => {
      const end = now() + 20_000;
      while (storming && now() < end) {
        await host.ipBatch(flap);
        await pause(20);
      }
    })();
    try {
      await publication(recorder, THIRD, { timeout: 5_000 });
    } finally {
      storming = false;
      await storm;
    }
    await publishedInOrder(recorder, [FIRST, THIRD]);
  });
});
