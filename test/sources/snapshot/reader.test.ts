import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { Family } from '../../../src/model/family.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { Gateway, SnapshotComponents } from '../../../src/sources/snapshot/contract.ts';
import { createSnapshotReader as createWithDefaults } from '../../../src/sources/snapshot/index.ts';
import { tunnelTeller } from '../../../src/sources/snapshot/link-kinds.ts';
import { createSnapshotReader } from '../../../src/sources/snapshot/reader.ts';
import { sourceTowardsOutside } from '../../../src/sources/snapshot/ways-out.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { ManualTime, memoryLog, settle } from '../triggers/support.ts';

const recorded = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');

const info = (address: string, length = 24): NetworkInterfaceInfo => ({
  address,
  netmask: '',
  family: 'IPv4',
  mac: '02:00:00:00:00:01',
  internal: address.startsWith('127.'),
  cidr: `${address}/${length}`,
});

type Files = Record<string, string | NodeJS.ErrnoException>;

/** A host of files and a listing, both free to be changed between two looks. */
function host(files: Files, listing: NodeJS.Dict<NetworkInterfaceInfo[]>) {
  const state = { files, listing, gateways: {} as Partial<Record<Family, () => Promise<Gateway>>> };
  const time = new ManualTime();
  const log = memoryLog();
  const asked: Family[] = [];
  const components: SnapshotComponents = {
    platform: 'linux',
    endianness: 'LE',
    interfaces: () => state.listing,
    readFile: (path) => {
      const found = state.files[path] ?? Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      if (typeof found === 'string') return found;
      throw found;
    },
    gateway: (family) => {
      asked.push(family);
      return (
        state.gateways[family]?.() ?? Promise.reject(new TypeError('family.substring is not a function'))
      );
    },
    scheduler: time,
    log,
  };
  return { state, components, time, log, asked };
}

const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
const HEAD = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n';
const default4 = (name: string, metric = 0) =>
  `${name}\t00000000\t010200C0\t0003\t0\t0\t${metric}\t00000000\t0\t0\t0\n`;

describe('snapshots on Linux', () => {
  const recordedHost = () =>
    host(
      {
        '/proc/net/if_inet6': recorded('if_inet6'),
        '/proc/net/route': recorded('route'),
        '/proc/net/ipv6_route': recorded('ipv6_route'),
        '/sys/class/net/far0/ifindex': '3\n',
      },
      { wan0: [info('192.0.2.10')], lo: [info('127.0.0.1', 8)] },
    );

  it('puts listing, flags and routes together, sorted', async () => {
    const snapshot = await createSnapshotReader(recordedHost().components)();
    expect(
      snapshot.interfaces.map(({ name, index, running, loopback }) => ({ name, index, running, loopback })),
    ).toEqual([
      { name: 'far0', index: 3, running: false, loopback: false },
      { name: 'lo', index: 1, running: true, loopback: true },
      { name: 'wan0', index: 2, running: true, loopback: false },
    ]);
    expect(snapshot.interfaces[2]?.addresses.map((entry) => entry.address)).toEqual([
      '192.0.2.10',
      '2001:db8:1::10',
      '2001:db8:1::11',
      '2001:db8:1::12',
      'fe80::f889:d5ff:febe:2140',
    ]);
    expect(snapshot.interfaces[2]?.addresses[2]?.flags.deprecated).toBe(true);
    expect(
      snapshot.routes.map((route) => `${route.family} ${route.interface} ${route.gateway ?? 'on-link'}`),
    ).toEqual(['ipv4 wan0 192.0.2.1', 'ipv4 far0 on-link', 'ipv6 wan0 fe80::1', 'ipv6 far0 on-link']);
  });

  it.each(['-3', '9'.repeat(30), '0.5', 'three'])(
    'takes no %s for the number of an interface',
    async (text) => {
      const { state, components } = recordedHost();
      state.files['/sys/class/net/far0/ifindex'] = text;
      const { interfaces } = await createSnapshotReader(components)();
      expect(interfaces.find(({ name }) => name === 'far0')?.index).toBe(0);
    },
  );

  it('reads below another root', async () => {
    const { state, components } = recordedHost();
    state.files = Object.fromEntries(
      Object.entries(state.files).map(([path, text]) => [`/host${path}`, text]),
    );
    expect((await createSnapshotReader(components, { root: '/host/' })()).routes).toHaveLength(4);
  });

  it('an unreadable route file keeps the last routes and says so; a readable empty one means there are none', async () => {
    const { state, components, log } = recordedHost();
    state.listing = { ...state.listing, far0: [info('198.51.100.1')] };
    const read = createSnapshotReader(components);
    const before = await read();
    state.files = { ...state.files, '/proc/net/route': denied, '/proc/net/ipv6_route': denied };
    expect((await read()).routes).toEqual(before.routes);
    expect(log.lines.map((line) => `${line.level} ${line.event}`)).toContain('debug routes_unknown');
    state.files = { ...state.files, '/proc/net/route': HEAD, '/proc/net/ipv6_route': '' };
    expect((await read()).routes).toEqual([]);
  });

  it('a kernel without IPv6 has no IPv6 routes; a missing /proc tells nothing', async () => {
    const { state, components } = recordedHost();
    const read = createSnapshotReader(components);
    await read();
    const { '/proc/net/ipv6_route': _gone, ...without } = state.files;
    state.files = without;
    expect((await read()).routes.map((route) => route.family)).toEqual(['ipv4', 'ipv4']);
    state.files = {};
    expect((await read()).routes.map((route) => route.interface)).toEqual(['wan0']);
  });

  const info6 = (address: string): NetworkInterfaceInfo => ({
    ...info(address, 64),
    family: 'IPv6',
    scopeid: 0,
  });
  const inet6 = (hex: string, flags: string, name = 'wan0') => `${hex} 02 40 00 ${flags}     ${name}\n`;
  const STABLE = inet6('20010db8000100000000000000000010', '80');
  const TEMPORARY = inet6('20010db8000100000000000000000011', '01');
  const addressesOf = async (read: () => Promise<Snapshot>) => {
    const wan = (await read()).interfaces.find((owner) => owner.name === 'wan0');
    return wan?.addresses.map(({ address, flags }) => `${address}${flags.temporary ? ' temporary' : ''}`);
  };
  const dual = (inet6File: string | NodeJS.ErrnoException) =>
    host(
      { '/proc/net/if_inet6': inet6File, '/proc/net/route': HEAD, '/proc/net/ipv6_route': '' },
      { wan0: [info('192.0.2.10'), info6('2001:db8:1::10'), info6('2001:db8:1::11')] },
    );

  it('IPv6 addresses whose flags cannot be read are as they were last, while they are listed', async () => {
    const { state, components } = dual(STABLE + TEMPORARY);
    const read = createSnapshotReader(components);
    const before = ['192.0.2.10', '2001:db8:1::10', '2001:db8:1::11 temporary'];
    expect(await addressesOf(read)).toEqual(before);
    for (const failure of [denied, Object.assign(new Error('EMFILE'), { code: 'EMFILE' })]) {
      state.files = { ...state.files, '/proc/net/if_inet6': failure };
      expect(await addressesOf(read)).toEqual(before);
    }
    // One is gone; another one is new, and nobody knows what it is.
    state.listing = { wan0: [info('192.0.2.10'), info6('2001:db8:1::11'), info6('2001:db8:1::12')] };
    expect(await addressesOf(read)).toEqual(['192.0.2.10', '2001:db8:1::11 temporary']);
    expect((await read()).unknown).toBeUndefined();
  });

  it('IPv6 addresses are unknown, and none of them shown, as long as their flags were never read', async () => {
    const { state, components } = dual(denied);
    const read = createSnapshotReader(components);
    expect(await addressesOf(read)).toEqual(['192.0.2.10']);
    expect((await read()).unknown).toEqual({ routes: [], addresses: ['ipv6'] });
    state.files = { ...state.files, '/proc/net/if_inet6': STABLE };
    expect(await addressesOf(read)).toEqual(['192.0.2.10', '2001:db8:1::10']);
    expect((await read()).unknown).toBeUndefined();
  });

  it('routes are unknown as long as they were never read, and again when nothing is left of them', async () => {
    const { state, components } = dual('');
    const files = state.files;
    state.files = { ...files, '/proc/net/route': denied };
    const read = createSnapshotReader(components);
    expect((await read()).unknown).toEqual({ routes: ['ipv4'], addresses: [] });
    state.files = { ...files, '/proc/net/route': HEAD + default4('wan0') };
    expect((await read()).unknown).toBeUndefined();
    state.files = { ...files, '/proc/net/route': denied };
    expect((await read()).unknown).toBeUndefined();
    state.listing = { eth7: [info('192.0.2.77')] };
    expect((await read()).unknown).toEqual({ routes: ['ipv4'], addresses: [] });
  });

  it('a listing that throws keeps the last interfaces', async () => {
    const { state, components } = recordedHost();
    const read = createSnapshotReader(components);
    const before = await read();
    Object.defineProperty(state, 'listing', {
      get: () => {
        throw new Error('EACCES');
      },
    });
    expect(await read()).toEqual(before);
  });

  it('an interface that lost its carrier stays as not running while its routes do', async () => {
    const { state, components } = recordedHost();
    const read = createSnapshotReader(components);
    await read();
    state.listing = { lo: [info('127.0.0.1', 8)] };
    const wan = (await read()).interfaces.find((owner) => owner.name === 'wan0');
    expect(wan?.running).toBe(false);
    expect(wan?.addresses.map((entry) => entry.family)).not.toContain('ipv4');
  });

  it('an IPv6 address that is gone between listing and flags is left out', async () => {
    const { state, components } = recordedHost();
    state.listing = { wan0: [info('192.0.2.10'), { ...info('2001:db8:1::99'), family: 'IPv6', scopeid: 0 }] };
    const snapshot = await createSnapshotReader(components)();
    expect(JSON.stringify(snapshot)).not.toContain('2001:db8:1::99');
  });
});

describe('virtual interfaces', () => {
  const containers = (routes: string) =>
    host(
      { '/proc/net/route': HEAD + routes },
      { veth7: [info('192.0.2.10')], docker0: [info('172.17.0.1', 16)], eth0: [info('198.51.100.2')] },
    ).components;
  const virtual = async (components: SnapshotComponents, init = {}) =>
    (await createSnapshotReader(components, init)()).interfaces.flatMap((owner) =>
      owner.virtual ? [owner.name] : [],
    );

  it('are known by name', async () => {
    expect(await virtual(containers(default4('eth0')))).toEqual(['docker0', 'veth7']);
  });

  it('the one with the default route is the uplink, whatever its name', async () => {
    expect(await virtual(containers(default4('veth7')))).toEqual(['docker0']);
  });

  it('at equal metric the default route of an ordinary interface is the uplink', async () => {
    expect(await virtual(containers(default4('veth7') + default4('eth0')))).toEqual(['docker0', 'veth7']);
    expect(await virtual(containers(default4('veth7') + default4('eth0', 5)))).toEqual(['docker0']);
  });

  it('what the operator names is marked, at each look as the names are then', async () => {
    let names = ['docker0', 'eth0', 'gone0'];
    const read = createSnapshotReader(containers(default4('eth0')), { named: () => names });
    const named = async () =>
      (await read()).interfaces.flatMap((owner) => (owner.named === true ? [owner.name] : []));
    expect(await named()).toEqual(['docker0', 'eth0']);
    names = ['veth7'];
    expect(await named()).toEqual(['veth7']);
  });

  it('what is named stays virtual: for whoever asks about any interface it is none to choose', async () => {
    const named = () => ['docker0'];
    expect(await virtual(containers(default4('eth0')), { named })).toEqual(['docker0', 'veth7']);
  });

  it('patterns can be replaced', async () => {
    expect(await virtual(containers(default4('eth0')), { virtual: ['eth*'] })).toEqual([]);
    expect(await virtual(containers(default4('veth7')), { virtual: ['eth*'] })).toEqual(['eth0']);
  });
});

describe('snapshots elsewhere', () => {
  const mac = () => {
    const made = host({}, { en0: [info('192.0.2.10')] });
    return { ...made, components: { ...made.components, platform: 'darwin' as const } };
  };

  it('asks for the gateways of both families', async () => {
    const { state, components } = mac();
    state.gateways = {
      ipv4: async () => ({ gateway: '192.0.2.1', int: 'en0' }),
      ipv6: async () => ({ gateway: 'fe80::1%en0', int: null }),
    };
    expect((await createSnapshotReader(components)()).routes).toEqual([
      { family: 'ipv4', interface: 'en0', gateway: '192.0.2.1', metric: 0 },
      { family: 'ipv6', interface: 'en0', gateway: 'fe80::1', metric: 0 },
    ]);
  });

  it('every throw, also a synchronous one, keeps the last routes until their interface is gone', async () => {
    const { state, components } = mac();
    const read = createSnapshotReader(components);
    state.gateways = { ipv4: async () => ({ gateway: '192.0.2.1', int: 'en0' }) };
    await read();
    state.gateways = {
      ipv4: () => {
        throw new Error('Unsupported Platform');
      },
    };
    expect((await read()).routes).toHaveLength(1);
    state.listing = {};
    expect((await read()).routes).toEqual([]);
  });

  it('answers nonsense with unknown', async () => {
    const { state, components } = mac();
    state.gateways = {
      ipv4: async () => ({ gateway: 'link#4', int: 'en0' }),
      ipv6: async () => ({ gateway: '192.0.2.1', int: 'en0' }),
    };
    expect((await createSnapshotReader(components)()).routes).toEqual([]);
    state.gateways = {
      ipv4: async () => ({ gateway: '192.0.2.1', int: 7 as unknown as string }),
      ipv6: async () => ({ gateway: 'fe80::1%' }),
    };
    expect((await createSnapshotReader(components)()).routes).toEqual([]);
  });

  it('waits two seconds for a gateway and never asks a second time beside the first', async () => {
    const { state, components, time, asked } = mac();
    let answer: ((gateway: Gateway) => void) | undefined;
    state.gateways = { ipv4: () => new Promise((resolve) => (answer = resolve)) };
    const read = createSnapshotReader(components);
    let looks = 0;
    const look = async () => {
      const snapshot = await read();
      looks += 1;
      return snapshot;
    };
    const first = look();
    await settle();
    time.advance(1_999);
    await settle();
    expect(looks).toBe(0);
    time.advance(1);
    expect((await first).routes).toEqual([]);
    const second = look();
    await settle();
    expect(asked.filter((family) => family === 'ipv4')).toHaveLength(1);
    answer?.({ gateway: '192.0.2.1', int: 'en0' });
    expect((await second).routes).toHaveLength(1);
  });
});

describe('this host', () => {
  it('gives the same snapshot twice, with a loopback', async () => {
    const read = createWithDefaults({ log: silentLog });
    const snapshot = await read();
    expect(snapshot.interfaces.some((owner) => owner.loopback)).toBe(true);
    expect((await read()).interfaces.map((owner) => owner.name)).toEqual(
      snapshot.interfaces.map((owner) => owner.name),
    );
  });
});

describe('the way out', () => {
  const vpn = (files: Files = {}) =>
    host(
      { '/proc/net/route': HEAD + default4('eth0'), '/proc/net/if_inet6': '', ...files },
      { eth0: [info('192.0.2.10')], exit0: [info('10.8.0.2')] },
    );

  it('is the interface that the system would send from, whatever the main table says', async () => {
    const { components } = vpn();
    const sourceOf = async (family: Family) => (family === 'ipv4' ? address('10.8.0.2') : undefined);
    expect(await createSnapshotReader({ ...components, sourceOf })()).toMatchObject({
      waysOut: { ipv4: 'exit0' },
      routes: [{ interface: 'eth0' }],
    });
    const nobodys = async () => address('203.0.113.1');
    expect((await createSnapshotReader({ ...components, sourceOf: nobodys })()).waysOut).toEqual({});
    expect(await createSnapshotReader(components)()).not.toHaveProperty('waysOut');
  });

  it.each([
    ['WireGuard', { uevent: 'DEVTYPE=wireguard\nINTERFACE=exit0\nIFINDEX=4\n' }, true],
    ['a tun device', { uevent: 'INTERFACE=exit0\nIFINDEX=4\n', tun_flags: '0x1001\n' }, true],
    [
      'a tap device, which may be a virtual machine',
      { uevent: 'INTERFACE=exit0\n', tun_flags: '0x1002\n' },
      false,
    ],
    ['a modem', { uevent: 'DEVTYPE=wwan\nINTERFACE=exit0\n' }, false],
  ])('leads through a VPN by the kind of the link, whatever its name: %s', async (_, kind, is) => {
    const files = Object.fromEntries(
      Object.entries(kind).map(([name, text]) => [`/sys/class/net/exit0/${name}`, text]),
    );
    const { interfaces } = await createSnapshotReader(vpn(files).components)();
    const found = interfaces.find(({ name }) => name === 'exit0');
    expect(found?.tunnel === true).toBe(is);
    expect(found?.virtual).toBe(is);
    const { interfaces: named } = await createSnapshotReader(vpn(files).components, {
      named: () => ['exit0'],
    })();
    expect(named.find(({ name }) => name === 'exit0')).toMatchObject({ virtual: is, named: true });
  });
});

describe('the kind of a link', () => {
  it('is looked up once while it lives', () => {
    const reads: string[] = [];
    const isTunnel = tunnelTeller((path) => {
      reads.push(path);
      return path.endsWith('tun_flags') ? '0x1001' : undefined;
    });
    const link = { name: 'exit0', index: 4 };
    expect([isTunnel(link), isTunnel(link)]).toEqual([true, true]);
    expect(reads).toHaveLength(2);
    expect(isTunnel({ ...link, index: 5 })).toBe(true);
    expect(reads).toHaveLength(4);
  });
});

describe('the address towards the world', () => {
  it('is had from the system without sending anything, or is unknown', async () => {
    const own = new Set(
      Object.values(networkInterfaces()).flatMap((infos) => (infos ?? []).map((one) => one.address)),
    );
    for (const family of ['ipv4', 'ipv6'] as const) {
      const source = await sourceTowardsOutside(family);
      if (source !== undefined) expect(own).toContain(source);
    }
  });
});
