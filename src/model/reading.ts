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
  /** True if it stands outside this host and sees what the network makes of it: a NAT, a VPN or a proxy may be in between. */
  readonly outside?: boolean;
}

/**
 * A detector's answer. Three different things, never to be confused:
 * - `known`: this is the address;
 * - `absent`: it is known that there is none (not: nobody answered);
 * - `unavailable`: it could not be found out, and why. Unavailable is never absent.
 */
export type Reading =
  | {
      readonly kind: 'known';
      readonly address: IpAddress;
      readonly via: Witness;
      readonly why?: string;
      /** Of the address on its own interface, where the witness knows that. */
      readonly prefixLength?: number;
    }
  | { readonly kind: 'absent'; readonly via: Witness; readonly why: string }
  | { readonly kind: 'unavailable'; readonly via: Witness; readonly why: string };

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
