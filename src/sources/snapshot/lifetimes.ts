import { classify, type IpAddress, parseAddress } from '../../model/address.ts';
import type { InterfaceAddress } from '../../model/snapshot.ts';
import type { Link, SnapshotComponents } from './contract.ts';
import { fieldsOf, json } from './json.ts';
import { askProgram } from './program.ts';

/** Milliseconds for `ip` to answer; it needs 3. */
const DEADLINE = 500;
/** RFC 4861 section 4.6.2: all ones stand for ever. */
const FOR_EVER = 0xffff_ffff;

type Lifetimes = ReadonlyMap<string, number>;
type Components = Pick<SnapshotComponents, 'scheduler' | 'log'> & Required<Pick<SnapshotComponents, 'spawn'>>;

/**
 * Adds preferred lifetimes to the IPv6 addresses of links on which several are alike, so that they decide. /proc does not have them, so `ip`
 * is asked: only where they matter, because it is a program to start. Whatever goes wrong leaves them unknown; where `ip` does not know how
 * (BusyBox) or is not there, it is not asked again.
 */
export function lifetimeReader(components: Components): (links: readonly Link[]) => Promise<readonly Link[]> {
  let hopeless = false;
  return async (links) => {
    if (hopeless || !links.some(isUndecided)) return links;
    const { log } = components;
    const words = ['-j', '-6', 'address', 'show'];
    const answer = await askProgram(components, { program: 'ip', words, deadline: DEADLINE });
    const found = 'text' in answer ? parseLifetimes(answer.text) : undefined;
    if (found === undefined) {
      const { why, final } = 'text' in answer ? { why: 'it does not write JSON', final: true } : answer;
      hopeless = final;
      log.debug('snapshot_unreadable', `ip does not tell the lifetimes of addresses: ${why}`, { final });
      return links;
    }
    return links.map((link) => ({
      ...link,
      addresses: link.addresses.map((entry) => withLifetime(link, entry, found)),
    }));
  };
}

/** True if two stable addresses of one class compete: only then a lifetime can make a difference. */
function isUndecided({ running, loopback, addresses }: Link): boolean {
  if (!running || loopback) return false;
  const classes = addresses.filter(isStable).map(({ address }) => classify(address));
  return new Set(classes).size < classes.length;
}

function isStable({ address, family, flags }: InterfaceAddress): boolean {
  if (family !== 'ipv6' || flags.temporary || flags.deprecated || flags.tentative || flags.duplicate)
    return false;
  return !['link_local', 'loopback', 'multicast', 'reserved'].includes(classify(address));
}

function withLifetime(link: Link, entry: InterfaceAddress, found: Lifetimes): InterfaceAddress {
  const preferredLifetime = entry.family === 'ipv6' ? found.get(keyOf(link.name, entry.address)) : undefined;
  return preferredLifetime === undefined ? entry : { ...entry, preferredLifetime };
}

const keyOf = (name: string, address: IpAddress): string => `${name} ${address}`;

/**
 * Reads `ip -j -6 address show` (iproute2: a list of `{ ifname, addr_info: [{ family, local, preferred_life_time }] }`), to lifetimes by
 * interface and address; `undefined` if it is not that. Never throws.
 */
export function parseLifetimes(text: string): Lifetimes | undefined {
  const listing = json(text);
  if (!Array.isArray(listing)) return undefined;
  const found = new Map<string, number>();
  for (const link of listing as readonly unknown[]) {
    const { ifname, addr_info: entries } = fieldsOf(link);
    if (typeof ifname !== 'string' || !Array.isArray(entries)) continue;
    for (const entry of entries as readonly unknown[]) {
      const { family, local, preferred_life_time: seconds } = fieldsOf(entry);
      const address = typeof local === 'string' ? parseAddress(local) : undefined;
      if (family !== 'inet6' || address === undefined) continue;
      if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0) continue;
      found.set(keyOf(ifname, address), seconds === FOR_EVER ? Number.POSITIVE_INFINITY : seconds);
    }
  }
  return found;
}
