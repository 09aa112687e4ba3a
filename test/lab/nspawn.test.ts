import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import YAML from 'yaml';
import { Container } from './support/container.ts';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually } from './support/moment.ts';
import { missing } from './support/needs.ts';
import { PROGRAM } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import {
  DYNDNS_NAME,
  dyndns2,
  EMBEDDED_NAME,
  embedded,
  publication,
  served,
  settings,
} from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';

const UNIT = path.resolve(import.meta.dirname, '../../packaging/systemd/netdrift.service');
const [FIRST, SECOND] = ['198.51.100.10', '198.51.100.11'];
const PASSWORD = 'told-by-a-credential-4711';
const CONFIG = '/etc/netdrift/config.yaml';

// What differs from the unit as it ships: the credential that its comment shows, and times short enough for a test.
const DROP_IN = `[Service]
LoadCredential=dyn:/etc/netdrift/dyn.password
WatchdogSec=2s
RestartSec=100ms
`;

const why = missing(['systemd-nspawn', 'systemd-notify', 'nsenter', 'dig']);
const title = 'netdrift as a service of systemd';
const describeContainer = why === undefined ? describe : describe.skip;

describeContainer(why === undefined ? title : `${title} [skipped: ${why}]`, () => {
  let lab: Lab;
  let network: PlainNetwork;
  let recorder: Recorder;
  let container: Container;

  const configuration = (records: readonly string[] = [DYNDNS_NAME]): string =>
    YAML.stringify(
      settings({
        local: embedded(),
        dyn: dyndns2(network.server, recorder.port, { records, password: { credential: 'dyn' } }),
      }),
    );
  const property = (name: string): Promise<string> => container.property('netdrift', name);
  const mainPid = async (): Promise<number> => Number(await property('MainPID'));
  const journal = (): Promise<string> =>
    container.must('journalctl', '-u', 'netdrift', '-o', 'cat', '--no-pager');

  beforeAll(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    recorder = await Recorder.start(lab, network.outside);
    container = await Container.boot(lab, {
      namespace: network.host,
      program: PROGRAM,
      files: {
        '/etc/systemd/system/netdrift.service': readFileSync(UNIT, 'utf8'),
        '/etc/systemd/system/netdrift.service.d/lab.conf': DROP_IN,
        '/etc/netdrift/dyn.password': `${PASSWORD}\n`,
        [CONFIG]: configuration(),
      },
    });
    await container.must('chmod', '600', '/etc/netdrift/dyn.password');
  });
  afterAll(async () => {
    await container?.close();
    await lab?.close();
  });

  test('starts with Type=notify, and publishes with the credential', async () => {
    // Comes back when READY=1 has come, or fails.
    const started = await container.run(['systemctl', 'start', 'netdrift']);
    expect(started, await journal()).toMatchObject({ code: 0 });
    expect(await property('ActiveState')).toBe('active');
    expect(await property('StatusText')).toBe('1 uplink(s), 2 sink(s)');
    await served(network.host, 'A', [FIRST]);
    const request = await publication(recorder, FIRST);
    const basic = Buffer.from(`me:${PASSWORD}`).toString('base64');
    expect(request.headers['authorization']).toBe(`Basic ${basic}`);
    expect(await journal()).not.toContain(PASSWORD);
  });

  test('hears the events of the system: a changed address is published', async () => {
    await network.host.replaceAddress('eth0', `${FIRST}/24`, `${SECOND}/24`);
    await served(network.host, 'A', [SECOND]);
    await publication(recorder, SECOND);
    // Told by the kernel, not by comparing snapshots.
    const log = await journal();
    expect(log).toContain('"event":"trigger_source_listening"');
    // A sandbox that hides too much of /proc would say one of these.
    for (const event of ['polling', 'routes_unknown', 'interfaces_unknown', 'snapshot_unreadable'])
      expect(log).not.toContain(`"event":"${event}"`);
  });

  test('has no rights, and keeps its state to itself', async () => {
    const status = await container.must('cat', `/proc/${await innerPid()}/status`);
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    expect(field('Uid').split(/\s+/)).not.toContain('0');
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(field(name)).toMatch(/^0+$/);
    expect(field('NoNewPrivs')).toBe('1');
    expect(field('Seccomp')).toBe('2');
    const modes = await container.must(
      ...['stat', '--format', '%a %n', '/var/lib/private/netdrift'],
      ...['/var/lib/private/netdrift/state.json', '/var/lib/private/netdrift/control.sock'],
    );
    expect(modes.trim().split('\n')).toEqual([
      '700 /var/lib/private/netdrift',
      '600 /var/lib/private/netdrift/state.json',
      '600 /var/lib/private/netdrift/control.sock',
    ]);
    const environment = await container.must('cat', `/proc/${await innerPid()}/environ`);
    expect(environment).not.toContain(PASSWORD);
  });

  test('is found by `netdrift status`', async () => {
    const credentials = 'CREDENTIALS_DIRECTORY=/run/credentials/netdrift.service';
    const answer = await container.run(['env', credentials, 'netdrift', 'status', '--config', CONFIG]);
    expect(answer).toMatchObject({ code: 0 });
    expect(answer.stdout).toContain(SECOND);
  });

  test('reloads: a right configuration takes effect, a wrong one does not, and systemd shows which', async () => {
    container.write(CONFIG, configuration([DYNDNS_NAME, 'second.example.net']));
    await container.must('systemctl', 'reload', 'netdrift');
    await statusText('configuration read again');
    await recorder.requests.find((request) => request.url.includes('second.example.net'), {
      timeout: 10_000,
    });
    container.write(CONFIG, 'sinks: [wrong]\n');
    await container.must('systemctl', 'reload', 'netdrift');
    await statusText(/^configuration rejected/);
    expect(await property('ActiveState')).toBe('active');
    expect(await property('NRestarts')).toBe('0');
    container.write(CONFIG, configuration());
    await container.must('systemctl', 'reload', 'netdrift');
    await statusText('configuration read again');
  });

  test('feeds the watchdog, and is started again when its event loop stands still', async () => {
    const fed = await property('WatchdogTimestampMonotonic');
    await eventually(
      'the watchdog is fed',
      async () => (await property('WatchdogTimestampMonotonic')) !== fed,
    );
    const before = await mainPid();
    await container.must('kill', '-STOP', String(before));
    await eventually('another process is ready', async () => (await property('NRestarts')) === '1', {
      timeout: 10_000,
    });
    await eventually('it is ready', async () => (await property('ActiveState')) === 'active', {
      timeout: 10_000,
    });
    expect(await mainPid()).not.toBe(before);
    await served(network.host, 'A', [SECOND]);
  });

  test('stops in time and as a success', async () => {
    await container.must('systemctl', 'stop', 'netdrift');
    expect(await property('ActiveState')).toBe('inactive');
    expect(await property('Result')).toBe('success');
    expect(await property('ExecMainStatus')).toBe('0');
  });

  test('is not started again and again with a wrong configuration', async () => {
    container.write(CONFIG, 'sinks: [wrong]\n');
    expect((await container.run(['systemctl', 'start', 'netdrift'])).code).not.toBe(0);
    expect(await property('ActiveState')).toBe('failed');
    expect(await property('ExecMainStatus')).toBe('78');
    expect(await property('NRestarts')).toBe('0');
  });

  test('answers on port 53 with the drop-in that the comment of the unit shows', async () => {
    const shown = [...readFileSync(UNIT, 'utf8').matchAll(/^# {3}(\S.*)$/gm)].map(([, line]) => line);
    expect(shown[0]).toBe('[Service]');
    container.write('/etc/systemd/system/netdrift.service.d/port.conf', `${shown.join('\n')}\n`);
    await container.must('systemctl', 'daemon-reload');
    container.write(CONFIG, YAML.stringify(settings({ local: embedded({ listen: '127.0.0.1:53' }) })));
    const started = await container.run(['systemctl', 'start', 'netdrift']);
    expect(started, await journal()).toMatchObject({ code: 0 });
    await eventually(
      'dig is answered',
      async () => {
        const question = { server: '127.0.0.1', name: EMBEDDED_NAME, type: 'A' };
        return (await dig(network.host, question)).values[0] === SECOND;
      },
      { timeout: 10_000 },
    );
  });

  /** systemctl is asked inside, so that the number is that of the container's processes. */
  const innerPid = mainPid;

  const statusText = (wanted: string | RegExp): Promise<boolean> =>
    eventually(
      `systemd shows ${wanted}`,
      async () => {
        const text = await property('StatusText');
        return typeof wanted === 'string' ? text === wanted : wanted.test(text);
      },
      { timeout: 10_000 },
    ).then(() => true);
});
