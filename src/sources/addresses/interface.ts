import * as z from 'zod';
import { ipAddress } from '../../config/schema-types.ts';
import type { IpAddress } from '../../model/address.ts';
import type { Witness } from '../../model/reading.ts';
import type { DetectorKind } from '../contract.ts';
import { chooseAddress } from './choose.ts';

const options = z.strictObject({
  interface: z.string().min(1).optional(),
  temporary: z.boolean().optional(),
  deprecated: z.boolean().optional(),
  suffix: ipAddress().optional(),
});

/** The address this host itself has, from the snapshot: nobody is asked, nothing can be forged. */
export const interfaceKind: DetectorKind<z.infer<typeof options>> = {
  name: 'interface',
  title: 'an address of this host, as the system lists it',
  options,
  operators: () => [],
  check: ({ suffix }, family) =>
    suffix === undefined || family === 'ipv6'
      ? undefined
      : {
          key: 'suffix',
          message: 'is for ipv6 alone, so ipv4 would never be known',
          remedy: 'remove it here, and put it under ipv6: if it is meant',
        },
  create: (init) => {
    const name = init.options.interface ?? init.interface;
    const witness: Witness = {
      detector: 'interface',
      name: name ?? 'any',
      operator: 'this host',
      ...(name === undefined && init.source === undefined && { chosen: true }),
    };
    // An interface of its own is another place than the uplink's.
    const source = init.options.interface === undefined ? init.source : undefined;
    const choice = { ...init.options, interface: name, source, allow: init.allow };
    let previous: IpAddress | undefined;
    return [
      {
        witness,
        outside: false,
        read: async ({ snapshot, signal }) => {
          signal.throwIfAborted();
          const sticky = previous === undefined ? (init.preferred?.() ?? []) : [previous];
          const chosen = chooseAddress(snapshot, init.family, choice, sticky);
          if (chosen.kind !== 'known') return { kind: chosen.kind, via: witness, why: chosen.why };
          previous = chosen.address;
          const via = { ...witness, name: chosen.interface };
          return {
            kind: 'known',
            address: chosen.address,
            via,
            why: chosen.why,
            prefixLength: chosen.prefixLength,
          };
        },
      },
    ];
  },
};
