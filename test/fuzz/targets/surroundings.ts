import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { formatProblems, loadConfiguration, loadStateFolder } from '../../../src/config/load.ts';
import { watchClocks } from '../../../src/daemon/doctor/clocks.ts';
import { createServiceManager } from '../../../src/daemon/service-manager.ts';
import { parseAddress } from '../../../src/model/address.ts';
import { parseMac, parseSuffix } from '../../../src/model/prefix.ts';
import { HttpFailure } from '../../../src/net/http.ts';
import { proxiesOf, proxyFor } from '../../../src/net/http-proxy.ts';
import { providers } from '../../../src/sinks/registry.ts';
import { parseResolver } from '../../../src/sinks/rfc2136/network.ts';
import { detectorKinds } from '../../../src/sources/addresses/registry.ts';
import { surroundings } from '../../config/fakes.ts';
import { isFitToShow, STEERING } from '../support/expect.ts';
import { hostileOctets, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const octetsOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

const CONFIGURATION = octetsOf(
  'sinks:\n  dyn:\n    provider: dyndns2\n    server: https://dyn.example\n    username: me\n    password: { file: /run/secret }\n    records: [home.example.org]\nstate_dir: /var/lib/x\n',
);
const UTF_16 = Uint8Array.from(Buffer.from('\ufeffsinks: {}', 'utf16le'));

const proxy = fc.option(
  hostileText(['http://proxy.example:3128', 'https://u:p@[2001:db8::1]:443', 'socks5://x'], ['http://', '@']),
  { nil: undefined },
);
const exceptions = fc.option(
  hostileText(
    ['localhost,.example.org:8443, [2001:db8::1]:80 *', '*.example.com'],
    ['[', ']:', '::1', '*', '.'],
  ),
  { nil: undefined },
);
const URLS = ['https://dyn.example.org/', 'http://[2001:db8::1]:80/', 'https://www.example.com:8443/x'];

export const surroundingTargets: readonly FuzzTarget[] = [
  target({
    name: 'configuration and secret as octets',
    reads: 'a file',
    inputs: fc.tuple(hostileOctets([CONFIGURATION, UTF_16]), hostileOctets([octetsOf('word\r\n'), UTF_16])),
    runs: 100,
    check: async ([configuration, secret]) => {
      const { files: _, ...host } = surroundings;
      const components = {
        ...host,
        providers: async () => providers,
        detectors: detectorKinds,
        readFile: async (path: string) => (path === '/etc/n.yaml' ? configuration : secret),
        stat: async () => ({ mode: 0o100600, size: 1 }),
      };
      const loaded = await loadConfiguration('/etc/n.yaml', components);
      const folder = await loadStateFolder('/etc/n.yaml', components);
      assert.ok(folder === undefined || folder.startsWith('/'));
      if (loaded.ok) return;
      assert.ok(loaded.problems.length > 0);
      assert.doesNotMatch(formatProblems(loaded.problems), STEERING);
    },
  }),
  target({
    name: 'proxies of the environment',
    reads: 'the system',
    inputs: fc.tuple(proxy, exceptions, fc.constantFrom(...URLS)),
    growth: [
      (size) => ['http://p.example', ':'.repeat(size), URLS[0]] as [string, string, string],
      (size) => ['http://p.example', `[${']'.repeat(size)}`, URLS[0]] as [string, string, string],
      (size) => ['http://p.example', 'dns.example,'.repeat(size / 12), URLS[0]] as [string, string, string],
    ],
    check: ([named, excepted, url]) => {
      const environment = { https_proxy: named, HTTP_PROXY: named, NO_PROXY: excepted };
      proxiesOf(environment);
      try {
        const found = proxyFor(new URL(url), environment);
        assert.ok(found === undefined || ['http:', 'https:'].includes(found.protocol));
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        isFitToShow(error.message);
      }
    },
  }),
  target({
    name: 'environment of systemd',
    reads: 'the system',
    inputs: fc.record({
      NOTIFY_SOCKET: hostileText(['/run/systemd/notify', '@abstract']),
      WATCHDOG_USEC: hostileText(['30000000', '1'], ['9'.repeat(20)]),
      WATCHDOG_PID: fc.option(hostileText(['1000']), { nil: undefined }),
      PATH: hostileText(['/usr/bin:/bin', 'bin::.']),
    }),
    check: async (given) => {
      const environment: Record<string, string | undefined> = { ...given };
      const scheduler = new VirtualTimeScheduler();
      const manager = createServiceManager({
        environment,
        pid: 1_000,
        spawn: (() => {
          throw new Error('starts no process');
        }) as never,
        scheduler,
        monotonicMicroseconds: () => 0n,
        isExecutable: (file) => {
          assert.ok(file.startsWith('/'), 'a program of the working directory');
          return true;
        },
        complain: () => {},
      });
      void manager.ready('well');
      for (const { delay } of scheduler.actions)
        assert.ok(delay >= 1 && delay < 2 ** 31, `a timer of ${delay} ms`);
      for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'])
        assert.ok(!(name in environment), 'handed on to children');
    },
  }),
  target({
    name: 'resolvers of the system',
    reads: 'the system',
    inputs: hostileText(
      ['192.0.2.1', '192.0.2.1:54', '2001:db8::1', '[2001:db8::1]:54', 'fe80::1%eth0'],
      [':0', ':99999', '[', ']:53'],
    ),
    growth: [
      (size) => `[${']'.repeat(size)}`,
      (size) => ':'.repeat(size),
      (size) => `192.0.2.1:${'1'.repeat(size)}`,
    ],
    check: (text) => {
      const peer = parseResolver(text);
      if (peer === undefined) return;
      assert.equal(parseAddress(peer.host), peer.host);
      assert.ok(peer.port >= 1 && peer.port <= 65_535, `port ${peer.port}`);
    },
  }),
  target({
    name: 'part of an address for a host',
    reads: 'a file',
    inputs: hostileText(['::1234:5678', '02:00:00:00:00:01', '02-00-00-00-00-01', '0200.0000.0001']),
    growth: [(size) => '00:'.repeat(size / 3), (size) => ':'.repeat(size)],
    check: (text) => {
      const mac = parseMac(text);
      assert.ok(mac === undefined || mac.length === 6);
      const suffix = parseSuffix(text);
      assert.ok(suffix === undefined || parseSuffix(suffix) === suffix);
    },
  }),
  target({
    name: 'dates of services',
    reads: 'the network',
    inputs: hostileText(
      ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
      ['+275760', '-271821', '9999', '60'],
    ),
    growth: [(size) => '1'.repeat(size), (size) => '('.repeat(size)],
    check: (date) => {
      const watch = watchClocks({ wall: () => 1_700_000_000_000, monotonic: () => 0 });
      watch.heard({ headers: { date } }, 1_700_000_000_000, 'a service');
      const { offset } = watch.report();
      assert.ok(offset === undefined || Number.isSafeInteger(offset.milliseconds));
    },
  }),
];
