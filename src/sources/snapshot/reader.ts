import { compareAddresses } from '../../model/address.ts';
import { FAMILIES, type Family } from '../../model/family.ts';
import { preferredRoute } from '../../model/route.ts';
import type { DefaultRoute, NetworkInterface, Snapshot } from '../../model/snapshot.ts';
import type { Link, SnapshotComponents, SnapshotInit } from './contract.ts';
import { lifetimeReader } from './lifetimes.ts';
import { lookAtLinux } from './linux.ts';
import { lookAnywhere } from './portable.ts';
import { nameMatcher, TUNNELS, virtualNames } from './virtual.ts';
import { withWaysOut } from './ways-out.ts';

/**
 * Makes the function that takes snapshots of the host. It never rejects: what could not be told (an unreadable file, a gateway reader
 * that throws or hangs) keeps the value of the last look, and says so at debug. Remembered routes go when their interface goes.
 *
 * Addresses are kept whatever their kind, link-local and ULA included, in canonical text without zone. Everything is sorted, so that
 * equal hosts give equal snapshots.
 */
export function createSnapshotReader(
  components: SnapshotComponents,
  init: SnapshotInit = {},
): () => Promise<Snapshot> {
  const look = components.platform === 'linux' ? lookAtLinux(components, init) : lookAnywhere(components);
  const byName = nameMatcher(init.virtual ?? virtualNames(components.platform));
  const isTunnel = (name: string): boolean =>
    links.some((link) => link.name === name && link.tunnel === true);
  const looksVirtual = (name: string): boolean => byName(name) || isTunnel(name);
  const { spawn, sourceOf } = components;
  const withLifetimes =
    components.platform === 'linux' && spawn !== undefined
      ? lifetimeReader({ ...components, spawn })
      : async (given: readonly Link[]) => given;
  let links: readonly Link[] = [];
  let hidden: readonly Family[] = FAMILIES;
  let known: Record<Family, readonly DefaultRoute[]> = { ipv4: [], ipv6: [] };

  return async () => {
    const sight = await look();
    if (sight.links === undefined)
      components.log.debug('interfaces_unknown', 'keeping the interfaces of the last look');
    else hidden = sight.hidden ?? [];
    links = sight.links ?? links;
    // Of the links of this look alone: lifetimes run down, and what was known of them a while ago is wrong now.
    const aged = await withLifetimes(links);
    const present = new Set(links.map((link) => link.name));
    const keep = (family: Family): readonly DefaultRoute[] => {
      const kept = known[family].filter((route) => present.has(route.interface));
      components.log.debug(
        'routes_unknown',
        `keeping ${kept.length} ${family} default routes of the last look`,
        { family },
      );
      return kept;
    };
    known = { ipv4: sight.routes.ipv4 ?? keep('ipv4'), ipv6: sight.routes.ipv6 ?? keep('ipv6') };
    const untold = FAMILIES.filter(
      (family) => sight.routes[family] === undefined && known[family].length === 0,
    );
    const composed = compose(aged, [...known.ipv4, ...known.ipv6], looksVirtual, new Set(init.named?.()));
    const snapshot =
      untold.length + hidden.length === 0
        ? composed
        : { ...composed, unknown: { routes: untold, addresses: hidden } };
    return sourceOf === undefined ? snapshot : withWaysOut(snapshot, sourceOf);
  };
}

function compose(
  links: readonly Link[],
  routes: readonly DefaultRoute[],
  looksVirtual: (name: string) => boolean,
  named: ReadonlySet<string>,
): Snapshot {
  const running = new Set(links.filter((link) => link.running).map((link) => link.name));
  // Structure outweighs names: a veth that holds the default route is this host's uplink (it runs in a container).
  const uplinks = new Set(
    FAMILIES.map(
      (family) =>
        preferredRoute(
          routes,
          family,
          (route) => running.has(route.interface),
          (route) => looksVirtual(route.interface),
        )?.interface,
    ),
  );
  const isNamed = (link: Link): boolean =>
    named.has(link.name) || link.addresses.some(({ address }) => named.has(address));
  const interfaces = links.map(
    (link): NetworkInterface => ({
      ...link,
      virtual: looksVirtual(link.name) && !uplinks.has(link.name),
      ...(isNamed(link) && { named: true }),
      ...(namedLikeTunnel(link.name) && { tunnel: true }),
      addresses: [...link.addresses].sort((a, b) => compareAddresses(a.address, b.address)),
    }),
  );
  return {
    interfaces: interfaces.sort((a, b) => compareText(a.name, b.name)),
    routes: [...routes].sort(
      (a, b) => compareText(a.family, b.family) || a.metric - b.metric || compareText(key(a), key(b)),
    ),
  };
}

const namedLikeTunnel = nameMatcher(TUNNELS);

const key = (route: DefaultRoute): string => `${route.interface} ${route.gateway ?? ''}`;

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
