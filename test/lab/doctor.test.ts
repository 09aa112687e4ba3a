import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import YAML from 'yaml';
import type { DoctorReport } from '../../src/daemon/doctor/contract.ts';
import { routerNetwork, startMiniupnpd } from './router-lab.ts';
import { Lab } from './support/lab.ts';
import { now } from './support/moment.ts';
import { startNamed } from './support/named.ts';
import type { Namespace, Result } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { PROGRAM, startNetdrift } from './support/netdrift.ts';
import { homeNetwork, plainNetwork } from './support/networks.ts';
import { dyndns2, embedded, settings } from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';
import { startTurnserver } from './support/turn.ts';

/** Milliseconds for the whole run, whatever the world is like. */
const BOUND = 15_000;
const PASSWORD = 'correct horse battery staple';
const KEY = {
  name: 'netdrift',
  algorithm: 'hmac-sha256',
  secret: 'bmV0ZHJpZnQgbGFiIGtleSBvZiAzMiBvY3RldHMhISE=',
};

describeLab('netdrift doctor', ['turnserver', 'miniupnpd', 'named'], () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.open();
  });
  afterEach(() => lab.close());

  interface Looked {
    readonly report: DoctorReport;
    readonly result: Result;
    readonly took: number;
  }

  const run = async (
    host: Namespace,
    words: readonly string[],
    config?: unknown,
  ): Promise<Looked['result']> => {
    const folder = lab.folder('doctor');
    const file = path.join(folder, 'config.yaml');
    mkdirSync(path.join(folder, 'state'), { mode: 0o700 });
    const state_dir = path.join(folder, 'state');
    if (config !== undefined) {
      writeFileSync(file, YAML.stringify({ state_dir, ...(config as object) }), { mode: 0o600 });
    }
    const named = config === undefined ? [] : ['--config', file];
    return host.run([
      'env',
      '-C',
      folder,
      'NETDRIFT_CONFIG=',
      process.execPath,
      PROGRAM,
      'doctor',
      ...words,
      ...named,
    ]);
  };

  const look = async (host: Namespace, config?: unknown): Promise<Looked> => {
    const began = now();
    const result = await run(host, ['--json'], config);
    const took = now() - began;
    expect(result.stderr).toBe('');
    expect(took).toBeLessThan(BOUND);
    const report = JSON.parse(result.stdout) as DoctorReport;
    expect(result.code).toBe(report.findings.some(({ weight }) => weight === 'fix') ? 1 : 0);
    expect(result.stdout).not.toContain(PASSWORD);
    expect(result.stdout).not.toContain(KEY.secret);
    return { report, result, took };
  };

  const fixes = ({ findings }: DoctorReport) =>
    findings.filter(({ weight }) => weight === 'fix').map(({ what }) => what);

  test('behind a NAT: tells how it maps and filters, by a STUN server with two addresses (RFC 5780)', async () => {
    const home = await homeNetwork(lab);
    const second = '203.0.113.2';
    await home.outside.addAddress('eth0', `${second}/24`);
    await startTurnserver(lab, home.outside, { addresses: [home.server, second] });
    const recorder = await Recorder.start(lab, home.outside);
    const uplinks = {
      wan: {
        ipv4: ['interface', { detector: 'stun', servers: [`${home.server}:3478`] }],
        allow: ['documentation'],
      },
    };
    const sinks = { dyn: dyndns2(home.server, recorder.port, { password: PASSWORD }) };
    const { report } = await look(home.host, settings(sinks, { uplinks }));
    expect(report.nat).toEqual([
      {
        family: 'ipv4',
        kind: 'measured',
        // What nftables' masquerade does: one port for all, answers only from where something was sent.
        mapping: 'endpoint_independent',
        filtering: 'address_and_port_dependent',
        seen: ['203.0.113.10'],
        method: 'rfc5780',
        servers: [`${home.server}:3478`],
      },
    ]);
    expect(report.events).toMatchObject({ source: 'ip-monitor', state: 'listening' });
    expect(report.router).toMatchObject({ kind: 'found', address: '192.168.1.1' });
    const stun = report.witnesses.find(({ uplink, detector }) => uplink === 'wan' && detector === 'stun');
    expect(stun).toMatchObject({ says: 'known', address: '203.0.113.10', fit: true });
    expect(report.sinks[0]?.checks.map(({ what, state }) => `${what} ${state}`)).toEqual([
      'credentials unknown',
    ]);
    expect(fixes(report)).toEqual([]);
    expect(report.findings.map(({ what }) => what)).toEqual([
      expect.stringContaining('the router 192.168.1.1 tells nothing of its address'),
    ]);
    // It is a look: the service was asked nothing.
    expect(recorder.requests.items).toEqual([]);
  });

  test('behind a NAT with two plain STUN servers: tells by comparing them', async () => {
    const home = await homeNetwork(lab);
    const second = '203.0.113.2';
    await home.outside.addAddress('eth0', `${second}/24`);
    // Each port for itself; a "symmetric" NAT gives every connection another port.
    await home.router.nft(`
      flush ruleset
      table ip home_router {
        chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade random, fully-random
        }
      }`);
    await startTurnserver(lab, home.outside, { addresses: [home.server] });
    await startTurnserver(lab, home.outside, { addresses: [second], port: 3479 });
    const servers = [`${home.server}:3478`, `${second}:3479`];
    const uplinks = { wan: { ipv4: [{ detector: 'stun', servers }], allow: ['documentation'] } };
    const { report } = await look(home.host, settings({ local: embedded() }, { uplinks }));
    expect(report.nat).toEqual([
      {
        family: 'ipv4',
        kind: 'measured',
        mapping: 'dependent',
        seen: ['203.0.113.10'],
        method: 'two_servers',
        servers,
      },
    ]);
    expect(report.sinks[0]?.checks).toEqual([
      {
        what: 'server',
        state: 'unknown',
        words: 'does not answer at 127.0.0.1:15353: netdrift does not run',
      },
    ]);
  });

  test('at a router with miniupnpd: finds all its protocols and its outside address, and leaves no mapping there', async () => {
    const network = await routerNetwork(lab);
    await startMiniupnpd(lab, network);
    const uplinks = { wan: { ipv4: ['interface', 'router'] } };
    const { report } = await look(network.host, settings({ local: embedded() }, { uplinks }));
    expect(report.router).toMatchObject({
      kind: 'found',
      address: '192.168.1.1',
      interface: 'eth0',
      protocols: [
        { name: 'nat-pmp', speaks: true },
        { name: 'pcp', speaks: true },
        { name: 'upnp', speaks: true },
      ],
      outside: { address: '203.0.114.10', class: 'global' },
    });
    expect(report.router).toMatchObject({
      notices: { multicast: 'listening', events: 'heard', problems: [] },
    });
    expect(report.witnesses.find(({ detector }) => detector === 'router')).toMatchObject({
      address: '203.0.114.10',
      fit: true,
    });
    expect(fixes(report)).toEqual([]);
    const { stdout } = await network.router.run(['nft', 'list', 'ruleset']);
    expect(stdout).not.toContain('192.168.1.10');
  });

  test('at a router whose events a firewall keeps out, on a host whose port 5350 is taken: says both', async () => {
    const network = await routerNetwork(lab);
    const { host, router, outside } = network;
    await outside.addAddress('eth0', '203.0.114.1/24');
    await router.forward();
    await router.masquerade('wan');
    await startMiniupnpd(lab, network);
    await startTurnserver(lab, outside, { addresses: ['203.0.114.1'] });
    await host.nft(`
      table inet firewall {
        chain in { type filter hook input priority filter; ip saddr 192.168.1.1 tcp flags syn / fin,syn,rst,ack drop
        }
      }`);
    const holder = host.spawn([
      process.execPath,
      '-e',
      "require('node:dgram').createSocket('udp4').bind(5350, () => console.log('ready'))",
    ]);
    await holder.line('ready');
    const uplinks = { wan: { ipv4: ['router', { detector: 'stun', servers: ['203.0.114.1:3478'] }] } };
    const watch = { every: '7m', keep_watch: '45s' };
    const { report } = await look(host, settings({ local: embedded() }, { uplinks, watch }));
    expect(report.router).toMatchObject({
      notices: {
        multicast: 'off',
        events: 'subscribed',
        problems: [expect.stringContaining('224.0.0.1:5350 on eth0 (EADDRINUSE)')],
      },
    });
    expect(report.findings.map(({ what }) => what)).toEqual([
      expect.stringMatching(/granted a subscription .* did not come: .* asking a STUN server every 45s$/),
    ]);
  });

  test('on a host that owns its address: reads the sinks, says what is published, tells refused keys', async () => {
    const network = await plainNetwork(lab);
    await startNamed(lab, network.outside, {
      zones: [
        { name: 'example.org', records: 'home A 198.51.100.77', policy: `grant ${KEY.name} zonesub A AAAA;` },
      ],
      keys: [KEY],
    });
    const bind = (key: object) => ({
      provider: 'rfc2136',
      server: `${network.server}:53`,
      key,
      records: ['home.example.org'],
      allow: ['documentation'],
    });
    const sinks = {
      good: bind(KEY),
      bad: {
        ...bind({ ...KEY, secret: 'bm90IHRoZSBrZXkgdGhhdCB0aGUgc2VydmVyIGhhcyE=' }),
        records: ['other.example.org'],
      },
      gone: dyndns2('nowhere.invalid', 80, { password: PASSWORD }),
      local: embedded(),
    };
    const { report } = await look(network.host, settings(sinks));
    expect(report.nat).toEqual([{ family: 'ipv4', kind: 'unknown', why: expect.any(String) }]);
    const byName = new Map(report.sinks.map((one) => [one.sink, one]));
    expect(byName.get('good')?.checks.map(({ what, state }) => `${what} ${state}`)).toEqual([
      'credentials good',
    ]);
    expect(byName.get('good')?.records).toEqual([
      {
        record: 'home.example.org/A',
        published: ['198.51.100.77'],
        by: 'the provider',
        wanted: ['198.51.100.10'],
      },
    ]);
    expect(byName.get('bad')?.checks.at(-1)).toMatchObject({
      what: 'credentials',
      state: 'bad',
      class: 'credentials',
    });
    expect(byName.get('gone')?.checks[0]).toMatchObject({ what: 'name', state: 'bad' });
    const [first, second, ...rest] = fixes(report);
    expect(first).toContain('sink bad:');
    expect(second).toContain('sink gone: nowhere.invalid');
    expect(rest).toEqual([]);
  });

  test('beside a running netdrift: disturbs nothing, and is told what its own name server answers', async () => {
    const network = await plainNetwork(lab);
    const config = settings({ local: embedded() });
    const netdrift = startNetdrift(lab, { namespace: network.host, config });
    await netdrift.line({ event: 'record_updated' });
    await netdrift.line({ event: 'trigger_source_listening' });
    await netdrift.line({ event: 'started' });
    const after = netdrift.log.mark();
    const { stdout, code } = await netdrift.command('doctor', '--json');
    const report = JSON.parse(stdout) as DoctorReport;
    expect(report.sinks[0]).toMatchObject({
      checks: [{ what: 'server', state: 'good' }],
      records: [{ published: ['198.51.100.10'], by: 'DNS', wanted: ['198.51.100.10'] }],
    });
    expect(code).toBe(0);
    expect(netdrift.log.items.slice(after).filter(({ level }) => level !== 'debug')).toEqual([]);
  });

  test('without any network, without a configuration: ends in time and says so, first of all', async () => {
    const host = await lab.namespace('host');
    const { report } = await look(host);
    expect(report.configuration).toEqual({ problems: [] });
    expect(fixes(report)[0]).toBe('no network interface is up');
    expect(report.router).toMatchObject({ kind: 'none' });
    const { stdout, code } = await run(host, []);
    expect(code).toBe(1);
    expect(stdout).toContain('what to fix\n  1. no network interface is up\n     -> plug in the cable');
  });

  test('with a broken configuration: names the problem, and looks at the defaults', async () => {
    const network = await plainNetwork(lab);
    const { report } = await look(network.host, {
      sinks: { dyn: { provider: 'dyndns3', password: PASSWORD } },
    });
    expect(fixes(report)[0]).toContain('config.yaml cannot be used: it has');
    expect(report.witnesses.some(({ uplink }) => uplink === 'wan')).toBe(true);
  });

  test('where ip is not the real one: says that events cannot be heard', async () => {
    const network = await plainNetwork(lab);
    const folder = lab.folder('no-ip');
    const file = path.join(folder, 'config.yaml');
    writeFileSync(file, YAML.stringify({ state_dir: folder, ...settings({ local: embedded() }) }), {
      mode: 0o600,
    });
    const { stdout } = await network.host.run([
      'env',
      'PATH=/nowhere',
      process.execPath,
      PROGRAM,
      'doctor',
      '--json',
      '--config',
      file,
    ]);
    const report = JSON.parse(stdout) as DoctorReport;
    expect(report.events.state).toBe('polling');
    expect(fixes(report)).toEqual([expect.stringContaining("the system's events cannot be heard")]);
  });
});
