import { classify, type IpAddress } from '../model/address.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import { defaultRoute } from '../model/route.ts';
import type { DefaultRoute, InterfaceAddress, NetworkInterface, Snapshot } from '../model/snapshot.ts';
import { describeDifferences } from './describe-differences.ts';

export type ActReason =
  | 'initial_state'
  | 'family_appeared'
  | 'family_disappeared'
  | 'addresses_changed_ipv4'
  | 'addresses_changed_ipv6'
  | 'default_interface_changed'
  | 'gateway_changed';

export interface Difference {
  /** What broke equality, one sentence each, sorted; empty if the snapshots are equal. For logs. */
  readonly differences: readonly string[];
  /** True if this calls for a new detection. */
  readonly act: boolean;
  /** Why it does; empty if it does not. */
  readonly reasons: readonly ActReason[];
  /** True if open connections are dead: an own address, the default interface or the gateway they used is gone. */
  readonly networkChanged: boolean;
}

/**
 * Compares two snapshots, in two tiers: whatever differs is told, and what could change a published address calls for action.
 *
 * Families are judged each on its own. A family is alive while some interface that is up has an address that could be published or could
 * stand behind one that is (private and ULA count, link-local does not; tentative and duplicate ones not yet or never). From dead to
 * dead nothing calls for action. Virtual interfaces count only as the default route's, or as one
 * that the operator names; so does the loopback.
 *
 * Order never matters, and lifetimes are not in a snapshot: a renewed lease is no difference at all. An address that becomes deprecated is
 * another candidate, and not a dead connection.
 */
export function difference(previous: Snapshot | undefined, next: Snapshot): Difference {
  if (previous === undefined) {
    return { differences: ['first snapshot'], act: true, reasons: ['initial_state'], networkChanged: false };
  }
  const verdicts = FAMILIES.map((family) => judge(view(previous, family), view(next, family), family));
  const reasons = [...new Set(verdicts.flatMap((verdict) => verdict.reasons))];
  return {
    differences: describeDifferences(previous, next),
    act: reasons.length > 0,
    reasons,
    networkChanged: verdicts.some((verdict) => verdict.networkChanged),
  };
}

/** What of a snapshot matters to one family. */
interface View {
  /** `interface address flags`: an address with other flags is another candidate. */
  readonly candidates: ReadonlySet<string>;
  readonly addresses: ReadonlySet<IpAddress>;
  readonly route: DefaultRoute | undefined;
  /** True if what leaves for the world leaves through a VPN; `undefined` if nobody knows. */
  readonly tunnelled: boolean | undefined;
}

function view(snapshot: Snapshot, family: Family): View {
  const interfaces = new Map(snapshot.interfaces.map((owner) => [owner.name, owner]));
  const wayOut = snapshot.waysOut?.[family];
  const route = defaultRoute(snapshot, family);
  const found = snapshot.interfaces
    .filter((owner) => owner.running && (owner.named === true || isOrdinary(owner, route)))
    .flatMap((owner) => owner.addresses.map((entry) => ({ owner, entry })))
    .filter(({ entry }) => entry.family === family && isCandidate(entry));
  return {
    candidates: new Set(found.map(({ owner, entry }) => candidateKey(owner, entry))),
    addresses: new Set(found.map(({ entry }) => entry.address)),
    route,
    tunnelled: wayOut === undefined ? undefined : interfaces.get(wayOut)?.tunnel === true,
  };
}

const isOrdinary = (
  { name, loopback, virtual }: NetworkInterface,
  route: DefaultRoute | undefined,
): boolean => !loopback && (!virtual || name === route?.interface);

function isCandidate({ address, flags }: InterfaceAddress): boolean {
  if (flags.tentative || flags.duplicate) return false;
  switch (classify(address)) {
    case 'global':
    case 'private':
    case 'cgnat':
    case 'ula':
    case 'documentation':
    case 'benchmark':
      return true;
    case 'link_local':
    case 'loopback':
    case 'multicast':
    case 'reserved':
      return false;
  }
}

const candidateKey = (owner: NetworkInterface, { address, flags }: InterfaceAddress): string =>
  `${owner.name} ${address}${flags.deprecated ? ' deprecated' : ''}${flags.temporary ? ' temporary' : ''}`;

interface Verdict {
  readonly reasons: readonly ActReason[];
  readonly networkChanged: boolean;
}

function judge(before: View, after: View, family: Family): Verdict {
  const alive = before.candidates.size > 0;
  const lives = after.candidates.size > 0;
  if (!alive && !lives) return { reasons: [], networkChanged: false };
  const reasons: ActReason[] = [];
  if (!alive) reasons.push('family_appeared');
  else if (!lives) reasons.push('family_disappeared');
  else if (!sameSet(before.candidates, after.candidates)) reasons.push(`addresses_changed_${family}`);

  const otherInterface = before.route?.interface !== after.route?.interface;
  const otherGateway = !otherInterface && before.route?.gateway !== after.route?.gateway;
  // A VPN may take the traffic over by rules and leave the default route as it was.
  const otherWay =
    before.tunnelled !== undefined && after.tunnelled !== undefined && before.tunnelled !== after.tunnelled;
  if (otherInterface || otherWay) reasons.push('default_interface_changed');
  if (otherGateway) reasons.push('gateway_changed');

  const addressGone = [...before.addresses].some((address) => !after.addresses.has(address));
  const routeGone = before.route !== undefined && (otherInterface || otherGateway);
  return { reasons, networkChanged: alive && (addressGone || routeGone || otherWay) };
}

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((value) => b.has(value));
