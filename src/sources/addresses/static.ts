import * as z from 'zod';
import { ipAddress } from '../../config/schema-types.ts';
import { familyOf } from '../../model/address.ts';
import type { Reading, Witness } from '../../model/reading.ts';
import type { DetectorKind } from '../contract.ts';
import { checkFamily, unavailable } from './answer.ts';

const options = z.strictObject({ address: ipAddress() });

/** An address the operator wrote down. */
export const staticKind: DetectorKind<z.infer<typeof options>> = {
  name: 'static',
  title: 'an address given in the configuration',
  options,
  operators: () => [],
  check: ({ address }, family) =>
    familyOf(address) === family
      ? undefined
      : {
          key: 'address',
          message: `is no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address, so ${family} would never be known`,
          remedy: `put it under ${familyOf(address)}:, or write one of ${family}`,
        },
  create: (init) => {
    const { address } = init.options;
    const via: Witness = { detector: 'static', name: address, operator: 'the operator' };
    const checked = checkFamily(address, init.family);
    const reading: Reading =
      checked.kind === 'address'
        ? { kind: 'known', address, via, why: 'given in the configuration' }
        : unavailable(via, checked.why);
    return [
      {
        witness: via,
        outside: false,
        read: async ({ signal }) => {
          signal.throwIfAborted();
          return reading;
        },
      },
    ];
  },
};
