import { type Fqdn, isWithin } from '../model/name.ts';
import type { RecordKey } from '../model/record.ts';
import type { Misfit } from './contract.ts';

/** The records that are not in the zone the sink says all of its records are in; none if it names no zone. */
export const outsideZone = (zone: Fqdn | undefined, keys: readonly RecordKey[]): readonly Misfit[] =>
  zone === undefined
    ? []
    : keys
        .filter(({ name }) => !isWithin(name, zone))
        .map((key) => ({
          key,
          message: `is not within ${zone}, which the sink names as its zone`,
          remedy: 'mend the name or zone:, or put the record into a sink of its own',
        }));
