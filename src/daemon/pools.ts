import type { Family } from '../model/family.ts';
import type { UplinkSettings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type HttpClient, HttpFailure } from '../net/http.ts';
import { createHttpPool, type HttpPool, type HttpPoolInit } from '../net/http-client.ts';

/** The HTTP connections of the process: one pool for the sinks, one for each uplink and family for the witnesses. */
export interface HttpPools {
  /** For sinks: whatever family works. */
  http(): HttpClient;
  /** For witnesses: pinned to the family, and to the uplink's own source address where it is bound to an interface. */
  witness(uplink: UplinkSettings, family: Family): HttpClient;
  /** What the host has now: bound pools take their interface's address from it. */
  see(snapshot: Snapshot): void;
  /** The network has changed: every connection is dropped. */
  renew(): void;
  close(): Promise<void>;
}

export function createPools(init: Pick<HttpPoolInit, 'userAgent' | 'proxy'>): HttpPools {
  const pools = new Map<string, { pool: HttpPool; source: string | undefined }>();
  let latest: Snapshot = { interfaces: [], routes: [] };

  const poolFor = (name: string, more: Omit<HttpPoolInit, 'userAgent'>): HttpPool => {
    const known = pools.get(name);
    if (known && known.source === more.localAddress) return known.pool;
    void known?.pool.close();
    const pool = createHttpPool({ userAgent: init.userAgent, ...more });
    pools.set(name, { pool, source: more.localAddress });
    return pool;
  };

  return {
    http: () => poolFor('sinks', init.proxy === undefined ? {} : { proxy: init.proxy }).client,
    // Never through a proxy: what it would report is the proxy's address.
    witness: (uplink, family) => (request, signal) => {
      const name = `${uplink.name} ${family}`;
      if (uplink.interface === undefined) return poolFor(name, { family }).client(request, signal);
      const localAddress = sourceAddress(latest, uplink.interface, family);
      // Unbound it would leave by another uplink and name that one's address: a wrong answer, not a weaker one.
      if (localAddress === undefined) {
        const why = `${uplink.interface} has no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address to send from`;
        return Promise.reject(new HttpFailure('connect', false, why));
      }
      return poolFor(name, { family, localAddress }).client(request, signal);
    },
    see: (snapshot) => {
      latest = snapshot;
    },
    renew: () => {
      for (const { pool } of pools.values()) pool.renew();
    },
    close: async () => {
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()));
    },
  };
}

/** An address of the interface that outside requests can leave from. */
function sourceAddress(snapshot: Snapshot, name: string, family: Family): string | undefined {
  const found = snapshot.interfaces.find((candidate) => candidate.name === name);
  const usable = found?.addresses.filter(
    ({ address, family: own, flags }) =>
      own === family && !flags.tentative && !flags.duplicate && !address.startsWith('fe80:'),
  );
  return usable?.find(({ flags }) => !flags.deprecated && !flags.temporary)?.address ?? usable?.[0]?.address;
}
