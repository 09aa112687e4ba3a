import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readState } from '../../src/state/document.ts';
import { eventually, pause } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { agree, Provider, type Script } from './support/provider.ts';
import { Scene, sink } from './support/scene.ts';
import * as scripts from './support/scripts.ts';

/** At any moment, also right after SIGKILL, there is one whole state or none yet. */
function stateIsWhole(scene: Scene): void {
  const file = path.join(scene.netdrift.stateFolder, 'state.json');
  if (existsSync(file)) expect(readState(readFileSync(file, 'utf8')).kind).toBe('read');
}

/** Kills with no time in between, from within the provider. */
const killing =
  (scene: Scene, script: Script, moment: 'before the answer' | 'after the answer'): Script =>
  (asked, standing) => {
    const answer = script(asked, standing);
    return {
      ...answer,
      play: (socket) => {
        if (moment === 'after the answer') answer.play(socket);
        scene.netdrift.signal('SIGKILL');
        if (moment === 'before the answer') socket.destroy();
      },
    };
  };

describeLab('kill -9 in the middle of a write', [], () => {
  const open = async () => {
    const scene = await Scene.open();
    const provider = await Provider.start();
    scene.address('198.51.100.1');
    scene.start(scene.config({ dyn: sink(provider) }));
    await scene.netdrift.line({ event: 'record_updated' }, { timeout: 15_000 });
    return { scene, provider };
  };
  const dead = (scene: Scene) => eventually('the process is gone', () => !scene.netdrift.process.running);

  test.concurrent.each(['address_changed', 'write_started', 'record_updated'])(
    'when it says %s',
    async (event) => {
      const { scene, provider } = await open();
      await using _ = scene;
      const after = scene.netdrift.log.mark();
      scene.address('198.51.100.2');
      await scene.netdrift.line({ event }, { after });
      await scene.netdrift.kill();
      stateIsWhole(scene);
      await scene.startAgain();
      await scene.judged(provider);
      await provider.close();
    },
  );

  test.concurrent.each([
    [
      'the provider has the request and has not carried it out',
      'before the answer',
      scripts.status('500 Oops'),
    ],
    ['the provider has carried it out and not answered', 'before the answer', agree],
    ['the answer is on its way', 'after the answer', agree],
    ['a refusal is on its way', 'after the answer', scripts.status('503 Not now')],
  ] as const)('when %s', async (_, moment, script) => {
    const { scene, provider } = await open();
    await using __ = scene;
    provider.script = killing(scene, script, moment);
    scene.address('198.51.100.2');
    await dead(scene);
    stateIsWhole(scene);
    provider.script = agree;
    await scene.startAgain();
    await scene.judged(provider);
    await provider.close();
  });

  test.concurrent('the address has changed once more before the next start', async () => {
    const { scene, provider } = await open();
    await using _ = scene;
    provider.script = killing(scene, agree, 'before the answer');
    scene.address('198.51.100.2');
    await dead(scene);
    provider.script = agree;
    scene.address('198.51.100.1', { tell: false });
    await scene.startAgain();
    // What was confirmed last is right again, and is not believed.
    await scene.judged(provider);
    expect(provider.exchanges.items.map(({ asked }) => asked.join())).toEqual([
      '198.51.100.1',
      '198.51.100.2',
      '198.51.100.1',
    ]);
    await provider.close();
  });

  test.concurrent('at moments without number', async () => {
    const { scene, provider } = await open();
    await using _ = scene;
    for (let round = 2; round <= 25; round += 1) {
      scene.address(`198.51.100.${round}`);
      // From before the look to after the second renaming of the state file; a write takes about 30 ms here.
      await pause((round % 12) * 4);
      await scene.netdrift.kill();
      stateIsWhole(scene);
      await scene.startAgain();
    }
    await scene.judged(provider);
    expect(scene.netdrift.log.items.filter(({ event }) => event === 'state_damaged')).toEqual([]);
    const files = readdirSync(scene.netdrift.stateFolder);
    expect(files.filter((name) => name.includes('.tmp-')).length).toBeLessThanOrEqual(1);
    expect(files.filter((name) => /^lock\.(?!new)/.test(name))).toHaveLength(1);
    await provider.close();
  });
});

describeLab('a process that is stopped', [], () => {
  test.concurrent('for longer than every deadline, with a request under way', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    provider.script = scripts.hangBeforeHeaders;
    scene.address('198.51.100.1');
    const more = { detection: { deadline: '500ms' } };
    const netdrift = scene.start(scene.config({ dyn: sink(provider, { timeout: '1s' }) }, more));
    await provider.exchanges.find(() => true);
    netdrift.signal('SIGSTOP');
    scene.address('198.51.100.2');
    await pause(4_000);
    provider.script = agree;
    netdrift.signal('SIGCONT');
    await scene.judged(provider, { timeout: 3_000 });
    expect((await scene.status()).sinks[0]?.state).toBe('ok');
    await provider.close();
  });

  test.concurrent('again and again, as a busy event loop', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    scene.address('198.51.100.1');
    const netdrift = scene.start(scene.config({ dyn: sink(provider) }));
    await netdrift.line({ event: 'record_updated' });
    for (let round = 2; round <= 11; round += 1) {
      scene.address(`198.51.100.${round}`);
      await pause(round * 3);
      netdrift.signal('SIGSTOP');
      await pause(250);
      netdrift.signal('SIGCONT');
    }
    await scene.judged(provider);
    expect(netdrift.log.items.filter(({ event }) => event === 'defect')).toEqual([]);
    await provider.close();
  });
});

describeLab('signals at bad moments', [], () => {
  test.concurrent('SIGUSR1 and SIGHUP while the configuration is being read again', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    scene.address('198.51.100.1');
    const netdrift = scene.start(scene.config({ dyn: sink(provider, { timeout: '10s' }) }));
    await scene.stands(provider);
    // A write without an end, so that the old session takes its time to go.
    provider.script = scripts.hangBeforeHeaders;
    scene.address('198.51.100.2');
    await provider.exchanges.find(() => true, { after: 1 });
    netdrift.signal('SIGHUP');
    for (let round = 0; round < 20; round += 1) {
      await pause(20);
      netdrift.signal('SIGUSR1');
      if (round === 10) netdrift.signal('SIGHUP');
    }
    provider.script = agree;
    scene.address('198.51.100.3');
    await scene.judged(provider);
    expect(netdrift.process.running).toBe(true);
    await provider.close();
  });

  test.concurrent('SIGUSR1 and SIGHUP as soon as it begins to read its configuration', async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    scene.address('198.51.100.1');
    const netdrift = scene.start(scene.config({ dyn: sink(provider) }));
    await netdrift.line({ event: 'started' });
    for (let round = 0; round < 5; round += 1) {
      await netdrift.stop();
      scene.happened('restarted');
      const after = netdrift.log.mark();
      netdrift.start();
      // Before it runs itself, nobody can take a signal for it.
      const { pid } = netdrift.process;
      await eventually('it takes signals', () => catches(pid, 1), { every: 1 });
      netdrift.signal('SIGUSR1');
      netdrift.signal('SIGHUP');
      await netdrift.line({ event: 'started' }, { after });
      await netdrift.line({ event: 'configuration_reloaded' }, { after });
    }
    await scene.judged(provider);
    await provider.close();
  });
});

/** True once the process handles the signal of that number itself. */
function catches(pid: number, signal: number): boolean {
  const mask = /SigCgt:\s+([0-9a-f]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n;
}
