import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FolderLock, lockFolder } from '../../src/state/lock.ts';
import { openState } from '../../src/state/store.ts';
import { type Bundle, bundle } from '../telemetry/bundle.ts';
import { keptLog, TestClock, temporaryFolder } from './fixture.ts';

let child: Bundle;
let place: ReturnType<typeof temporaryFolder>;
let children: ChildProcess[] = [];

beforeAll(async () => {
  child = await bundle(new URL('./children/contender.ts', import.meta.url));
});
afterAll(() => child.remove());
beforeEach(() => {
  place = temporaryFolder();
  mkdirSync(place.folder, { mode: 0o700 });
});
afterEach(async () => {
  await Promise.all(children.map(kill));
  children = [];
  place.remove();
});

async function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill('SIGKILL');
  await once(process, 'exit');
}

async function contender(folder = place.folder) {
  const process = spawn(execPath, [child.file, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(process);
  const said: string[] = [];
  let wake = (): void => {};
  process.stdout.on('data', (data) => {
    said.push(...String(data).trim().split('\n'));
    wake();
  });
  const word = async (index: number): Promise<string> => {
    while (said.length <= index) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return said[index] ?? '';
  };
  await word(0);
  return {
    process,
    go: () => process.stdin.write('go'),
    answer: () => word(1),
  };
}

async function locked(folder = place.folder): Promise<FolderLock> {
  const answer = await lockFolder(folder);
  if (answer.kind !== 'locked') throw new Error(answer.kind);
  return answer.lock;
}

describe('the lock of a folder', () => {
  it('has one owner, within the process and outside, until it is given back', async () => {
    const lock = await locked();
    expect((await lockFolder(place.folder)).kind).toBe('taken');
    const other = await contender();
    other.go();
    expect(await other.answer()).toBe('taken');
    await lock.release();
    await (await locked()).release();
  });

  it('is free again after kill -9', async () => {
    const owner = await contender();
    owner.go();
    expect(await owner.answer()).toBe('locked');
    expect((await lockFolder(place.folder)).kind).toBe('taken');
    await kill(owner.process);
    await (await locked()).release();
  });

  it('is taken as long as its owner lives, even stopped', async () => {
    const owner = await contender();
    owner.go();
    await owner.answer();
    owner.process.kill('SIGSTOP');
    for (let tries = 0; tries < 600; tries += 1) expect((await lockFolder(place.folder)).kind).toBe('taken');
  });

  it('goes to exactly one of many that start together, on a clean folder and after a killed owner', async () => {
    for (let round = 0; round < 4; round += 1) {
      const contenders = await Promise.all(Array.from({ length: 6 }, () => contender()));
      for (const { go } of contenders) go();
      const answers = await Promise.all(contenders.map(({ answer }) => answer()));
      expect(answers.toSorted()).toEqual(['locked', 'taken', 'taken', 'taken', 'taken', 'taken']);
      await Promise.all(contenders.map(({ process }) => kill(process)));
    }
  }, 60_000);

  it('goes to exactly one of many within one process, whatever lies about', async () => {
    for (let round = 0; round < 50; round += 1) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => lockFolder(place.folder)));
      const owners = answers.filter((answer) => answer.kind === 'locked');
      expect(owners).toHaveLength(1);
      for (const owner of owners) if (owner.kind === 'locked') await owner.lock.release();
    }
    expect(readdirSync(place.folder).filter((name) => name.startsWith('lock.')).length).toBeLessThanOrEqual(
      1,
    );
  });

  it('cares for no file of that name that is no socket', async () => {
    writeFileSync(join(place.folder, 'lock.7'), '');
    const lock = await locked();
    expect(readdirSync(place.folder)).toEqual(['lock.8']);
    await lock.release();
  });

  it.skipIf(process.platform !== 'linux')(
    'works in a folder whose path is too long for a socket',
    async () => {
      const deep = join(place.folder, 'x'.repeat(100), 'y'.repeat(100));
      mkdirSync(deep, { recursive: true });
      const lock = await locked(deep);
      expect((await lockFolder(deep)).kind).toBe('taken');
      const other = await contender(deep);
      other.go();
      expect(await other.answer()).toBe('taken');
      await lock.release();
    },
  );

  it('makes the second openState fail by name', async () => {
    const components = { clock: new TestClock(), log: keptLog().log };
    const first = await openState(place.folder, components);
    await expect(openState(place.folder, components)).rejects.toMatchObject({
      code: 'NETDRIFT_ALREADY_RUNNING',
    });
    await first.close();
    await (await openState(place.folder, components)).close();
  });
});
