import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StatusReport } from '../../src/control/status.ts';
import type { FakeHttpServer } from '../fakes/http-server.ts';
import { eventually } from '../lab/support/moment.ts';
import { configOf, startDyndns, told } from './support/dyndns.ts';
import { Workspace } from './support/workspace.ts';

let space: Workspace;
let server: FakeHttpServer;

beforeEach(async () => {
  space = new Workspace();
  server = await startDyndns();
  space.write('config.yaml', configOf({ server, file: space.write('address', '203.0.113.7') }));
});
afterEach(async () => {
  await space[Symbol.asyncDispose]();
  await server.close();
});

const statusOf = async (): Promise<{ code: number | null; report: StatusReport }> => {
  const { code, stdout } = await space.run(['status', '--json']);
  return { code, report: JSON.parse(stdout) as StatusReport };
};

describe('nothing runs', () => {
  test.each([[['status']], [['status', '--json']], [['trigger']]])('1: %j', async (words) => {
    const { code, stdout, stderr } = await space.run(words);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(`no netdrift answers at ${space.path('state/control.sock')}`);
    expect(stderr).toContain('NETDRIFT_NOT_RUNNING');
  });

  test('watch looks by itself, sends nothing, and ends at SIGINT', async () => {
    const watch = space.follow(['watch']);
    await watch.line('address_changed', { address: '203.0.113.7' });
    expect(watch.process.output()).toContain('no netdrift runs with this configuration');
    expect(await watch.end('SIGINT')).toMatchObject({ code: 0 });
    expect(watch.other).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });
});

describe('a file that has been broken since the start', () => {
  test.each([
    ['keys that mean nothing', 'state_dir: state\nsinks: { dyn: { provider: nobody } }\n'],
    ['text that is no YAML below the place of the state', 'state_dir: state\nsinks: [\n'],
  ])('%s: the running netdrift is asked all the same', async (_, text) => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    space.write('config.yaml', text);
    netdrift.process.signal('SIGHUP');
    await netdrift.line('configuration_rejected');
    expect((await statusOf()).code).toBe(0);
    expect(await space.run(['trigger'])).toMatchObject({ code: 0, stdout: 'looking now\n' });
  });
});

describe('netdrift status', () => {
  test('0: all is published; for programs and for people', async () => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    const { code, report } = await statusOf();
    expect(code).toBe(0);
    expect(report).toMatchObject({
      pid: netdrift.process.pid,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      uplinks: [{ uplink: 'wan', family: 'ipv4', state: 'set', address: '203.0.113.7' }],
      sinks: [
        {
          sink: 'dyn',
          provider: 'dyndns2',
          state: 'ok',
          records: [{ record: 'home.example.net/A', published: ['203.0.113.7'] }],
        },
      ],
    });
    const people = await space.run(['status']);
    expect(people.code).toBe(0);
    expect(people.stdout).toMatch(/^ {4}home\.example\.net\/A +203\.0\.113\.7 +since \d{4}-/m);
    expect(people.stdout.split('\n').every((line) => line.length <= 100)).toBe(true);
  });

  test('1: something is held; the reason and the remedy are told', async () => {
    server.respond(() => ({ body: 'nohost' }));
    const netdrift = space.start();
    await netdrift.line('write_failed');
    const { code, report } = await statusOf();
    expect(code).toBe(1);
    expect(report.sinks[0]).toMatchObject({
      state: 'held',
      records: [{ pending: ['203.0.113.7'], failure: { class: 'not_found' } }],
    });
    const people = await space.run(['status']);
    expect(people.code).toBe(1);
    expect(people.stdout).toContain('HELD');
    // Long lines are wrapped.
    expect(people.stdout.replace(/\s+/g, ' ')).toContain('netdrift trigger --release dyn');
  });
});

describe('netdrift trigger', () => {
  test('makes it look: a new address is published, an old one not sent again', async () => {
    const netdrift = space.start();
    await netdrift.line('record_updated');
    expect(await space.run(['trigger'])).toMatchObject({ code: 0, stdout: 'looking now\n' });
    space.write('address', '203.0.113.8');
    const mark = netdrift.mark();
    expect(await space.run(['trigger'])).toMatchObject({ code: 0 });
    await netdrift.line('record_updated', { address: '203.0.113.8' }, { after: mark });
    expect(told(server)).toEqual(['home.example.net=203.0.113.7', 'home.example.net=203.0.113.8']);
    const { counters } = (await statusOf()).report;
    expect(counters?.triggers['operator']).toBe(2);
    expect(counters?.looks.acted).toBeGreaterThanOrEqual(2);
    expect((await space.run(['status'])).stdout).toMatch(/^counters\n {2}looks: equal \d+, different \d+/m);
  });

  test('--release drops what is held; without it, nothing is sent', async () => {
    server.next({ body: 'badauth' });
    const netdrift = space.start();
    await netdrift.line('write_failed', { reason: 'credentials' });
    expect(await space.run(['trigger'])).toMatchObject({ code: 0 });
    expect((await statusOf()).report.sinks[0]?.state).toBe('held');
    expect(server.requests).toHaveLength(1);

    const { code, stdout } = await space.run(['trigger', '--release', 'dyn']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'looking now, 1 hold(s) of dyn released\n' });
    await netdrift.line('record_updated', { address: '203.0.113.7' });
    expect((await statusOf()).code).toBe(0);
    expect(server.requests).toHaveLength(2);
  });

  test('1: a sink that does not exist', async () => {
    const netdrift = space.start();
    await netdrift.line('started');
    const { code, stderr } = await space.run(['trigger', '--release', 'dny']);
    expect(code).toBe(1);
    expect(stderr).toBe('netdrift: there is no sink dny\n');
  });
});

describe('netdrift watch', () => {
  test('shows what the running one sees and decides, whatever its log level, and ends with it', async () => {
    space.write(
      'config.yaml',
      configOf({ server, file: space.path('address'), more: 'log: { level: error }' }),
    );
    const netdrift = space.start();
    await eventually('the first address is there', () => server.requests.length === 1);
    const watch = space.follow(['watch']);
    // Nothing says when the watcher is connected but the first line it prints.
    for (let round = 0; round < 20 && watch.log.items.length === 0; round += 1) {
      await space.run(['trigger']);
    }
    space.write('address', '203.0.113.9');
    await space.run(['trigger']);
    await watch.line('record_updated', { address: '203.0.113.9' });
    const updated = watch.log.items.find((line) => line.event === 'record_updated');
    const traced = watch.log.items.filter((line) => line['trace_id'] === updated?.['trace_id']);
    expect(traced.map((line) => line.event)).toEqual(
      expect.arrayContaining(['trigger_received', 'address_detected', 'address_changed', 'record_updated']),
    );
    expect(netdrift.events()).toEqual([]);
    await netdrift.end();
    expect(await watch.process.exited).toMatchObject({ code: 0 });
  });
});
