import type { IpAddress } from '../model/address.ts';
import { bindingOf, isBound } from '../model/binding.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import type { UplinkSettings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type HttpClient, HttpFailure } from '../net/http.ts';
import { createHttpPool, type HttpPool, type HttpPoolInit } from '../net/http-client.ts';
import type { BoundRoutes } from '../sources/addresses/bound-route.ts';
import { sourceAddress } from '../sources/addresses/source-address.ts';

/** The HTTP connections of the process: one pool for sinks, one for each uplink and family that sinks or witnesses are bound to. */
export interface HttpPools {
  /** For sinks: whatever family and way works. */
  http(): HttpClient;
  /**
   * For sinks that are to leave through an uplink: from what it is bound to, in whichever family gets there. Without an address to leave
   * from, or where what leaves from it takes another way, it fails before anything is sent.
   */
  through(uplink: UplinkSettings, routes?: BoundRoutes): HttpClient;
  /** For witnesses: pinned to the family, and to the uplink's own source address where it is bound. */
  witness(uplink: UplinkSettings, family: Family): HttpClient;
  /** What the host has now: bound pools take their source address from it. */
  see(snapshot: Snapshot): void;
  /** The network has changed: every connection is dropped. */
  renew(): void;
  close(): Promise<void>;
}

export function createPools(init: Pick<HttpPoolInit, 'userAgent' | 'proxy'>): HttpPools {
  const pools = new Map<string, { pool: HttpPool; source: string | undefined }>();
  let latest: Snapshot = { interfaces: [], routes: [] };
  const proxied = init.proxy === undefined ? {} : { proxy: init.proxy };

  const poolFor = (name: string, more: Omit<HttpPoolInit, 'userAgent'>): HttpPool => {
    const known = pools.get(name);
    if (known && known.source === more.localAddress) return known.pool;
    void known?.pool.close();
    const pool = createHttpPool({ userAgent: init.userAgent, ...more });
    pools.set(name, { pool, source: more.localAddress });
    return pool;
  };

  return {
    http: () => poolFor('sinks', proxied).client,
    through: (uplink, routes) => async (request, signal) => {
      const failures: HttpFailure[] = [];
      const { found, whys } = sourcesOf(uplink, latest);
      for (const { family, address } of found) {
        const bound = { uplink: uplink.name, family, ...bindingOf(uplink, family) };
        const why = await routes?.violation(bound, latest);
        if (why !== undefined) {
          failures.push(unreachable(why));
          continue;
        }
        const pool = poolFor(`sinks by ${uplink.name} ${family}`, { localAddress: address, ...proxied });
        try {
          return await pool.client(request, signal);
        } catch (error) {
          // While nothing has been sent, the provider may be had in the other family.
          if (!(error instanceof HttpFailure) || error.sent || signal.aborted) throw error;
          failures.push(error);
        }
      }
      const [first = unreachable(whys.join('; '))] = failures;
      throw new HttpFailure(first.kind, false, messagesOf(failures) || first.message, { cause: first });
    },
    // Never through a proxy: what it would report is the proxy's address.
    witness: (uplink, family) => async (request, signal) => {
      const source = sourceAddress(latest, family, bindingOf(uplink, family));
      // Unbound it would leave by another uplink and name that one's address: a wrong answer, not a weaker one.
      if (source.kind === 'none') throw unreachable(source.why);
      const from = source.address === undefined ? {} : { localAddress: source.address };
      return poolFor(`${uplink.name} ${family}`, { family, ...from }).client(request, signal);
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

interface Sources {
  readonly found: readonly { readonly family: Family; readonly address: IpAddress }[];
  /** Why there is none in the other families. */
  readonly whys: readonly string[];
}

/** What requests can leave from through an uplink, in every family in which it is bound. */
function sourcesOf(uplink: UplinkSettings, snapshot: Snapshot): Sources {
  const found: { readonly family: Family; readonly address: IpAddress }[] = [];
  const whys: string[] = [];
  for (const family of FAMILIES) {
    const binding = bindingOf(uplink, family);
    if (!isBound(binding)) continue;
    const source = sourceAddress(snapshot, family, binding);
    if (source.kind === 'none') whys.push(source.why);
    else if (source.address !== undefined) found.push({ family, address: source.address });
  }
  return { found, whys };
}

const unreachable = (why: string): HttpFailure => new HttpFailure('connect', false, why);

const messagesOf = (failures: readonly HttpFailure[]): string =>
  [...new Set(failures.map(({ message }) => message))].join('; ');
