import { createSocket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import type { Clock } from '../../model/clock.ts';
import { hostLookup } from '../../net/lookup.ts';
import type { DoctorInit } from './examine.ts';
import { handshake } from './places.ts';
import { throughProxy } from './proxied.ts';
import type { SinksInit } from './sinks.ts';

/** Milliseconds for a name to resolve, and again for a TLS connection. */
const NAME_DEADLINE = 5_000;
/** Milliseconds for a name server to answer what it holds. */
const ANSWER_DEADLINE = 2_000;

/** Every address of a name, as the rest of netdrift finds it. */
const addressesOf = (name: string, family: 0 | 4 | 6) =>
  new Promise<readonly { readonly address: string; readonly family: number }[]>((resolve, reject) => {
    hostLookup(name, { family, all: true }, (error, found) => {
      if (error === null && Array.isArray(found)) resolve(found);
      else reject(error ?? new Error('no address'));
    });
  });

/** The network of this host, for `examine`. */
export function hostNetwork(
  clock: Clock,
): Pick<DoctorInit, 'nat'> & Pick<SinksInit, 'resolve' | 'place' | 'proxied'> {
  return {
    nat: {
      createSocket,
      lookup: async (name, { family }) => {
        const [first] = await addressesOf(name, family);
        if (first === undefined) throw new Error(`no address of ${name}`);
        return first;
      },
    },
    resolve,
    place: {
      lookup: async (name) => (await addressesOf(name, 0)).map(({ address }) => address),
      handshake,
      clock,
      deadline: NAME_DEADLINE,
    },
    proxied: (url) => throughProxy(url, process.env),
  };
}

const resolve: SinksInit['resolve'] = async ({ name, type }, server) => {
  const resolver = new dns.Resolver({ timeout: ANSWER_DEADLINE, tries: 1 });
  if (server !== undefined) {
    const host = server.host.includes(':') ? `[${server.host}]` : server.host;
    resolver.setServers([`${host}:${server.port}`]);
  }
  try {
    return await (type === 'A' ? resolver.resolve4(name) : resolver.resolve6(name));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // The server knows the name and has none of these, or knows that there is no such name.
    if (code === 'ENODATA' || code === 'ENOTFOUND') return [];
    throw error;
  }
};
