import { cpSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../lab/support/moment.ts';
import { LabProcess } from '../lab/support/process.ts';
import { askDns, freePort } from './support/dns.ts';
import { Workspace } from './support/workspace.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const NEEDED = ['src', 'scripts', 'package.json', 'package-lock.json', 'LICENSE'];

// The README promises answers right after `npm start`; the bound is loose, because a test may share its machine.
test.skipIf(process.platform === 'win32')(
  'npm start in a clone that was never built: answers soon, and ends when asked to',
  async () => {
    await using space = new Workspace();
    for (const name of NEEDED) cpSync(path.join(ROOT, name), space.path(name), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules'), space.path('node_modules'));
    const port = await freePort();
    const text = await readFile(path.join(ROOT, 'config.yaml'), 'utf8');
    space.write('config.yaml', `${text.replaceAll('15353', String(port))}\nstate_dir: state\n`);

    const npm = new LabProcess(['npm', 'start'], { folder: space.folder });
    try {
      const answer = await eventually(
        'the port answers',
        () => askDns(port, 'home.netdrift.test', 'A').catch(() => undefined),
        { timeout: 30_000 },
      );
      expect(answer).toMatchObject({ authoritative: true });
    } finally {
      await npm.stop();
    }
    await expect(askDns(port, 'home.netdrift.test', 'A')).rejects.toThrow();
  },
  60_000,
);
