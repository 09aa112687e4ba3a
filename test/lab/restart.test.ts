import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import { pause } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import {
  confirmed,
  dyndns2,
  embedded,
  publication,
  published,
  publishedInOrder,
  served,
  settings,
} from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';

const [FIRST, SECOND, THIRD] = ['198.51.100.10', '198.51.100.11', '198.51.100.12'];

describeLab('a netdrift that is started again', ['dig'], () => {
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
    const sinks = { local: embedded(), dyn: dyndns2(network.server, recorder.port) };
    netdrift = startNetdrift(lab, { namespace: host, config: settings(sinks) });
    await publication(recorder, FIRST);
    await served(host, 'A', [FIRST]);
    await confirmed(netdrift, FIRST);
  });
  afterEach(() => lab.close());

  const replace = (from: string, to: string): Promise<void> =>
    host.replaceAddress('eth0', `${from}/24`, `${to}/24`);

  test('sends nothing for what is right already, and its own name server answers again', async () => {
    await netdrift.restart();
    await served(host, 'A', [FIRST]);
    await replace(FIRST, SECOND);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('sends nothing after kill -9 either, when the write was confirmed', async () => {
    await netdrift.kill();
    netdrift.start();
    await served(host, 'A', [FIRST]);
    await replace(FIRST, SECOND);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('publishes the address that changed while it was down', async () => {
    await netdrift.stop();
    await replace(FIRST, SECOND);
    netdrift.start();
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
  });

  test('writes the same value once more after kill -9 in the middle of a write, and then never again', async () => {
    await recorder.reply({ instead: 'hang' });
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    await netdrift.kill();
    await recorder.reply({});
    const after = netdrift.log.mark();
    netdrift.start();
    await confirmed(netdrift, SECOND, after);
    await netdrift.restart();
    await served(host, 'A', [SECOND]);
    await replace(SECOND, THIRD);
    await publishedInOrder(recorder, [FIRST, SECOND, SECOND, THIRD]);
  });

  test('writes the right address when it changed back after kill -9 in the middle of a write', async () => {
    await recorder.reply({ instead: 'hang' });
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    await netdrift.kill();
    await replace(SECOND, FIRST);
    await recorder.reply({});
    netdrift.start();
    // What was confirmed before the write is worth nothing now: the provider may hold the second address.
    await publishedInOrder(recorder, [FIRST, SECOND, FIRST]);
  });

  test('writes the right address when it changed back without a restart, while a write of the other one hung', async () => {
    await recorder.reply({ instead: 'hang' });
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    await recorder.reply({});
    await replace(SECOND, FIRST);
    await publishedInOrder(recorder, [FIRST, SECOND, FIRST]);
  });

  test('gets through kill -9 at any moment after a change with at most one repeated write', async () => {
    let current = FIRST;
    for (const [round, wait] of [0, 150, 240, 260, 280, 300, 350].entries()) {
      const next = `198.51.100.${20 + round}`;
      const after = recorder.requests.mark();
      await replace(current, next);
      await pause(wait);
      await netdrift.kill();
      netdrift.start();
      await publication(recorder, next, { after });
      await served(host, 'A', [next]);
      expect(() => JSON.parse(readFileSync(`${netdrift.stateFolder}/state.json`, 'utf8'))).not.toThrow();
      current = next;
    }
    await replace(current, THIRD);
    await publication(recorder, THIRD);
    const asked = published(recorder);
    // Never an old address after a newer one, and each at most twice.
    expect(asked.filter((address, index) => address !== asked[index - 1])).toEqual([...new Set(asked)]);
    for (const address of asked)
      expect(asked.filter((other) => other === address).length).toBeLessThanOrEqual(2);
    expect(netdrift.log.items.filter(({ event }) => event === 'state_damaged')).toEqual([]);
  });
});
