import { Resolver } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { type IpAddress, parseAddress } from '../../model/address.ts';
import type { Peer } from '../../net/dns/exchange.ts';

/** What the host knows about names; injected, so that tests give their own. */
export interface HostNetwork {
  /** The addresses of a host, in the order to try them. Rejects if there are none. */
  addresses(host: string): Promise<readonly IpAddress[]>;
  /** The resolvers this host uses. */
  resolvers(): readonly Peer[];
}

export const hostNetwork: HostNetwork = {
  async addresses(host) {
    const found = await lookup(host, { all: true });
    return found.flatMap(({ address }) => parseAddress(address) ?? []);
  },
  // A resolver of its own reads the system's settings afresh; the shared one keeps those of the start.
  resolvers: () => new Resolver().getServers().flatMap((text) => parseResolver(text) ?? []),
};

/** Reads `192.0.2.1`, `192.0.2.1:54`, `2001:db8::1`, `[2001:db8::1]:54`; `undefined` for others, such as those with a zone index. */
export function parseResolver(text: string): Peer | undefined {
  const whole = parseAddress(text);
  if (whole !== undefined) return { host: whole, port: 53 };
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = parseAddress(bracketed ?? plain ?? '');
  const number = Number(port);
  return host === undefined || !(number >= 1 && number <= 65_535) ? undefined : { host, port: number };
}
