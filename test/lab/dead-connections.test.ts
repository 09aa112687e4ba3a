import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import { now, pause } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import { confirmed, dyndns2, publication, publishedInOrder, settings } from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';
import type { Reply } from './support/recording-server.ts';

const [FIRST, SECOND, THIRD] = ['198.51.100.10', '198.51.100.11', '198.51.100.12'];
/** Milliseconds from an address change to the request with the new address. */
const BOUND = 1_000;

describeLab('after a change of the address', [], () => {
  let lab: Lab;
  let network: PlainNetwork;
  let host: Namespace;
  let recorder: Recorder;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    host = network.host;
    recorder = await Recorder.start(lab, network.outside);
  });
  afterEach(() => lab.close());

  /** With the first address published, and known to be. */
  const start = async (more: Record<string, unknown> = {}): Promise<Netdrift> => {
    const sinks = { dyn: dyndns2(network.server, recorder.port, more) };
    const netdrift = startNetdrift(lab, { namespace: host, config: settings(sinks) });
    await confirmed(netdrift, FIRST);
    return netdrift;
  };

  /** Replaces the address; answers how long its publication took, by the one clock of test and provider. */
  const reaction = async (from: string, to: string): Promise<number> => {
    const after = recorder.requests.mark();
    const changed = now();
    await host.replaceAddress('eth0', `${from}/24`, `${to}/24`);
    return (await publication(recorder, to, { after })).at - changed;
  };

  const SLOW: readonly (readonly [string, Reply])[] = [
    ['never answers', { instead: 'hang' }],
    ['answers after half a minute', { delay: 30_000 }],
    ['answers octet by octet, one a second', { drip: 1_000 }],
  ];
  test.each(SLOW)(
    'the new one is published within 1 s although the request for the old one %s',
    async (_, slow) => {
      // Patience is no remedy: the request under way may last for minutes.
      await start({ timeout: '5m' });
      await recorder.reply(slow);
      await reaction(FIRST, SECOND);
      // The request waits; from here on the provider is quick again, only not for the request that hangs.
      await recorder.reply({});
      await pause(300);
      expect(await reaction(SECOND, THIRD)).toBeLessThan(BOUND);
      await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
    },
  );

  test('a connection that was kept open is not used again', async () => {
    await start();
    const took = [await reaction(FIRST, SECOND), await reaction(SECOND, THIRD), await reaction(THIRD, FIRST)];
    expect(Math.max(...took)).toBeLessThan(BOUND);
    const connections = recorder.requests.items.map(({ connection }) => connection);
    expect(new Set(connections).size).toBe(connections.length);
    expect(recorder.requests.items.map(({ from }) => from.replace('::ffff:', ''))).toEqual([
      FIRST,
      SECOND,
      THIRD,
      FIRST,
    ]);
  });

  test('the new one is published within 1 s although a retry for the old one is being waited for', async () => {
    const netdrift = await start();
    await recorder.reply({ status: 503, body: 'out of order' });
    await reaction(FIRST, SECOND);
    await netdrift.line({ event: 'write_failed' });
    await recorder.reply({});
    expect(await reaction(SECOND, THIRD)).toBeLessThan(BOUND);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
  });

  test('the new one waits as well where the provider has said for how long, and then goes out alone', async () => {
    const netdrift = await start();
    await recorder.reply({ status: 503, body: 'out of order', headers: { 'retry-after': '3' } });
    await reaction(FIRST, SECOND);
    const refused = now();
    await netdrift.line({ event: 'write_failed' });
    await recorder.reply({});
    await host.replaceAddress('eth0', `${SECOND}/24`, `${THIRD}/24`);
    const sent = await publication(recorder, THIRD);
    expect(sent.at - refused).toBeGreaterThan(2_800);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
  });

  test('one provider that hangs does not delay another', async () => {
    const hanging = await Recorder.start(lab, network.outside, { reply: { instead: 'hang' } });
    const sinks = {
      hanging: dyndns2(network.server, hanging.port, { timeout: '5m' }),
      dyn: dyndns2(network.server, recorder.port),
    };
    startNetdrift(lab, { namespace: host, config: settings(sinks) });
    await publication(recorder, FIRST);
    await publication(hanging, FIRST);
    expect(await reaction(FIRST, SECOND)).toBeLessThan(BOUND);
    await publishedInOrder(hanging, [FIRST, SECOND]);
  });

  test('a second one within the gap between two writes waits, and the newest goes out', async () => {
    await start({ minimum_gap: '2s' });
    const [first] = recorder.requests.items;
    await host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await pause(600);
    await host.replaceAddress('eth0', `${SECOND}/24`, `${THIRD}/24`);
    const last = await publication(recorder, THIRD);
    expect(last.at - (first?.at ?? 0)).toBeGreaterThan(1_950);
    await publishedInOrder(recorder, [FIRST, THIRD]);
  });
});
