import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type DoctorInit, examine } from '../../../src/daemon/doctor/examine.ts';
import { formatDoctor } from '../../../src/daemon/doctor/format.ts';
import { address } from '../../../src/model/address.ts';
import { milliseconds, minutes, seconds } from '../../../src/model/duration.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { Reading } from '../../../src/model/reading.ts';
import type { UplinkSettings } from '../../../src/model/settings.ts';
import { ACTIVE, oneOfAll } from '../../../src/model/uplinks.ts';
import { interfaceKind } from '../../../src/sources/addresses/interface.ts';
import type { DetectorKind } from '../../../src/sources/contract.ts';
import { createRouterClient } from '../../../src/sources/router/client.ts';
import { volatileMemory } from '../../../src/state/sink-memory.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { fakeNat } from '../../net/stun/fake-nat.ts';
import { link } from '../../sources/addresses/fixtures.ts';
import { FakeRouter } from '../../sources/router/fake-router.ts';
import { sink } from '../../streams/support.ts';
import { handClock, testHost, WALL } from '../fixture.ts';
import { healthy, home } from './support.ts';

const URL_OF = new URL('https://ip.example.org/');
const reading = (name: string, text: string): Reading => ({
  kind: 'known',
  address: address(text),
  via: { detector: 'fake', name, operator: name, seesPath: true },
});

/** Asks by HTTP, so that its clock is overheard. */
const web: DetectorKind = {
  name: 'http',
  title: 'a web service',
  options: z.strictObject({}),
  create: ({ family }, { http }) => [
    {
      witness: { detector: 'http', name: 'https://ip.example.org', seesPath: true },
      outside: true,
      read: async ({ signal }) => {
        await http(family)({ method: 'GET', url: URL_OF }, signal);
        return reading('https://ip.example.org', family === 'ipv4' ? '93.184.216.34' : '2606:2800::10');
      },
    },
  ],
};
const silent: DetectorKind = {
  name: 'stun',
  title: 'one that hangs',
  options: z.strictObject({}),
  create: () => [
    {
      witness: { detector: 'stun', name: 'stun.example.org:3478', seesPath: true },
      outside: true,
      read: () => new Promise(() => {}),
    },
  ],
};
const demanding: DetectorKind = {
  name: 'static',
  title: 'one that needs options',
  options: z.strictObject({ address: z.string() }),
  create: () => [],
};

const uplink = (ipv4: readonly string[], change: Partial<UplinkSettings> = {}): UplinkSettings => ({
  name: 'wan',
  detectors: { ipv4: ipv4.map((detector) => ({ detector, options: {} })), ipv6: [] },
  allow: [],
  ...change,
});

const watch = {
  every: minutes(5),
  jitter: 0,
  settle: milliseconds(250),
  settle_limit: seconds(3),
  poll: seconds(10),
  keep_watch: seconds(20),
};

function setUp(change: Partial<DoctorInit> = {}): DoctorInit {
  const clock = handClock();
  const host = testHost(clock);
  const answer = async () => ({ status: 200, headers: { date: new Date(WALL).toUTCString() }, body: '' });
  const nat = fakeNat({ servers: [], mapping: 'none', filtering: 'endpoint_independent' });
  return {
    version: '1.2.3',
    configuration: { file: 'config.yaml', problems: [] },
    host,
    log: silentLog,
    pools: {
      http: () => answer,
      through: () => answer,
      witness: () => answer,
      see: () => {},
      renew: () => {},
      close: async () => {},
    },
    detectors: [interfaceKind as DetectorKind, silent, web, demanding],
    router: createRouterClient({ ...host, log: silentLog }),
    snapshot: async () => ({ ...home(), routes: home().routes.filter(({ family }) => family === 'ipv6') }),
    readFile: () => {
      throw new Error('ENOENT');
    },
    listen: (onState) =>
      new Observable(() => {
        onState('ip-monitor', 'listening');
      }),
    nat: { createSocket: nat.createSocket, lookup: () => Promise.reject(new Error('no names here')) },
    sinks: {
      providers: [],
      create: () => ({ sink: { write: async () => [] }, memory: volatileMemory(clock) }),
      resolve: async () => ['93.184.216.1'],
      place: {
        lookup: async () => ['192.0.2.1'],
        handshake: async () => ({ protocol: 'TLSv1.3', until: WALL + 1e10 }),
        clock,
        deadline: 100,
      },
      proxied: () => false,
      deadline: 1_000,
    },
    deadlines: { snapshot: 100, witness: 60, router: 100, nat: 100 },
    ...change,
  };
}

describe('doctor', () => {
  it('asks the witnesses of the configuration and all others that need no options, each under its own deadline', async () => {
    const report = await examine({ uplinks: [uplink(['interface', 'stun'])], sinks: [], watch }, setUp());
    expect(
      report.witnesses.map((one) => [
        one.uplink ?? '-',
        one.family,
        one.detector,
        one.says,
        one.address ?? one.why,
      ]),
    ).toEqual([
      ['wan', 'ipv4', 'interface', 'unavailable', expect.stringContaining('private')],
      ['wan', 'ipv4', 'stun', 'unavailable', 'no answer within 60 ms'],
      ['-', 'ipv6', 'interface', 'known', '2606:2800::10'],
      ['-', 'ipv6', 'stun', 'unavailable', 'no answer within 60 ms'],
      ['-', 'ipv6', 'fake', 'known', '2606:2800::10'],
    ]);
  });

  it('hears the time from the web services that answer', async () => {
    const report = await examine({ uplinks: [uplink(['http'])], sinks: [], watch }, setUp());
    expect(report.clocks.offset).toEqual({ milliseconds: -500, by: 'https://ip.example.org' });
  });

  it('compares what is published with what the witnesses of the uplink say', async () => {
    const dyn = sink({ records: [{ key: { name: fqdn('home.example.org'), type: 'A' }, uplink: 'wan' }] });
    const report = await examine({ uplinks: [uplink(['http'])], sinks: [dyn], watch }, setUp());
    expect(report.sinks[0]?.records).toEqual([
      { record: 'home.example.org/A', published: ['93.184.216.1'], by: 'DNS', wanted: ['93.184.216.34'] },
    ]);
    expect(report.findings).toEqual([
      expect.objectContaining({ weight: 'better', what: expect.stringContaining('should be 93.184.216.34') }),
    ]);
  });

  it('judges a witness as the running netdrift does', async () => {
    const report = await examine(
      { uplinks: [uplink(['http'])], sinks: [], watch },
      setUp({
        snapshot: async () => ({
          interfaces: home({ name: 'wg0', tunnel: true }).interfaces,
          routes: [{ family: 'ipv4', interface: 'wg0', metric: 0 }],
        }),
      }),
    );
    expect(report.witnesses[0]).toMatchObject({
      says: 'known',
      fit: false,
      why: expect.stringContaining('tunnel'),
    });
    expect(report.findings[0]?.what).toContain('nobody can tell the address of wan ipv4');
  });

  it.each(['active', 'all'] as const)('tells what a record of the uplink "%s" should hold', async (which) => {
    const second = uplink(['other'], { name: 'lte', metric: 10 });
    const other: DetectorKind = {
      name: 'other',
      title: 'another way out',
      options: z.strictObject({}),
      create: () => [
        {
          witness: { detector: 'other', name: 'other' },
          outside: true,
          read: async () => reading('other', '93.184.216.99'),
        },
      ],
    };
    const key = { name: fqdn('home.example.org'), type: 'A' } as const;
    const from = which === 'active' ? [ACTIVE] : [oneOfAll('wan'), oneOfAll('lte')];
    const dyn = sink({ records: from.map((name) => ({ key, uplink: name })) });
    const report = await examine(
      { uplinks: [second, uplink(['http'], { metric: 1 })], sinks: [dyn], watch },
      setUp({ detectors: [interfaceKind as DetectorKind, web, other] }),
    );
    const wanted = which === 'active' ? ['93.184.216.34'] : ['93.184.216.34', '93.184.216.99'];
    expect([...(report.sinks[0]?.records[0]?.wanted ?? [])].sort()).toEqual(wanted);
  });

  it('ends although nothing answers: no network, no names, a snapshot that hangs', async () => {
    const hang = () => new Promise<never>(() => {});
    const report = await examine(
      { uplinks: [uplink(['interface', 'stun'])], sinks: [], watch },
      setUp({ snapshot: hang, listen: () => new Observable() }),
    );
    expect(report.host).toEqual({ interfaces: [], routes: [] });
    expect(report.router).toEqual({ kind: 'none', why: 'there is no IPv4 default route' });
    expect(report.nat).toEqual([]);
    expect(
      report.findings.map(({ weight, what }) => [weight, what.split(' ').slice(0, 3).join(' ')]),
    ).toEqual([
      ['fix', 'no network interface'],
      ['fix', "the system's events"],
    ]);
  });

  it('asks the router through the client it is given', async () => {
    const router = await FakeRouter.start();
    try {
      router.natPmp = '203.0.114.10';
      const routerNetwork = router.network();
      const host = testHost();
      const client = createRouterClient({ ...host, log: silentLog, network: routerNetwork });
      const snapshot = async () => ({
        interfaces: [link('lo', ['127.0.0.1'])],
        routes: [{ family: 'ipv4' as const, interface: 'lo', gateway: address('127.0.0.1'), metric: 0 }],
      });
      const deadlines = { snapshot: 1_000, witness: 60, router: 5_000, nat: 100 };
      const report = await examine(
        { uplinks: [], sinks: [], watch },
        setUp({ router: client, routerNetwork, snapshot, deadlines }),
      );
      expect(report.router).toMatchObject({
        kind: 'found',
        outside: { address: '203.0.114.10', by: 'nat-pmp' },
      });
      expect(report.watch).toEqual({ every: 300_000, keepWatch: 20_000 });
    } finally {
      router.close();
    }
  });
});

describe('the report as text', () => {
  const text = (change: object = {}, findings: Parameters<typeof formatDoctor>[0]['findings'] = []) =>
    formatDoctor({ version: '1.2.3', took: 1_812.3, ...healthy, ...change, findings });

  it('has every section, aligned, and says at the end that nothing is to be done', () => {
    expect(text()).toMatchInlineSnapshot(`
      "netdrift 1.2.3 doctor, config.yaml

      this host
        eth0  up  192.168.1.10/24  private
        ipv4 default route via 192.168.1.1 dev eth0 metric 0

      events
        ip-monitor listens (after 101 ms)
        looks every 5m anyway; asks a STUN server every 20s where no router tells

      router
        192.168.1.1 on eth0
          nat-pmp  yes  2 ms     outside address 93.184.216.34
          pcp      no   1751 ms  no answer to 3 requests
          upnp     yes  12 ms    1 WAN service(s)
        its outside address is 93.184.216.34 (global), by nat-pmp
        multicasts: listens; events: subscribed, and the first one came

      NAT
        ipv4  NAT, the same mapping for everybody (endpoint-independent), seen as 93.184.216.34; lets in answers
              from where it has written to alone (RFC 5780: stun.example.org:3478)

      witnesses
        wan  ipv4  interface  any                    0 ms   -              1 address, all private
        wan  ipv4  stun       stun.example.org:3478  18 ms  93.184.216.34

      clocks
        2026-11-22T12:00:00.000Z; steady; agrees with https://ip.example.org

      sinks
        dyn, hetzner
          name         ok  4 ms   api.example.org is 192.0.2.1
          credentials  ok  41 ms  accepted; 1 record(s) read
          home.example.org/A  93.184.216.34  says the provider

      what to fix
        nothing

      looked for 1812 ms; nothing was changed
      "
    `);
  });

  it('numbers what to fix, with remedies', () => {
    const shown = text({}, [
      { weight: 'fix', what: 'no network interface is up', remedy: 'plug in the cable' },
      { weight: 'better', what: `a long reason ${'and more '.repeat(20)}`, remedy: 'mend it' },
    ]);
    const [, end = ''] = shown.split('what to fix');
    expect(end).toContain('  1. no network interface is up\n     -> plug in the cable\n');
    expect(end).toContain('what could be better\n  1. a long reason');
    expect(shown.split('\n').every((line) => line.length <= 110)).toBe(true);
  });

  it('keeps foreign words from steering the terminal', () => {
    const [first] = healthy.witnesses;
    const witnesses = [{ ...first, name: 'evil\u001b[2J\n\u202ename', why: 'a\rb' }];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text({ witnesses })).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it('says what it could not find out', () => {
    const shown = text({
      configuration: { problems: [] },
      router: { kind: 'none', why: 'there is no IPv4 default route' },
      nat: [{ family: 'ipv4', kind: 'unknown', why: 'no STUN server answered' }],
      events: { source: 'events', state: 'silent', took: 3_000 },
      container: { in: 'docker', bridged: true },
      host: { interfaces: [], routes: [] },
      witnesses: [],
      sinks: [],
    });
    for (const words of [
      'no configuration: the defaults are looked at',
      'no default route',
      'in a docker container, behind a bridge',
      'no source of events has come to listen',
      'ipv4  not known: no STUN server answered',
      'witnesses\n  none',
      'sinks\n  none',
    ]) {
      expect(shown).toContain(words);
    }
  });
});
