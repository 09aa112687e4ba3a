import type { IpAddress } from '../../model/address.ts';
import { ALLOWABLE_CLASSES, addressBytes, classify, compareAddresses } from '../../model/address.ts';
import { boundInterface } from '../../model/binding.ts';
import type { Family } from '../../model/family.ts';
import { defaultRoute } from '../../model/route.ts';
import type { InterfaceAddress, NetworkInterface, Snapshot } from '../../model/snapshot.ts';

/** What may be chosen. Whatever is not said here is left out. */
export interface ChooseOptions {
  /** Only this interface; being named, it may be virtual or the loopback. */
  readonly interface?: string | undefined;
  /** Only this address, wherever it is. */
  readonly source?: IpAddress | undefined;
  /** Address classes fit to choose beyond global unicast. */
  readonly allow: readonly string[];
  /** Temporary addresses (RFC 8981) are candidates too, and preferred: whoever asks for them wants them published. */
  readonly temporary?: boolean | undefined;
  /** Deprecated addresses are candidates too, after all others. */
  readonly deprecated?: boolean | undefined;
  /** Only IPv6 addresses whose last 64 bits are those of this one (`::1234`). */
  readonly suffix?: IpAddress | undefined;
}

export type Choice =
  | {
      readonly kind: 'known';
      readonly address: IpAddress;
      readonly interface: string;
      readonly prefixLength: number;
      readonly why: string;
    }
  | { readonly kind: 'absent' | 'unavailable'; readonly why: string };

interface Candidate {
  readonly owner: NetworkInterface;
  readonly entry: InterfaceAddress;
}

interface Preference {
  readonly label: string;
  readonly fits: (candidate: Candidate, all: readonly Candidate[]) => boolean;
}

/**
 * Seconds by which lifetimes may differ and still count as equal: those of one announcement run down together, but are read a moment
 * apart, and the choice must not hang on that.
 */
const LIFETIME_SLACK = 10;

const SHOWN = 4;

/**
 * Chooses the address of this host to publish, by rules that give the same answer for the same snapshot:
 * first what is unfit is left out, then the preferences of `preferences` narrow the rest one after the other, then the
 * lowest value wins. `sticky` is the previous choice, or what is published. The reason comes with the answer, whatever it is.
 */
export function chooseAddress(
  snapshot: Snapshot,
  family: Family,
  options: ChooseOptions,
  sticky: readonly IpAddress[] = [],
): Choice {
  const { source } = options;
  const named = options.interface ?? (source && boundInterface({ source }, snapshot));
  if (source !== undefined && named === undefined) return unavailable(`this host does not have ${source}`);
  const interfaces = snapshot.interfaces.filter((owner) =>
    named === undefined ? !owner.loopback : owner.name === named,
  );
  if (named !== undefined && interfaces.length === 0) return unavailable(`there is no interface ${named}`);
  if (!interfaces.some((owner) => owner.running)) {
    return unavailable(named === undefined ? 'no interface is up' : `${named} is down or without carrier`);
  }
  if (options.suffix !== undefined && family === 'ipv4') return unavailable('a suffix is for IPv6 only');

  const all = interfaces
    .flatMap((owner) => owner.addresses.map((entry): Candidate => ({ owner, entry })))
    .filter(({ entry }) => entry.family === family && (source === undefined || entry.address === source));
  if (source !== undefined && all.length === 0) return unavailable(`${named} does not have ${source}`);
  const routes = snapshot.routes.filter((route) => route.family === family);
  const inScope = routes.filter((route) => named === undefined || route.interface === named);
  const reachable = all.filter(({ entry }) => classify(entry.address) !== 'link_local');
  if (reachable.length === 0) {
    return unreadable(snapshot, family) ?? nothingThere(family, all, inScope.length > 0, named);
  }

  const uplink = defaultRoute(snapshot, family)?.interface;
  const fit = reachable.filter((candidate) => unfitness(candidate, options, uplink) === undefined);
  if (fit.length === 0) return allUnfit(reachable, options, uplink);
  return narrow(fit, preferences(options, uplink, sticky));
}

/** Why nothing can be said of a family of which nothing is seen. */
function unreadable({ unknown }: Snapshot, family: Family): Choice | undefined {
  const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
  if (unknown?.addresses.includes(family)) {
    return unavailable(`the ${name} addresses of this host could not be read`);
  }
  if (unknown?.routes.includes(family)) {
    return unavailable(`no ${name} address, and the ${name} default routes could not be read`);
  }
  return undefined;
}

/**
 * Absent needs proof: an interface that is up, no address of the family beyond link-local, none on its way (a tentative one
 * shows that the interface has only just come up), and no default route of the family.
 */
function nothingThere(
  family: Family,
  linkLocal: readonly Candidate[],
  routed: boolean,
  named?: string,
): Choice {
  const name = family === 'ipv4' ? 'IPv4' : 'IPv6';
  const where = named === undefined ? 'this host' : named;
  if (routed) return unavailable(`${where} has an ${name} default route but no ${name} address yet`);
  if (linkLocal.some(({ entry }) => entry.flags.tentative)) {
    return unavailable(`${where} has only just got its link-local ${name} address`);
  }
  return {
    kind: 'absent',
    why: `${where} has no ${name} address beyond link-local and no ${name} default route`,
  };
}

function unfitness(
  { owner, entry }: Candidate,
  options: ChooseOptions,
  uplink: string | undefined,
): string | undefined {
  const name = classify(entry.address);
  if (!owner.running) return 'on an interface that is down';
  if (
    owner.virtual &&
    options.interface === undefined &&
    options.source === undefined &&
    owner.name !== uplink
  ) {
    return 'on a virtual interface';
  }
  if (entry.flags.duplicate) return 'duplicate';
  if (entry.flags.tentative) return 'tentative';
  if (name !== 'global' && !options.allow.includes(name)) return name;
  if (isDeprecated(entry) && options.deprecated !== true) return 'deprecated';
  if (entry.flags.temporary && options.temporary !== true) return 'temporary';
  if (options.suffix !== undefined && !sameHostPart(entry.address, options.suffix))
    return 'of another suffix';
  return undefined;
}

const REMEDIES: Readonly<Record<string, string>> = {
  'on a virtual interface': 'name the interface to use it all the same',
  tentative: 'duplicate address detection has not finished',
  duplicate: 'another host on the link has the address',
  deprecated: 'set deprecated: true to use it all the same',
  temporary: 'set temporary: true to use it all the same',
};

function remedyFor(reason: string): string | undefined {
  if ((ALLOWABLE_CLASSES as readonly string[]).includes(reason)) {
    return `add allow: [${reason}] or a detector that asks outside`;
  }
  return REMEDIES[reason];
}

function allUnfit(
  candidates: readonly Candidate[],
  options: ChooseOptions,
  uplink: string | undefined,
): Choice {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const reason = unfitness(candidate, options, uplink) ?? 'fit';
    groups.set(reason, [...(groups.get(reason) ?? []), candidate]);
  }
  const count = `${candidates.length} ${candidates.length === 1 ? 'address' : 'addresses'}`;
  const parts = [...groups].map(
    ([reason, group]) => `${groups.size > 1 ? group.length : 'all'} ${reason} (${list(group)})`,
  );
  const remedies = [...groups.keys()].map(remedyFor).filter((remedy) => remedy !== undefined);
  const hint = remedies.length > 0 ? `: ${remedies.join('; ')}` : '';
  return unavailable(`${count}, ${groups.size > 1 ? 'none fit: ' : ''}${parts.join(', ')}${hint}`);
}

/** In order of weight. A preference that none fits is passed over, so the answer never gets worse for asking. */
function preferences(
  options: ChooseOptions,
  uplink: string | undefined,
  sticky: readonly IpAddress[],
): readonly Preference[] {
  return [
    { label: 'on the interface of the default route', fits: ({ owner }) => owner.name === uplink },
    { label: 'global', fits: ({ entry }) => classify(entry.address) === 'global' },
    { label: 'not deprecated', fits: ({ entry }) => !isDeprecated(entry) },
    { label: 'temporary as asked', fits: ({ entry }) => options.temporary === true && entry.flags.temporary },
    { label: 'chosen before', fits: ({ entry }) => sticky.includes(entry.address) },
    // RFC 8064: stable addresses are opaque (RFC 7217); one made from the MAC address gives the hardware away.
    { label: 'not made from the MAC address', fits: ({ entry }) => !isFromMac(entry.address) },
    { label: 'longest preferred lifetime', fits: outlives },
  ];
}

function narrow(fit: readonly Candidate[], order: readonly Preference[]): Choice {
  let left = fit;
  const reasons: string[] = [];
  for (const { label, fits } of order) {
    const before = left;
    const kept = left.filter((candidate) => fits(candidate, before));
    if (kept.length === 0 || kept.length === left.length) continue;
    left = kept;
    reasons.push(label);
  }
  if (left.length > 1) reasons.push('lowest value');
  const [first] = [...left].sort((a, b) => compareAddresses(a.entry.address, b.entry.address));
  if (first === undefined) return unavailable('no candidate');
  const why =
    fit.length === 1
      ? `the only candidate (${list(fit)})`
      : `of ${fit.length} candidates (${list(fit)}): ${reasons.join(', ')}`;
  return {
    kind: 'known',
    address: first.entry.address,
    interface: first.owner.name,
    prefixLength: first.entry.prefixLength,
    why,
  };
}

const unavailable = (why: string): Choice => ({ kind: 'unavailable', why });

function list(candidates: readonly Candidate[]): string {
  const shown = candidates.slice(0, SHOWN).map(({ owner, entry }) => `${owner.name} ${entry.address}`);
  return [...shown, ...(candidates.length > SHOWN ? ['…'] : [])].join(', ');
}

function sameHostPart(a: IpAddress, b: IpAddress): boolean {
  const left = addressBytes(a).subarray(8);
  const right = addressBytes(b).subarray(8);
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** A preferred lifetime that has run out says the same as the flag (RFC 4862 section 5.5.4); the kernel sets that a moment later. */
const isDeprecated = ({ flags, preferredLifetime }: InterfaceAddress): boolean =>
  flags.deprecated || preferredLifetime === 0;

/** True if no other is known to be preferred for longer. Where a lifetime is not known it decides nothing. */
function outlives({ entry }: Candidate, all: readonly Candidate[]): boolean {
  const own = entry.preferredLifetime;
  return all.every(({ entry: { preferredLifetime: other } }) => {
    return own === undefined || other === undefined || own === other || own + LIFETIME_SLACK >= other;
  });
}

/** Modified EUI-64: ff:fe in the middle of the interface identifier (RFC 4291 appendix A). */
function isFromMac(address: IpAddress): boolean {
  const bytes = addressBytes(address);
  return bytes.length === 16 && bytes[11] === 0xff && bytes[12] === 0xfe;
}
