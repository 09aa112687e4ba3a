import { afterEach, beforeEach, expect, test } from 'vitest';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually, pause } from './support/moment.ts';
import { startNamed } from './support/named.ts';
import { describeLab } from './support/needs.ts';
import { startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import { askedFor, dyndns2, settings } from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';

const [RIGHT, SECOND, WRONG] = ['198.51.100.10', '198.51.100.11', '192.0.2.66'];
const HOME = 'home.example.org';
const MARK = `_netdrift-a.${HOME}`;
const KEY = {
  name: 'netdrift',
  algorithm: 'hmac-sha256',
  secret: 'bmV0ZHJpZnQgbGFiIGtleSBvZiAzMiBvY3RldHMhISE=',
};
const ADMIN = { name: 'admin', algorithm: 'hmac-sha512', secret: 'c29tZWJvZHkgZWxzZQ==' };

/** A name server that holds the zone, and somebody else who may change it. */
describeLab('drift and ownership at BIND 9', ['named', 'dig', 'nsupdate'], () => {
  let lab: Lab;
  let network: PlainNetwork;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    // Where the zone says that its name server is.
    await network.outside.addAddress('eth0', '192.0.2.53/32');
    await startNamed(lab, network.outside, {
      zones: [
        {
          name: 'example.org',
          records: `home A ${RIGHT}`,
          policy: `grant ${KEY.name} zonesub ANY; grant ${ADMIN.name} zonesub ANY;`,
        },
      ],
      keys: [KEY, ADMIN],
    });
  });
  afterEach(() => lab.close());

  const meddle = async (content: string): Promise<void> => {
    const words = ['server 127.0.0.1', 'zone example.org', `update delete ${HOME} A`];
    const update = [...words, `update add ${HOME} 60 A ${content}`, 'send', ''].join('\n');
    const key = `${ADMIN.algorithm}:${ADMIN.name}:${ADMIN.secret}`;
    expect(await network.outside.run(['nsupdate', '-y', key], update)).toMatchObject({ code: 0 });
  };
  const held = async (name = HOME, type = 'A'): Promise<readonly string[]> =>
    (await dig(network.outside, { server: '127.0.0.1', name, type })).values;
  const holds = (content: string) =>
    eventually(`${content} at the server`, async () => (await held()).join() === content, {
      timeout: 15_000,
    });

  const bind = (more: Record<string, unknown> = {}) => ({
    provider: 'rfc2136',
    server: network.server,
    key: KEY,
    records: [HOME],
    allow: ['documentation'],
    minimum_gap: '0s',
    ...more,
  });

  test('what somebody changes at the server is repaired with the next check', async () => {
    const config = settings({ bind: bind({ drift_check: '2s' }) });
    const netdrift = startNetdrift(lab, { namespace: network.host, config });
    await netdrift.line({ event: 'record_unchanged' });
    for (const content of [WRONG, '192.0.2.67']) {
      const after = netdrift.log.mark();
      await meddle(content);
      const line = await netdrift.line({ event: 'drift_found' }, { after, timeout: 10_000 });
      expect(String(line['message'])).toContain(`repairing it: ${content} -> ${RIGHT}`);
      await holds(RIGHT);
    }
  });

  test('and so at a service that only takes updates, by asking the authoritative servers', async () => {
    // Had it just been written, ten minutes would have to pass: the service says that it held the address already.
    const service = await Recorder.start(lab, network.outside, { reply: { body: `nochg ${RIGHT}` } });
    const dyn = dyndns2(network.server, service.port, {
      records: [HOME],
      drift_check: '2s',
      drift_lookup: 'authoritative',
      drift_resolver: network.server,
    });
    const netdrift = startNetdrift(lab, { namespace: network.host, config: settings({ dyn }) });
    await netdrift.line({ event: 'record_unchanged' });
    // All is well for two checks and more: nobody is bothered.
    await pause(5_000);
    expect(service.requests.items).toHaveLength(1);
    const after = service.requests.mark();
    await meddle(WRONG);
    const request = await service.requests.find(() => true, { after, timeout: 10_000 });
    expect(askedFor(request)).toBe(RIGHT);
    await netdrift.line({ event: 'drift_found', record: `${HOME}/A` });
    // What the service then does.
    await meddle(RIGHT);
    await pause(5_000);
    expect(service.requests.items).toHaveLength(2);
  });

  test('a record has one owner: marked in the same update, adopted once, and refused to others', async () => {
    const other = (more: Record<string, unknown>) =>
      startNetdrift(lab, { namespace: network.host, config: settings({ bind: bind(more) }) });
    const refused = other({ owner: 'attic', drift_check: 'off' });
    await refused.line({ event: 'record_unchanged' });
    await network.host.replaceAddress('eth0', `${RIGHT}/24`, `${SECOND}/24`);
    const line = await refused.line({ event: 'write_failed', record: `${HOME}/A` });
    expect(String(line['message'])).toMatch(/has no mark netdrift:attic.*owner_adopt: true/);
    await refused.stop();
    expect([await held(), await held(MARK, 'TXT')]).toEqual([[RIGHT], []]);

    const attic = other({ owner: 'attic', owner_adopt: true });
    await holds(SECOND);
    expect(await held(MARK, 'TXT')).toEqual(['"netdrift:attic"']);
    await attic.stop();

    await network.host.replaceAddress('eth0', `${SECOND}/24`, `${RIGHT}/24`);
    const cellar = other({ owner: 'cellar', owner_adopt: true });
    const words = await cellar.line({ event: 'write_failed', record: `${HOME}/A` });
    expect(String(words['message'])).toContain('calls itself attic, not to cellar');
    expect([await held(), await held(MARK, 'TXT')]).toEqual([[SECOND], ['"netdrift:attic"']]);
  });
});
