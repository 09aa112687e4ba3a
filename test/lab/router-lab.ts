import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { address } from '../../src/model/address.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Trigger } from '../../src/model/trigger.ts';
import { Feed } from './support/feed.ts';
import type { Lab } from './support/lab.ts';
import { eventually, now } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import type { LabProcess } from './support/process.ts';

export const ROUTER = '192.168.1.1';
export const HOST = '192.168.1.10';
export const STRANGER = '192.168.1.66';

export interface RouterNetworkLab {
  readonly host: Namespace;
  readonly router: Namespace;
  /** Another host of the LAN. */
  readonly stranger: Namespace;
  /** What the router's `wan` is connected to, by `eth0`; without an address at first. */
  readonly outside: Namespace;
  outsideAddress: string;
  /** As DHCP and PPP do: the old one goes, then the new one comes. */
  change(address: string): Promise<number>;
}

/** host and stranger on the router's LAN bridge. miniupnpd refuses documentation ranges, so the outside address is of another. */
export async function routerNetwork(lab: Lab): Promise<RouterNetworkLab> {
  const [host, router, stranger, outside] = await Promise.all(
    ['host', 'router', 'stranger', 'outside'].map((name) => lab.namespace(name)),
  );
  if (!host || !router || !stranger || !outside) throw new Error('four namespaces were made');
  await lab.cable({ namespace: host, device: 'eth0' }, { namespace: router, device: 'port1' });
  await lab.cable({ namespace: stranger, device: 'eth0' }, { namespace: router, device: 'port2' });
  await lab.cable({ namespace: router, device: 'wan' }, { namespace: outside, device: 'eth0' });
  await router.bridge('lan', ['port1', 'port2']);
  await router.addAddress('lan', `${ROUTER}/24`);
  await host.addAddress('eth0', `${HOST}/24`);
  await stranger.addAddress('eth0', `${STRANGER}/24`);
  await host.defaultRoute(ROUTER);
  const network: RouterNetworkLab = {
    host,
    router,
    stranger,
    outside,
    outsideAddress: '203.0.114.10',
    change: async (next) => {
      await router.removeAddress('wan', `${network.outsideAddress}/24`);
      const at = now();
      await router.addAddress('wan', `${next}/24`);
      network.outsideAddress = next;
      return at;
    },
  };
  await router.addAddress('wan', `${network.outsideAddress}/24`);
  await router.nft(`
    table inet netdrift {
      chain miniupnpd { }
      chain prerouting_miniupnpd { type nat hook prerouting priority -100; }
      chain postrouting_miniupnpd { type nat hook postrouting priority 100; }
    }`);
  return network;
}

export interface DaemonOptions {
  readonly natPmp?: boolean;
  readonly upnp?: boolean;
}

const yes = (wanted: boolean) => (wanted ? 'yes' : 'no');

/** The real miniupnpd; waits until it serves. */
export async function startMiniupnpd(
  lab: Lab,
  { router }: RouterNetworkLab,
  { natPmp = true, upnp = true }: DaemonOptions = {},
): Promise<LabProcess> {
  const folder = lab.folder('miniupnpd');
  const file = path.join(folder, 'miniupnpd.conf');
  const lines = [
    'ext_ifname=wan',
    'listening_ip=lan',
    'http_port=0',
    `enable_natpmp=${yes(natPmp)}`,
    `enable_upnp=${yes(upnp)}`,
    'ipv6_disable=yes',
    'system_uptime=no',
    'notify_interval=60',
    `lease_file=${path.join(folder, 'leases')}`,
    'uuid=69530d1f-fdfc-48a9-b48b-74c14fbea57e',
    'upnp_table_name=netdrift',
    'upnp_nat_table_name=netdrift',
    'allow 1-65535 192.168.1.0/24 1-65535',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const daemon = router.spawn(['miniupnpd', '-d', '-f', file, '-P', path.join(folder, 'pid')], { folder });
  if (upnp) await daemon.line('HTTP listening on port');
  if (natPmp) await eventually('miniupnpd serves', () => router.listens('udp', 5351));
  return daemon;
}

export interface Standing {
  readonly multicast: string;
  readonly events: string;
  readonly ignored: Readonly<Record<string, number>>;
  readonly [protocol: string]: unknown;
}

type Message = { readonly at: number } & (
  | { readonly trigger: Trigger }
  | { readonly reading: Reading; readonly took: number }
  | { readonly log: { readonly event: string; readonly message: string } }
  | { readonly standing: Standing }
  | { readonly stopped: true }
);

/** netdrift's router part in the host's namespace. */
export class RouterPart {
  readonly process: LabProcess;
  readonly messages = new Feed<Message>('messages of the router part');

  private constructor(process: LabProcess) {
    this.process = process;
    process.lines.each((line) => {
      if (line.from === 'stdout') this.messages.push({ at: line.at, ...JSON.parse(line.text) } as Message);
    });
  }

  static async start(
    lab: Lab,
    host: Namespace,
    options: { readonly pcp_mapping?: boolean } = {},
    snapshot = snapshotOf(ROUTER),
  ): Promise<RouterPart> {
    const program = path.join(lab.folder('router-part'), 'child.mjs');
    await esbuild.build({
      entryPoints: [path.join(import.meta.dirname, 'router-child.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'warning',
      banner: {
        js: "import { createRequire } from 'node:module'; const { url: bundleUrl } = import.meta; const require = createRequire(bundleUrl);",
      },
    });
    const part = new RouterPart(host.spawn([process.execPath, program, JSON.stringify(options)]));
    part.order({ snapshot });
    return part;
  }

  order(order: unknown): void {
    this.process.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  async read(): Promise<{ readonly reading: Reading; readonly took: number }> {
    const after = this.messages.mark();
    this.order({ read: true });
    const found = await this.messages.find((message) => 'reading' in message, { after, timeout: 11_000 });
    if (!('reading' in found)) throw new Error('no reading');
    return found;
  }

  async standing(): Promise<Standing> {
    const after = this.messages.mark();
    this.order({ standing: true });
    const found = await this.messages.find((message) => 'standing' in message, { after });
    if (!('standing' in found)) throw new Error('no standing');
    return found.standing;
  }

  async logged(event: string, after = 0, timeout = 10_000): Promise<Message> {
    return this.messages.find((message) => 'log' in message && message.log.event === event, {
      after,
      timeout,
    });
  }

  /** The first trigger that fits, of those after the mark. */
  async trigger(fits: (trigger: Trigger) => boolean, after = 0, timeout = 10_000) {
    const found = await this.messages.find((message) => 'trigger' in message && fits(message.trigger), {
      after,
      timeout,
    });
    if (!('trigger' in found)) throw new Error('no trigger');
    return found;
  }

  triggers(after = 0): readonly Trigger[] {
    return this.messages.items
      .slice(after)
      .flatMap((message) => ('trigger' in message ? [message.trigger] : []));
  }
}

/** What the host has, with this gateway; the family is the gateway's. */
export function snapshotOf(gateway: string): Snapshot {
  const flags = { tentative: false, duplicate: false, deprecated: false, temporary: false };
  const family = gateway.includes(':') ? 'ipv6' : 'ipv4';
  const own = {
    address: address(family === 'ipv6' ? 'fe80::10' : HOST),
    family,
    prefixLength: family === 'ipv6' ? 64 : 24,
    flags,
  } as const;
  return {
    interfaces: [
      { name: 'eth0', index: 2, running: true, loopback: false, virtual: false, addresses: [own] },
    ],
    routes: [{ family, interface: 'eth0', gateway: address(gateway), metric: 0 }],
  };
}
