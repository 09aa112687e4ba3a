import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../lab/support/moment.ts';
import { execute, mustExecute } from '../lab/support/namespace.ts';
import { describeLab } from '../lab/support/needs.ts';
import { PROGRAM } from '../lab/support/netdrift.ts';
import { LabProcess } from '../lab/support/process.ts';
import { Provider } from './support/provider.ts';
import { Scene, sink } from './support/scene.ts';

const open = async () => {
  const scene = await Scene.open();
  const provider = await Provider.start();
  scene.address('198.51.100.1');
  return { scene, provider };
};
type Open = Awaited<ReturnType<typeof open>>;

const begin = ({ scene, provider }: Open, stateFolder?: string) =>
  scene.start(
    scene.config({ dyn: sink(provider) }, stateFolder === undefined ? {} : { state_dir: stateFolder }),
  );
const close = async ({ scene, provider }: Open): Promise<void> => {
  await scene.close();
  await provider.close();
};
const aside = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => name.startsWith('state.json.damaged-'));

describeLab('the state file', [], () => {
  const DAMAGE: Readonly<Record<string, readonly [(file: string) => void, RegExp]>> = {
    truncated: [(file) => truncateSync(file, 40), /not whole JSON/],
    empty: [(file) => truncateSync(file, 0), /empty/],
    'of a newer version': [(file) => writeFileSync(file, '{"version":99,"sinks":{}}'), /version 99/],
    'of no version': [(file) => writeFileSync(file, '{"sinks":{}}'), /no version/],
    'a folder': [
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
      /EISDIR/,
    ],
    'full of other octets': [(file) => writeFileSync(file, Buffer.alloc(70_000, 0xff)), /not whole JSON/],
  };

  test.concurrent.each(Object.keys(DAMAGE))('%s: set aside, told, and written anew', async (name) => {
    const all = await open();
    const { scene, provider } = all;
    const netdrift = begin(all);
    await scene.stands(provider);
    await netdrift.stop();
    const [damage, why] = DAMAGE[name] ?? [];
    damage?.(path.join(netdrift.stateFolder, 'state.json'));
    scene.happened('forgotten');
    await scene.startAgain();
    const line = await netdrift.line({ event: 'state_damaged' });
    expect(line['message']).toMatch(why ?? /-/);
    expect(aside(netdrift.stateFolder)).toHaveLength(1);
    await eventually('asked once', () => provider.exchanges.items.length === 2);
    scene.address('198.51.100.2');
    await scene.judged(provider);
    expect(JSON.parse(readFileSync(path.join(netdrift.stateFolder, 'state.json'), 'utf8')).version).toBe(1);
    await close(all);
  });

  test.concurrent('a folder of another user is refused, with what to do', async () => {
    const all = await open();
    const folder = path.join(all.scene.folder, 'others');
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, 12_345, 12_345);
    const netdrift = begin(all, folder);
    expect(await netdrift.process.exited).toMatchObject({ code: 78 });
    expect(netdrift.process.output()).toContain('belongs to user 12345');
    expect(netdrift.process.output()).toContain('set state_dir');
    expect(all.provider.exchanges.items).toEqual([]);
    await close(all);
  });

  test.concurrent('a folder open to others is closed, and told', async () => {
    const all = await open();
    const folder = path.join(all.scene.folder, 'open');
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    const netdrift = begin(all, folder);
    await netdrift.line({ event: 'state_permissions_repaired' });
    await all.scene.judged(all.provider);
    const modes = await mustExecute([
      'stat',
      '-c',
      '%a',
      folder,
      path.join(folder, 'state.json'),
      path.join(folder, 'control.sock'),
    ]);
    expect(modes).toBe('700\n600\n600\n');
    await close(all);
  });

  test.concurrent('a second netdrift on the same folder says so and ends', async () => {
    const all = await open();
    const { scene, provider } = all;
    const netdrift = begin(all);
    await scene.stands(provider);
    const second = new LabProcess([process.execPath, PROGRAM, 'run', '--config', netdrift.configFile]);
    scene.lab.track(second);
    expect(await second.exited).toMatchObject({ code: 78 });
    expect(second.output()).toContain('another netdrift already uses the state folder');
    scene.address('198.51.100.2');
    await scene.judged(provider);
    expect((await scene.status()).pid).toBe(netdrift.process.pid);
    await close(all);
  });
});

describeLab('the disk of the state', ['mount'], () => {
  const mounted: string[] = [];
  // Lazily: netdrift may be in it still.
  const unmount = async (): Promise<void> => {
    for (const folder of mounted.splice(0)) await execute(['umount', '-l', folder]);
  };
  afterEach(unmount);
  const disk = async (scene: Scene, size: string): Promise<string> => {
    const folder = path.join(scene.folder, 'disk');
    mkdirSync(folder);
    await mustExecute(['mount', '-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', folder]);
    mounted.push(folder);
    return folder;
  };

  /** The kernel refuses as long as a file is being written there. */
  const readOnly = (folder: string): Promise<true> =>
    eventually(
      'read-only',
      async () => (await execute(['mount', '-o', 'remount,ro', folder])).code === 0 || undefined,
    );

  test('full: told once, the address is published all the same, and the state when there is room', async () => {
    const all = await open();
    const { scene, provider } = all;
    const folder = await disk(scene, '64k');
    const netdrift = begin(all, folder);
    await scene.stands(provider);
    const filler = path.join(folder, 'filler');
    await execute(['dd', 'if=/dev/zero', `of=${filler}`, 'bs=4096', 'count=64']);
    for (const last of [2, 3]) {
      scene.address(`198.51.100.${last}`);
      await scene.stands(provider);
    }
    await netdrift.line({ event: 'state_unsaved' });
    expect(netdrift.log.items.filter(({ event }) => event === 'state_unsaved')).toHaveLength(1);
    rmSync(filler);
    scene.address('198.51.100.4');
    await netdrift.line({ event: 'state_saved_again' });
    // What was saved is what is true: after a crash nothing is asked for again.
    await netdrift.line(
      (line) => line.event === 'record_updated' && String(line['address']) === '198.51.100.4',
    );
    const before = provider.exchanges.items.length;
    await scene.killAndStart();
    await netdrift.line({ event: 'record_unchanged' });
    expect(provider.exchanges.items).toHaveLength(before);
    await scene.judged(provider);
    await unmount();
    await close(all);
  });

  test('read-only at the start: told, and the address is published', async () => {
    const all = await open();
    const { scene, provider } = all;
    const folder = await disk(scene, '64k');
    await readOnly(folder);
    const netdrift = begin(all, folder);
    await netdrift.line({ event: 'state_unlocked' });
    await netdrift.line({ event: 'state_unsaved' });
    await netdrift.line({ event: 'control_unavailable' });
    await scene.judged(provider);
    scene.address('198.51.100.2');
    await scene.judged(provider);
    await unmount();
    await close(all);
  });

  test('read-only from some moment on, and writable again', async () => {
    const all = await open();
    const { scene, provider } = all;
    const folder = await disk(scene, '64k');
    const netdrift = begin(all, folder);
    await scene.stands(provider);
    await readOnly(folder);
    scene.address('198.51.100.2');
    await netdrift.line({ event: 'state_unsaved' });
    await scene.judged(provider);
    // A crash meanwhile: what is on disk is older than what is true, and one request more mends that.
    const after = netdrift.log.mark();
    await scene.killAndStart();
    await netdrift.line({ event: 'state_unsaved' }, { after });
    await scene.judged(provider);
    await mustExecute(['mount', '-o', 'remount,rw', folder]);
    scene.address('198.51.100.3');
    await netdrift.line({ event: 'state_saved_again' });
    await scene.judged(provider);
    await unmount();
    await close(all);
  });
});
