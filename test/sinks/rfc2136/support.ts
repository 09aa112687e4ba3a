import { randomBytes } from 'node:crypto';
import { afterEach } from 'vitest';
import { Secret } from '../../../src/config/secret.ts';
import { address } from '../../../src/model/address.ts';
import type { RecordType } from '../../../src/model/family.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { RecordKey } from '../../../src/model/record.ts';
import type { ExchangeTiming } from '../../../src/net/dns/exchange.ts';
import type { TsigKey } from '../../../src/net/dns/tsig.ts';
import type { Call, Change, Sink } from '../../../src/sinks/contract.ts';
import { createRfc2136 } from '../../../src/sinks/rfc2136/index.ts';
import type { HostNetwork } from '../../../src/sinks/rfc2136/network.ts';
import type { Rfc2136Options } from '../../../src/sinks/rfc2136/options.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { type FakeInit, FakeServer } from './fake-server.ts';

export const NOW = 1_700_000_000;
export const KEY: TsigKey = {
  name: 'ddns.example.org',
  algorithm: 'hmac-sha256',
  secret: Uint8Array.from(Buffer.from('a-secret-of-thirty-two-octets-ok')),
};
export const keyOptions: NonNullable<Rfc2136Options['key']> = {
  name: fqdn(KEY.name),
  algorithm: KEY.algorithm,
  secret: new Secret(Buffer.from(KEY.secret).toString('base64')),
};

export const FAST: ExchangeTiming = { datagramWaits: [60, 60], doubt: 20, stream: 200 };

const servers: FakeServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

export async function fake(init: Partial<FakeInit> = {}): Promise<FakeServer> {
  const server = new FakeServer({ zone: 'example.org', key: KEY, time: () => NOW, ...init });
  await server.start();
  servers.push(server);
  return server;
}

export const noNetwork: HostNetwork = {
  addresses: async (host) => [address(host)],
  resolvers: () => [],
};

export function sinkAt(
  port: number,
  options: Partial<Rfc2136Options> = {},
  parts: {
    readonly timing?: ExchangeTiming;
    readonly network?: HostNetwork;
    readonly now?: () => number;
  } = {},
): Sink {
  const { timing = FAST, network = noNetwork, now = () => NOW } = parts;
  const full: Rfc2136Options = {
    server: { host: '127.0.0.1', port },
    zone: fqdn('example.org'),
    key: keyOptions,
    ttl: 60,
    verify: true,
    transport: 'auto',
    ...options,
  };
  const clock = { monotonic: () => 0, boot: () => 0, wall: () => now() * 1_000 };
  return createRfc2136({ name: 'dns', options: full, keys: [] }, { clock, randomBytes }, { network, timing });
}

export const call = (signal = new AbortController().signal): Call => ({
  signal,
  log: silentLog,
  http: () => Promise.reject(new Error('no HTTP here')),
});

export const key = (name: string, type: RecordType = 'A'): RecordKey => ({ name: fqdn(name), type });

/** Reads, then makes a change of what was read, as the reconciler does. */
export async function changesFor(
  sink: Sink,
  ...targets: readonly (readonly [RecordKey, ...string[]])[]
): Promise<readonly Change[]> {
  const keys = targets.map(([target]) => target);
  const actual = (await sink.read?.(keys, call())) ?? [];
  return targets.map(([target, ...addresses]) => ({
    target: { key: target, addresses: addresses.map(address) },
    actual: actual.filter((record) => record.key.name === target.name && record.key.type === target.type),
    edits: [],
  }));
}
