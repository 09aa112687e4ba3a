import type { IpAddress } from './address.ts';
import type { Family } from './family.ts';

/** The state of an address as the kernel sees it (RFC 4862 section 5.5.4, RFC 8981 for temporary). */
export interface AddressFlags {
  readonly tentative: boolean;
  readonly duplicate: boolean;
  readonly deprecated: boolean;
  readonly temporary: boolean;
}

export interface InterfaceAddress {
  readonly address: IpAddress;
  readonly family: Family;
  readonly prefixLength: number;
  readonly flags: AddressFlags;
  /**
   * Seconds for which the address is still preferred (RFC 4862 section 5.5.4), `Infinity` for ever; 0 is deprecated. Only where it was
   * asked for, because several addresses are otherwise alike. It runs down all the time: comparisons of snapshots leave it out.
   */
  readonly preferredLifetime?: number;
}

export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** Administratively up and with carrier. */
  readonly running: boolean;
  readonly loopback: boolean;
  /** A tunnel, bridge or virtual link of this host, by name; never chosen unless it is the one asked about or the default route's. */
  readonly virtual: boolean;
  /** True for one that the operator names: its addresses are watched even if it is virtual or the loopback. */
  readonly named?: true;
  /** True for a VPN's link, by name or kind: what leaves through it wears the address of the VPN's exit. */
  readonly tunnel?: true;
  readonly mac?: string;
  readonly addresses: readonly InterfaceAddress[];
}

/** One default route. Its identity is (family, interface, gateway); an on-link default (PPPoE) has no gateway. */
export interface DefaultRoute {
  readonly family: Family;
  readonly interface: string;
  readonly gateway?: IpAddress;
  /** The kernel's metric; the lowest wins. */
  readonly metric: number;
}

/**
 * What the host has now. What a look could not tell is as the last one that could found it. Sorted by name, family and value, so that two
 * snapshots compare by content.
 */
export interface Snapshot {
  readonly interfaces: readonly NetworkInterface[];
  readonly routes: readonly DefaultRoute[];
  /** The interface by which a family leaves for the world, by whichever table and rule; only where the system told. */
  readonly waysOut?: Readonly<Partial<Record<Family, string>>>;
  /** What is not known, neither now nor from an earlier look: that there is nothing of it here proves nothing. */
  readonly unknown?: Unknown;
}

export interface Unknown {
  /** Families whose default routes could not be read. */
  readonly routes: readonly Family[];
  /** Families whose addresses, or their flags, could not be read. */
  readonly addresses: readonly Family[];
}
