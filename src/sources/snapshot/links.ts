import type { NetworkInterfaceInfo } from 'node:os';
import { familyOf, parseAddress } from '../../model/address.ts';
import type { InterfaceAddress } from '../../model/snapshot.ts';
import type { Link } from './contract.ts';
import { NO_FLAGS } from './inet6.ts';

/**
 * Links from the listing of `os.networkInterfaces`. What it lists is up and running (libuv leaves out everything else), so an interface
 * without carrier is simply not there. Address flags are not in it.
 */
export function linksFrom(listing: NodeJS.Dict<NetworkInterfaceInfo[]>): readonly Link[] {
  const links = new Map<string, Link>();
  for (const [label, entries = []] of Object.entries(listing)) {
    const name = nameOf(label);
    const before = links.get(name);
    const addresses = [...(before?.addresses ?? []), ...entries.flatMap(addressOf)];
    const mac = before?.mac ?? entries.find((entry) => entry.mac !== NO_MAC)?.mac;
    links.set(name, {
      name,
      index: before?.index || indexOf(entries),
      running: true,
      loopback: before?.loopback ?? entries.some((entry) => entry.internal),
      ...(mac === undefined ? {} : { mac: mac.toLowerCase() }),
      addresses,
    });
  }
  return [...links.values()];
}

const NO_MAC = '00:00:00:00:00:00';

/** Linux lists a labelled IPv4 address under `eth0:1`; it is eth0's. Windows names may hold anything but never end like that. */
const nameOf = (label: string): string => label.replace(/:[^:\s]+$/, '') || label;

/** The scope of a link-local address is the number of its interface; there is no other way to learn it here. */
const indexOf = (entries: readonly NetworkInterfaceInfo[]): number =>
  entries.reduce((found, entry) => found || (entry.family === 'IPv6' ? (entry.scopeid ?? 0) : 0), 0);

function addressOf(entry: NetworkInterfaceInfo): readonly InterfaceAddress[] {
  const address = parseAddress(entry.address.replace(/%.*$/, ''));
  if (address === undefined) return [];
  const family = familyOf(address);
  const longest = family === 'ipv4' ? 32 : 128;
  const length = Number(entry.cidr?.split('/')[1] ?? longest);
  const prefixLength = Number.isInteger(length) && length >= 0 && length <= longest ? length : longest;
  return [{ address, family, prefixLength, flags: NO_FLAGS }];
}
