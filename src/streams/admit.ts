import {
  ALLOWABLE_CLASSES,
  type AllowableClass,
  classify,
  familyOf,
  type IpAddress,
} from '../model/address.ts';
import type { Family } from '../model/family.ts';
import type { AddressState, Reading } from '../model/reading.ts';

/** Why an address is not fit, in words for the log; `undefined` if it is. */
export function refusal(
  address: IpAddress,
  allow: readonly AllowableClass[],
  family: Family,
): string | undefined {
  if (familyOf(address) !== family)
    return `${address} is not an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`;
  const kind = classify(address);
  if (kind === 'global' || allow.some((allowed) => allowed === kind)) return undefined;
  const remedy = isAllowable(kind) ? `; allow: [${kind}] would permit it` : '';
  return `${address} is a ${kind} address, not global unicast${remedy}`;
}

function isAllowable(kind: string): kind is AllowableClass {
  return ALLOWABLE_CLASSES.some((allowable) => allowable === kind);
}

/**
 * From what a witness says to what may be published: only an address that is fit, or the knowledge that there is none. All
 * else keeps what is published. Pure.
 */
export function admit(reading: Reading, allow: readonly AllowableClass[], family: Family): AddressState {
  switch (reading.kind) {
    case 'known': {
      const why = refusal(reading.address, allow, family);
      return why === undefined
        ? {
            kind: 'set',
            address: reading.address,
            via: reading.via,
            ...(reading.prefixLength !== undefined && { prefixLength: reading.prefixLength }),
          }
        : { kind: 'keep', why: `${reading.via.name} says ${why}` };
    }
    case 'absent':
      return { kind: 'clear', why: reading.why };
    case 'unavailable':
      return { kind: 'keep', why: reading.why };
  }
}
