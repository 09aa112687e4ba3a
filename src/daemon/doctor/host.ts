import { classify } from '../../model/address.ts';
import type { NetworkInterface, Snapshot } from '../../model/snapshot.ts';
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
 * Whether this process is in a container, and whether behind a bridge: then its interface is one end of a veth pair with an address out of
 * the range that Docker and Podman give (172.16.0.0/12, 10.88.0.0/16), and nothing that happens to the host's own network shows in there.
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
  const uplink = snapshot.routes.find((route) => route.family === 'ipv4')?.interface;
  const owner = snapshot.interfaces.find(({ name }) => name === uplink);
  const bridged =
    owner !== undefined &&
    isPair(owner.name, read) &&
    owner.addresses.some(({ address }) => BRIDGES.some((range) => range.test(address)));
  return { in: found, bridged };
}

const BRIDGES: readonly RegExp[] = [/^172\.(?:1[6-9]|2\d|3[01])\./, /^10\.88\./];

/** The other end of a veth pair is in another namespace, and so has a number that is not its own. */
function isPair(name: string, read: (path: string) => string | undefined): boolean {
  const [index, peer] = ['ifindex', 'iflink'].map((file) => Number(read(`/sys/class/net/${name}/${file}`)));
  return Number.isInteger(index) && Number.isInteger(peer) && index !== peer;
}
