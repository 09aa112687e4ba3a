import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execute, mustExecute, Namespace } from './namespace.ts';
import type { LabProcess } from './process.ts';

/** Names say whose they are: `netdrift-PID-NUMBER-host`. What a killed run left is known by its dead pid. */
const OURS = /^netdrift-(\d+)-\d+-/;

let count = 0;

/** One end of a cable: a device name within a namespace. */
export interface Plug {
  readonly namespace: Namespace;
  readonly device: string;
}

/**
 * A small network made of namespaces, with everything that runs in it. `close` ends and deletes all of it, after a
 * failed test too; call it in `afterEach` or take the lab with `await using`.
 */
export class Lab implements AsyncDisposable {
  readonly #namespaces: Namespace[] = [];
  readonly #processes: LabProcess[] = [];
  readonly #folders: string[] = [];
  readonly #lastResort = (): void => this.#clearNow();

  private constructor() {
    process.once('exit', this.#lastResort);
  }

  static async open(): Promise<Lab> {
    await sweep();
    return new Lab();
  }

  /** A new host, with its loopback device up and nothing else. */
  async namespace(name: string): Promise<Namespace> {
    count += 1;
    const full = `netdrift-${process.pid}-${count}-${name}`;
    await mustExecute(['ip', 'netns', 'add', full]);
    const namespace = new Namespace(full, (process) => this.track(process));
    this.#namespaces.push(namespace);
    await namespace.link('lo', 'up');
    // As every distribution has it: else the kernel drops a second address of a subnet together with the first.
    await namespace.sysctl('net.ipv4.conf.all.promote_secondaries', '1');
    return namespace;
  }

  /** Lays a cable between two hosts; both ends are up. Made in place: nothing ever appears in the host's own network. */
  async cable(a: Plug, b: Plug): Promise<void> {
    const one = ['name', a.device, 'netns', a.namespace.name];
    const other = ['name', b.device, 'netns', b.namespace.name];
    await mustExecute(['ip', 'link', 'add', ...one, 'type', 'veth', 'peer', ...other]);
    await Promise.all([a.namespace.link(a.device, 'up'), b.namespace.link(b.device, 'up')]);
  }

  /** A folder of its own, for the files of a server; gone with the lab. */
  folder(name: string): string {
    const folder = mkdtempSync(path.join(os.tmpdir(), `netdrift-lab-${name}-`));
    this.#folders.push(folder);
    return folder;
  }

  /** Makes a process end with the lab; for those not started through `Namespace.spawn`. */
  track(process: LabProcess): void {
    this.#processes.push(process);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    process.off('exit', this.#lastResort);
    for (const process of this.#processes) process.signal('SIGKILL');
    for (const namespace of this.#namespaces.splice(0)) await remove(namespace.name);
    await Promise.all(this.#processes.splice(0).map((process) => process.kill()));
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The test process ends without having closed the lab: only what needs no waiting can be done. */
  #clearNow(): void {
    for (const process of this.#processes) process.child.kill('SIGKILL');
    for (const { name } of this.#namespaces) {
      try {
        for (const pid of pidsOf(execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }))) {
          process.kill(pid, 'SIGKILL');
        }
        execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
      } catch {
        // The next lab's sweep takes it.
      }
    }
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

const pidsOf = (text: string): number[] => text.split('\n').filter(Boolean).map(Number);

/** Ends what still runs in a namespace of ours (children of children), then deletes it. */
async function remove(name: string): Promise<void> {
  for (const pid of pidsOf((await execute(['ip', 'netns', 'pids', name])).stdout)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
  await execute(['ip', 'netns', 'del', name]);
}

/** Deletes what runs that were killed have left. */
async function sweep(): Promise<void> {
  const { stdout } = await execute(['ip', 'netns', 'list']);
  for (const line of stdout.split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const pid = OURS.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await remove(name);
  }
}
