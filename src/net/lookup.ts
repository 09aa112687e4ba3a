import { type LookupAddress, lookup, Resolver } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createLimit } from './limit.ts';

/** The two ways to learn the addresses of a name. Both give at least one, or an error with a `code`. */
export interface LookupComponents {
  /** The system's own: hosts file, mDNS and whatever else the host is set up for. Holds a thread until it ends, and cannot be stopped. */
  readonly system: (name: string, family: Family) => Promise<readonly LookupAddress[]>;
  /** DNS alone, by the servers of resolv.conf; holds no thread. */
  readonly direct: (name: string, family: Family) => Promise<readonly LookupAddress[]>;
}

type Family = 0 | 4 | 6;

/**
 * getaddrinfo runs on libuv's threads, four by default, and so do all operations on files. A resolver that does not answer holds each for
 * 10 s and more: four names of silent providers would stop every other provider, and the writing of the state, for as long.
 */
const THREADS = 2;
/** Milliseconds to wait for one of them. A resolver in good health answers within this, many names in a row too. */
const PATIENCE = 500;

/** A `lookup` for `net.connect` that leaves threads to others: where those it may have stay taken, names are asked for without one. */
export function createLookup(components: LookupComponents): LookupFunction {
  const enter = createLimit(THREADS);

  const find = async (name: string, family: Family): Promise<readonly LookupAddress[]> => {
    // An address is its own answer: it waits for no thread, and name servers know nothing of it.
    const literal = isIP(name);
    if (literal !== 0 && (family === 0 || family === literal)) return [{ address: name, family: literal }];
    const patience = AbortSignal.timeout(PATIENCE);
    try {
      return await enter(() => components.system(name, family), patience);
    } catch (error) {
      if (error !== patience.reason) throw error;
      return components.direct(name, family);
    }
  };

  return (name, options, callback) => {
    const { family, all } = options;
    const wanted = family === 4 || family === 'IPv4' ? 4 : family === 6 || family === 'IPv6' ? 6 : 0;
    find(name, wanted).then(
      (found) => {
        const [first] = found;
        if (all === true) callback(null, [...found]);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

/**
 * c-ares waits 5 s and 10 s otherwise. A question that left in the last moment of an outage is then repeated only when nobody would wait for
 * it any more; a resolver in good health answers within a second, or at the second question from what it has found out by then.
 */
const RESOLVER = { timeout: 1_000, tries: 2 };

/** What this host has for it. */
const host: LookupComponents = {
  system: (name, family) =>
    new Promise((resolve, reject) => {
      lookup(name, { all: true, family }, (error, found) =>
        error === null ? resolve(found) : reject(error),
      );
    }),
  direct: async (name, family) => {
    // A new one each time: it reads resolv.conf when it is made, and that changes with the network.
    const resolver = new Resolver(RESOLVER);
    const ask = (kind: 4 | 6) =>
      new Promise<readonly LookupAddress[]>((resolve, reject) => {
        const take = (error: NodeJS.ErrnoException | null, found: readonly string[]): void =>
          error === null ? resolve(found.map((address) => ({ address, family: kind }))) : reject(error);
        if (kind === 4) resolver.resolve4(name, take);
        else resolver.resolve6(name, take);
      });
    const kinds = family === 0 ? ([4, 6] as const) : [family];
    const answers = await Promise.allSettled(kinds.map(ask));
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (found.length === 0 && failed !== undefined) throw failed.reason;
    return found;
  },
};

/** One for the process, as the threads are. */
export const hostLookup: LookupFunction = createLookup(host);
