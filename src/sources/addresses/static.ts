import * as z from 'zod';
import { ipAddress } from '../../config/schema-types.ts';
import type { Reading, Witness } from '../../model/reading.ts';
import type { DetectorKind } from '../contract.ts';
import { checkFamily, unavailable } from './answer.ts';

const options = z.strictObject({ address: ipAddress() });

/** An address the operator wrote down. */
export const staticKind: DetectorKind<z.infer<typeof options>> = {
  name: 'static',
  title: 'an address given in the configuration',
  options,
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
