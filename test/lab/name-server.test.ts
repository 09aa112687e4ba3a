import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StatusReport } from '../../src/control/status.ts';
import { type DigAnswer, dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import { startNamed } from './support/named.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import { settings } from './support/publishing.ts';
import { startRelay } from './support/relay.ts';

const [FIRST, SECOND] = ['198.51.100.10', '198.51.100.11'];
const V6 = '2001:db8::10';
const HOME = 'home.example.org';
const KEY = {
  name: 'netdrift',
  algorithm: 'hmac-sha256',
  secret: 'bmV0ZHJpZnQgbGFiIGtleSBvZiAzMiBvY3RldHMhISE=',
};
const ADMIN = { name: 'admin', algorithm: 'hmac-sha512', secret: 'c29tZWJvZHkgZWxzZQ==' };

describeLab('BIND 9 with TSIG and an update policy', ['named', 'dig', 'nsupdate'], () => {
  let lab: Lab;
  let network: PlainNetwork;
  let host: Namespace;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    host = network.host;
    await startNamed(lab, network.outside, {
      zones: [
        {
          name: 'example.org',
          records: 'neighbour A 192.0.2.99\nhome TXT "stays"',
          policy: `grant ${KEY.name} name ${HOME} A AAAA; grant ${ADMIN.name} zonesub ANY;`,
        },
      ],
      keys: [KEY, ADMIN],
    });
  });
  afterEach(() => lab.close());

  const configuration = (
    more: Record<string, unknown> = {},
    port = 53,
    uplinks: Record<string, unknown> = {},
  ): Record<string, unknown> => {
    const sinks = {
      bind: {
        provider: 'rfc2136',
        server: `${network.server}:${port}`,
        key: KEY,
        records: [HOME],
        allow: ['documentation'],
        minimum_gap: '0s',
        ...more,
      },
    };
    return settings(sinks, uplinks);
  };

  const start = (more: Record<string, unknown> = {}, port = 53): Netdrift =>
    startNetdrift(lab, { namespace: host, config: configuration(more, port) });

  const ask = (type: string, name = HOME): Promise<DigAnswer> =>
    dig(network.outside, { server: '127.0.0.1', name, type });

  const serves = (type: string, values: readonly string[], name = HOME): Promise<unknown> =>
    eventually(
      `${name} ${type} is ${values.join(', ') || 'not there'}`,
      async () => JSON.stringify((await ask(type, name)).values) === JSON.stringify(values),
      { timeout: 10_000, every: 50 },
    );

  const statusOf = async (netdrift: Netdrift): Promise<StatusReport['sinks'][number]> => {
    const { code, stdout } = await netdrift.command('status', '--json');
    const [sink] = (JSON.parse(stdout) as StatusReport).sinks;
    if (sink === undefined) throw new Error('the status names no sink');
    // The exit status says in one bit what the report says in full.
    expect(code).toBe(sink.state === 'ok' ? 0 : 1);
    return sink;
  };

  test('takes the updates and serves both families, and nothing else in the zone changes', async () => {
    await host.addAddress('eth0', `${V6}/64`);
    const wan = { ipv4: ['interface'], ipv6: ['interface'], allow: ['documentation'] };
    const config = configuration({}, 53, { uplinks: { wan } });
    const netdrift = startNetdrift(lab, { namespace: host, config });
    await serves('A', [FIRST]);
    await serves('AAAA', [V6]);
    expect(await ask('A')).toMatchObject({ ttl: 60, flags: expect.arrayContaining(['aa']) });
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await serves('A', [SECOND]);
    await netdrift.line((line) => line.event === 'record_updated' && String(line['address']) === SECOND);
    await serves('AAAA', [V6]);
    await serves('TXT', ['"stays"']);
    await serves('A', ['192.0.2.99'], 'neighbour.example.org');
    expect(await statusOf(netdrift)).toMatchObject({
      state: 'ok',
      records: [
        { record: `${HOME}/A`, published: [SECOND] },
        { record: `${HOME}/AAAA`, published: [V6] },
      ],
    });
  });

  test('has a wrong secret reported as refused credentials and held, until the configuration is mended', async () => {
    const wrong = { ...KEY, secret: 'd3Jvbmc=' };
    const netdrift = start({ key: wrong });
    const line = await netdrift.line({ event: 'write_failed', reason: 'credentials' }, { timeout: 10_000 });
    expect(line).toMatchObject({ level: 'error', sink: 'bind', record: `${HOME}/A` });
    expect(String(line['message'])).toContain('BADSIG');
    expect(netdrift.process.output()).not.toContain(wrong.secret);
    await serves('A', []);
    const { state, records } = await statusOf(netdrift);
    expect(state).toBe('held');
    expect(records[0]).toMatchObject({
      pending: [FIRST],
      failure: { class: 'credentials', message: expect.stringContaining('BADSIG') },
    });

    // Held across a restart: the server is not asked again, and `once` says that something is not published.
    await netdrift.stop();
    const again = await netdrift.command('once');
    expect(again.code).toBe(1);
    expect(again.stdout).toContain('write_held');
    netdrift.writeConfig(configuration());
    expect(await netdrift.command('once')).toMatchObject({ code: 0 });
    await serves('A', [FIRST]);
    expect(await netdrift.command('once')).toMatchObject({ code: 0 });
  });

  test('has a name outside its policy refused, while the one inside is published', async () => {
    const other = 'other.example.org';
    const netdrift = start({ records: [HOME, other] });
    await serves('A', [FIRST]);
    await netdrift.line({ event: 'write_failed', record: `${other}/A`, reason: 'credentials' });
    await serves('A', [], other);
    const { records } = await statusOf(netdrift);
    expect(records.find(({ record }) => record === `${HOME}/A`)).toMatchObject({ published: [FIRST] });
    expect(records.find(({ record }) => record === `${other}/A`)).toMatchObject({
      failure: { class: 'credentials', message: expect.stringContaining('REFUSED') },
    });
    // The refused name does not hold back the other one.
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await serves('A', [SECOND]);
    await netdrift.stop();
    expect(await netdrift.command('once')).toMatchObject({ code: 1 });
  });

  const MEDDLE = {
    listen: 5_300,
    to: 53,
    before: {
      command: ['nsupdate', '-y', `${ADMIN.algorithm}:${ADMIN.name}:${ADMIN.secret}`],
      input: `server 127.0.0.1\nzone example.org\nupdate add ${HOME} 60 A 192.0.2.66\nsend\n`,
    },
  };

  test('refuses an update made from what it no longer holds; it is read again, and then mended', async () => {
    const relay = await startRelay(lab, network.outside, MEDDLE);
    const netdrift = start({}, MEDDLE.listen);
    await relay.line('intervened', 10_000);
    const line = await netdrift.line({ event: 'write_failed', reason: 'conflict' });
    expect(String(line['message'])).toMatch(/NXRRSET|YXRRSET/);
    // What somebody else wrote in between was not overwritten blindly, but it is not right either.
    await serves('A', [FIRST]);
    await netdrift.line({ event: 'record_updated', record: `${HOME}/A` });
    expect(await statusOf(netdrift)).toMatchObject({ state: 'ok' });
  });

  test('makes `once` end with 1 when its update came too late, and with 0 the next time', async () => {
    const relay = await startRelay(lab, network.outside, MEDDLE);
    // Started without a chance to write, then stopped: `once` needs the state folder for itself.
    const netdrift = start({ server: '198.51.100.1:1' });
    await netdrift.stop();
    netdrift.writeConfig(configuration({}, MEDDLE.listen));
    expect(await netdrift.command('once')).toMatchObject({ code: 1 });
    await relay.line('intervened');
    await serves('A', ['192.0.2.66']);
    expect(await netdrift.command('once')).toMatchObject({ code: 0 });
    await serves('A', [FIRST]);
  });

  test('makes `once` end with 75 when the host has no address, and changes nothing', async () => {
    const netdrift = start();
    await serves('A', [FIRST]);
    await netdrift.stop();
    await host.link('eth0', 'down');
    expect(await netdrift.command('once')).toMatchObject({ code: 75 });
    await serves('A', [FIRST]);
  });
});
