import ipaddr from 'ipaddr.js';
import { classify, type IpAddress } from '../../model/address.ts';
import { type Binding, boundInterface, isBound } from '../../model/binding.ts';
import type { Family } from '../../model/family.ts';
import { defaultRoute } from '../../model/route.ts';
import type { DefaultRoute, InterfaceAddress, Snapshot } from '../../model/snapshot.ts';

/** The router of a default route, and the address of ours that it knows us by. */
export interface Gateway {
  readonly family: Family;
  readonly address: IpAddress;
  readonly interface: string;
  /** The number of the interface. */
  readonly index?: number;
  readonly localAddress: IpAddress;
}

/** Everything that makes it another gateway to deal with. */
export const gatewayKey = (gateway: Gateway): string =>
  `${gateway.address}%${gateway.interface} from ${gateway.localAddress}`;

export type GatewayFound =
  | { readonly kind: 'found'; readonly gateway: Gateway }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The gateway of the default route that carries the traffic: the lowest metric among interfaces that are up, of what the uplink is bound
 * to if it is. Nobody else is ever asked or believed. Pure.
 */
export function gatewayOf(snapshot: Snapshot, family: Family, binding: Binding = {}): GatewayFound {
  const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
  const { source } = binding;
  const where = source !== undefined ? ` for ${source}` : isBound(binding) ? ` on ${binding.interface}` : '';
  const leads = (route: DefaultRoute) => leadsOut(route, binding, snapshot);
  const best = defaultRoute(snapshot, family, leads);
  if (best === undefined) {
    const down = snapshot.routes.some((route) => route.family === family && leads(route));
    return none(`there is no ${name} default route${where}${down ? ' that is up' : ''}`);
  }
  if (best.gateway === undefined) {
    return none(`the ${name} default route over ${best.interface} has no gateway: no router stands between`);
  }
  const local = source ?? localAddress(snapshot, best, best.gateway);
  if (local === undefined) return none(`${best.interface} has no ${name} address to ask the gateway from`);
  const index = snapshot.interfaces.find((one) => one.name === best.interface)?.index;
  const place = { interface: best.interface, ...(index !== undefined && { index }) };
  return { kind: 'found', gateway: { family, address: best.gateway, ...place, localAddress: local } };
}

/** True if what is sent by a binding may take this route: by its interface, and where an address is named to a gateway in reach of it. */
export function leadsOut(route: DefaultRoute, binding: Binding, snapshot: Snapshot): boolean {
  if (!isBound(binding)) return true;
  if (boundInterface(binding, snapshot) !== route.interface) return false;
  const { source } = binding;
  if (source === undefined || route.gateway === undefined) return true;
  const entry = snapshot.interfaces
    .find(({ name }) => name === route.interface)
    ?.addresses.find(({ address }) => address === source);
  return entry !== undefined && isNear(entry, route.gateway);
}

/** True if the address can reach the gateway without another one between: each IPv6 router has a link-local address as well. */
export const isNear = (entry: InterfaceAddress, gateway: IpAddress): boolean =>
  classify(gateway) === 'link_local' || sameNetwork(entry, gateway);

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
