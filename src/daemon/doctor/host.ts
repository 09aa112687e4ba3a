import { classify, type IpAddress } from '../../model/address.ts';
import type { InterfaceAddress, NetworkInterface, Snapshot } from '../../model/snapshot.ts';
import type { ContainerReport, HostReport } from './contract.ts';

/** What the host has, with the class of each address. Pure. */
export function describeHost(snapshot: Snapshot): HostReport {
  return {
    interfaces: snapshot.interfaces.map((owner) => ({
      name: owner.name,
      running: owner.running,
      kind: kindOf(owner),
      addresses: owner.addresses.map(({ address, prefixLength, flags }) => ({
        address,
        prefixLength,
        class: classify(address),
        flags: (['tentative', 'duplicate', 'deprecated', 'temporary'] as const).filter((flag) => flags[flag]),
      })),
    })),
    routes: snapshot.routes,
  };
}

function kindOf({ loopback, tunnel, virtual }: NetworkInterface): HostReport['interfaces'][number]['kind'] {
  if (loopback) return 'loopback';
  if (tunnel === true) return 'tunnel';
  return virtual ? 'virtual' : 'usual';
}

/** Reads a small file whole; throws where there is none. */
export type ReadFile = (path: string) => string;

/** Files and words by which a process knows that it is in a container. */
const MARKS: readonly (readonly [path: string, name: string])[] = [
  ['/.dockerenv', 'docker'],
  ['/run/.containerenv', 'podman'],
  ['/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'kubernetes'],
];
const GROUPS = /(docker|kubepods|libpod|containerd|lxc)/;

/**
 * Whether this process is in a container, and whether behind a bridge: then its way out is one end of a veth pair (cards on the LAN, by
 * macvlan or ipvlan, say so in DEVTYPE), and the gateway is the host: the first address of the network, or one on the link alone. Nothing
 * that happens to the host's own network shows in there. System containers (lxc) are hosts of the LAN, with a lease of their own.
 */
export function describeContainer(snapshot: Snapshot, readFile: ReadFile): ContainerReport {
  const read = (path: string): string | undefined => {
    try {
      return readFile(path);
    } catch {
      return undefined;
    }
  };
  const mark = MARKS.find(([path]) => read(path) !== undefined)?.[1];
  const found = mark ?? GROUPS.exec(read('/proc/self/cgroup') ?? '')?.[1];
  if (found === undefined) return { bridged: false };
  if (found === 'lxc') return { in: found, bridged: false };
  const route = snapshot.routes.find(({ family }) => family === 'ipv4');
  const owner = snapshot.interfaces.find(({ name }) => name === route?.interface);
  const own = owner?.addresses.find(({ family }) => family === 'ipv4');
  if (route?.gateway === undefined || own === undefined || classify(own.address) !== 'private')
    return { in: found, bridged: false };
  const { gateway, interface: name } = route;
  const bridged = isVethEnd(name, read) && (classify(gateway) === 'link_local' || isFirst(gateway, own));
  return bridged
    ? { in: found, bridged, why: `${name} is one end of a pair, its gateway ${gateway} the host` }
    : { in: found, bridged };
}

/** True for the first address of the network that `own` is in, which Docker, Podman and the usual plugins of clusters give the bridge. */
function isFirst(gateway: IpAddress, { address, prefixLength }: InterfaceAddress): boolean {
  const [network, wanted] = [address, gateway].map((text) =>
    text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0),
  );
  if (network === undefined || wanted === undefined) return false;
  const size = 2 ** (32 - prefixLength);
  return wanted === network - (network % size) + 1;
}

/** The other end of a veth pair is in another namespace, and so has a number that is not its own. */
function isVethEnd(name: string, read: (path: string) => string | undefined): boolean {
  const [index, peer] = ['ifindex', 'iflink'].map((file) => Number(read(`/sys/class/net/${name}/${file}`)));
  const other = /^DEVTYPE=/m.test(read(`/sys/class/net/${name}/uevent`) ?? '');
  return Number.isInteger(index) && Number.isInteger(peer) && index !== peer && !other;
}
