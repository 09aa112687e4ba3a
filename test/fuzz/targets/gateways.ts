import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asyncScheduler } from 'rxjs';
import { familyOf, parseAddress } from '../../../src/model/address.ts';
import { FAMILIES, type Family } from '../../../src/model/family.ts';
import type { DefaultRoute } from '../../../src/model/snapshot.ts';
import type { Gateway } from '../../../src/sources/snapshot/contract.ts';
import { gatewayReader } from '../../../src/sources/snapshot/gateways.ts';
import { parseNetRoutes } from '../../../src/sources/snapshot/windows-routes.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { packageOn, SYSTEMS } from '../support/gateway-package.ts';
import { EVIL_VALUES, hostileJson } from '../support/json.ts';
import { hostileText } from '../support/mutate.ts';
import { type FuzzTarget, target } from '../support/target.ts';

const reader = (gateway: (family: Family) => Promise<Gateway>) =>
  gatewayReader({ gateway, scheduler: asyncScheduler, log: silentLog });

/** What the rest of netdrift takes for granted of a default route. */
function areRoutes(routes: readonly DefaultRoute[] | undefined, family: Family): void {
  for (const route of routes ?? []) {
    assert.equal(route.family, family);
    assert.equal(typeof route.interface, 'string');
    assert.notEqual(route.interface, '');
    assert.ok(Number.isSafeInteger(route.metric) && route.metric >= 0, `a metric of ${route.metric}`);
    if (route.gateway === undefined) continue;
    assert.equal(parseAddress(route.gateway), route.gateway, 'not the canonical form');
    assert.equal(familyOf(route.gateway), family);
  }
}

/** As each system's program writes it, the second one asked for the name of an interface. */
const OUTPUTS: Readonly<Record<(typeof SYSTEMS)[number], readonly string[]>> = {
  linux: [
    'default via 192.0.2.1 dev eth0 proto dhcp metric 100\n192.0.2.0/24 dev eth0 proto kernel scope link\n',
    'default dev ppp0 scope link\n',
    'default proto static metric 1024\n\tnexthop via 192.0.2.1 dev eth0 weight 1\n',
    'default via fe80::1 dev eth0 proto ra metric 1024 pref medium\n',
  ],
  darwin: [
    'Routing tables\n\nInternet:\nDestination        Gateway            Flags               Netif Expire\ndefault            192.0.2.1          UGScg                 en0\n',
    'Internet6:\nDestination     Gateway     Flags   Netif Expire\ndefault    fe80::1%en0    UGcg    en0\ndefault    fe80::%utun0   UGcIg   utun0\n',
  ],
  win32: [
    'DefaultIPGateway             GatewayCostMetric  Index  IPConnectionMetric  \r\n{"192.0.2.1", "2001:db8::1"}  {0, 256}           12     25  \r\n{"192.0.2.9"}                 {25}               12     55\r\n',
    'MACAddress         NetConnectionID  \r\n02:00:00:00:00:01  Ethernet  \r\n',
  ],
  android: ['default via 192.0.2.1 dev wlan0  table 1020  proto static\n'],
  freebsd: [
    'Routing tables\n\nInternet:\nDestination        Gateway            Flags     Netif Expire\ndefault            192.0.2.1          UGS         em0\n',
    'default                           fe80::1%em0                   UG          em0\n',
  ],
  sunos: [
    'Routing Table: IPv4\n  Destination           Gateway           Flags  Ref     Use     Interface \ndefault              192.0.2.1            UG        1          0 net0      \n',
  ],
};

const ROUTES: readonly unknown[] = [
  [
    {
      DestinationPrefix: '0.0.0.0/0',
      NextHop: '192.0.2.1',
      InterfaceAlias: 'Ethernet',
      RouteMetric: 0,
      InterfaceMetric: 25,
    },
    {
      DestinationPrefix: '0.0.0.0/0',
      NextHop: '0.0.0.0',
      InterfaceAlias: 'PPPoE',
      RouteMetric: 1,
      InterfaceMetric: 50,
    },
    {
      DestinationPrefix: '::/0',
      NextHop: 'fe80::1%12',
      InterfaceAlias: 'WLAN',
      RouteMetric: 256,
      InterfaceMetric: 35,
    },
  ],
];

export const gatewayTargets: readonly FuzzTarget[] = [
  target({
    name: 'answer of default-gateway',
    reads: 'the system',
    inputs: fc.record({
      gateway: fc.oneof(
        { weight: 5, arbitrary: hostileText(['192.0.2.1', 'fe80::1%en0', 'fe80::1%12', '2001:db8::1']) },
        { weight: 1, arbitrary: fc.constantFrom(...EVIL_VALUES) },
      ),
      int: fc.oneof(
        { weight: 5, arbitrary: hostileText(['eth0', 'Ethernet 2']) },
        { weight: 2, arbitrary: fc.constantFrom(null, undefined, '') },
        { weight: 1, arbitrary: fc.constantFrom(...EVIL_VALUES) },
      ),
    }),
    growth: [(size) => ({ gateway: '1.'.repeat(size / 2), int: 'x' })],
    check: async (answer) => {
      const routes = await reader(async () => answer as Gateway)();
      for (const family of FAMILIES) areRoutes(routes[family], family);
    },
  }),
  ...SYSTEMS.map((system) => {
    const programs = packageOn(system);
    return target({
      name: `routes for default-gateway on ${system}`,
      reads: 'the system',
      inputs: fc.array(hostileText(OUTPUTS[system], ['default ', ' via ', ' dev ', '{"', '"}', '  ', '%']), {
        minLength: 1,
        maxLength: 2,
      }),
      runs: 250,
      check: async (texts) => {
        const routes = await reader(programs(texts))();
        for (const family of FAMILIES) areRoutes(routes[family], family);
      },
    });
  }),
  target({
    name: 'routes from PowerShell',
    reads: 'the system',
    inputs: fc.oneof(
      hostileJson(ROUTES),
      hostileText(ROUTES.map((one) => `\ufeff${JSON.stringify(one)}\r\n`)),
    ),
    growth: [
      (size) => '['.repeat(size),
      (size) => `[${'{},'.repeat(size / 3)}{}]`,
      (size) => ' '.repeat(size),
    ],
    check: (text) => {
      const routes = parseNetRoutes(text);
      for (const family of FAMILIES) areRoutes(routes?.[family], family);
    },
  }),
];
