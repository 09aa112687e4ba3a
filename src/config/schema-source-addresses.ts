import { classify, familyOf, type IpAddress, parseAddress } from '../model/address.ts';
import type { Family } from '../model/family.ts';
import { type Reader, reader, refuse } from './schema-reader.ts';

/** One address of this host, or one for each family in a list → by family. */
export function sourceAddresses(): Reader<Readonly<Partial<Record<Family, IpAddress>>>> {
  const remedy =
    'write an address of this host such as 192.0.2.1, or [192.0.2.1, 2001:db8::1] for both families';
  const address = { type: 'string' };
  const json = {
    description:
      'Outside requests leave from this address of the host, and no other address of it counts; one for each family.',
    anyOf: [address, { type: 'array', items: address, minItems: 1, maxItems: 2 }],
    examples: ['192.0.2.1', ['192.0.2.1', '2001:db8::1']],
  };
  return reader(json, (input) => {
    const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
    const found: Partial<Record<Family, IpAddress>> = {};
    for (const text of texts) {
      const one = typeof text === 'string' ? parseAddress(text) : undefined;
      if (one === undefined) return refuse('is not an IP address', remedy);
      // Nobody can answer to it from outside.
      if (['link_local', 'multicast'].includes(classify(one))) {
        return refuse('is no address that requests to the outside can leave from', remedy);
      }
      if (found[familyOf(one)] !== undefined) return refuse('has two addresses of one family', remedy);
      found[familyOf(one)] = one;
    }
    return texts.length === 0 ? refuse('is empty', remedy) : { value: found };
  });
}
