import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readState } from '../../src/state/document.ts';
import { pause } from '../lab/support/moment.ts';
import { describeLab } from '../lab/support/needs.ts';
import { agree, Provider } from './support/provider.ts';
import { Scene, sink } from './support/scene.ts';
import * as scripts from './support/scripts.ts';

/** What is loaded into the program before itself, and does there what nobody can do from outside at the right moment. */
const preload = (name: string): string => `--import=${path.join(import.meta.dirname, 'support', name)}`;

describeLab('kill -9 while the state file is replaced', [], () => {
  const STEPS = ['before-file-sync', 'before-rename', 'after-rename', 'after-folder-sync'];
  // The first replacement says that a write begins, the second that it was confirmed.
  const MOMENTS = STEPS.flatMap((step) => [1, 2].map((turn) => `${step} ${turn}`));

  test.concurrent.each(MOMENTS)('%s', { timeout: 60_000 }, async (moment) => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    try {
      const arm = path.join(scene.folder, 'arm');
      const env = {
        NODE_OPTIONS: preload('kill-at.mjs'),
        NETDRIFT_KILL_AT: moment,
        NETDRIFT_KILL_ARM: arm,
      };
      scene.address('198.51.100.1');
      const netdrift = scene.start(scene.config({ dyn: sink(provider) }), { env });
      await netdrift.line({ event: 'record_updated' }, { timeout: 20_000 });
      writeFileSync(arm, '');
      scene.address('198.51.100.2');
      expect(await netdrift.process.exited).toMatchObject({ signal: 'SIGKILL' });
      expect(existsSync(arm)).toBe(false);
      const file = path.join(netdrift.stateFolder, 'state.json');
      expect(readState(readFileSync(file, 'utf8')).kind).toBe('read');
      await scene.startAgain();
      await scene.judged(provider);
      scene.address('198.51.100.3');
      await scene.judged(provider);
      await netdrift.stop();
      expect(readdirSync(netdrift.stateFolder).filter((name) => name.includes('.tmp-'))).toEqual([]);
      expect(netdrift.log.items.filter(({ event }) => event === 'state_damaged')).toEqual([]);
    } finally {
      await provider.close();
    }
  });
});

describe('an event loop that is blocked', () => {
  test('for longer than every deadline, during a write: as if it had been stopped', {
    timeout: 60_000,
  }, async () => {
    await using scene = await Scene.open();
    const provider = await Provider.start();
    try {
      provider.script = scripts.hangBeforeHeaders;
      scene.address('198.51.100.1');
      const more = { detection: { deadline: '500ms' } };
      const env = { NODE_OPTIONS: preload('block.mjs'), NETDRIFT_BLOCK: '4000' };
      const netdrift = scene.start(scene.config({ dyn: sink(provider, { timeout: '1s' }) }, more), { env });
      await provider.exchanges.find(() => true, { timeout: 20_000 });
      netdrift.signal('SIGUSR2');
      scene.address('198.51.100.2');
      await pause(4_000);
      provider.script = agree;
      await scene.judged(provider);
      expect((await scene.status()).sinks[0]?.state).toBe('ok');
      expect(netdrift.log.items.filter(({ event }) => event === 'defect')).toEqual([]);
    } finally {
      await provider.close();
    }
  });
});
