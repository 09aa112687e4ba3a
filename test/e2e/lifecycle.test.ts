import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeHttpServer } from '../fakes/http-server.ts';
import { isRunning } from '../fakes/processes.ts';
import { eventually } from '../lab/support/moment.ts';
import { configOf, startDyndns, told } from './support/dyndns.ts';
import { Workspace } from './support/workspace.ts';

let space: Workspace;
let server: FakeHttpServer;
let file: string;

beforeEach(async () => {
  space = new Workspace();
  server = await startDyndns();
  file = space.write('address', '203.0.113.7');
  space.write('config.yaml', configOf({ server, file }));
});
afterEach(async () => {
  await space[Symbol.asyncDispose]();
  await server.close();
});

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s: graceful, status 0, nothing left behind', async (signal) => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    const { code, took } = await netdrift.end(signal);
    expect(code).toBe(0);
    expect(took).toBeLessThan(5_000);
    expect(netdrift.events().slice(-2)).toEqual(['stopping', 'stopped']);
    expect(existsSync(space.path('state/control.sock'))).toBe(false);
    expect(readdirSync(space.path('state')).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('what is being written may finish, and is remembered', async () => {
    server.respond(() => ({ body: 'good 203.0.113.7', delay: 400 }));
    const netdrift = space.start();
    await eventually('the request is there', () => server.requests.length === 1);
    expect(await netdrift.end()).toMatchObject({ code: 0 });
    expect((await space.run(['once'])).code).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  test('what finished after the signal is in the log', async () => {
    server.respond(() => ({ body: 'good 203.0.113.7', delay: 400 }));
    const netdrift = space.start();
    await eventually('the request is there', () => server.requests.length === 1);
    await netdrift.end();
    expect(netdrift.events()).toContain('record_updated');
  });

  test('a provider that never answers does not hold it: within 5 s, and a second signal ends it at once', async () => {
    server.respond(() => ({ hang: 'headers' }));
    space.write('config.yaml', configOf({ server, file, sink: ['timeout: 1m'] }));
    const patient = space.start();
    await eventually('the request is there', () => server.requests.length === 1);
    const { code, took } = await patient.end();
    expect(code).toBe(0);
    expect(took).toBeLessThan(5_000);

    const hurried = space.start();
    await eventually('the next request is there', () => server.requests.length === 2);
    hurried.process.signal('SIGTERM');
    await hurried.line('stopping');
    const second = await hurried.end();
    expect(second).toMatchObject({ code: 1, signal: null });
    expect(second.took).toBeLessThan(1_500);
    expect(hurried.events()).not.toContain('stopped');
  });

  test('a second signal of the other kind ends it at once, too', async () => {
    server.respond(() => ({ hang: 'headers' }));
    space.write('config.yaml', configOf({ server, file, sink: ['timeout: 1m'] }));
    const netdrift = space.start();
    await eventually('the request is there', () => server.requests.length === 1);
    netdrift.process.signal('SIGTERM');
    await netdrift.line('stopping');
    const { code, took } = await netdrift.end('SIGINT');
    expect(code).toBe(1);
    expect(took).toBeLessThan(1_500);
  });

  test('reloads that are under way or wait do not delay it, and nothing is begun after it', async () => {
    server.respond(() => ({ hang: 'headers' }));
    space.write('config.yaml', configOf({ server, file, sink: ['timeout: 1m'] }));
    const netdrift = space.start();
    await eventually('the request is there', () => server.requests.length === 1);
    for (let count = 0; count < 3; count += 1) {
      netdrift.process.signal('SIGHUP');
      await pause(50);
    }
    const { code, took } = await netdrift.end();
    expect(code).toBe(0);
    expect(took).toBeLessThan(5_000);
    const events = netdrift.events();
    expect(events.slice(events.indexOf('stopping'))).toEqual(['stopping', 'stopped']);
    expect(server.requests).toHaveLength(1);
  });

  test('a file that hangs cannot keep it: it is ended by force within 5 s', async () => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    // Opening a FIFO that nobody writes to never returns, like a file on a disk that is gone.
    rmSync(space.path('config.yaml'));
    execFileSync('mkfifo', [space.path('config.yaml')]);
    netdrift.process.signal('SIGHUP');
    await pause(200);
    const { signal, took } = await netdrift.end();
    expect(signal).toBe('SIGKILL');
    expect(took).toBeLessThan(5_000);
    expect(netdrift.events().slice(-2)).toEqual(['stopping', 'stop_overdue']);
  });

  test('a program of the operator that does not mind SIGTERM does not outlive it', async () => {
    const pid = space.path('pid');
    const script = `trap "" TERM; echo $$ > ${pid}; while :; do sleep 0.1; done`;
    const sink = `  mine: { provider: command, timeout: 1m, command: [/bin/sh, -c, '${script}'], allow: [documentation], records: [home.example.net] }\n`;
    space.write('config.yaml', `${configOf({ server, file })}${sink}`);
    const netdrift = space.start();
    await eventually('the program runs', () => existsSync(pid) && readFileSync(pid, 'utf8').endsWith('\n'));
    const { code, took } = await netdrift.end();
    expect(code).toBe(0);
    expect(took).toBeLessThan(5_000);
    expect(isRunning(Number(readFileSync(pid, 'utf8')))).toBe(false);
  });
});

describe('one state folder, one netdrift', () => {
  test('78: a second one says whose folder it is; the first goes on', async () => {
    const first = space.start();
    await first.line('record_updated');
    for (const command of ['run', 'once']) {
      const { code, stderr } = await space.run([command]);
      expect(code).toBe(78);
      expect(stderr).toContain(`another netdrift already uses the state folder ${space.path('state')}`);
      expect(stderr).toContain('NETDRIFT_ALREADY_RUNNING');
    }
    expect((await space.run(['status'])).code).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  test('78: a folder that cannot be one', async () => {
    space.write('state', 'a file');
    const { code, stderr } = await space.run(['run']);
    expect(code).toBe(78);
    expect(stderr).toContain('NETDRIFT_STATE_UNUSABLE');
  });

  test('78: a sink that can never do what it is configured to', async () => {
    space.write(
      'config.yaml',
      'state_dir: state\nsinks:\n  local: { provider: embedded, listen: 127.0.0.1:0, zone: other.test, records: [home.example.test] }\n',
    );
    const { code, stderr } = await space.run(['run']);
    expect(code).toBe(78);
    expect(stderr).toContain('NETDRIFT_SINK_START');
    expect(stderr.match(/sink local could not start: /g)).toHaveLength(1);
    expect((await space.run(['status'])).code).toBe(1);
  });

  test('none: a port that is taken is told at once and tried again, and the other sinks go on', async () => {
    const { port } = server.url;
    const more = `  local: { provider: embedded, listen: '127.0.0.1:${port}', allow: [documentation], records: [home.example.test] }\n`;
    space.write('config.yaml', `${configOf({ server, file }).trimEnd()}\n${more}`);
    const netdrift = space.start();
    const told = await netdrift.line('sink_not_started', { sink: 'local' });
    expect(told).toMatchObject({ level: 'error' });
    expect(told['message']).toMatch(/port is in use \(EADDRINUSE\); stop who has it/);
    await netdrift.line('record_updated', { sink: 'dyn' });
    await netdrift.line('write_failed', { sink: 'local', reason: 'unreachable' });
    const { stdout } = await space.run(['status']);
    expect(stdout).toContain('EADDRINUSE');
    await server.close();
    await netdrift.line('embedded_listening', {}, { timeout: 10_000 });
    await netdrift.line('record_updated', { sink: 'local' });
    server = await startDyndns();
  });
});

describe('SIGHUP', () => {
  test('a valid file replaces the old one', async () => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    space.write('config.yaml', configOf({ server, file, records: '[home.example.net, new.example.net]' }));
    netdrift.process.signal('SIGHUP');
    await netdrift.line('configuration_reloaded');
    await netdrift.line('record_updated', { record: 'new.example.net/A' });
    expect(told(server)).toEqual(['home.example.net=203.0.113.7', 'new.example.net=203.0.113.7']);
  });

  test('an invalid one is reported with every problem, and the old one stays in force', async () => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    space.write('config.yaml', configOf({ server, file, records: '[not a name, "also bad"]', more: 'x: 1' }));
    netdrift.process.signal('SIGHUP');
    const { message, level } = await netdrift.line('configuration_rejected');
    expect(level).toBe('error');
    for (const path of ['x:', 'sinks.dyn.records[0]', 'sinks.dyn.records[1]'])
      expect(message).toContain(path);

    space.write('address', '203.0.113.8');
    netdrift.process.signal('SIGUSR1');
    await netdrift.line('record_updated', { address: '203.0.113.8' });
    expect(told(server)).toEqual(['home.example.net=203.0.113.7', 'home.example.net=203.0.113.8']);
  });

  test('a sink that can never start leaves the old configuration in force', async () => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    const more = `  local: { provider: embedded, listen: '127.0.0.1:0', zone: other.test, records: [home.example.test] }\n`;
    space.write('config.yaml', `${configOf({ server, file })}${more}`);
    netdrift.process.signal('SIGHUP');
    await netdrift.line('configuration_rejected', { message: 'local' });
    space.write('address', '203.0.113.8');
    netdrift.process.signal('SIGUSR1');
    await netdrift.line('record_updated', { address: '203.0.113.8' });
  });

  test('a file that has gone is reported as well', async () => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    renameSync(space.path('config.yaml'), space.path('gone.yaml'));
    netdrift.process.signal('SIGHUP');
    await netdrift.line('configuration_rejected', { message: 'does not exist' });
    expect(netdrift.process.running).toBe(true);
  });
});

test('SIGUSR1 makes it look, with the reason in the log; a burst is one look', async () => {
  const netdrift = space.start();
  await netdrift.line('record_updated');
  space.write('address', '203.0.113.8');
  for (let count = 0; count < 5; count += 1) netdrift.process.signal('SIGUSR1');
  await netdrift.line('address_changed', { address: '203.0.113.8', reason: 'operator' });
  await netdrift.line('record_updated', { address: '203.0.113.8' });
  expect(server.requests).toHaveLength(2);
});
