import { readFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Spawn } from '../../../src/model/spawn.ts';
import { parseLifetimes } from '../../../src/sources/snapshot/lifetimes.ts';
import { createSnapshotReader } from '../../../src/sources/snapshot/reader.ts';
import { describeDifferences } from '../../../src/streams/describe-differences.ts';
import { difference } from '../../../src/streams/difference.ts';
import { FakeChild, ManualTime, memoryLog, settle } from '../triggers/support.ts';

// Written by `ip -j -6 address show dev eth0` of iproute2 6.1.0, with no line end behind it.
const RECORDED = readFileSync(new URL('fixtures/ip-address.json', import.meta.url), 'utf8');

const ethernet: NetworkInterfaceInfo = {
  address: '192.0.2.10',
  netmask: '',
  family: 'IPv4',
  mac: '02:00:00:00:00:01',
  internal: false,
  cidr: '192.0.2.10/24',
};
const hexOf = (groups: readonly string[]) => groups.map((group) => group.padStart(4, '0')).join('');
const line = (last: string, flags: string, second = '1'): string =>
  `${hexOf(['2001', 'db8', second, '0', '0', '0', '0', last])} 02 40 00 ${flags} eth0\n`;

function host(inet6: string) {
  const children: FakeChild[] = [];
  const time = new ManualTime();
  const log = memoryLog();
  const state = { inet6 };
  const spawn = ((program: string, words: readonly string[]) => {
    const child = new FakeChild(program, words);
    children.push(child);
    return child;
  }) as unknown as Spawn;
  const read = createSnapshotReader({
    platform: 'linux',
    endianness: 'LE',
    interfaces: () => ({ eth0: [ethernet] }),
    readFile: (path) => (path === '/proc/net/if_inet6' ? state.inet6 : ''),
    gateway: () => Promise.reject(new Error('not asked on Linux')),
    spawn,
    scheduler: time,
    log,
  });
  return { read, children, time, log, state };
}

const STABLE = '80';
const two = line('10', STABLE) + line('11', STABLE, '2');
const answer = (lives: readonly [number, number]): string =>
  JSON.stringify([
    {},
    {
      ifname: 'eth0',
      addr_info: [
        { family: 'inet6', local: '2001:db8:1::10', preferred_life_time: lives[0] },
        { family: 'inet6', local: '2001:db8:2::11', preferred_life_time: lives[1] },
      ],
    },
  ]);

describe('preferred lifetimes', () => {
  it('are asked for where two stable addresses of one class compete', async () => {
    const { read, children } = host(two);
    const looking = read();
    await settle();
    expect(children.map(({ program, words }) => [program, ...words].join(' '))).toEqual([
      'ip -j -6 address show',
    ]);
    // In pieces, and without a line end at its end, as the program writes it.
    const text = answer([1_800, 4_294_967_295]);
    children[0]?.says(text.slice(0, 40));
    children[0]?.says(text.slice(40));
    children[0]?.ends(0);
    const snapshot = await looking;
    expect(
      snapshot.interfaces[0]?.addresses.map((entry) => [entry.address, entry.preferredLifetime]),
    ).toEqual([
      ['192.0.2.10', undefined],
      ['2001:db8:1::10', 1_800],
      ['2001:db8:2::11', Number.POSITIVE_INFINITY],
    ]);
  });

  it.each([
    ['a single address', line('10', STABLE)],
    ['a second one that is temporary', line('10', STABLE) + line('11', '01')],
    ['a second one that is deprecated', line('10', STABLE) + line('11', 'a0')],
    ['a second one that is tentative', line('10', STABLE) + line('11', 'c0')],
    [
      'a second one that is link-local',
      `${line('10', STABLE)}fe800000000000000000000000000001 02 40 20 80 eth0\n`,
    ],
    ['a second one that is ULA', `${line('10', STABLE)}fd000000000000000000000000000001 02 40 00 80 eth0\n`],
  ])('are not asked for with %s', async (_, inet6) => {
    const { read, children } = host(inet6);
    await read();
    expect(children).toEqual([]);
  });

  it('differ from look to look without being a difference', async () => {
    const { read, children } = host(two);
    const looks = [];
    for (const lives of [
      [1_800, 3_600],
      [900, 2_700],
    ] as const) {
      const looking = read();
      await settle();
      children.at(-1)?.says(answer(lives));
      children.at(-1)?.ends(0);
      looks.push(await looking);
    }
    const [before, after] = looks;
    if (before === undefined || after === undefined) throw new Error('two looks were taken');
    expect(before).not.toEqual(after);
    expect(describeDifferences(before, after)).toEqual([]);
    expect(difference(before, after)).toEqual({
      differences: [],
      act: false,
      reasons: [],
      networkChanged: false,
    });
  });

  it.each([
    ['there is no ip', (child: FakeChild) => child.isMissing()],
    ['it is BusyBox', (child: FakeChild) => child.ends(1)],
    [
      'it writes something else',
      (child: FakeChild) => {
        child.says('2: eth0');
        child.ends(0);
      },
    ],
  ])('stay unknown where %s, and it is not asked again', async (_, end) => {
    const { read, children, log } = host(two);
    const looking = read();
    await settle();
    const [child] = children;
    if (child) end(child);
    const snapshot = await looking;
    expect(snapshot.interfaces[0]?.addresses.every((entry) => entry.preferredLifetime === undefined)).toBe(
      true,
    );
    expect(log.lines.at(-1)).toMatchObject({ level: 'debug', event: 'snapshot_unreadable' });
    await read();
    expect(children).toHaveLength(1);
  });

  it('stay unknown when it hangs; it is ended, and asked again at the next look', async () => {
    const { read, children, time } = host(two);
    const looking = read();
    await settle();
    time.advance(500);
    const snapshot = await looking;
    expect(snapshot.interfaces[0]?.addresses).toHaveLength(3);
    expect(children[0]?.killed).toEqual(['SIGTERM']);
    void read();
    await settle();
    expect(children).toHaveLength(2);
  });

  it('are read from what the real program writes', () => {
    expect([...(parseLifetimes(RECORDED) ?? [])]).toEqual([
      ['eth0 2001:db8:2::11', Number.POSITIVE_INFINITY],
      ['eth0 2001:db8:1::10', 1_798],
      ['eth0 fe80::2c66:72ff:fe3f:7aa8', Number.POSITIVE_INFINITY],
    ]);
  });

  it('never throw, whatever the text', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.object()).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(anything, (text) => {
        parseLifetimes(text);
      }),
    );
    expect(parseLifetimes('{}')).toBeUndefined();
    expect([
      ...(parseLifetimes('[null,{"ifname":"a","addr_info":[null,{"family":"inet6","local":"x"}]}]') ?? []),
    ]).toEqual([]);
  });
});
