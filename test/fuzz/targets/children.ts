import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asyncScheduler, lastValueFrom, toArray } from 'rxjs';
import { address, familyOf, parseAddress } from '../../../src/model/address.ts';
import { FAMILIES } from '../../../src/model/family.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { Reading } from '../../../src/model/reading.ts';
import { command } from '../../../src/sinks/command/provider.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { createBoundRoutes } from '../../../src/sources/addresses/bound-route.ts';
import { commandKind } from '../../../src/sources/addresses/command.ts';
import { type FileAccess, fileDetectors } from '../../../src/sources/addresses/file.ts';
import { lifetimeReader } from '../../../src/sources/snapshot/lifetimes.ts';
import { windowsRouteReader } from '../../../src/sources/snapshot/windows-routes.ts';
import { runChild } from '../../../src/sources/triggers/child.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { callOf, components as sinkComponents } from '../../fakes/sink-call.ts';
import { components, link, question, route, snapshotOf } from '../../sources/addresses/fixtures.ts';
import { isFitToShow } from '../support/expect.ts';
import { hostileOctets } from '../support/mutate.ts';
import { hostileScript, scripted } from '../support/scripted-child.ts';
import { type FuzzTarget, target } from '../support/target.ts';

/** Of a detector that reads one address of the family from a text. */
function isReading(reading: Reading | undefined, family: 'ipv4' | 'ipv6'): void {
  assert.ok(reading !== undefined);
  if (reading.why !== undefined) isFitToShow(reading.why);
  if (reading.kind !== 'known') return;
  assert.equal(parseAddress(reading.address), reading.address);
  assert.equal(familyOf(reading.address), family);
}

const family = fc.constantFrom(...FAMILIES);
const ADDRESSES = ['192.0.2.1\n', '2001:db8::1\n', 'none\n'];

const LIFETIMES = JSON.stringify([
  {
    ifname: 'eth0',
    addr_info: [{ family: 'inet6', local: '2001:db8::1', preferred_life_time: 4_294_967_295 }],
  },
]);
const competing = link('eth0', ['2001:db8::1', '2001:db8::2']);

const ROUTES = JSON.stringify([
  {
    DestinationPrefix: '0.0.0.0/0',
    NextHop: '192.0.2.1',
    InterfaceAlias: 'Ethernet',
    RouteMetric: 0,
    InterfaceMetric: 25,
  },
]);

const bound = snapshotOf([link('eth0', ['192.168.1.10'])], [route('ipv4', 'eth0')]);

export const childTargets: readonly FuzzTarget[] = [
  target({
    name: 'output of a command that knows an address',
    reads: 'the system',
    inputs: fc.tuple(hostileScript(ADDRESSES), family),
    check: async ([script, wanted]) => {
      const options = commandKind.options.parse({ argv: ['address'] });
      const init = { family: wanted, options, allow: [] };
      const [detector] = commandKind.create(init, components({ spawn: scripted(script) }));
      isReading(await detector?.read(question()), wanted);
    },
  }),
  target({
    name: 'file with an address',
    reads: 'a file',
    inputs: fc.tuple(hostileOctets(ADDRESSES.map((text) => Uint8Array.from(Buffer.from(text)))), family),
    check: async ([octets, wanted]) => {
      const handle = {
        stat: async () => ({ isFile: () => true }),
        read: async (buffer: Buffer) => ({ bytesRead: Buffer.from(octets).copy(buffer), buffer }),
        close: async () => {},
      };
      const access = { open: async () => handle } as unknown as FileAccess;
      const [detector] = fileDetectors({ family: wanted, options: { path: '/a' }, allow: [] }, access);
      isReading(await detector?.read(question()), wanted);
    },
  }),
  target({
    name: 'words of a command that publishes',
    reads: 'the system',
    inputs: hostileScript(['done\n'], ['no luck\n', 'a\nb\nc\nd\n', 'x'.repeat(5_000)]),
    check: async (script) => {
      const sink = command.create(
        { name: 'own', options: command.options.parse({ command: ['publish'] }), keys: [] },
        { ...sinkComponents, spawn: scripted(script) },
      );
      const key = { name: fqdn('home.example.org'), type: 'A' } as const;
      const changes = planBlind([{ key, addresses: [address('203.0.113.7')] }]);
      for (const result of await sink.write(changes, callOf())) {
        assert.equal(result.kind === 'updated', script.code === 0, 'its status alone is its answer');
        if (result.kind === 'failed') isFitToShow(result.failure.message);
      }
    },
  }),
  target({
    name: 'lifetimes from ip',
    reads: 'the system',
    inputs: hostileScript([LIFETIMES]),
    check: async (script) => {
      const read = lifetimeReader({ spawn: scripted(script), scheduler: asyncScheduler, log: silentLog });
      const [found] = await read([competing]);
      assert.deepEqual(
        found?.addresses.map((one) => one.address),
        competing.addresses.map((one) => one.address),
      );
      for (const { preferredLifetime = 0 } of found?.addresses ?? []) assert.ok(preferredLifetime >= 0);
    },
  }),
  target({
    name: 'output of PowerShell',
    reads: 'the system',
    inputs: hostileScript([ROUTES]),
    check: async (script) => {
      const host = { spawn: scripted(script), scheduler: asyncScheduler, log: silentLog };
      const routes = await windowsRouteReader(host, 'C:\\Windows')();
      if (script.code !== 0) assert.equal(routes, undefined, 'believed though it failed');
    },
  }),
  target({
    name: 'output of ip route get',
    reads: 'the system',
    inputs: hostileScript(
      ['192.0.2.1 from 192.168.1.10 via 192.168.1.1 dev eth0 uid 0 \n    cache \n'],
      ['RTNETLINK answers: Network is unreachable\n'],
    ),
    check: async (script) => {
      const clock = { monotonic: () => 0 };
      const routes = createBoundRoutes({ spawn: scripted(script), platform: 'linux', clock, log: silentLog });
      const uplink = { uplink: 'wan', family: 'ipv4', interface: 'eth0' } as const;
      const why = await routes.violation(uplink, bound);
      if (why !== undefined) isFitToShow(why);
    },
  }),
  target({
    name: 'output of a watching child',
    reads: 'the system',
    inputs: hostileScript(['2: eth0    inet 192.0.2.1/24 scope global eth0\n'], ['Dump was interrupted\n']),
    check: async (script) => {
      const child = runChild(scripted(script), { program: 'ip', arguments: ['monitor'] });
      const events = await lastValueFrom(child.pipe(toArray()));
      assert.equal(events.at(-1)?.kind, 'ended');
      for (const event of events) if (event.kind === 'complaint') isFitToShow(event.text);
    },
  }),
];
