import { classify, type IpAddress } from '../model/address.ts';
import type { Family } from '../model/family.ts';
import type { Witness } from '../model/reading.ts';
import { preferredRoute } from '../model/route.ts';
import type { NetworkInterface, Snapshot } from '../model/snapshot.ts';

/** Reasons for not believing an outside witness, by the names under which an operator may waive them. */
export const EXITS = ['tunnel', 'differing'] as const;
export type Exit = (typeof EXITS)[number];

export interface ExitQuestion {
  readonly family: Family;
  /** True if the uplink is bound to an interface or source address: then the default route does not matter. */
  readonly bound: boolean;
  readonly waived: readonly Exit[];
}

/**
 * Why the address an outside witness saw may be that of a VPN's or proxy's exit and not this host's own; `undefined` if nothing
 * speaks for that. Pure.
 * - `tunnel`: the default route of the family leads through a VPN's link;
 * - `differing`: the host owns a public address of the family, and the witness saw another one.
 */
export function exitReason(
  address: IpAddress,
  via: Witness,
  snapshot: Snapshot,
  { family, bound, waived }: ExitQuestion,
): string | undefined {
  if (via.outside !== true || bound) return undefined;
  const uplink = defaultInterface(snapshot, family);
  if (uplink?.tunnel === true && !waived.includes('tunnel')) {
    return `tunnel: the default route leads through ${uplink.name}, so ${address} may be the exit of a VPN; bind the uplink to an interface, or waive it with accept_exits: [tunnel]`;
  }
  if (waived.includes('differing') || uplink === undefined) return undefined;
  const owned = uplink.addresses.filter((own) => own.family === family && classify(own.address) === 'global');
  const anywhere = snapshot.interfaces.some((one) => one.addresses.some((own) => own.address === address));
  if (owned.length === 0 || anywhere) return undefined;
  const shown = owned.map((own) => own.address).join(', ');
  return `differing: ${uplink.name} owns ${shown} but ${address} was seen, so a proxy or VPN is in between; waive it with accept_exits: [differing]`;
}

function defaultInterface(snapshot: Snapshot, family: Family): NetworkInterface | undefined {
  const find = (name: string) => snapshot.interfaces.find((one) => one.name === name);
  const route = preferredRoute(
    snapshot.routes,
    family,
    ({ interface: name }) => find(name)?.running === true,
    ({ interface: name }) => find(name)?.virtual === true,
  );
  return route && find(route.interface);
}
