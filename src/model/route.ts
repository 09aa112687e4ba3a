import { classify } from './address.ts';
import type { Family } from './family.ts';
import type { DefaultRoute, Snapshot } from './snapshot.ts';

/**
 * The default route that traffic of a family takes: the lowest metric among those that `usable` lets pass. Ties go to one that is
 * not `secondary` (a tunnel beside the real uplink), then to the first by interface name, so that the answer never depends on order.
 */
export function preferredRoute(
  routes: readonly DefaultRoute[],
  family: Family,
  usable: (route: DefaultRoute) => boolean,
  secondary: (route: DefaultRoute) => boolean,
): DefaultRoute | undefined {
  return routes
    .filter((route) => route.family === family && usable(route))
    .sort(
      (a, b) =>
        a.metric - b.metric ||
        Number(secondary(a)) - Number(secondary(b)) ||
        compareText(identity(a), identity(b)),
    )[0];
}

/** The default route of a host that carries a family's traffic now: over an interface that is up, of those that `leads` lets pass. */
export function defaultRoute(
  snapshot: Snapshot,
  family: Family,
  leads: (route: DefaultRoute) => boolean = () => true,
): DefaultRoute | undefined {
  const interfaces = new Map(snapshot.interfaces.map((owner) => [owner.name, owner]));
  return preferredRoute(
    snapshot.routes,
    family,
    (route) => leads(route) && interfaces.get(route.interface)?.running === true,
    ({ interface: name }) => interfaces.get(name)?.virtual === true,
  );
}

/**
 * True if a question could leave by a family: it has a default route, in whichever table, or an address to ask from while the routes cannot
 * be read. That is so for good on systems whose reader of gateways does not tell "none" from "unknown"; there the address decides.
 */
export function mayLeave(snapshot: Snapshot, family: Family): boolean {
  if (snapshot.routes.some((route) => route.family === family)) return true;
  if (snapshot.waysOut?.[family] !== undefined) return true;
  if (snapshot.unknown?.routes.includes(family) !== true) return false;
  return snapshot.interfaces.some(
    ({ running, loopback, addresses }) =>
      running &&
      !loopback &&
      addresses.some((entry) => entry.family === family && classify(entry.address) !== 'link_local'),
  );
}

const identity = (route: DefaultRoute): string => `${route.interface} ${route.gateway ?? ''}`;

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
