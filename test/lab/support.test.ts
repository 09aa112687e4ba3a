import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dig } from './support/dig.ts';
import { Lab } from './support/lab.ts';
import { eventually, now } from './support/moment.ts';
import { startNamed } from './support/named.ts';
import { execute, mustExecute, type Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { startNetdrift } from './support/netdrift.ts';
import { homeNetwork, plainNetwork } from './support/networks.ts';
import { Recorder } from './support/recorder.ts';
import { startTurnserver } from './support/turn.ts';

let lab: Lab;

const usesLab = (): void => {
  beforeEach(async () => {
    lab = await Lab.open();
  });
  afterEach(() => lab.close());
};

const namespaces = async (): Promise<string> => (await execute(['ip', 'netns', 'list'])).stdout;

/** Gone, or a zombie that waits for an init in no hurry. */
function hasEnded(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

async function get(from: Namespace, url: string): Promise<string> {
  const program =
    'fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))';
  return (await from.run([process.execPath, '-e', program, url])).stdout;
}

describeLab('a lab', [], () => {
  usesLab();

  test('carries packets between two hosts of both families', async () => {
    const { host, outside, server } = await plainNetwork(lab);
    await host.addAddress('eth0', '2001:db8::10/64');
    await outside.addAddress('eth0', '2001:db8::1/64');
    const recorder = await Recorder.start(lab, outside, { port: 8080 });
    expect(await get(host, `http://${server}:8080/?hostname=a&myip=1`)).toBe('good 1\n');
    expect(await get(host, 'http://[2001:db8::1]:8080/?hostname=a,b&myip=2')).toBe('good 2\ngood 2\n');
    expect(recorder.requests.items.map((request) => request.from)).toEqual([
      '::ffff:198.51.100.10',
      '2001:db8::10',
    ]);
  });

  test('joins three hosts with a bridge', async () => {
    const switchboard = await lab.namespace('switch');
    const hosts = await Promise.all(['a', 'b', 'c'].map((name) => lab.namespace(name)));
    for (const [index, host] of hosts.entries()) {
      await lab.cable(
        { namespace: host, device: 'eth0' },
        { namespace: switchboard, device: `port${index}` },
      );
      await host.addAddress('eth0', `192.0.2.${index + 1}/24`);
    }
    await switchboard.bridge('lan', ['port0', 'port1', 'port2']);
    const [first, , last] = hosts;
    if (first === undefined || last === undefined) throw new Error('three hosts were made');
    await Recorder.start(lab, last, { port: 8080, reply: { body: 'here' } });
    expect(await get(first, 'http://192.0.2.3:8080/')).toBe('here');
  });

  test('leaves no namespace, process or folder behind, children of children included', async () => {
    const host = await lab.namespace('host');
    const shell = host.spawn(['sh', '-c', 'sleep 1000 & echo $!; wait']);
    const grandchild = Number((await shell.line(/^\d+$/)).text);
    const folder = lab.folder('files');
    await lab.close();
    expect(await namespaces()).not.toContain(host.name);
    await eventually('both have ended', () => hasEnded(shell.pid) && hasEnded(grandchild));
    expect(existsSync(folder)).toBe(false);
  });

  test('takes away what a killed run has left', async () => {
    const deadPid = (await mustExecute(['sh', '-c', 'echo $$'])).trim();
    const left = `netdrift-${deadPid}-1-left`;
    await mustExecute(['ip', 'netns', 'add', left]);
    const next = await Lab.open();
    expect(await namespaces()).not.toContain(left);
    await next.close();
  });

  test('says at once when a program ends instead of getting ready', async () => {
    const host = await lab.namespace('host');
    const program = host.spawn(['sh', '-c', 'echo no such thing >&2; exit 3']);
    await expect(program.line('ready')).rejects.toThrow(/ended \(3\) before it said ready:\nno such thing/);
  });
});

describeLab('a recording server', [], () => {
  usesLab();

  test('stamps requests with the clock of the test, and changes its answer on demand', async () => {
    const { host, outside, server } = await plainNetwork(lab);
    const recorder = await Recorder.start(lab, outside);
    const url = `http://${server}:${recorder.port}/nic/update?hostname=a.example.org&myip=198.51.100.10`;
    const before = now();
    await get(host, url);
    const request = await recorder.requests.find(({ method }) => method === 'GET');
    expect(request.at).toBeGreaterThan(before);
    expect(request.at).toBeLessThan(now());
    expect(request.url).toBe('/nic/update?hostname=a.example.org&myip=198.51.100.10');

    await recorder.reply({ status: 503, body: 'later', delay: 5 });
    expect(await get(host, url)).toBe('later');
    await recorder.reply({ instead: 'reset' });
    expect(await get(host, url)).toBe('');
    expect(recorder.requests.items.map(({ connection }) => connection)).toEqual([1, 2, 3]);
  });
});

describeLab('a host behind a masquerading router', ['turnserver', 'turnutils_stunclient'], () => {
  usesLab();

  test('learns its outside address from coturn, and the new one after a change', async () => {
    const { host, outside, server, changeOutsideAddress } = await homeNetwork(lab);
    await startTurnserver(lab, outside, { addresses: [server] });
    const seen = async (): Promise<string | undefined> => {
      const { stdout } = await host.run(['turnutils_stunclient', server]);
      return /reflexive addr: ([\d.]+)/.exec(stdout)?.[1];
    };
    expect(await seen()).toBe('203.0.113.10');
    await changeOutsideAddress('203.0.113.99');
    expect(await seen()).toBe('203.0.113.99');
  });
});

describeLab('a name server', ['named', 'dig'], () => {
  usesLab();

  test('serves the zones given, and dig tells answers apart', async () => {
    const { host, outside, server } = await plainNetwork(lab);
    await startNamed(lab, outside, {
      zones: [{ name: 'example.org', records: 'home A 192.0.2.2\nhome A 192.0.2.1\nhome AAAA 2001:db8::1' }],
    });
    expect(await dig(host, { server, name: 'home.example.org', type: 'A' })).toMatchObject({
      status: 'NOERROR',
      flags: expect.arrayContaining(['aa']),
      values: ['192.0.2.1', '192.0.2.2'],
      ttl: 60,
    });
    const missing = await dig(host, { server, name: 'nobody.example.org', type: 'A', tcp: true });
    expect(missing).toMatchObject({ status: 'NXDOMAIN', values: [] });
    expect((await dig(host, { server, name: 'example.net', type: 'A' })).status).toBe('REFUSED');
    expect((await dig(host, { server, port: 54, name: 'example.org', type: 'A' })).status).toBe('TIMEOUT');
  });
});

// Stands for netdrift: says where its configuration is, and on SIGHUP how it reads now.
const IMPOSTOR = `
const fs = require('node:fs');
const [command, , file] = process.argv.slice(2);
const say = (event) => console.log(JSON.stringify({ time: '', level: 'info', event, text: fs.readFileSync(file, 'utf8') }));
if (command !== 'run') { console.log(command); process.exit(7); }
console.log('not a log line');
process.on('SIGHUP', () => say('reloaded'));
process.on('SIGTERM', () => process.exit(0));
say('started');
setInterval(() => {}, 1000);
`;

describeLab('the handle of a netdrift', [], () => {
  usesLab();

  test('follows its log through reload, crash and restart', async () => {
    const program = path.join(lab.folder('impostor'), 'impostor.cjs');
    writeFileSync(program, IMPOSTOR);
    const netdrift = startNetdrift(lab, {
      namespace: await lab.namespace('host'),
      config: { watch: { every: '5m' } },
      program,
    });
    const started = await netdrift.line({ event: 'started' });
    expect(started['text']).toBe(readFileSync(netdrift.configFile, 'utf8'));
    expect(started['text']).toContain(`state_dir: ${netdrift.stateFolder}`);
    expect(netdrift.process.output()).toContain('not a log line');

    netdrift.writeConfig('sinks: {}\n');
    netdrift.signal('SIGHUP');
    expect((await netdrift.line({ event: 'reloaded' }))['text']).toBe('sinks: {}\n');
    expect(await netdrift.command('status')).toMatchObject({ code: 7, stdout: 'status\n' });

    expect((await netdrift.kill()).signal).toBe('SIGKILL');
    const after = netdrift.log.mark();
    netdrift.start();
    await netdrift.line({ event: 'started' }, { after });
    expect(await netdrift.stop()).toEqual({ code: 0, signal: null });
    await expect(netdrift.line({ event: 'never' }, { timeout: 20 })).rejects.toThrow(/nothing fitting/);
  });
});
