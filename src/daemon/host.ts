import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { uptime } from 'node:os';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Clock, Random } from '../model/clock.ts';
import type { Spawn } from '../model/spawn.ts';
import { createChildren } from './children.ts';

/** What the running system lends: the only place where clocks, chance and processes are taken from it. */
export interface Host {
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
  readonly random: Random;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly spawn: Spawn;
  readonly platform: NodeJS.Platform;
}

const children = createChildren(spawn);
process.once('exit', children.kill);

/** For an end without the event `exit`: no child may be left behind. */
export const endChildren = children.kill;

export const systemHost: Host = {
  clock: {
    monotonic: () => performance.now(),
    wall: () => Date.now(),
    // Linux counts sleep here and not in the monotonic clock; the difference is the time slept.
    boot: () => uptime() * 1_000,
  },
  scheduler: asyncScheduler,
  random: Math.random,
  randomBytes: (count) => randomBytes(count),
  spawn: children.spawn,
  platform: process.platform,
};

/** A trace id as W3C Trace Context has it: 16 octets in hex. */
export function newTraceId(host: Pick<Host, 'randomBytes'>): string {
  return Buffer.from(host.randomBytes(16)).toString('hex');
}
