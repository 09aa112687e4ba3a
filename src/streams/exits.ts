import { classify } from '../model/address.ts';
import type { Exit } from '../model/exit.ts';
import type { Family } from '../model/family.ts';
import type { KnownReading } from '../model/reading.ts';
import { defaultRoute } from '../model/route.ts';
import type { NetworkInterface, Snapshot } from '../model/snapshot.ts';

export interface ExitQuestion {
  readonly family: Family;
  /** True if the uplink is bound to an interface or source address: then the default route does not matter. */
  readonly bound: boolean;
  readonly waived: readonly Exit[];
}

export interface ExitSign {
  readonly exit: Exit;
  readonly why: string;
}

/**
 * Why an address may be that of a VPN's or proxy's exit and not this host's own; `undefined` if nothing speaks for that. Pure.
 * - `warp`: the witness itself says that it was asked through a proxy, whatever the host knows of it;
 * - `tunnel`: what leaves for the world leaves through a VPN's link, or the address is that link's own and nobody named it;
 * - `differing`: the host owns a public address of the family, and the witness saw another one.
 *
 * A cloud's metadata and a router know the address without looking at where the question came from, so that no VPN changes what they say.
 */
export function exitSign(
  reading: KnownReading,
  snapshot: Snapshot,
  { family, bound, waived }: ExitQuestion,
): ExitSign | undefined {
  const { address, via } = reading;
  const sign = (exit: Exit, words: string, remedy = ''): ExitSign | undefined =>
    waived.includes(exit)
      ? undefined
      : { exit, why: `${exit}: ${words}; ${remedy}waive it with accept_exits: [${exit}]` };

  if (via.chosen === true) {
    const owner = ownerOf(reading, snapshot);
    return owner?.tunnel === true
      ? sign('tunnel', `${address} is the address of the VPN's link ${owner.name}`, `name ${owner.name}, or `)
      : undefined;
  }
  if (via.seesPath !== true) return undefined;
  if (reading.exit !== undefined) {
    const proxied = sign('warp', `asked through a proxy (${reading.exit}), so ${address} is that one's`);
    if (proxied !== undefined) return proxied;
  }
  const uplink = bound ? undefined : wayOut(snapshot, family);
  if (uplink === undefined) return undefined;
  if (uplink.tunnel === true) {
    const words = `the way out leads through ${uplink.name}, so ${address} may be the exit of a VPN`;
    const found = sign('tunnel', words, 'bind the uplink to an interface, or ');
    if (found !== undefined) return found;
  }
  const owned = uplink.addresses.filter((own) => own.family === family && classify(own.address) === 'global');
  if (owned.length === 0 || ownerOf(reading, snapshot) !== undefined) return undefined;
  const shown = owned.map((own) => own.address).join(', ');
  return sign(
    'differing',
    `${uplink.name} owns ${shown} but ${address} was seen, so a proxy or VPN is in between`,
  );
}

const ownerOf = ({ address }: KnownReading, { interfaces }: Snapshot): NetworkInterface | undefined =>
  interfaces.find((one) => one.addresses.some((own) => own.address === address));

function wayOut(snapshot: Snapshot, family: Family): NetworkInterface | undefined {
  const find = (name: string) => snapshot.interfaces.find((one) => one.name === name);
  const told = snapshot.waysOut?.[family];
  if (told !== undefined) return find(told);
  const route = defaultRoute(snapshot, family);
  return route && find(route.interface);
}
