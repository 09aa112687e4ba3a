import { expect, test } from 'vitest';
import { eventually, now, pause } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { agree, Provider, type Script } from './support/provider.ts';
import { RECORD, Scene, sink } from './support/scene.ts';

const GAP = 2_500;

/** Agrees, and takes its time about saying so. */
const slowly =
  (milliseconds: number): Script =>
  (asked, standing) => {
    const answer = agree(asked, standing);
    return { ...answer, play: (socket) => void setTimeout(() => answer.play(socket), milliseconds) };
  };

const askedFor = (provider: Provider): readonly string[] =>
  provider.exchanges.items.map(({ asked }) => asked.join());

describeLab('a minimum gap between writes of one record', [], () => {
  test.concurrent('changes within it wait, the newest goes out, none is dropped', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    scene.address('198.51.100.1');
    const netdrift = scene.start(scene.config({ dyn: sink(provider, { minimum_gap: `${GAP}ms` }) }));
    await netdrift.line({ event: 'record_updated' });
    for (const last of [2, 3, 4]) {
      scene.address(`198.51.100.${last}`);
      await netdrift.line(
        (line) => line.event === 'address_changed' && line['address'] === `198.51.100.${last}`,
      );
    }
    const waits = await netdrift.line({ event: 'record_pending' });
    expect(waits['message']).toContain('written less than 2s500ms ago');
    const { sinks } = await scene.status();
    expect(sinks[0]?.records[0]).toMatchObject({ published: ['198.51.100.1'], pending: ['198.51.100.4'] });
    await scene.judged(provider, { gap: GAP });
    expect(askedFor(provider)).toEqual(['198.51.100.1', '198.51.100.4']);
    await provider.close();
  });

  test.concurrent('an address that goes and comes back within it needs no request', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    scene.address('198.51.100.1');
    const netdrift = scene.start(scene.config({ dyn: sink(provider, { minimum_gap: `${GAP}ms` }) }));
    await netdrift.line({ event: 'record_updated' });
    scene.address('198.51.100.2');
    await netdrift.line({ event: 'record_pending' });
    scene.address('198.51.100.1');
    await netdrift.line({ event: 'record_unchanged' });
    await pause(GAP);
    scene.address('198.51.100.3');
    await scene.judged(provider, { gap: GAP });
    expect(askedFor(provider)).toEqual(['198.51.100.1', '198.51.100.3']);
    await provider.close();
  });

  test.concurrent('it holds across a crash', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    scene.address('198.51.100.1');
    const netdrift = scene.start(scene.config({ dyn: sink(provider, { minimum_gap: `${GAP}ms` }) }));
    await netdrift.line({ event: 'record_updated' });
    scene.address('198.51.100.2', { tell: false });
    await scene.killAndStart();
    await scene.judged(provider, { gap: GAP });
    expect(askedFor(provider)).toEqual(['198.51.100.1', '198.51.100.2']);
    await provider.close();
  });

  test.concurrent('a write that was overtaken before its answer counts', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    provider.script = slowly(600);
    scene.address('198.51.100.1');
    scene.start(scene.config({ dyn: sink(provider, { minimum_gap: `${GAP}ms` }) }));
    await provider.exchanges.find(() => true);
    for (const last of [2, 3, 4, 5]) {
      await pause(300);
      scene.address(`198.51.100.${last}`);
    }
    await scene.judged(provider, { gap: GAP });
    await provider.close();
  });

  test.concurrent('crash after crash in the middle of a write does not hurry it', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    provider.script = slowly(10_000);
    scene.address('198.51.100.1');
    scene.start(scene.config({ dyn: sink(provider, { minimum_gap: `${GAP}ms` }) }));
    await provider.exchanges.find(() => true);
    const until = now() + GAP - 500;
    while (now() < until) await scene.killAndStart();
    provider.script = agree;
    await eventually('another try', () => provider.exchanges.items.length > 1, { timeout: 10_000 });
    await scene.judged(provider, { gap: GAP });
    expect(provider.standing(RECORD)).toEqual(['198.51.100.1']);
    await provider.close();
  });
});
