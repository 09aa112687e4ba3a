import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { endianness, networkInterfaces } from 'node:os';
import { asyncScheduler } from 'rxjs';
import type { Family } from '../../model/family.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Gateway, SnapshotComponents } from './contract.ts';
import { sourceTowardsOutside } from './ways-out.ts';

/** The collaborators of the real host, for `createSnapshotReader`. */
export function hostSnapshotComponents(
  log: Log,
  platform: NodeJS.Platform = process.platform,
): SnapshotComponents {
  return {
    platform,
    endianness: endianness(),
    interfaces: networkInterfaces,
    // Reading /proc waits for nobody: a few tens of microseconds, less than handing it to the thread pool.
    readFile: (path) => readFileSync(path, 'utf8'),
    gateway: askGateway,
    spawn,
    windowsFolder: process.env['SystemRoot'] ?? 'C:\\Windows',
    sourceOf: sourceTowardsOutside,
    scheduler: asyncScheduler,
    log,
  };
}

/** Loaded on first use: Linux never needs it, and it brings a program starter of 18 packages. */
async function askGateway(family: Family): Promise<Gateway> {
  const { gateway4async, gateway6async } = await import('default-gateway');
  return family === 'ipv4' ? gateway4async() : gateway6async();
}
