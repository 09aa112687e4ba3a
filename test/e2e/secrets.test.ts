import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configOf, startDyndns } from './support/dyndns.ts';
import { Workspace } from './support/workspace.ts';

/** Characters that libraries show otherwise: percent-encoded, escaped in JSON, in base64. */
const PASSWORD = 'Kanarienvogel/"17" & mehr';
const SHAPES = [
  PASSWORD,
  'Kanarienvogel',
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString('base64'),
  Buffer.from(`me:${PASSWORD}`).toString('base64'),
];

test('a secret is in no log at level trace, no error, no state, no status, no plan and no watch', async () => {
  await using space = new Workspace();
  // A provider that hands back what it was sent, in every answer.
  const server = await startDyndns(({ headers }) => ({
    status: 401,
    headers: { 'www-authenticate': `Basic realm="${headers.authorization}"` },
    body: `badauth: ${PASSWORD} ${encodeURIComponent(PASSWORD)} ${headers.authorization}`,
  }));
  try {
    const file = space.write('address', '203.0.113.7');
    const text = configOf({ server, file, password: PASSWORD, more: 'log: { level: trace }' });
    space.write('config.yaml', text);
    const netdrift = space.start();
    await netdrift.line('write_failed', { reason: 'credentials' });
    const watch = space.follow(['watch']);
    const shown: string[] = [];
    for (const words of [['status'], ['status', '--json'], ['plan'], ['plan', '--json'], ['check']]) {
      const { stdout, stderr } = await space.run(words);
      shown.push(stdout, stderr);
    }
    expect(shown.join('')).toContain('badauth');
    // Reloaded with a mistake in the very secret, and with the secret where it does not belong.
    space.write(
      'config.yaml',
      text.replace('username: me', `username: me\n    pasword: ${JSON.stringify(PASSWORD)}`),
    );
    netdrift.process.signal('SIGHUP');
    await netdrift.line('configuration_rejected');
    const { stdout, stderr } = await space.run(['check']);
    shown.push(stdout, stderr);
    space.write('config.yaml', text);
    await space.run(['trigger', '--release', 'dyn']);
    await netdrift.end();
    await watch.process.exited;

    expect(server.requests.length).toBeGreaterThanOrEqual(1);
    expect(server.requests[0]?.headers.authorization).toContain(SHAPES[4]);
    expect(watch.log.items.length).toBeGreaterThan(0);
    shown.push(netdrift.process.output(), watch.process.output());
    for (const name of readdirSync(space.path('state'))) {
      const entry = space.path(`state/${name}`);
      if (statSync(entry).isFile()) shown.push(readFileSync(entry, 'utf8'));
    }
    expect(shown.at(-1)).toContain('home.example.net/A');
    for (const shape of SHAPES) expect(shown.join('\n')).not.toContain(shape);
  } finally {
    await server.close();
  }
});

describe('a secret that a witness hands back (the file of the password in the place of the file of the address)', () => {
  /** All that is printed by these commands beside a running netdrift, by the running one and by a watcher. */
  async function printed(commands: readonly (readonly string[])[]): Promise<string> {
    await using space = new Workspace();
    const server = await startDyndns();
    try {
      const file = space.write('password', PASSWORD);
      const text = configOf({ server, file, more: 'log: { level: trace }' });
      space.write('config.yaml', text.replace(/password: .*/, `password: { file: ${file} }`));
      const netdrift = space.start();
      await netdrift.line('address_unavailable');
      const watch = space.follow(['watch']);
      const shown: string[] = [];
      for (const words of commands) {
        const { stdout, stderr } = await space.run(words);
        shown.push(stdout, stderr);
      }
      await netdrift.end();
      await watch.process.exited;
      shown.push((await space.run(['once'])).stdout, netdrift.process.output(), watch.process.output());
      expect(server.requests).toHaveLength(0);
      return shown.join('\n');
    } finally {
      await server.close();
    }
  }

  test('is in no log, no watch and no plan', async () => {
    const text = await printed([['trigger'], ['plan'], ['plan', '--json']]);
    expect(text).toContain('[secret]');
    for (const shape of SHAPES) expect(text).not.toContain(shape);
  });

  test('is not in the status', async () => {
    const text = await printed([['status'], ['status', '--json']]);
    for (const shape of SHAPES) expect(text).not.toContain(shape);
  });
});
