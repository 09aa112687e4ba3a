import type { Family } from '../../../model/family.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import type { HttpClient } from '../../../net/http.ts';
import type { Ask, Cloud } from './contract.ts';

/** Octets of one answer; Hetzner's document and Azure's rules are the longest. */
const LIMIT = 65_536;

export interface Endpoint {
  readonly base: string;
  readonly family: Family;
}

/** IPv4 wherever the machine has any: IPv6 endpoints have to be turned on by the operator in some clouds. */
export function endpointOf({ endpoints }: Cloud, { interfaces }: Snapshot): Endpoint {
  const addresses = interfaces.filter(({ loopback }) => !loopback).flatMap((owner) => owner.addresses);
  const sixOnly = addresses.length > 0 && addresses.every(({ family }) => family === 'ipv6');
  if (sixOnly && endpoints.ipv6 !== undefined) return { base: endpoints.ipv6, family: 'ipv6' };
  return { base: endpoints.ipv4, family: 'ipv4' };
}

/** Requests to the endpoint and nowhere else: by its literal address, past every proxy (witnesses have none), without redirects. */
export function asker(
  { base, family }: Endpoint,
  http: (family: Family) => HttpClient,
  signal: AbortSignal,
  answered: () => void,
): Ask {
  return async (path, { method = 'GET', headers = {} } = {}) => {
    const answer = await http(family)({ method, url: new URL(path, base), headers, maxBytes: LIMIT }, signal);
    answered();
    return answer;
  };
}
