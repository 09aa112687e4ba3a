import type { IpAddress } from '../../model/address.ts';
import type { RouterClient } from './client.ts';
import type { Gateway } from './gateway.ts';

/**
 * True if the gateway tells of changes of its own accord, as proved by something that arrived, and what it tells of is the address
 * that the world sees (not so behind a second NAT). Pure.
 */
export function noticesWork(
  client: Pick<RouterClient, 'memory' | 'lastAnswer'>,
  gateway: Gateway,
  address: IpAddress,
): boolean {
  const { notices, experience } = client.memory(gateway);
  const answer = client.lastAnswer(gateway);
  if (answer !== undefined && answer !== address) return false;
  // Something arrived once; whether the router still speaks, the questions since then tell.
  if (notices.events === 'heard' && experience('upnp').state !== 'silent') return true;
  return (
    notices.multicast === 'heard' &&
    (experience('nat-pmp').state === 'speaks' || experience('pcp').state === 'speaks')
  );
}
