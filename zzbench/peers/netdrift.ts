import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { PROGRAM } from '../../test/lab/support/netdrift.ts';
import type { Client } from './client.ts';

/** The built program. Its configuration is the default but for what a laboratory needs: documentation addresses and plain http. */
export const netdrift: Client = {
  name: 'netdrift',
  interval: { default: undefined, shortest: undefined },
  intervalSource: 'told by the kernel',
  version() {
    if (!existsSync(PROGRAM)) return undefined;
    return execFileSync(process.execPath, [PROGRAM, '--version'], { encoding: 'utf8' }).trim();
  },
  prepare({ names, pace, provider, folder, stateFolder }) {
    const file = path.join(folder, 'config.yaml');
    const config = {
      state_dir: stateFolder,
      ...(pace === 'shortest' && { watch: { settle: '0ms' } }),
      uplinks: { wan: { ipv4: ['interface'], allow: ['documentation'] } },
      sinks: {
        dyn: {
          provider: 'dyndns2',
          server: `http://${provider}`,
          insecure_http: true,
          username: 'user',
          password: 'password',
          allow: ['documentation'],
          ...(pace === 'shortest' && { minimum_gap: '0s' }),
          records: names.map((name) => ({ name, types: ['A'] })),
        },
      },
    };
    writeFileSync(file, YAML.stringify(config), { mode: 0o600 });
    return [process.execPath, PROGRAM, 'run', '--config', file];
  },
};
