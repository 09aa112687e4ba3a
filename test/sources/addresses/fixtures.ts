import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { address, familyOf } from '../../../src/model/address.ts';
import type {
  AddressFlags,
  DefaultRoute,
  InterfaceAddress,
  NetworkInterface,
  Snapshot,
} from '../../../src/model/snapshot.ts';
import type { HttpClient } from '../../../src/net/http.ts';
import type { DetectorComponents, Question } from '../../../src/sources/contract.ts';
import { silentLog } from '../../../src/telemetry/log.ts';

const NO_FLAGS: AddressFlags = { tentative: false, duplicate: false, deprecated: false, temporary: false };

/** `2001:db8::1 temporary deprecated`: an address with its flags. */
export function entry(text: string): InterfaceAddress {
  const [value = '', ...flags] = text.split(' ');
  const parsed = address(value);
  const family = familyOf(parsed);
  return {
    address: parsed,
    family,
    prefixLength: family === 'ipv4' ? 24 : 64,
    flags: { ...NO_FLAGS, ...Object.fromEntries(flags.map((flag) => [flag, true])) },
  };
}

export function link(
  name: string,
  addresses: readonly string[],
  change: Partial<NetworkInterface> = {},
): NetworkInterface {
  const base = { name, index: 2, running: true, loopback: false, virtual: false };
  return { ...base, addresses: addresses.map(entry), ...change };
}

export function route(family: 'ipv4' | 'ipv6', name: string, metric = 100): DefaultRoute {
  return { family, interface: name, metric };
}

export const snapshotOf = (
  interfaces: readonly NetworkInterface[],
  routes: readonly DefaultRoute[] = [],
): Snapshot => ({ interfaces, routes });

export function question(change: Partial<Question> = {}): Question {
  return { snapshot: snapshotOf([]), signal: AbortSignal.timeout(10_000), log: silentLog, ...change };
}

export function components(change: Partial<DetectorComponents> = {}): DetectorComponents {
  const http = (): HttpClient => async () => {
    throw new Error('this test does not speak HTTP');
  };
  return {
    clock: { monotonic: () => 0, wall: () => 0, boot: () => 0 },
    random: () => 0.5,
    randomBytes: (count) => randomBytes(count),
    http,
    spawn,
    log: silentLog,
    ...change,
  };
}
