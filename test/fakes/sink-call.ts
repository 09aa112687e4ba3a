import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { address } from '../../src/model/address.ts';
import type { RecordType } from '../../src/model/family.ts';
import { fqdn } from '../../src/model/name.ts';
import type { RecordKey, Target } from '../../src/model/record.ts';
import type { HttpClient } from '../../src/net/http.ts';
import { createHttpPool, type HttpPool } from '../../src/net/http-client.ts';
import type { Call, SinkComponents } from '../../src/sinks/contract.ts';
import { silentLog } from '../../src/telemetry/log.ts';

/** Real collaborators, but a wall clock that stands at 2026-01-01 00:00 UTC. */
export const components: SinkComponents = {
  clock: { monotonic: () => 0, wall: () => Date.UTC(2026, 0, 1), boot: () => 0 },
  random: () => 0.5,
  randomBytes: (count) => randomBytes(count),
  spawn,
  log: silentLog,
};

/** For sinks that have no business with HTTP. */
export const noHttp: HttpClient = () => {
  throw new Error('this sink must not use HTTP');
};

export const callOf = (
  http: HttpClient = noHttp,
  signal: AbortSignal = new AbortController().signal,
): Call => ({
  signal,
  log: silentLog,
  http,
});

export const httpPool = (): HttpPool => createHttpPool({ userAgent: 'netdrift-test/1 (test)' });

export const keyOf = (name: string, type: RecordType = 'A'): RecordKey => ({ name: fqdn(name), type });

/** `target('a.example.org', '192.0.2.1')`: the type follows the first address, and is A where there is none. */
export function target(name: string, ...addresses: readonly string[]): Target {
  const type = addresses[0]?.includes(':') ? 'AAAA' : 'A';
  return { key: keyOf(name, type), addresses: addresses.map(address) };
}
