import { now } from '../../test/lab/support/moment.ts';
import type { Namespace } from '../../test/lab/support/namespace.ts';

/** Packets that a host sent, and bytes of them and of what came back; IP headers included. */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

/** An ICMP error counts as what it is about, because the kernel relates it to that. */
export const IP = ['keepWatch', 'search', 'gateway', 'dns', 'tcp', 'rest'] as const;

/** `keepWatch` is STUN, `search` SSDP, `gateway` NAT-PMP and PCP, `tcp` what UPnP does besides, `rest` everything else (IGMP among it). */
export type Kind = (typeof IP)[number] | 'arp';

export type Counted = Readonly<Record<Kind, Traffic>> & {
  /** Milliseconds that were counted. */
  readonly took: number;
};

export interface TrafficCounter {
  now(): Promise<Readonly<Record<Kind, Traffic>>>;
  during(work: () => Promise<unknown>): Promise<Counted>;
}

/** Octets of ARP for IPv4 over Ethernet, without the header of the frame. */
const ARP = 28;

const KINDS: readonly Kind[] = [...IP, 'arp'];

/** Where questions of a kind are sent to. The connection is marked with the kind's number, and all that belongs to it is counted by that. */
const PORTS: readonly (readonly [Kind, number])[] = [
  ['keepWatch', 3478],
  ['search', 1900],
  ['gateway', 5351],
  ['dns', 53],
];

/** Counts from now on what a host says on its `eth0`, by what it is about. */
export async function countTraffic(host: Namespace): Promise<TrafficCounter> {
  const counters = (kinds: readonly Kind[]) =>
    kinds.map((kind) => `counter ${kind}_sent { }\n counter ${kind}_received { }`).join('\n');
  const marks = PORTS.map(([, port], index) => `udp dport ${port} ct mark set ${index + 1}`).join('\n');
  const rules = (way: 'sent' | 'received') =>
    [
      ...PORTS.map(([kind], index) => `ct mark ${index + 1} counter name ${kind}_${way} accept`),
      `meta l4proto tcp counter name tcp_${way} accept`,
      `counter name rest_${way}`,
    ].join('\n');
  await host.nft(`
    table inet counted {
      ${counters(IP)}
      chain sent {
        type filter hook output priority 10
        oifname != "eth0" accept
        # Router solicitations, neighbour discovery and MLD are the kernel's: a host without netdrift sends the same.
        meta l4proto ipv6-icmp accept
        ${marks}
        ${rules('sent')}
      }
      chain received {
        type filter hook input priority 10
        iifname != "eth0" accept
        meta l4proto ipv6-icmp accept
        # What the router says to everybody it says without netdrift too.
        ip daddr 224.0.0.0/4 accept
        ${rules('received')}
      }
    }
    table arp counted {
      ${counters(['arp'])}
      chain sent { type filter hook output priority 0; counter name arp_sent
      }
      chain received { type filter hook input priority 0; counter name arp_received
      }
    }`);

  const read = async (): Promise<Readonly<Record<Kind, Traffic>>> => {
    const { stdout } = await host.run(['nft', 'list', 'counters']);
    const both = (kind: Kind): Traffic => {
      const sent = counterOf(stdout, `${kind}_sent`);
      const received = counterOf(stdout, `${kind}_received`);
      const { packets } = sent;
      // nftables adds the header of the frame to ARP that is sent, and to nothing else.
      const bytes = kind === 'arp' ? ARP * (packets + received.packets) : sent.bytes + received.bytes;
      return { packets, bytes };
    };
    return forEach(both);
  };

  return {
    now: read,
    during: async (work) => {
      const before = await read();
      const start = now();
      await work();
      const took = now() - start;
      const after = await read();
      const gained = (kind: Kind): Traffic => ({
        packets: after[kind].packets - before[kind].packets,
        bytes: after[kind].bytes - before[kind].bytes,
      });
      return { ...forEach(gained), took };
    },
  };
}

const forEach = (traffic: (kind: Kind) => Traffic): Readonly<Record<Kind, Traffic>> =>
  Object.fromEntries(KINDS.map((kind) => [kind, traffic(kind)])) as Record<Kind, Traffic>;

function counterOf(text: string, name: string): Traffic {
  const found = new RegExp(`counter ${name} \\{\\s*packets (\\d+) bytes (\\d+)`).exec(text);
  if (found === null) throw new Error(`nft shows no counter ${name}: ${text}`);
  return { packets: Number(found[1]), bytes: Number(found[2]) };
}
