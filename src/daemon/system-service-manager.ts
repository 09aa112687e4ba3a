import { accessSync, constants } from 'node:fs';
import { systemHost } from './host.ts';
import { createServiceManager, type ServiceManager } from './service-manager.ts';

/** The service manager that started this process, if one did. Take it once, before anything else starts children. */
export function systemServiceManager(): ServiceManager {
  return createServiceManager({
    ...systemHost,
    environment: process.env,
    pid: process.pid,
    // libuv's hrtime is CLOCK_MONOTONIC on Linux, counted from boot.
    monotonicMicroseconds: () => process.hrtime.bigint() / 1_000n,
    isExecutable,
    // To the journal all the same; the log proper has its own descriptor.
    complain: (words) => void process.stderr.write(`netdrift: ${words}\n`),
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
