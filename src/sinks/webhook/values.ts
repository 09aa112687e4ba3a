import { familyOfType } from '../../model/family.ts';
import type { Change } from '../contract.ts';
import type { Values } from './template.ts';

/** The values of one request: one change, or the changes of one name in both families. */
export function valuesOf(changes: readonly Change[]): Values {
  const targets = changes.map(({ target }) => target);
  const [first] = targets;
  const only = targets.length === 1 ? first : undefined;
  const addressOf = (type: 'A' | 'AAAA'): string | undefined =>
    targets.find(({ key }) => key.type === type)?.addresses[0];
  return {
    name: first?.key.name,
    type: only?.key.type,
    family: only === undefined ? undefined : familyOfType(only.key.type),
    address: only?.addresses[0],
    addresses: targets.flatMap(({ addresses }) => addresses),
    ipv4: addressOf('A'),
    ipv6: addressOf('AAAA'),
    ttl: targets.find(({ ttl }) => ttl !== undefined)?.ttl,
  };
}
