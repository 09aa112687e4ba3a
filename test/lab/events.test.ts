import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { endianness, uptime } from 'node:os';
import { asyncScheduler, firstValueFrom, type Subscription, timer } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seconds } from '../../src/model/duration.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Spawn } from '../../src/model/spawn.ts';
import type { Trigger } from '../../src/model/trigger.ts';
import { createSnapshotReader } from '../../src/sources/snapshot/index.ts';
import { parseInet6 } from '../../src/sources/snapshot/inet6.ts';
import { linuxEvents } from '../../src/sources/triggers/linux-events.ts';
import { type Difference, difference } from '../../src/streams/difference.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { required } from './support/needs.ts';

const NAMESPACE = `netdrift-events-${process.pid}`;

const run = (program: string, words: readonly string[], input?: string): string =>
  execFileSync(program, words, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
const ip = (words: string): string => run('ip', ['-n', NAMESPACE, ...words.split(' ')]);
const inside = (program: string, ...words: string[]): string =>
  run('ip', ['netns', 'exec', NAMESPACE, program, ...words]);

function unusable(): string | undefined {
  try {
    run('ip', ['netns', 'add', NAMESPACE]);
    ip('link add far0 type veth peer name wan0');
    return undefined;
  } catch (error) {
    return `needs root, iproute2 and veth: ${String((error as { stderr?: string }).stderr ?? error).trim()}`;
  }
}

const missing = required(unusable());
if (missing !== undefined) console.warn(`skipped test/lab/events: ${missing}`);

const pause = (milliseconds: number): Promise<unknown> => firstValueFrom(timer(milliseconds));

async function until(what: string, holds: () => boolean, limit = 10_000): Promise<void> {
  const end = performance.now() + limit;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${limit} ms for: ${what}`);
    await pause(10);
  }
}

describe.skipIf(missing !== undefined)('the true ip monitor in a namespace', () => {
  const children: ChildProcess[] = [];
  let holder: ChildProcess;
  let seen: Trigger[] = [];
  let subscription: Subscription;
  let snapshot: () => Promise<Snapshot>;

  const spawnInside = ((program: string, words: readonly string[], options: object) => {
    const child = spawn('ip', ['netns', 'exec', NAMESPACE, program, ...words], options);
    children.push(child);
    return child;
  }) as unknown as Spawn;

  beforeAll(() => {
    ip('link set lo up');
    ip('link set far0 up');
    ip('link set wan0 up');
    // A process inside lends its view of /proc/net.
    holder = spawn('ip', ['netns', 'exec', NAMESPACE, 'sleep', '600'], { stdio: 'ignore' });
  });

  afterAll(() => {
    holder?.kill();
    run('ip', ['netns', 'del', NAMESPACE]);
  });

  beforeEach(async () => {
    ip('link set wan0 up');
    ip('address flush dev wan0 scope global');
    ip('address add 192.0.2.10/24 dev wan0');
    ip('route replace default via 192.0.2.1 dev wan0');
    // Link-local addresses are still being checked after a link has come up; that would be a difference of its own.
    const inet6 = () => parseInet6(readFileSync(`/proc/${holder.pid}/net/if_inet6`, 'utf8'));
    await until('duplicate address detection to end', () =>
      inet6().every(({ address }) => !address.flags.tentative),
    );
    snapshot = createSnapshotReader({
      log: silentLog,
      platform: 'linux',
      endianness: endianness(),
      readFile: (path) => readFileSync(path.replace(/^\/proc\/net\//, `/proc/${holder.pid}/net/`), 'utf8'),
      interfaces: () => JSON.parse(inside(process.execPath, '-p', 'JSON.stringify(os.networkInterfaces())')),
    });
    seen = [];
    children.length = 0;
    subscription = linuxEvents(
      {
        clock: { monotonic: () => performance.now(), wall: () => Date.now(), boot: () => uptime() * 1_000 },
        scheduler: asyncScheduler,
        random: () => 0,
        spawn: spawnInside,
        platform: 'linux',
        snapshot: () => snapshot(),
        log: silentLog,
      },
      { every: seconds(300), jitter: 0, poll: seconds(10) },
    ).subscribe((trigger) => seen.push(trigger));
    await until('listening', () => seen.length > 0);
    await pause(200);
    seen.length = 0;
  });

  afterEach(async () => {
    subscription.unsubscribe();
    await until('the children to end', () =>
      children.every((child) => child.exitCode !== null || child.signalCode !== null),
    );
  });

  /** Makes a change, waits until an event of this kind is heard, and compares the snapshots around it. */
  async function change(make: () => void, heard: RegExp): Promise<Difference> {
    const before = await snapshot();
    make();
    await until(String(heard), () => seen.some((trigger) => heard.test(trigger.detail ?? '')));
    return difference(before, await snapshot());
  }

  it('an address is added', async () => {
    const found = await change(
      () => ip('address add 192.0.2.11/24 dev wan0'),
      /wan0: address 192\.0\.2\.11\/24$/,
    );
    expect(found.reasons).toEqual(['addresses_changed_ipv4']);
    expect(found.networkChanged).toBe(false);
  });

  it('an address is replaced', async () => {
    const replace = () => {
      ip('address add 198.51.100.10/24 dev wan0');
      ip('address del 192.0.2.10/24 dev wan0');
    };
    const found = await change(replace, /address 192\.0\.2\.10\/24 removed/);
    expect(found.reasons).toContain('addresses_changed_ipv4');
    expect(found.networkChanged).toBe(true);
  });

  it('a lease is renewed: events, and nothing to do', async () => {
    const renew = () => ip('address replace 192.0.2.10/24 dev wan0 valid_lft 3600 preferred_lft 3600');
    const found = await change(() => [renew(), renew()], /address 192\.0\.2\.10/);
    expect(found).toEqual({ differences: [], act: false, reasons: [], networkChanged: false });
  });

  it('an IPv6 address is checked for duplicates, then deprecated', async () => {
    // Forgotten by the flush of the next test; DAD takes a second or two.
    const checked = await change(() => ip('address add 2001:db8:1::10/64 dev wan0'), /2001:db8:1::10\/64$/);
    expect(checked.reasons).toContain('family_appeared');
    const deprecate = () => ip('address change 2001:db8:1::10/64 dev wan0 valid_lft 3600 preferred_lft 0');
    const deprecated = await change(deprecate, /2001:db8:1::10\/64 deprecated/);
    expect(deprecated.reasons).toEqual(['addresses_changed_ipv6']);
    expect(deprecated.differences).toEqual(['wan0: 2001:db8:1::10 is now deprecated']);
    expect(deprecated.networkChanged).toBe(false);
  });

  it('an IPv4-only link goes down, without a word about its address and route, and comes back', async () => {
    inside('sysctl', '-qw', 'net.ipv6.conf.wan0.disable_ipv6=1');
    try {
      await pause(200);
      seen.length = 0;
      const down = await change(() => ip('link set wan0 down'), /wan0: link down/);
      expect(down.reasons).toContain('family_disappeared');
      expect(
        seen.some(
          (trigger) => /address|default/.test(trigger.detail ?? '') && /wan0/.test(trigger.detail ?? ''),
        ),
      ).toBe(false);
      const up = () => {
        ip('link set wan0 up');
        ip('route replace default via 192.0.2.1 dev wan0');
      };
      const back = await change(up, /default via 192\.0\.2\.1 dev wan0/);
      expect(back.reasons).toContain('family_appeared');
    } finally {
      inside('sysctl', '-qw', 'net.ipv6.conf.wan0.disable_ipv6=0');
    }
  });

  it('the carrier is lost while address and route stay', async () => {
    try {
      const found = await change(() => ip('link set far0 down'), /wan0: link lowerlayerdown/);
      expect(ip('route show default')).toContain('linkdown');
      expect(found.reasons).toContain('family_disappeared');
    } finally {
      ip('link set far0 up');
    }
  });

  it('the gateway changes', async () => {
    const found = await change(
      () => ip('route replace default via 192.0.2.254 dev wan0'),
      /default via 192\.0\.2\.254/,
    );
    expect(found.reasons).toEqual(['gateway_changed']);
  });

  it('a storm of 10 000 routes rings for the one that matters', async () => {
    const routes = Array.from({ length: 10_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
    const batch = [
      ...routes.map((destination) => `route add ${destination} dev wan0`),
      ...routes.map((destination) => `route del ${destination} dev wan0`),
      'address add 192.0.2.99/24 dev wan0',
    ].join('\n');
    const before = await snapshot();
    // Not `execFileSync`: with this process blocked nobody would read what the monitor writes.
    const storm = spawn('ip', ['-n', NAMESPACE, '-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
    storm.stdin?.end(batch);
    await until('the storm to end', () => storm.exitCode !== null, 60_000);
    await until('the last change or a recovery', () =>
      seen.some(
        ({ detail, reason }) => detail === 'wan0: address 192.0.2.99/24' || reason === 'source_recovered',
      ),
    );
    expect(difference(before, await snapshot()).reasons).toEqual(['addresses_changed_ipv4']);
    expect(seen.length).toBeLessThan(20);
  }, 90_000);

  it('an overrun because nobody read is told, recovered from, and changes after it are heard', async () => {
    const batch = Array.from(
      { length: 60_000 },
      (_, n) => `route add 10.${n >> 8}.${n & 255}.0/24 dev wan0`,
    ).join('\n');
    run('ip', ['-n', NAMESPACE, '-batch', '-'], batch);
    await until('recovery', () => seen.some((trigger) => trigger.reason === 'source_recovered'), 20_000);
    expect(seen.map((trigger) => trigger.reason)).toContain('events_lost');
    await change(() => ip('address add 192.0.2.77/24 dev wan0'), /192\.0\.2\.77/);
    ip('route flush root 10.0.0.0/8');
  }, 60_000);

  it('a killed child is replaced, and that is a reason to look whatever the snapshot says', async () => {
    children[0]?.kill('SIGKILL');
    await until('recovery', () => seen.some((trigger) => trigger.reason === 'source_recovered'));
    expect(seen.map(({ reason, mode }) => `${reason} ${mode}`)).toEqual([
      'events_lost poll',
      'source_recovered inject',
    ]);
    await change(() => ip('address add 192.0.2.12/24 dev wan0'), /192\.0\.2\.12/);
  });
});
