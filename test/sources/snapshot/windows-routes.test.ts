import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Spawn } from '../../../src/model/spawn.ts';
import { createSnapshotReader } from '../../../src/sources/snapshot/reader.ts';
import { parseNetRoutes } from '../../../src/sources/snapshot/windows-routes.ts';
import { FakeChild, ManualTime, memoryLog, settle } from '../triggers/support.ts';

const route = (prefix: string, hop: string, alias = 'Ethernet', own = 0, ofInterface = 25) => ({
  DestinationPrefix: prefix,
  NextHop: hop,
  InterfaceAlias: alias,
  RouteMetric: own,
  InterfaceMetric: ofInterface,
});
const via4 = route('0.0.0.0/0', '192.0.2.1');

// Written after the documentation of Get-NetRoute and ConvertTo-Json, not recorded on Windows.
const WRITTEN = JSON.stringify([
  via4,
  route('0.0.0.0/0', '0.0.0.0', 'PPPoE für daheim', 1, 50),
  route('::/0', 'fe80::1', 'WLAN', 256, 35),
]);

describe('what PowerShell writes', () => {
  it('is routes with the sum of both metrics; on-link ones have no gateway', () => {
    expect(parseNetRoutes(`\ufeff${WRITTEN}\r\n`)).toEqual({
      ipv4: [
        { family: 'ipv4', interface: 'Ethernet', gateway: '192.0.2.1', metric: 25 },
        { family: 'ipv4', interface: 'PPPoE für daheim', metric: 51 },
      ],
      ipv6: [{ family: 'ipv6', interface: 'WLAN', gateway: 'fe80::1', metric: 291 }],
    });
  });

  it('says that there are none with an empty list, and with nothing else', () => {
    expect(parseNetRoutes('[]')).toEqual({ ipv4: [], ipv6: [] });
    expect(parseNetRoutes('')).toBeUndefined();
    expect(parseNetRoutes('null')).toBeUndefined();
    expect(parseNetRoutes('Get-NetRoute : Access denied')).toBeUndefined();
  });

  it.each([
    ['another destination', { ...via4, DestinationPrefix: '10.0.0.0/8' }],
    ['a gateway of the other family', { ...via4, NextHop: 'fe80::1' }],
    ['a gateway that is none', { ...via4, NextHop: 'router' }],
    ['no interface', { ...via4, InterfaceAlias: null }],
    ['no metric', { ...via4, RouteMetric: null }],
    ['a metric beyond counting', { ...via4, RouteMetric: Number.MAX_SAFE_INTEGER }],
    ['no object', 'default'],
    ['nothing', null],
  ])('is refused whole with %s in it', (_, entry) => {
    expect(parseNetRoutes(JSON.stringify([via4, entry]))).toBeUndefined();
  });

  it('never makes it throw', () => {
    const odd = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.anything()).map((one) => JSON.stringify(one)),
    );
    fc.assert(fc.property(odd, (text) => void parseNetRoutes(text)));
  });
});

describe('default routes on Windows', () => {
  function windows(gateway: () => Promise<never> | Promise<{ gateway: string; int: string }>) {
    const children: FakeChild[] = [];
    const time = new ManualTime();
    const log = memoryLog();
    const spawn = ((program: string, words: readonly string[]) => {
      const child = new FakeChild(program, words);
      children.push(child);
      return child;
    }) as unknown as Spawn;
    const read = createSnapshotReader({
      platform: 'win32',
      endianness: 'LE',
      interfaces: () => ({
        Ethernet: [
          {
            address: '192.0.2.10',
            netmask: '',
            family: 'IPv4',
            mac: '',
            internal: false,
            cidr: '192.0.2.10/24',
          },
        ],
      }),
      readFile: () => '',
      gateway,
      spawn,
      windowsFolder: 'D:\\Windows',
      scheduler: time,
      log,
    });
    return { read, children, time, log };
  }
  const noWmic = () => Promise.reject(new Error('spawn wmic ENOENT'));

  it('are asked of PowerShell where wmic is missing, once for both families and without a shell', async () => {
    const { read, children } = windows(noWmic);
    const looking = read();
    await settle();
    expect(children).toHaveLength(1);
    expect(children[0]?.program).toBe('D:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe');
    expect(children[0]?.words.slice(0, 4)).toEqual(['-NoLogo', '-NoProfile', '-NonInteractive', '-Command']);
    children[0]?.says(WRITTEN);
    children[0]?.ends(0);
    const snapshot = await looking;
    expect(snapshot.routes.map(({ family, gateway }) => `${family} ${gateway}`)).toEqual([
      'ipv4 192.0.2.1',
      'ipv4 undefined',
      'ipv6 fe80::1',
    ]);
    expect(snapshot.unknown).toBeUndefined();
  });

  it('are not asked for a second time where wmic tells them', async () => {
    const { read, children } = windows(async () => ({ gateway: '192.0.2.1', int: 'Ethernet' }));
    expect((await read()).routes).toHaveLength(1);
    expect(children).toEqual([]);
  });

  it('stay unknown where PowerShell fails, and it is ended when it hangs', async () => {
    const { read, children, time, log } = windows(noWmic);
    const failing = read();
    await settle();
    children[0]?.ends(1);
    expect((await failing).unknown?.routes).toEqual(['ipv4', 'ipv6']);
    const hanging = read();
    await settle();
    time.advance(8_000);
    expect((await hanging).unknown?.routes).toEqual(['ipv4', 'ipv6']);
    expect(children[1]?.killed).toEqual(['SIGTERM']);
    expect(log.lines.some(({ message }) => /PowerShell .* no answer within 8000 ms/.test(message))).toBe(
      true,
    );
  });

  it('are asked for once by looks that come together', async () => {
    const { read, children } = windows(noWmic);
    const looks = Promise.all([read(), read()]);
    await settle();
    expect(children).toHaveLength(1);
    children[0]?.says(JSON.stringify([via4]));
    children[0]?.ends(0);
    for (const { routes } of await looks) expect(routes).toHaveLength(1);
  });
});
