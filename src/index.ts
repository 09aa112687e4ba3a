/**
 * netdrift for other programs: a stream of the addresses the world sees this host under.
 *
 * @example
 * ```ts
 * import { addressChanges } from 'netdrift';
 *
 * addressChanges({ ipv4: ['interface', 'stun', 'http'] }).subscribe(({ family, address, witness }) => {
 *   console.log(`${family} is now ${address} (${witness})`);
 * });
 * ```
 */
export {
  type AddressChange,
  type AddressChangesOptions,
  addressChanges,
  type WitnessChoice,
} from './library.ts';
export type { AddressClass, AllowableClass, IpAddress } from './model/address.ts';
export { classify, parseAddress } from './model/address.ts';
export type { Family } from './model/family.ts';
