import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startControl } from '../../src/control/server.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { makeCertificate } from '../fakes/certificate.ts';
import { startHttpServer } from '../fakes/http-server.ts';
import { agreeable, configOf, startDyndns, told } from './support/dyndns.ts';
import { Workspace } from './support/workspace.ts';

const run = promisify(execFile);
const NOBODY = 65_534;

/** What another user gets who tries to connect: `connected`, or the code of the error. */
async function connectAsNobody(socket: string): Promise<string> {
  const script =
    'const s=require("net").connect(process.argv[1]);s.on("connect",()=>{console.log("connected");s.destroy()});s.on("error",e=>console.log(e.code))';
  const words = [
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    process.execPath,
    '-e',
    script,
    socket,
  ];
  return (await run('setpriv', words, { cwd: '/' })).stdout.trim();
}

const root = process.getuid?.() === 0 && process.platform === 'linux';

describe('the state folder of a running netdrift', () => {
  test('is for its owner alone, with the file, the lock and the control socket in it, also if it was not before', async () => {
    await using space = new Workspace();
    const server = await startDyndns();
    try {
      mkdirSync(space.path('state'), { mode: 0o755 });
      chmodSync(space.path('state'), 0o777);
      space.write('config.yaml', configOf({ server, file: space.write('address', '203.0.113.7') }));
      const netdrift = space.start();
      await netdrift.line('record_updated');
      expect(netdrift.events()).toContain('state_permissions_repaired');
      expect(statSync(space.path('state')).mode & 0o777).toBe(0o700);
      const names = readdirSync(space.path('state'));
      expect(names).toEqual(expect.arrayContaining(['state.json', 'control.sock']));
      for (const name of names) {
        expect([name, statSync(space.path(`state/${name}`)).mode & 0o777]).toEqual([name, 0o600]);
      }
      await netdrift.end();
      expect(readdirSync(space.path('state'))).not.toContain('control.sock');
    } finally {
      await server.close();
    }
  });

  test.skipIf(!root)('refuses other users, by the folder and by the socket itself', async () => {
    await using space = new Workspace();
    // Open all the way down, so that the rights of the socket alone decide.
    chmodSync(space.folder, 0o755);
    const socket = space.path('control.sock');
    const handlers = {
      status: () => {
        throw new Error('nobody may ask');
      },
      trigger: () => ({ looked: true, released: 0 }),
      reload: () => ({ accepted: true, problems: [] }),
      watch: () => () => {},
    };
    const control = await startControl(socket, handlers, silentLog);
    try {
      expect(await connectAsNobody(socket)).toBe('EACCES');
      // The same way leads in where the rights allow it: the test can fail.
      chmodSync(socket, 0o666);
      expect(await connectAsNobody(socket)).toBe('connected');
      chmodSync(space.folder, 0o700);
      expect(await connectAsNobody(socket)).toBe('EACCES');
    } finally {
      await control.close();
    }
  });
});

describe('a provider with a certificate that nobody vouches for', () => {
  test('is refused whatever the environment says, and taken once its CA is added', async () => {
    await using space = new Workspace();
    const certificate = makeCertificate();
    const server = await startHttpServer({ respond: agreeable, tls: certificate });
    try {
      space.write('config.yaml', configOf({ server, file: space.write('address', '203.0.113.7') }));
      const careless = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '--no-warnings' };
      const refused = await space.run(['once'], { env: careless });
      expect(refused.code).not.toBe(0);
      expect(`${refused.stdout}${refused.stderr}`).toContain('no TLS connection');
      expect(server.requests).toHaveLength(0);

      const trusting = { NODE_EXTRA_CA_CERTS: space.write('ca.pem', certificate.cert) };
      expect((await space.run(['once'], { env: trusting })).code).toBe(0);
      expect(told(server)).toEqual(['home.example.net=203.0.113.7']);
    } finally {
      await server.close();
    }
  });
});

const sources = path.resolve(import.meta.dirname, '../../src');
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);
const code = (name: string): string =>
  readFileSync(path.join(sources, name), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '');

describe('in the source', () => {
  test('no program is started through a shell', () => {
    expect(files.length).toBeGreaterThan(200);
    for (const name of files) {
      const text = code(name);
      expect([name, /\bshell\s*:(?! false\b)/.test(text)]).toEqual([name, false]);
      const imported = [...text.matchAll(/import\s+(type\s+)?\{([^}]*)\}\s+from\s+'node:child_process'/g)];
      expect([name, imported.length]).toEqual([name, text.split('child_process').length - 1]);
      const used = imported.flatMap(([, types, names = '']) =>
        types === undefined ? names.split(',').map((one) => one.trim()) : [],
      );
      expect([name, used.filter((one) => one !== 'spawn' && !one.startsWith('type '))]).toEqual([name, []]);
    }
  });

  test('every TLS connection says that it verifies, and nothing can switch that off', () => {
    for (const name of files) {
      const text = code(name);
      expect([name, /rejectUnauthorized(?!: true\b)|checkServerIdentity|NODE_TLS_REJECT/.test(text)]).toEqual(
        [name, false],
      );
      // Without the word Node asks the environment.
      const connects = /from 'node:tls'/.test(text) && !/import type [^;]*'node:tls'/.test(text);
      if (connects) expect([name, /rejectUnauthorized: true/.test(text)]).toEqual([name, true]);
      expect([name, /from 'node:https'/.test(text)]).toEqual([name, false]);
    }
  });
});
