import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually, now } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import {
  askedFor,
  confirmed,
  DYNDNS_NAME,
  digEmbedded,
  dyndns2,
  EMBEDDED_NAME,
  embedded,
  publication,
  published,
  publishedInOrder,
  served,
  settings,
} from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';

const [FIRST, SECOND, THIRD] = ['198.51.100.10', '198.51.100.11', '198.51.100.12'];

describeLab('a netdrift that gets a signal', ['dig'], () => {
  let lab: Lab;
  let network: PlainNetwork;
  let host: Namespace;
  let recorder: Recorder;
  let netdrift: Netdrift;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    host = network.host;
    recorder = await Recorder.start(lab, network.outside);
    netdrift = startNetdrift(lab, { namespace: host, config: configuration() });
    await served(host, 'A', [FIRST]);
    await confirmed(netdrift, FIRST);
  });
  afterEach(() => lab.close());

  const configuration = (records: readonly string[] = [DYNDNS_NAME], more: Record<string, unknown> = {}) =>
    settings({ local: embedded(), dyn: dyndns2(network.server, recorder.port, { records }) }, more);

  const replace = (from: string, to: string): Promise<void> =>
    host.replaceAddress('eth0', `${from}/24`, `${to}/24`);

  const nameOf = (request: { readonly url: string }): string =>
    new URL(request.url, 'http://server').searchParams.get('hostname') ?? '';

  test('SIGHUP: a changed configuration takes effect, and only what is new in it is sent', async () => {
    netdrift.writeConfig(configuration([DYNDNS_NAME, 'second.example.net']));
    netdrift.signal('SIGHUP');
    await netdrift.line({ event: 'configuration_reloaded' });
    await recorder.requests.find((request) => nameOf(request) === 'second.example.net');
    await served(host, 'A', [FIRST]);
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    expect(recorder.requests.items.map((request) => [nameOf(request), askedFor(request)])).toEqual([
      [DYNDNS_NAME, FIRST],
      ['second.example.net', FIRST],
      [`${DYNDNS_NAME},second.example.net`, SECOND],
    ]);
  });

  test('SIGHUP: an interface that the new configuration names is watched from then on', async () => {
    const [before, after] = ['203.0.113.20', '203.0.113.21'];
    await lab.cable({ namespace: host, device: 'wg0' }, { namespace: network.outside, device: 'wg0' });
    await host.addAddress('wg0', `${before}/24`);
    const uplinks = { wan: { interface: 'wg0', ipv4: ['interface'], allow: ['documentation'] } };
    netdrift.writeConfig(configuration([DYNDNS_NAME], { uplinks }));
    netdrift.signal('SIGHUP');
    await publication(recorder, before);
    await host.replaceAddress('wg0', `${before}/24`, `${after}/24`);
    await publishedInOrder(recorder, [FIRST, before, after]);
  });

  test('SIGHUP: a wrong configuration is reported with its problems, and the old one goes on', async () => {
    netdrift.writeConfig(configuration([DYNDNS_NAME], { watch: { every: 'soon' } }));
    netdrift.signal('SIGHUP');
    const line = await netdrift.line({ event: 'configuration_rejected' });
    expect(line.level).toBe('error');
    expect(String(line['message'])).toContain('watch.every');
    await replace(FIRST, SECOND);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('SIGHUP: a server that cannot listen yet fails by itself, and answers once it can', async () => {
    const elsewhere = {
      local: embedded({ listen: '192.0.2.1:53' }),
      dyn: dyndns2(network.server, recorder.port),
    };
    netdrift.writeConfig(settings(elsewhere));
    netdrift.signal('SIGHUP');
    await netdrift.line({ event: 'sink_not_started', sink: 'local' });
    await netdrift.line({ event: 'configuration_reloaded' });
    await replace(FIRST, SECOND);
    await publishedInOrder(recorder, [FIRST, SECOND]);
    await host.addAddress('lo', '192.0.2.1/32');
    const asked = { server: '192.0.2.1', name: EMBEDDED_NAME, type: 'A' };
    await eventually('it answers', async () => (await dig(host, asked)).values[0] === SECOND, {
      timeout: 15_000,
    });
  });

  test('SIGHUP: takes effect although a write hangs, and that write is made again', async () => {
    await recorder.reply({ instead: 'hang' });
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    await recorder.reply({});
    netdrift.writeConfig(configuration([DYNDNS_NAME], { watch: { every: '2h' } }));
    netdrift.signal('SIGHUP');
    await netdrift.line({ event: 'configuration_reloaded' }, { timeout: 10_000 });
    await publishedInOrder(recorder, [FIRST, SECOND, SECOND]);
    await served(host, 'A', [SECOND]);
  });

  test('SIGUSR1: looks again, where no event could tell', async () => {
    const file = path.join(lab.folder('address'), 'address');
    writeFileSync(file, `${SECOND}\n`);
    const wan = { ipv4: [{ detector: 'file', path: file }], allow: ['documentation'] };
    netdrift.writeConfig(configuration([DYNDNS_NAME], { uplinks: { wan } }));
    netdrift.signal('SIGHUP');
    await served(host, 'A', [SECOND]);
    await publication(recorder, SECOND);
    writeFileSync(file, `${THIRD}\n`);
    netdrift.signal('SIGUSR1');
    await served(host, 'A', [THIRD]);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
  });

  test('SIGTERM: ends within 5 s although a write hangs, and writes it again at the next start', async () => {
    await recorder.reply({ instead: 'hang' });
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    const asked = now();
    expect(await netdrift.stop(10_000)).toEqual({ code: 0, signal: null });
    expect(now() - asked).toBeLessThan(5_000);
    expect((await digEmbedded(host)).status).toBe('TIMEOUT');
    expect(netdrift.log.items.at(-1)).toMatchObject({ event: 'stopped' });
    await recorder.reply({});
    netdrift.start();
    await publishedInOrder(recorder, [FIRST, SECOND, SECOND]);
  });

  test('SIGTERM: lets a write finish that the provider is about to answer', async () => {
    await recorder.reply({ delay: 1_000 });
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    const after = netdrift.log.mark();
    expect(await netdrift.stop(10_000)).toEqual({ code: 0, signal: null });
    await netdrift.line({ event: 'record_updated', sink: 'dyn' }, { after });
    await recorder.reply({});
    netdrift.start();
    await served(host, 'A', [SECOND]);
    await replace(SECOND, THIRD);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('a second %s ends it at once', async (signal) => {
    await recorder.reply({ instead: 'hang' });
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    netdrift.signal(signal);
    await netdrift.line({ event: 'stopping', reason: signal });
    const asked = now();
    netdrift.signal(signal);
    expect((await netdrift.process.exited).code).toBe(1);
    // The grace of the first signal is 3 s.
    expect(now() - asked).toBeLessThan(1_500);
    expect(published(recorder)).toEqual([FIRST, SECOND]);
  });
});
