import type { Family } from '../../model/family.ts';
import type { DefaultRoute } from '../../model/snapshot.ts';
import type { Link, Sight, SnapshotComponents, SnapshotInit } from './contract.ts';
import { type Inet6Entry, parseInet6 } from './inet6.ts';
import { tunnelTeller } from './link-kinds.ts';
import { linksFrom } from './links.ts';
import { parseRoutes4, parseRoutes6 } from './routes.ts';

type Components = Pick<SnapshotComponents, 'endianness' | 'interfaces' | 'readFile' | 'log'>;

/**
 * Looks at a Linux host without starting a program: about 0.2 ms on a host with a handful of interfaces.
 * IPv4 addresses and what is running come from `os.networkInterfaces`, IPv6 addresses with their flags from /proc/net/if_inet6, default
 * routes from /proc/net/route and /proc/net/ipv6_route.
 */
export function lookAtLinux(components: Components, init: SnapshotInit): () => Sight {
  const root = init.root?.replace(/\/$/, '') ?? '';
  const read = (path: string): Text => readText(components, `${root}${path}`);
  const isTunnel = tunnelTeller((path) => {
    const text = read(path);
    return text.kind === 'text' ? text.text : undefined;
  });

  let lastInet6: readonly Inet6Entry[] | undefined;

  /** What was read last is kept while it is listed: without their flags addresses are not fit to be judged. */
  const inet6Entries = (
    text: Text,
    mounted: boolean,
    listed: readonly Link[],
  ): readonly Inet6Entry[] | undefined => {
    if (text.kind === 'text') lastInet6 = parseInet6(text.text);
    // A kernel without IPv6 has no such file; a /proc that is not mounted has none at all.
    else if (text.kind === 'missing' && mounted) lastInet6 = [];
    else return lastInet6?.filter((entry) => isListed(entry, listed));
    return lastInet6;
  };

  return () => {
    const listed = listLinks(components);
    const inet6 = read('/proc/net/if_inet6');
    const routes4 = read('/proc/net/route');
    const routes6 = read('/proc/net/ipv6_route');
    const mounted = routes4.kind === 'text';
    const routes: Record<Family, readonly DefaultRoute[] | undefined> = {
      ipv4: routes4.kind === 'text' ? parseRoutes4(routes4.text, components.endianness) : undefined,
      ipv6:
        routes6.kind === 'text'
          ? parseRoutes6(routes6.text)
          : routes6.kind === 'missing' && mounted
            ? []
            : undefined,
    };
    if (listed === undefined) return { links: undefined, routes };
    const entries = inet6Entries(inet6, mounted, listed);
    const complete = withRoutes(withInet6(listed, entries ?? []), [
      ...(routes.ipv4 ?? []),
      ...(routes.ipv6 ?? []),
    ]);
    const links = complete.map((link) => {
      const indexed = withIndex(link, read);
      return isTunnel(indexed) ? { ...indexed, tunnel: true as const } : indexed;
    });
    return { links, routes, ...(entries === undefined && { hidden: ['ipv6'] }) };
  };
}

type Text =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable' };

function readText(components: Components, path: string): Text {
  try {
    return { kind: 'text', text: components.readFile(path) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' };
    components.log.debug('snapshot_unreadable', `cannot read ${path}`, { path, error: String(error) });
    return { kind: 'unreadable' };
  }
}

function listLinks(components: Components): readonly Link[] | undefined {
  try {
    return linksFrom(components.interfaces());
  } catch (error) {
    components.log.debug('snapshot_unreadable', 'cannot list the interfaces', { error: String(error) });
    return undefined;
  }
}

const isListed = ({ interface: name, address: { address } }: Inet6Entry, links: readonly Link[]): boolean =>
  links.some((link) => link.name === name && link.addresses.some((entry) => entry.address === address));

/**
 * /proc/net/if_inet6 is the whole truth about IPv6: the listing was taken a moment before and knows no flags. So the listed
 * IPv6 addresses are replaced, not merged; one that has gone in between would otherwise appear to have no flags.
 */
function withInet6(links: readonly Link[], entries: readonly Inet6Entry[]): readonly Link[] {
  const known = new Set(links.map((link) => link.name));
  // Listed in /proc only: it holds an address and is not running.
  const silent = [...new Set(entries.map((entry) => entry.interface))].filter((name) => !known.has(name));
  return [...links, ...silent.map(silentLink)].map((link) => {
    const own = entries.filter((entry) => entry.interface === link.name);
    const ipv4 = link.addresses.filter((address) => address.family === 'ipv4');
    return {
      ...link,
      index: own[0]?.index ?? link.index,
      addresses: [...ipv4, ...own.map((entry) => entry.address)],
    };
  });
}

/** Routes stay when the carrier goes; their interface is then known by the route alone, and shown as not running. */
function withRoutes(links: readonly Link[], routes: readonly DefaultRoute[]): readonly Link[] {
  const known = new Set(links.map((link) => link.name));
  const silent = [...new Set(routes.map((route) => route.interface))].filter((name) => !known.has(name));
  return [...links, ...silent.map(silentLink)];
}

const silentLink = (name: string): Link => ({
  name,
  index: 0,
  running: false,
  loopback: name === 'lo',
  addresses: [],
});

function withIndex(link: Link, read: (path: string) => Text): Link {
  if (link.index !== 0) return link;
  const text = read(`/sys/class/net/${link.name}/ifindex`);
  const index = text.kind === 'text' ? Number(text.text) : 0;
  return Number.isSafeInteger(index) && index > 0 ? { ...link, index } : link;
}
