import { Lab } from '../../test/lab/support/lab.ts';
import { type Netdrift, startNetdrift } from '../../test/lab/support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from '../../test/lab/support/networks.ts';
import { Recorder } from '../../test/lab/support/recorder.ts';
import type { Reply } from '../../test/lab/support/recording-server.ts';

/** A host that owns its address, and a dyndns2 service outside that notes when it was asked. */
export interface Owner {
  readonly lab: Lab;
  readonly network: PlainNetwork;
  readonly service: Recorder;
  readonly config: Readonly<Record<string, unknown>>;
  start(): Netdrift;
}

export interface OwnerOptions {
  /** Names to publish; default 1. */
  readonly names?: number;
  readonly reply?: Reply;
}

/**
 * The default configuration but for two things, which a laboratory needs: documentation addresses may be published, and two writes
 * of one record need no gap between them, so that a change can follow the other.
 */
export async function openOwner({
  names = 1,
  reply = { body: 'dyndns2' },
}: OwnerOptions = {}): Promise<Owner> {
  const lab = await Lab.open();
  try {
    const network = await plainNetwork(lab);
    // Else the kernel takes the new address away together with the old one, whose secondary it is (ip-sysctl.rst).
    await network.host.sysctl('net.ipv4.conf.all.promote_secondaries', '1');
    const service = await Recorder.start(lab, network.outside, { reply });
    const records = Array.from({ length: names }, (_, index) => ({
      name: `host${index}.example.org`,
      types: ['A'],
    }));
    const config = {
      uplinks: { wan: { ipv4: ['interface', 'stun', 'http'], allow: ['documentation'] } },
      sinks: {
        dyn: {
          provider: 'dyndns2',
          server: `http://${network.server}:${service.port}`,
          insecure_http: true,
          username: 'user',
          password: 'password',
          allow: ['documentation'],
          minimum_gap: '0s',
          records,
        },
      },
    };
    const start = () => startNetdrift(lab, { namespace: network.host, config });
    return { lab, network, service, config, start };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** The n-th address of the host, different for each n below 200. */
export const hostAddress = (n: number): string => `198.51.100.${20 + (n % 200)}`;
