import ipaddr from 'ipaddr.js';
import type { IpAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import { defaultRoute } from '../../model/route.ts';
import type { DefaultRoute, InterfaceAddress, Snapshot } from '../../model/snapshot.ts';

/** The router of a default route, and the address of ours that it knows us by. */
export interface Gateway {
  readonly family: Family;
  readonly address: IpAddress;
  readonly interface: string;
  readonly localAddress: IpAddress;
}

/** Everything that makes it another gateway to deal with. */
export const gatewayKey = (gateway: Gateway): string =>
  `${gateway.address}%${gateway.interface} from ${gateway.localAddress}`;

export type GatewayFound =
  | { readonly kind: 'found'; readonly gateway: Gateway }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The gateway of the default route that carries the traffic: the lowest metric among interfaces that are up, of one interface if it is
 * named. Nobody else is ever asked or believed. Pure.
 */
export function gatewayOf(snapshot: Snapshot, family: Family, bound?: string): GatewayFound {
  const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
  const where = bound === undefined ? '' : ` on ${bound}`;
  const best = defaultRoute(snapshot, family, bound);
  if (best === undefined) {
    const down = snapshot.routes.some(
      (route) => route.family === family && (bound === undefined || route.interface === bound),
    );
    return none(`there is no ${name} default route${where}${down ? ' that is up' : ''}`);
  }
  if (best.gateway === undefined) {
    return none(`the ${name} default route over ${best.interface} has no gateway: no router stands between`);
  }
  const local = localAddress(snapshot, best, best.gateway);
  if (local === undefined) return none(`${best.interface} has no ${name} address to ask the gateway from`);
  return {
    kind: 'found',
    gateway: { family, address: best.gateway, interface: best.interface, localAddress: local },
  };
}

/** The address on the gateway's own link: that is where its answers and events come to. */
function localAddress(snapshot: Snapshot, route: DefaultRoute, gateway: IpAddress): IpAddress | undefined {
  const usable = (entry: InterfaceAddress) =>
    entry.family === route.family && !entry.flags.tentative && !entry.flags.duplicate;
  const candidates =
    snapshot.interfaces.find(({ name }) => name === route.interface)?.addresses.filter(usable) ?? [];
  const near = candidates.find((entry) => sameNetwork(entry, gateway));
  return (near ?? candidates[0])?.address;
}

function sameNetwork(entry: InterfaceAddress, gateway: IpAddress): boolean {
  const [a, b] = [ipaddr.parse(entry.address), ipaddr.parse(gateway)];
  return a.kind() === b.kind() && b.match(a, entry.prefixLength);
}

const none = (why: string): GatewayFound => ({ kind: 'none', why });
