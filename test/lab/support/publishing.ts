import { expect } from 'vitest';
import { type DigAnswer, dig } from './dig.ts';
import { eventually } from './moment.ts';
import type { Namespace } from './namespace.ts';
import type { LogLine, Netdrift } from './netdrift.ts';
import type { Recorder } from './recorder.ts';
import type { Recorded } from './recording-server.ts';

/** Where `embedded()` answers, within its own namespace. */
const LISTEN = '127.0.0.1:15353';
export const EMBEDDED_NAME = 'home.netdrift.test';
export const DYNDNS_NAME = 'home.example.net';

type Mapping = Readonly<Record<string, unknown>>;

/** The configuration most tests share: one uplink that takes documentation addresses, and no timer that could help. */
export const settings = (sinks: Mapping, more: Mapping = {}): Mapping => ({
  watch: { every: '1h' },
  uplinks: { wan: { ipv4: ['interface'], allow: ['documentation'] } },
  sinks,
  log: { level: 'debug' },
  ...more,
});

/** The embedded name server as a sink. */
export const embedded = (more: Mapping = {}): Mapping => ({
  provider: 'embedded',
  listen: LISTEN,
  records: [EMBEDDED_NAME],
  allow: ['documentation'],
  ...more,
});

/** A recording server, reached at `host`, as a dyndns2 sink. */
export const dyndns2 = (host: string, port: number, more: Mapping = {}): Mapping => ({
  provider: 'dyndns2',
  server: `http://${host}:${port}`,
  insecure_http: true,
  username: 'me',
  password: 'a password',
  records: [DYNDNS_NAME],
  // Each family by itself, so that what is asked is what has changed.
  other_family: 'omit',
  allow: ['documentation'],
  // The tests change addresses faster than a provider would like.
  minimum_gap: '0s',
  ...more,
});

/** Asks the embedded server from inside the host. */
export const digEmbedded = (host: Namespace, type = 'A', name = EMBEDDED_NAME): Promise<DigAnswer> =>
  dig(host, { server: '127.0.0.1', port: 15_353, name, type });

/** Waits until a DNS client gets exactly these addresses from the embedded server. */
export async function served(
  host: Namespace,
  type: 'A' | 'AAAA',
  addresses: readonly string[],
  timeout = 10_000,
): Promise<void> {
  const wanted = JSON.stringify([...addresses].sort());
  await eventually(
    `dig answers ${wanted}`,
    async () => JSON.stringify((await digEmbedded(host, type)).values) === wanted,
    {
      timeout,
    },
  );
}

/** What a request to a dyndns2 server asks for, as it was sent: `198.51.100.10` or `198.51.100.10,2001:db8::10`. */
export const askedFor = (request: Recorded): string =>
  new URL(request.url, 'http://server').searchParams.get('myip') ?? '';

/** Everything the recording server was asked to publish, in order. */
export const published = (recorder: Recorder): readonly string[] => recorder.requests.items.map(askedFor);

/** Waits until as many requests have come as are wanted, and compares them. A true change at the end proves that nothing came before it. */
export async function publishedInOrder(recorder: Recorder, wanted: readonly string[]): Promise<void> {
  await eventually(`${wanted.length} requests`, () => published(recorder).length >= wanted.length, {
    timeout: 10_000,
  }).catch(() => {
    // The comparison below says more than the timeout.
  });
  expect(published(recorder)).toEqual(wanted);
}

/** The next request that asks for this address. */
export const publication = (
  recorder: Recorder,
  address: string,
  { timeout = 10_000, after = 0 }: { timeout?: number; after?: number } = {},
): Promise<Recorded> =>
  recorder.requests.find((request) => askedFor(request) === address, { timeout, after });

/**
 * Until the dyndns2 sink has had its answer. A request seen by the provider is no known success yet: if the address goes in
 * that very moment, the answer is lost and the write has to be made again.
 */
export const confirmed = (netdrift: Netdrift, address: string, after = 0): Promise<LogLine> =>
  netdrift.line(
    (line) =>
      line.event === 'record_updated' &&
      line['provider'] === 'dyndns2' &&
      String(line['address']) === address,
    { after, timeout: 10_000 },
  );
