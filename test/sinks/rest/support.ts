import { randomBytes } from 'node:crypto';
import { address } from '../../../src/model/address.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { RecordKey, Target } from '../../../src/model/record.ts';
import type { HttpClient } from '../../../src/net/http.ts';
import type { Call, SinkComponents } from '../../../src/sinks/contract.ts';
import type { RestChange, RestEdit, RestKey, RestRecord } from '../../../src/sinks/rest/records.ts';
import { silentLog } from '../../../src/telemetry/log.ts';

/** A clock that only moves when somebody sleeps, so that waits cost nothing and can be read off. */
export function fakeTime(wall = Date.UTC(2026, 0, 1)): {
  readonly clock: Clock;
  readonly sleep: NonNullable<SinkComponents['sleep']>;
  readonly slept: number[];
  /** Time goes by without anybody waiting for it. */
  readonly pass: (milliseconds: number) => void;
} {
  let now = 0;
  const slept: number[] = [];
  return {
    clock: { monotonic: () => now, wall: () => wall + now, boot: () => now },
    slept,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    sleep: (milliseconds, signal) => {
      if (signal.aborted) return Promise.reject(signal.reason);
      slept.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
  };
}

export function components(time = fakeTime()): SinkComponents {
  return {
    clock: time.clock,
    sleep: time.sleep,
    random: () => 0.5,
    randomBytes: (count) => randomBytes(count),
    spawn: () => {
      throw new Error('a REST sink starts no process');
    },
    log: silentLog,
  };
}

export const callOf = (http: HttpClient, signal = new AbortController().signal): Call => ({
  http,
  signal,
  log: silentLog,
});

export const key = (name: string, type: 'A' | 'AAAA' = 'A'): RecordKey => ({ name: fqdn(name), type });

export const target = (name: string, ...addresses: readonly string[]): Target => {
  const type = addresses[0]?.includes(':') ? 'AAAA' : 'A';
  return { key: key(name, type), addresses: addresses.map(address) };
};

/** `plan` for text of any type: what is right stays, stale records are used again, the rest is created or deleted. */
export function textChange(
  key: RestKey,
  values: readonly string[],
  found: readonly RestRecord[],
  ttl?: number,
): RestChange {
  const actual = found.filter((record) => record.key.name === key.name && record.key.type === key.type);
  const stale = actual.filter((record) => !values.includes(record.content));
  const missing = values.filter((value) => !actual.some((record) => record.content === value));
  const edits = missing.map((value): RestEdit => {
    const record = stale.shift();
    return record ? { kind: 'update', record, value } : { kind: 'create', value };
  });
  const deletes = stale.map((record): RestEdit => ({ kind: 'delete', record }));
  return { key, values, actual, edits: [...edits, ...deletes], ...(ttl === undefined ? {} : { ttl }) };
}
