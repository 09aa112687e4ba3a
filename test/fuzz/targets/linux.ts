import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describeContainer } from '../../../src/daemon/doctor/host.ts';
import { address } from '../../../src/model/address.ts';
import { FAMILIES } from '../../../src/model/family.ts';
import { lookAtLinux } from '../../../src/sources/snapshot/linux.ts';
import { joinedNetlink } from '../../../src/sources/triggers/netlink.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { link, route, snapshotOf } from '../../sources/addresses/fixtures.ts';
import { isFitToShow } from '../support/expect.ts';
import { hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../sources/snapshot/fixtures/${name}`, import.meta.url), 'utf8');

/** One text for each file that is looked at; `undefined` where there is none. */
type Files = Readonly<Record<string, string | undefined>>;

const file = (samples: readonly string[], words: readonly string[] = []) =>
  fc.option(hostileText(samples, words), { nil: undefined, freq: 8 });

const files: fc.Arbitrary<Files> = fc.record({
  if_inet6: file([fixture('if_inet6')]),
  route: file([fixture('route')]),
  ipv6_route: file([fixture('ipv6_route')]),
  uevent: file(['INTERFACE=wg0\nIFINDEX=7\nDEVTYPE=wireguard\n'], ['DEVTYPE=wireguard\n']),
  tun_flags: file(['0x1001\n', '0x1002\n'], ['0b1', '1e9', 'Infinity']),
  ifindex: file(['7\n'], ['-7', '1e300', '0x10']),
  iflink: file(['8\n'], ['-7', '1e300', '0x10']),
  cgroup: file(['0::/docker/0123456789abcdef\n', '0::/init.scope\n'], ['kubepods', 'lxc']),
});

/** By the last part of the path, as `fs.readFileSync` would. */
const readerOf =
  (texts: Files) =>
  (path: string): string => {
    const text = texts[path.split('/').at(-1) ?? ''];
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return text;
  };

const LISTING = {
  eth0: [
    {
      address: '192.0.2.10',
      netmask: '255.255.255.0',
      family: 'IPv4' as const,
      mac: '02:00:00:00:00:01',
      internal: false,
      cidr: '192.0.2.10/24',
    },
  ],
};

const NETLINK =
  'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n' +
  '000000005220baac 0   1000       04000551 0        0        0     2        0        312197\n' +
  '000000005220baad 15  1000       00000002 0        0        0     2        0        312198\n';

const inside = snapshotOf(
  [link('eth0', ['172.17.0.2'])],
  [{ ...route('ipv4', 'eth0'), gateway: address('172.17.0.1') }],
);

export const linuxTargets: readonly FuzzTarget[] = [
  target({
    name: 'files of a linux host',
    reads: 'the system',
    inputs: fc.tuple(files, fc.constantFrom('LE' as const, 'BE' as const)),
    check: ([texts, endianness]) => {
      const components = {
        endianness,
        interfaces: () => LISTING,
        readFile: readerOf(texts),
        log: silentLog,
      };
      const look = lookAtLinux(components, {});
      // Twice: what was read before is kept where it is needed.
      for (const sight of [look(), look()]) {
        const names = sight.links?.map(({ name }) => name) ?? [];
        assert.equal(new Set(names).size, names.length, 'a link twice');
        for (const { index, addresses } of sight.links ?? []) {
          assert.ok(Number.isSafeInteger(index) && index >= 0, `an index of ${index}`);
          for (const { prefixLength } of addresses) assert.ok(prefixLength >= 0 && prefixLength <= 128);
        }
        for (const family of FAMILIES)
          for (const one of sight.routes[family] ?? []) assert.ok(names.includes(one.interface));
      }
    },
  }),
  target({
    name: '/proc/PID/net/netlink',
    reads: 'the system',
    inputs: hostileText([NETLINK], ['0   1000       00000001', '\t']),
    growth: [
      (size) => ' '.repeat(size),
      (size) => '\n'.repeat(size),
      (size) => `0 0 1000 ${'0'.repeat(size)}`,
    ],
    check: (text) => {
      const joined = joinedNetlink(() => text, 1_000);
      assert.equal(typeof joined, 'boolean');
      if (joined === true) assert.match(text, /1000\s+\S*[1-9a-f]/i);
    },
  }),
  target({
    name: 'signs of a container',
    reads: 'the system',
    inputs: files,
    check: (texts) => {
      const { why } = describeContainer(inside, readerOf(texts));
      if (why !== undefined) isFitToShow(why);
    },
  }),
];
