import { address } from '../../src/model/address.ts';
import { seconds } from '../../src/model/duration.ts';
import type { Family } from '../../src/model/family.ts';
import { fqdn } from '../../src/model/name.ts';
import type { AddressState, UplinkState, Witness } from '../../src/model/reading.ts';
import type { SinkSettings } from '../../src/model/settings.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Look, TriggerReason } from '../../src/model/trigger.ts';
import type { Observation } from '../../src/streams/observe.ts';

export const via: Witness = { detector: 'test', name: 'a witness' };
export const set = (text: string): AddressState => ({ kind: 'set', address: address(text), via });
export const keep: AddressState = { kind: 'keep', why: 'nobody could tell' };
export const clear: AddressState = { kind: 'clear', why: 'there is none' };

export const stateOf = (state: AddressState, family: Family = 'ipv4', uplink = 'wan'): UplinkState => ({
  uplink,
  family,
  state,
  took: 0,
});

export const look = (
  mode: Look['mode'] = 'poll',
  traceId = 't1',
  reason: TriggerReason = 'interface_event',
): Look => ({
  traceId,
  triggers: [{ reason, source: 'test', mode }],
  mode,
});

export const online: Snapshot = {
  interfaces: [],
  routes: [
    { family: 'ipv4', interface: 'eth0', gateway: address('192.0.2.1'), metric: 0 },
    { family: 'ipv6', interface: 'eth0', gateway: address('fe80::1'), metric: 0 },
  ],
};
export const offline: Snapshot = { interfaces: [], routes: [] };

export const observation = (more: Partial<Observation> = {}): Observation => ({
  look: look(),
  snapshot: online,
  difference: { act: true, networkChanged: false, reasons: [], differences: [] },
  act: true,
  ...more,
});

export const sink = (more: Partial<SinkSettings> = {}): SinkSettings => ({
  name: 'dyn',
  provider: 'dyndns2',
  records: [
    { key: { name: fqdn('home.example.org'), type: 'A' }, uplink: 'wan' },
    { key: { name: fqdn('home.example.org'), type: 'AAAA' }, uplink: 'wan' },
  ],
  allow: [],
  timeout: seconds(10),
  minimum_gap: seconds(0),
  when_absent: 'keep',
  options: {},
  fingerprint: '',
  ...more,
});
