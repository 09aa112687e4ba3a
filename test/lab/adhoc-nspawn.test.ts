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
LimitCORE=0
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


  for (const words of ['MemoryDenyWriteExecute=yes','ProcSubset=pid'])
  test('adhoc', async () => {
    container.write('/etc/systemd/system/netdrift.service.d/x.conf', '[Service]\nRestart=no\n'+words+'\n');
    await container.must('systemctl', 'daemon-reload');
    const r = await container.run(['systemctl', 'start', 'netdrift']);
    await new Promise(r=>setTimeout(r,1000));
    console.log(words, r, await property('ActiveState'), (await journal()).slice(-3500));
    console.log(await container.must('sh','-c','ls -d /proc/$0/root/proc/net /proc/$0/root/proc/uptime /proc/$0/root/proc/sys || true', String(await mainPid())));
    await container.run(['systemctl', 'stop', 'netdrift']);
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
