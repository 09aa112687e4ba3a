import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { address } from '../../src/model/address.ts';
import type { Clock } from '../../src/model/clock.ts';
import { fqdn } from '../../src/model/name.ts';
import type { Failure, Outcome } from '../../src/model/outcome.ts';
import type { RecordKey, Target } from '../../src/model/record.ts';
import type { Log } from '../../src/telemetry/log.ts';

export const key = (name: string): RecordKey => ({ name: fqdn(`${name}.example.org`), type: 'A' });
export const target = (name: string, ...addresses: string[]): Target => ({
  key: key(name),
  addresses: addresses.map(address),
});
export const updated = (name: string, ...addresses: string[]): Outcome => ({
  ...target(name, ...addresses),
  kind: 'updated',
});
export const failed = (name: string, failure: Partial<Failure> = {}): Outcome => ({
  ...target(name, '203.0.113.9'),
  kind: 'failed',
  failure: { class: 'transient', scope: 'record', message: 'no', ...failure },
});

/** A clock that stands until it is turned; a restart begins `monotonic` anew. */
export class TestClock implements Clock {
  now = 5_000;
  time = Date.UTC(2026, 0, 1);
  monotonic = () => this.now;
  wall = () => this.time;
  boot = () => this.now;
  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.time += milliseconds;
  }
  restart(): void {
    this.now = 100;
  }
}

export function keptLog() {
  const events: string[] = [];
  const note = (event: string): void => {
    events.push(event);
  };
  const log: Log = { trace: note, debug: note, info: note, warn: note, error: note, child: () => log };
  return { log, events };
}

export function temporaryFolder() {
  const root = mkdtempSync(join(tmpdir(), 'netdrift-state-'));
  return { folder: join(root, 'state'), root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
