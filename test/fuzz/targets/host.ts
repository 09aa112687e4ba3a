import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseInet6 } from '../../../src/sources/snapshot/inet6.ts';
import { parseLifetimes } from '../../../src/sources/snapshot/lifetimes.ts';
import { linksFrom } from '../../../src/sources/snapshot/links.ts';
import { parseRoutes4, parseRoutes6 } from '../../../src/sources/snapshot/routes.ts';
import { judgeIpMonitorLine } from '../../../src/sources/triggers/ip-monitor.ts';
import { lineSplitter } from '../../../src/sources/triggers/lines.ts';
import { routeMonitorJudge } from '../../../src/sources/triggers/route-monitor.ts';
import type { LineVerdict } from '../../../src/sources/triggers/rung.ts';
import { scutilJudge } from '../../../src/sources/triggers/scutil.ts';
import { isFitToShow } from '../support/expect.ts';
import { hostileJson } from '../support/json.ts';
import { anyText, hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const folder = (name: string): URL => new URL(`../../sources/${name}/fixtures/`, import.meta.url);
const snapshotText = (name: string): string => readFileSync(new URL(name, folder('snapshot')), 'utf8');
const eventTexts = readdirSync(folder('triggers')).map((name) =>
  readFileSync(new URL(name, folder('triggers')), 'utf8'),
);

const lines = (longest: number): fc.Arbitrary<string> =>
  fc.oneof(hostileText(eventTexts.flatMap((text) => text.split('\n'))), anyText(longest));
const spaces =
  (before: string) =>
  (size: number): string =>
    `${before}${' '.repeat(size)}x`;

function isVerdict(verdict: LineVerdict): void {
  if (verdict.kind === 'event') isFitToShow(verdict.detail);
}

const IP_ADDRESSES: unknown = JSON.parse(snapshotText('ip-address.json'));

export const hostTargets: readonly FuzzTarget[] = [
  target({
    name: '/proc/net/if_inet6',
    reads: 'the system',
    inputs: hostileText([snapshotText('if_inet6')]),
    growth: [spaces('0'.repeat(32)), (size) => '\n'.repeat(size)],
    check: (text) => {
      for (const { address } of parseInet6(text))
        assert.ok(address.prefixLength >= 0 && address.prefixLength <= 128);
    },
  }),
  target({
    name: '/proc/net/route',
    reads: 'the system',
    inputs: fc.tuple(hostileText([snapshotText('route')]), fc.constantFrom('LE' as const, 'BE' as const)),
    growth: [(size) => [spaces('eth0\t00000000')(size), 'LE'] as [string, 'LE']],
    check: ([text, endianness]) => {
      for (const { interface: name, metric } of parseRoutes4(text, endianness))
        assert.ok(name !== '' && Number.isSafeInteger(metric));
    },
  }),
  target({
    name: '/proc/net/ipv6_route',
    reads: 'the system',
    inputs: hostileText([snapshotText('ipv6_route')]),
    growth: [
      spaces(
        `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000400 00000001 00000000 00000003`,
      ),
    ],
    check: (text) => {
      for (const { interface: name, metric } of parseRoutes6(text))
        assert.ok(name !== '' && Number.isSafeInteger(metric));
    },
  }),
  target({
    name: 'ip address listing',
    reads: 'the system',
    inputs: hostileJson([IP_ADDRESSES]),
    check: (text) => {
      for (const seconds of parseLifetimes(text)?.values() ?? []) assert.ok(seconds >= 0);
    },
  }),
  target({
    name: 'interface listing',
    reads: 'the system',
    inputs: fc.dictionary(
      hostileText(['eth0', 'eth0:1', 'Ethernet 2']),
      fc.array(
        fc.record({
          address: hostileText(['192.0.2.1', 'fe80::1%eth0']),
          netmask: anyText(10),
          family: fc.constantFrom('IPv4' as const),
          mac: hostileText(['00:00:00:00:00:00']),
          internal: fc.boolean(),
          cidr: fc.option(hostileText(['192.0.2.1/24'])),
        }),
        { maxLength: 3 },
      ),
      { maxKeys: 4 },
    ),
    check: (listing) => void linksFrom(listing),
  }),
  target({
    name: 'ip monitor line',
    reads: 'the system',
    inputs: lines(400),
    growth: [spaces('[ADDR]1: eth0'), spaces('[LINK]1: eth0: <'), spaces('[ROUTE]default')],
    check: (line) => isVerdict(judgeIpMonitorLine(line)),
  }),
  target({
    name: 'scutil line',
    reads: 'the system',
    inputs: lines(400),
    growth: [spaces('changedKey [0] = '), (size) => 'changedKey [0] = '.repeat(size / 17)],
    check: (line) => isVerdict(scutilJudge()(line)),
  }),
  target({
    name: 'route monitor lines',
    reads: 'the system',
    inputs: fc.array(lines(200), { maxLength: 12 }),
    growth: [(size) => [spaces('RTM_ADD:')(size)]],
    check: (all) => {
      const judge = routeMonitorJudge();
      for (const line of all) isVerdict(judge(line));
    },
  }),
  target({
    name: 'lines of a child',
    reads: 'the system',
    inputs: fc.array(hostileText(eventTexts), { maxLength: 5 }),
    growth: [(size) => Array<string>(size).fill('x'), (size) => ['\n'.repeat(size)]],
    check: (chunks) => {
      const split = lineSplitter();
      for (const chunk of chunks)
        for (const line of split(chunk)) assert.ok(line.length <= 4_096 && !line.includes('\n'));
    },
  }),
];
