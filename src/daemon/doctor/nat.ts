import type { createSocket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { parseAddress } from '../../model/address.ts';
import { FAMILIES, type Family } from '../../model/family.ts';
import type { UplinkSettings } from '../../model/settings.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { type BehaviourServer, natBehaviour } from '../../net/stun/behaviour.ts';
import { BEHAVIOUR_RETRANSMISSION } from '../../net/stun/behaviour-socket.ts';
import { sourceAddress } from '../../sources/addresses/source-address.ts';
import { type StunOptions, type StunServer, stunServers } from '../../sources/addresses/stun.ts';
import type { NatReport } from './contract.ts';
import { within } from './deadline.ts';

/** Resolves a name for one family, as `dns.promises.lookup`; rejects if there is none. */
export type Lookup = (host: string, options: { readonly family: 4 | 6 }) => Promise<LookupAddress>;

export interface NatInit {
  readonly createSocket: typeof createSocket;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly lookup: Lookup;
  readonly deadline: number;
}

/** Servers asked at most: two tell whether the NAT maps alike, the third stands by. */
const MOST_SERVERS = 4;

/** What stands between this host and the Internet, for each family that has a default route. */
export function checkNat(
  uplinks: readonly UplinkSettings[],
  snapshot: Snapshot,
  init: NatInit,
): Promise<readonly NatReport[]> {
  const routed = FAMILIES.filter((family) => snapshot.routes.some((route) => route.family === family));
  return Promise.all(
    routed.map((family) =>
      within<NatReport>(
        init.deadline,
        (signal) => checkFamily(serversOf(uplinks, family), family, snapshot, init, signal),
        () => ({ family, kind: 'unknown', why: `no result within ${init.deadline} ms` }),
      ),
    ),
  );
}

async function checkFamily(
  wanted: readonly StunServer[],
  family: Family,
  snapshot: Snapshot,
  init: NatInit,
  signal: AbortSignal,
): Promise<NatReport> {
  // A quarter of the time: the servers that are found by then are enough.
  const servers = await Promise.all(
    wanted.map((server) =>
      within(
        init.deadline / 4,
        () => resolve(server, family, init.lookup),
        () => [],
      ),
    ),
  );
  const source = sourceAddress(snapshot, family, {});
  const behaviour = await natBehaviour({
    ...init,
    retransmission: BEHAVIOUR_RETRANSMISSION,
    family,
    servers: servers.flat(),
    own: snapshot.interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ...(source.kind === 'from' && source.address !== undefined && { localAddress: source.address }),
    signal,
  });
  return { family, ...behaviour };
}

async function resolve(
  { host, port }: StunServer,
  family: Family,
  lookup: Lookup,
): Promise<readonly BehaviourServer[]> {
  try {
    const found = await lookup(host, { family: family === 'ipv4' ? 4 : 6 });
    const address = parseAddress(found.address);
    return address === undefined ? [] : [{ name: `${host}:${port}`, endpoint: { address, port } }];
  } catch {
    return [];
  }
}

/** The servers that the configuration names, before the usual ones; each once. */
function serversOf(uplinks: readonly UplinkSettings[], family: Family): readonly StunServer[] {
  const named = uplinks.flatMap((uplink) =>
    uplink.detectors[family]
      .filter(({ detector }) => detector === 'stun')
      .flatMap(({ options }) => stunServers(options as StunOptions)),
  );
  const all = new Map(
    [...named, ...stunServers({})].map((server) => [`${server.host}:${server.port}`, server]),
  );
  return [...all.values()].slice(0, MOST_SERVERS);
}
