import type { IpAddress } from '../../model/address.ts';
import { familyOf, parseAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import type { Reading, Witness } from '../../model/reading.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { cleanWords, quoted } from '../../net/http-words.ts';

/** Octets of an answer (HTTP body, file, standard output) looked at; whatever is longer is no address. */
export const ANSWER_LIMIT = 4096;

export const unavailable = (via: Witness, why: string): Reading => ({ kind: 'unavailable', via, why });

/** As `unavailable`, from a service that was reached and answered: asking it again soon would only bother it. */
export const useless = (via: Witness, why: string): Reading => ({
  kind: 'unavailable',
  via,
  why,
  reached: true,
});

/** The path of a witness on the web: with TLS each is its own, and whoever holds the way out answers for all others. */
export const webPath = (url: URL): string => (url.protocol === 'https:' ? url.origin : 'plain HTTP');

/** A text that must be exactly one address: surrounding white space is allowed, nothing else. */
export type AddressText =
  | {
      readonly kind: 'address';
      readonly address: IpAddress;
      /** The line by which the service tells that it was asked through a proxy. */
      readonly exit?: string;
    }
  | {
      readonly kind: 'wrong';
      readonly why: string;
      /** True if it is the service's own refusal, and not what anybody on the way may have put in its place. */
      readonly refused?: true;
    };

export function readAddressText(text: string, family: Family, what = 'the answer'): AddressText {
  const trimmed = text.trim();
  if (trimmed === '') return wrong(`${what} is empty`);
  const address = parseAddress(trimmed);
  if (address === undefined) return wrong(`${what} ${describe(trimmed)}`);
  return checkFamily(address, family);
}

export function checkFamily(address: IpAddress, family: Family): AddressText {
  if (familyOf(address) === family) return { kind: 'address', address };
  return wrong(`asked for ${nameOf(family)} and was told ${address}`);
}

function describe(text: string): string {
  if (text.startsWith('<')) return `is a page and not an address: ${quoted(text)}`;
  const words = text.split(/[\s,;]+/);
  if (words.length > 1 && words.every((word) => parseAddress(word) !== undefined)) {
    return `holds ${words.length} addresses and not one: ${cleanWords(text)}`;
  }
  return `is not an address: ${quoted(text)}`;
}

/**
 * The reading for an address that somebody outside saw. Where the host asks from a temporary address (RFC 6724 rule 7 prefers
 * them), the world sees that one; it would be gone within a day, so it is not taken for the host's address.
 */
export function outsideReading(address: IpAddress, via: Witness, snapshot: Snapshot, why: string): Reading {
  let prefixLength: number | undefined;
  for (const owner of snapshot.interfaces) {
    const entry = owner.addresses.find((candidate) => candidate.address === address);
    const flags = entry?.flags;
    prefixLength ??= entry?.prefixLength;
    const state =
      flags?.temporary === true ? 'temporary' : flags?.deprecated === true ? 'deprecated' : undefined;
    if (state !== undefined) {
      return unavailable(
        via,
        `${address} is a ${state} address of ${owner.name}: use the interface detector, which knows the stable one`,
      );
    }
  }
  return { kind: 'known', address, via, why, ...(prefixLength !== undefined && { prefixLength }) };
}

const wrong = (why: string): AddressText => ({ kind: 'wrong', why });

export const nameOf = (family: Family): string => (family === 'ipv4' ? 'IPv4' : 'IPv6');
