import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EVENTS } from '../../src/telemetry/events.ts';
import type { FakeHttpServer } from '../fakes/http-server.ts';
import { eventually, pause } from '../lab/support/moment.ts';
import { configOf, startDyndns, told } from './support/dyndns.ts';
import { Workspace } from './support/workspace.ts';

let space: Workspace;
let server: FakeHttpServer;
let file: string;

beforeEach(async () => {
  space = new Workspace();
  server = await startDyndns();
  file = space.write('address', '203.0.113.7');
  space.write('config.yaml', configOf({ server, file, more: 'log: { level: trace }' }));
});
afterEach(async () => {
  await space[Symbol.asyncDispose]();
  await server.close();
});

/** The first column of a table under a heading of docs/logs.md. */
function documented(heading: string): readonly string[] {
  const text = readFileSync(path.resolve(import.meta.dirname, '../../docs/logs.md'), 'utf8');
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap((row) =>
    [...(row[1] ?? '').matchAll(/`(\w+)`/g)].map((name) => name[1] ?? ''),
  );
}

test('every line is JSON with the documented fields, and one trace leads from the trigger to the outcome', async () => {
  const netdrift = space.start();
  await netdrift.line('record_updated');
  space.write('address', '203.0.113.8');
  netdrift.process.signal('SIGUSR1');
  const updated = await netdrift.line('record_updated', { address: '203.0.113.8' });
  await netdrift.end();

  expect(netdrift.other).toEqual([]);
  expect(netdrift.process.lines.items.filter((line) => line.from === 'stderr')).toEqual([]);
  const fields = documented('Fields');
  expect(fields).toEqual(
    expect.arrayContaining(['time', 'level', 'event', 'message', 'trace_id', 'duration']),
  );
  for (const line of netdrift.log.items) {
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(line.level).toMatch(/^(trace|debug|info|warn|error)$/);
    expect(line.message).toMatch(/\S/);
    expect(Object.keys(EVENTS)).toContain(line.event);
  }
  expect(updated).toMatchObject({
    level: 'info',
    sink: 'dyn',
    provider: 'dyndns2',
    record: 'home.example.net/A',
    reason: ['operator'],
    family: 'ipv4',
    address: '203.0.113.8',
    duration: expect.any(Number),
  });
  for (const name of Object.keys(updated)) expect(fields).toContain(name);
  const trace = netdrift.log.items.filter((line) => line['trace_id'] === updated['trace_id']);
  const events = trace.map((line) => line.event);
  expect(events[0]).toBe('trigger_received');
  expect(events).toContain('address_detected');
  expect(events.indexOf('address_changed')).toBeLessThan(events.indexOf('record_updated'));
});

test('a reader that closes the pipe (EPIPE) does not stop it', async () => {
  const [program = '', ...words] = space.command(['run']);
  const child = spawn(program, words, { cwd: space.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    await eventually('the first address is there', () => server.requests.length === 1);
    child.stdout.destroy();
    child.stderr.destroy();
    await pause(50);
    space.write('address', '203.0.113.8');
    child.kill('SIGUSR1');
    await eventually('the next address is there', () => server.requests.length === 2);
    expect(told(server)[1]).toBe('home.example.net=203.0.113.8');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('started without any standard stream it works all the same', async () => {
  const [program = '', ...words] = space.command(['run']);
  const child = spawn(program, words, { cwd: space.folder, stdio: 'ignore' });
  try {
    await eventually('the address is there', () => server.requests.length === 1);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test.skipIf(process.platform === 'win32')(
  'a reader that never reads does not stop it, nor its end',
  async () => {
    // A pipe holds 64 KiB; open at both ends here, so that it neither breaks nor empties.
    execFileSync('mkfifo', [space.path('pipe')]);
    const pipe = openSync(space.path('pipe'), constants.O_RDWR | constants.O_NONBLOCK);
    const [program = '', ...words] = space.command(['run']);
    const child = spawn(program, words, { cwd: space.folder, stdio: ['ignore', pipe, 'ignore'] });
    try {
      await eventually('the first address is there', () => server.requests.length === 1);
      const more = spawn('sh', ['-c', 'head -c 1000000 /dev/zero >pipe'], { cwd: space.folder });
      await pause(100);
      for (let round = 0; round < 20; round += 1) {
        child.kill('SIGUSR1');
        await pause(30);
      }
      more.kill('SIGKILL');
      space.write('address', '203.0.113.8');
      child.kill('SIGUSR1');
      await eventually('the next address is there', () => server.requests.length === 2);
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      const held = Buffer.alloc(200_000);
      expect(readSync(pipe, held)).toBeGreaterThan(48_000);
    } finally {
      child.kill('SIGKILL');
      closeSync(pipe);
    }
  },
);
