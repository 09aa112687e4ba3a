import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lab } from './support/lab.ts';
import { eventually, now, pause } from './support/moment.ts';
import type { Namespace } from './support/namespace.ts';
import { describeLab } from './support/needs.ts';
import { type Netdrift, type NetdriftOptions, startNetdrift } from './support/netdrift.ts';
import { type PlainNetwork, plainNetwork } from './support/networks.ts';
import { hasEnded } from './support/process.ts';
import {
  confirmed,
  dyndns2,
  embedded,
  publication,
  publishedInOrder,
  served,
  settings,
} from './support/publishing.ts';
import { Recorder } from './support/recorder.ts';

const [FIRST, SECOND, THIRD] = ['198.51.100.10', '198.51.100.11', '198.51.100.12'];

/** The children of a process that are `ip` at work; there is one unless events are not to be had. */
function monitorsOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('monitor'));
}

describeLab('a netdrift that watches', ['dig'], () => {
  let lab: Lab;
  let network: PlainNetwork;
  let host: Namespace;
  let recorder: Recorder;

  beforeEach(async () => {
    lab = await Lab.open();
    network = await plainNetwork(lab);
    host = network.host;
    recorder = await Recorder.start(lab, network.outside, { port: 8_080 });
  });
  afterEach(() => lab.close());

  const start = (more: Record<string, unknown> = {}, options: Partial<NetdriftOptions> = {}): Netdrift => {
    const sinks = { local: embedded(), dyn: dyndns2(network.server, 8_080) };
    return startNetdrift(lab, { namespace: host, config: settings(sinks, more), ...options });
  };

  const replace = (from: string, to: string): Promise<void> =>
    host.replaceAddress('eth0', `${from}/24`, `${to}/24`);

  const listening = async (netdrift: Netdrift, after = 0): Promise<number> => {
    await netdrift.line(({ event }) => /^trigger_source_(listening|recovered)$/.test(event), {
      after,
      timeout: 10_000,
    });
    const [monitor] = monitorsOf(netdrift.process.pid);
    if (monitor === undefined) throw new Error('ip monitor does not run');
    return monitor;
  };

  test('recovers from kill -9 of its ip monitor, misses nothing meanwhile and hears events again', async () => {
    const netdrift = start();
    const monitor = await listening(netdrift);
    await confirmed(netdrift, FIRST);
    const after = netdrift.log.mark();
    process.kill(monitor, 'SIGKILL');
    await netdrift.line({ event: 'trigger_source_lost' }, { after });
    await replace(FIRST, SECOND);
    await served(host, 'A', [SECOND]);
    expect(await listening(netdrift, after)).not.toBe(monitor);
    await replace(SECOND, THIRD);
    await served(host, 'A', [THIRD]);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
  });

  test('finds the change that was lost because its ip monitor stood still in a storm', async () => {
    const netdrift = start();
    const monitor = await listening(netdrift);
    await confirmed(netdrift, FIRST);
    process.kill(monitor, 'SIGSTOP');
    // More than the kernel keeps for a listener (1 MiB): the change at the end is among what is thrown away.
    const flap = [`addr add ${THIRD}/24 dev eth0`, `addr del ${THIRD}/24 dev eth0`];
    await host.ipBatch(Array.from({ length: 5_000 }, () => flap).flat());
    await replace(FIRST, SECOND);
    process.kill(monitor, 'SIGCONT');
    await served(host, 'A', [SECOND]);
    await netdrift.line({ event: 'trigger_source_recovered' }, { timeout: 10_000 });
    await replace(SECOND, THIRD);
    await served(host, 'A', [THIRD]);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
  });

  test('leaves no ip monitor behind, neither after SIGTERM nor after kill -9', async () => {
    const netdrift = start();
    const first = await listening(netdrift);
    expect(await netdrift.stop()).toEqual({ code: 0, signal: null });
    await eventually('the first monitor has ended', () => hasEnded(first));
    const after = netdrift.log.mark();
    netdrift.start();
    const second = await listening(netdrift, after);
    await netdrift.kill();
    await eventually('the second monitor has ended', () => hasEnded(second));
  });

  test('polls where there is no ip program, says so once, and finds the change', async () => {
    // No folder of programs: neither ip nor setpriv can be found.
    const netdrift = start({ watch: { every: '1h', poll: '500ms' } }, { wrapper: ['env', 'PATH=/nowhere'] });
    await confirmed(netdrift, FIRST);
    await netdrift.line({ event: 'polling' });
    await replace(FIRST, SECOND);
    await served(host, 'A', [SECOND]);
    await replace(SECOND, THIRD);
    await served(host, 'A', [THIRD]);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
    expect(netdrift.log.items.filter(({ event }) => event === 'polling')).toHaveLength(1);
    expect(monitorsOf(netdrift.process.pid)).toEqual([]);
  });

  /** Makes netdrift log some 4 MB at level trace: more than pipe and buffer hold, and not so fast that ip monitor loses events. */
  const flood = async (): Promise<void> => {
    const flap = [`addr add ${THIRD}/24 dev eth0`, `addr del ${THIRD}/24 dev eth0`];
    for (let burst = 0; burst < 20; burst += 1) {
      await host.ipBatch(Array.from({ length: 150 }, () => flap).flat());
      await pause(60);
    }
  };

  test('goes on publishing when nobody reads its log, and ends in time', async () => {
    const netdrift = start({ log: { level: 'trace', format: 'json' } });
    await listening(netdrift);
    await confirmed(netdrift, FIRST);
    netdrift.process.child.stdout?.pause();
    await flood();
    await replace(FIRST, SECOND);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [FIRST, SECOND]);
    expect(await netdrift.command('status')).toMatchObject({ code: 0 });
    const asked = now();
    netdrift.signal('SIGTERM');
    await eventually('it has ended', () => netdrift.process.child.exitCode === 0, { timeout: 6_000 });
    expect(now() - asked).toBeLessThan(5_000);
    netdrift.process.child.stdout?.resume();
  });

  test('says how many lines were lost when the reader of its log comes back', async () => {
    const netdrift = start({ log: { level: 'trace', format: 'json' } });
    await listening(netdrift);
    netdrift.process.child.stdout?.pause();
    await flood();
    await replace(FIRST, SECOND);
    await served(host, 'A', [SECOND]);
    netdrift.process.child.stdout?.resume();
    await netdrift.line({ event: 'log_lines_dropped' }, { timeout: 10_000 });
    await replace(SECOND, THIRD);
    await netdrift.line((line) => line.event === 'address_changed' && line['address'] === THIRD);
  });

  test('starts without any network, and publishes as soon as there is one', async () => {
    await host.removeAddress('eth0', `${FIRST}/24`);
    await host.link('eth0', 'down');
    const netdrift = start();
    await listening(netdrift);
    await served(host, 'A', []);
    await host.link('eth0', 'up');
    await pause(300);
    const began = now();
    await host.addAddress('eth0', `${SECOND}/24`);
    await host.defaultRoute(network.server, { device: 'eth0' });
    const sent = await publication(recorder, SECOND);
    expect(sent.at - began).toBeLessThan(3_000);
    await served(host, 'A', [SECOND]);
    await publishedInOrder(recorder, [SECOND]);
  });

  test('tries again within seconds when the provider cannot be reached at first', async () => {
    await recorder.process.kill();
    const netdrift = start();
    await netdrift.line({ event: 'write_failed', sink: 'dyn', reason: 'unreachable' }, { timeout: 10_000 });
    recorder = await Recorder.start(lab, network.outside, { port: 8_080 });
    await publishedInOrder(recorder, [FIRST]);
  });

  test('asks an outside service from the interface of the uplink, from the first look on', async () => {
    const service = await Recorder.start(lab, network.outside, { reply: { body: '203.0.113.77' } });
    const http = { detector: 'http', services: [`http://${network.server}:${service.port}/`] };
    const wan = { interface: 'eth0', ipv4: [http], allow: ['documentation'] };
    start({ uplinks: { wan } });
    await publishedInOrder(recorder, ['203.0.113.77']);
    expect(service.requests.items[0]?.from).toContain(FIRST);
  });

  test('asks nobody outside while an interface owns an address that is fit', async () => {
    const service = await Recorder.start(lab, network.outside, { reply: { body: '203.0.113.77' } });
    const http = { detector: 'http', services: [`http://${network.server}:${service.port}/`] };
    const netdrift = start({ uplinks: { wan: { ipv4: ['interface', http], allow: ['documentation'] } } });
    await confirmed(netdrift, FIRST);
    await replace(FIRST, SECOND);
    await publication(recorder, SECOND);
    expect(await netdrift.command('trigger')).toMatchObject({ code: 0 });
    await replace(SECOND, THIRD);
    await publishedInOrder(recorder, [FIRST, SECOND, THIRD]);
    expect(service.requests.items).toEqual([]);
  });
});
