import { afterEach, beforeEach, expect, test } from 'vitest';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import { startNamed } from './support/named.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import { settings } from './support/publishing.ts';

const KEY = {
  name: 'netdrift',
  algorithm: 'hmac-sha256',
  secret: 'bmV0ZHJpZnQgbGFiIGtleSBvZiAzMiBvY3RldHMhISE=',
};
const [FIRST, SECOND] = ['2001:db8:1:10', '2001:db8:2:20'];

describeLab('one netdrift for the hosts of a LAN', ['named', 'dig'], () => {
  let lab: Lab;
  let network: PlainNetwork;
  let host: Namespace;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    host = network.host;
    await startNamed(lab, network.outside, {
      zones: [{ name: 'example.org', policy: `grant ${KEY.name} zonesub A AAAA;` }],
      keys: [KEY],
    });
  });
  afterEach(() => lab.close());

  const start = (records: readonly unknown[]): Netdrift => {
    const bind = {
      provider: 'rfc2136',
      server: `${network.server}:53`,
      key: KEY,
      records,
      allow: ['documentation'],
      minimum_gap: '0s',
    };
    const wan = { ipv6: ['interface'], allow: ['documentation'] };
    return startNetdrift(lab, { namespace: host, config: settings({ bind }, { uplinks: { wan } }) });
  };

  const ask = async (name: string, type: string): Promise<readonly string[]> =>
    (await dig(network.outside, { server: '127.0.0.1', name, type })).values;

  const serves = (wanted: Readonly<Record<string, string>>): Promise<unknown> =>
    eventually(
      `${Object.values(wanted).join(', ')} are served`,
      async () => {
        const found = await Promise.all(
          Object.keys(wanted).map((name) => ask(`${name}.example.org`, 'AAAA')),
        );
        return JSON.stringify(found.flat()) === JSON.stringify(Object.values(wanted));
      },
      { timeout: 10_000, every: 50 },
    );

  /** Rises by one with each UPDATE message that changes the zone, however many records are in it. */
  const serial = async (): Promise<number> => Number((await ask('example.org', 'SOA'))[0]?.split(' ')[2]);

  test('a new prefix changes the records of all of them in one message', async () => {
    await host.addAddress('eth0', `${FIRST}::abcd/64`);
    const netdrift = start([
      { name: 'nas.example.org', suffix: '::1:2' },
      { name: 'camera.example.org', mac: '00:11:22:33:44:55' },
      { name: 'lab.example.org', suffix: '::5:0:0:0:9', prefix_length: 56 },
    ]);
    await serves({
      nas: `${FIRST}::1:2`,
      camera: `${FIRST}:211:22ff:fe33:4455`,
      lab: '2001:db8:1:5::9',
    });
    expect(await serial()).toBe(2);
    const after = netdrift.log.mark();
    await host.replaceAddress('eth0', `${FIRST}::abcd/64`, `${SECOND}::abcd/64`);
    await serves({
      nas: `${SECOND}::1:2`,
      camera: `${SECOND}:211:22ff:fe33:4455`,
      lab: '2001:db8:2:5::9',
    });
    expect(await serial()).toBe(3);
    await eventually('all are told of', () => {
      const updated = netdrift.log.items.slice(after).filter(({ event }) => event === 'record_updated');
      // One change, from the event to the last record.
      return updated.length === 3 && new Set(updated.map(({ trace_id }) => trace_id)).size === 1;
    });
    // No host has an address of the IPv4 kind here, and nobody wrote one.
    expect(await ask('nas.example.org', 'A')).toEqual([]);
  });

  test('of two prefixes the one that is preferred for longer is taken, until it is deprecated', async () => {
    const add = (prefix: string, preferred: number) =>
      host.ip(`addr add ${prefix}::abcd/64 dev eth0 nodad valid_lft 7200 preferred_lft ${preferred}`);
    await add(FIRST, 600);
    await add(SECOND, 3_600);
    const netdrift = start([{ name: 'nas.example.org', suffix: '::1:2' }]);
    await serves({ nas: `${SECOND}::1:2` });
    const detected = await netdrift.line({ event: 'address_detected' });
    expect(detected['message']).toContain('longest preferred lifetime');
    // Renewed or shortened, it is the same network: nothing is written, and the choice stays.
    await host.ip(`addr change ${SECOND}::abcd/64 dev eth0 valid_lft 7200 preferred_lft 60`);
    await host.ip(`addr change ${SECOND}::abcd/64 dev eth0 valid_lft 7200 preferred_lft 0`);
    await serves({ nas: `${FIRST}::1:2` });
    expect(await serial()).toBe(3);
  });
});
