import type { IpAddress } from './address.ts';
import type { Family } from './family.ts';

/** Who said it, and how far that can be trusted. */
export interface Witness {
  /** The detector: `interface`, `stun`, `http` ... */
  readonly detector: string;
  /** The very one asked, without secrets: `eth0`, `stun.example.org:3478`, `https://api.ipify.org`. */
  readonly name: string;
  /** Who operates it; two witnesses of one operator count as one. */
  readonly operator?: string;
  /** True if somebody off the path could have forged the answer (plain UDP). */
  readonly forgeable?: boolean;
  /** True if it stands outside this host: what it says is weighed against what others say. */
  readonly outside?: boolean;
  /** True if it names the address that it was asked from, which is that of the exit where a VPN or a proxy is in between. */
  readonly seesPath?: boolean;
  /** True if netdrift chose it among the interfaces of the host, and nobody named it. */
  readonly chosen?: boolean;
  /** What its answer depends on; whoever holds that could speak for all witnesses of the same, and they count as one. */
  readonly path?: string;
}

/**
 * A detector's answer. Three different things, never to be confused:
 * - `known`: this is the address;
 * - `absent`: it is known that there is none (not: nobody answered);
 * - `unavailable`: it could not be found out, and why. Unavailable is never absent.
 */
export type Reading = KnownReading | AbsentReading | UnavailableReading;

interface Answered {
  readonly via: Witness;
  /** Milliseconds from the question to this answer; noted by whoever asks. */
  readonly took?: number;
}

export interface KnownReading extends Answered {
  readonly kind: 'known';
  readonly address: IpAddress;
  readonly why?: string;
  /** Of the address on its own interface, where the witness knows that. */
  readonly prefixLength?: number;
  /** What the witness said of a proxy or VPN that it was asked through, such as `warp=on`. */
  readonly exit?: string;
}

export interface AbsentReading extends Answered {
  readonly kind: 'absent';
  readonly why: string;
}

export interface UnavailableReading extends Answered {
  readonly kind: 'unavailable';
  readonly why: string;
  /** True if a service outside answered in its own form: to no use, and at its cost. */
  readonly reached?: true;
}

/** What is to be published for one uplink and family: leave it, remove it, or point it here. */
export type AddressState =
  | { readonly kind: 'keep'; readonly why: string }
  | { readonly kind: 'clear'; readonly why: string }
  | {
      readonly kind: 'set';
      readonly address: IpAddress;
      readonly via: Witness;
      /** As in the reading; for records of other hosts behind the same prefix. */
      readonly prefixLength?: number;
      /** Addresses that somebody named, and more witnesses contradicted. */
      readonly outvoted?: readonly IpAddress[];
    };

export interface UplinkState {
  readonly uplink: string;
  readonly family: Family;
  readonly state: AddressState;
  /** Milliseconds the detection took. */
  readonly took: number;
  /** True if it settled nothing although somebody outside this network answered: asking again soon would only bother them. */
  readonly heard?: true;
  /** Looks in a row that could not confirm the address which is still in force. */
  readonly unconfirmed?: number;
}
