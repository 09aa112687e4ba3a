import type { DoctorReport } from '../../../src/daemon/doctor/contract.ts';
import { address } from '../../../src/model/address.ts';
import type { NetworkInterface, Snapshot } from '../../../src/model/snapshot.ts';
import { link } from '../../sources/addresses/fixtures.ts';

/** A host at home: private IPv4 behind a router, IPv6 of its own. */
export const home = (change: Partial<NetworkInterface> = {}): Snapshot => ({
  interfaces: [
    link('eth0', ['192.168.1.10', '2606:2800::10', '2606:2800::99 temporary'], change),
    link('lo', ['127.0.0.1'], { loopback: true }),
  ],
  routes: [
    { family: 'ipv4', interface: 'eth0', gateway: address('192.168.1.1'), metric: 100 },
    { family: 'ipv6', interface: 'eth0', gateway: address('fe80::1'), metric: 100 },
  ],
});

export type Facts = Omit<DoctorReport, 'findings' | 'took' | 'version'>;

/** A report in which nothing is to be done. */
export const healthy: Facts = {
  configuration: { file: 'config.yaml', problems: [] },
  host: {
    interfaces: [
      {
        name: 'eth0',
        running: true,
        kind: 'usual',
        addresses: [{ address: address('192.168.1.10'), prefixLength: 24, class: 'private', flags: [] }],
      },
    ],
    routes: [{ family: 'ipv4', interface: 'eth0', gateway: address('192.168.1.1'), metric: 0 }],
  },
  container: { bridged: false },
  events: { source: 'ip-monitor', state: 'listening', took: 101 },
  router: {
    kind: 'found',
    address: address('192.168.1.1'),
    interface: 'eth0',
    protocols: [
      { name: 'nat-pmp', speaks: true, words: 'outside address 93.184.216.34', took: 2 },
      { name: 'pcp', speaks: false, words: 'no answer to 3 requests', took: 1_751 },
      { name: 'upnp', speaks: true, words: '1 WAN service(s)', took: 12 },
    ],
    outside: { address: address('93.184.216.34'), class: 'global', by: 'nat-pmp' },
    notices: { multicast: 'listening', events: 'heard', problems: [] },
  },
  nat: [
    {
      family: 'ipv4',
      kind: 'measured',
      mapping: 'endpoint_independent',
      filtering: 'address_and_port_dependent',
      seen: [address('93.184.216.34')],
      method: 'rfc5780',
      servers: ['stun.example.org:3478'],
    },
  ],
  watch: { every: 300_000, keepWatch: 20_000 },
  witnesses: [
    {
      uplink: 'wan',
      family: 'ipv4',
      detector: 'interface',
      name: 'any',
      outside: false,
      says: 'unavailable',
      fit: false,
      why: '1 address, all private',
      took: 0.4,
    },
    {
      uplink: 'wan',
      family: 'ipv4',
      detector: 'stun',
      name: 'stun.example.org:3478',
      operator: 'example',
      outside: true,
      says: 'known',
      address: address('93.184.216.34'),
      fit: true,
      took: 18,
    },
  ],
  clocks: {
    wall: '2026-11-22T12:00:00.000Z',
    plausible: true,
    stepped: 0,
    offset: { milliseconds: 80, by: 'https://ip.example.org' },
  },
  sinks: [
    {
      sink: 'dyn',
      provider: 'hetzner',
      checks: [
        { what: 'name', state: 'good', words: 'api.example.org is 192.0.2.1', took: 4 },
        { what: 'credentials', state: 'good', words: 'accepted; 1 record(s) read', took: 41 },
      ],
      records: [
        {
          record: 'home.example.org/A',
          published: ['93.184.216.34'],
          by: 'the provider',
          wanted: [address('93.184.216.34')],
        },
      ],
    },
  ],
};
