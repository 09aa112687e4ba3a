import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createChildren } from '../../src/daemon/children.ts';
import { isRunning } from '../fakes/processes.ts';

const shell = (text: string, detached: boolean) => ['/bin/sh', ['-c', text], { detached }] as const;

describe('the children of a process', () => {
  it('are killed at its end, with what they have started, whatever they mind', async () => {
    const children = createChildren(spawn);
    const [file, words, options] = shell('trap "" TERM; sleep 60 & echo $!; wait', true);
    const group = children.spawn(file, words, options);
    const single = children.spawn('sleep', ['60'], {});
    const [line] = (await once(group.stdout, 'data')) as [Buffer];
    const grandchild = Number(String(line));
    expect([group.pid, single.pid, grandchild].every((pid) => isRunning(Number(pid)))).toBe(true);
    children.kill();
    for (const pid of [group.pid, single.pid, grandchild])
      await expect.poll(() => isRunning(Number(pid))).toBe(false);
  });

  it('that have ended are let be: their ids may be those of others by then', async () => {
    const signals: string[] = [];
    const children = createChildren(((...request: Parameters<typeof spawn>) => {
      const child = spawn(...request);
      child.kill = () => signals.push('kill') > 0;
      return child;
    }) as typeof spawn);
    const child = children.spawn('true', [], {});
    await once(child, 'exit');
    children.kill();
    expect(signals).toEqual([]);
  });

  it('that could not be started are none', async () => {
    const children = createChildren(spawn);
    await once(children.spawn('/nowhere/at/all', [], {}), 'error');
    expect(() => children.kill()).not.toThrow();
  });
});
