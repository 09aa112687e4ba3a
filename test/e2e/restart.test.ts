import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FakeHttpServer } from '../fakes/http-server.ts';
import { eventually } from '../lab/support/moment.ts';
import { agreeable, configOf, startDyndns, told } from './support/dyndns.ts';
import { Workspace } from './support/workspace.ts';

let space: Workspace;
let server: FakeHttpServer;

beforeEach(async () => {
  space = new Workspace();
  server = await startDyndns();
  const file = space.write('address', '203.0.113.7');
  space.write('config.yaml', configOf({ server, file, more: 'log: { level: debug }' }));
});
afterEach(async () => {
  await space[Symbol.asyncDispose]();
  await server.close();
});

test('killed and started again it sends nothing that is right already', async () => {
  const first = space.start();
  await first.line('record_updated');
  expect(await first.end('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });

  const second = space.start();
  await second.line('record_unchanged');
  space.write('address', '203.0.113.8');
  second.process.signal('SIGUSR1');
  await second.line('record_updated', { address: '203.0.113.8' });
  expect(told(server)).toEqual(['home.example.net=203.0.113.7', 'home.example.net=203.0.113.8']);
});

test('killed between request and answer it sends once more: it cannot know', async () => {
  server.respond(() => ({ hang: 'headers' }));
  const first = space.start();
  await eventually('the request is there', () => server.requests.length === 1);
  await first.end('SIGKILL');
  server.respond(agreeable);
  const second = space.start();
  await second.line('record_updated');
  expect(told(server)).toEqual(['home.example.net=203.0.113.7', 'home.example.net=203.0.113.7']);
});

test('killed while a new address was being written, and the old one is back: it is sent again, for the new one may stand there', async () => {
  const first = space.start();
  await first.line('record_updated');
  server.respond(() => ({ hang: 'headers' }));
  space.write('address', '203.0.113.8');
  first.process.signal('SIGUSR1');
  await eventually('the second request is there', () => server.requests.length === 2);
  await first.end('SIGKILL');
  server.respond(agreeable);
  space.write('address', '203.0.113.7');
  await space.start().line('record_updated', { address: '203.0.113.7' });
  expect(told(server)).toEqual(
    ['203.0.113.7', '203.0.113.8', '203.0.113.7'].map((address) => `home.example.net=${address}`),
  );
});

test('an address that changed while it was dead is published at the start', async () => {
  const first = space.start();
  await first.line('record_updated');
  await first.end('SIGKILL');
  space.write('address', '203.0.113.8');
  await space.start().line('record_updated', { address: '203.0.113.8' });
  expect(server.requests).toHaveLength(2);
});

test('a wait asked for by the provider outlives the process', async () => {
  server.next({ status: 429, headers: { 'retry-after': '600' }, body: 'slow down' });
  const first = space.start();
  await first.line('write_failed', { reason: 'rate_limited' });
  await first.end('SIGKILL');
  const second = space.start();
  await second.line('write_held');
  second.process.signal('SIGUSR1');
  await second.line('trigger_received', { reason: 'operator' });
  await second.end();
  expect(server.requests).toHaveLength(1);
});

test('a damaged state is set aside, said, and not fatal', async () => {
  const first = space.start();
  await first.line('record_updated');
  await first.end('SIGKILL');
  const whole = readFileSync(space.path('state/state.json'), 'utf8');
  writeFileSync(space.path('state/state.json'), whole.slice(0, whole.length / 2));
  const second = space.start();
  await second.line('state_damaged');
  await second.line('record_updated');
  expect(server.requests).toHaveLength(2);
});
