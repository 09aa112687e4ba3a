import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { TYPE } from '../../../src/net/dns/codes.ts';
import type { Message } from '../../../src/net/dns/message.ts';
import { type HostNetwork, parseResolver } from '../../../src/sinks/rfc2136/network.ts';
import { PeerOrder } from '../../../src/sinks/rfc2136/peer-order.ts';
import { Places } from '../../../src/sinks/rfc2136/place.ts';
import { UPDATE_TIMING } from '../../../src/sinks/rfc2136/sink.ts';
import type { FakeServer } from './fake-server.ts';
import { call, changesFor, FAST, fake, key, NOW, noNetwork, sinkAt } from './support.ts';

const signal = new AbortController().signal;

function places(
  options: ConstructorParameters<typeof Places>[0]['options'],
  network: HostNetwork = noNetwork,
): Places {
  let id = 0;
  const randomBytes = () => {
    id += 1;
    return Uint8Array.of(id >> 8, id & 0xff);
  };
  const conversation = {
    transport: 'auto',
    timing: FAST,
    randomBytes,
    wallSeconds: () => NOW,
    order: new PeerOrder(),
  } as const;
  return new Places({ options, conversation, network });
}

/** A resolver of the host that is the fake, and names that all lead to one address. */
const hostWith = (server: FakeServer): HostNetwork => ({
  addresses: async (host) => (host === 'ns.example.org' ? [address('127.0.0.8')] : [address(host)]),
  resolvers: () => [{ host: address('127.0.0.1'), port: server.port }],
});

const open = () => fake({ key: undefined as never });

describe('the place of a name', () => {
  it('is as given, without any question', async () => {
    const given = { server: { host: '127.0.0.1', port: 5_300 }, zone: fqdn('example.org') };
    expect(await places(given).find(fqdn('a.b.example.org'), signal)).toEqual({
      zone: 'example.org',
      peers: [{ host: '127.0.0.1', port: 5_300 }],
    });
  });

  it('is found through SOA: the zone and its primary', async () => {
    const server = await open();
    const found = await places({}, hostWith(server)).find(fqdn('a.b.example.org'), signal);
    expect(found).toEqual({ zone: 'example.org', peers: [{ host: '127.0.0.8', port: 53 }] });
    expect(
      server.received.map(({ message }) => [message.questions[0]?.name, message.recursionDesired]),
    ).toEqual([['a.b.example.org', true]]);
  });

  it('of a wildcard is that of its parent', async () => {
    const server = await open();
    const found = await places({}, hostWith(server)).find(fqdn('*.example.org'), signal);
    expect(found.zone).toBe('example.org');
  });

  it('is remembered until it is forgotten', async () => {
    const server = await open();
    const finder = places({}, hostWith(server));
    await finder.find(fqdn('a.example.org'), signal);
    await finder.find(fqdn('a.example.org'), signal);
    expect(server.received).toHaveLength(1);
    finder.forget();
    await finder.find(fqdn('a.example.org'), signal);
    expect(server.received).toHaveLength(2);
  });

  it('is asked of the server itself, if only that is given, without recursion', async () => {
    const server = await open();
    const given = { server: { host: '127.0.0.1', port: server.port } };
    const found = await places(given).find(fqdn('a.example.org'), signal);
    expect(found).toEqual({ zone: 'example.org', peers: [{ host: '127.0.0.1', port: server.port }] });
    expect(server.received[0]?.message.recursionDesired).toBe(false);
  });

  it('is asked of the resolver given, addresses of the primary included', async () => {
    const server = await open();
    server.put('ns.example.org', 'A', [address('127.0.0.7')]);
    const given = { resolver: { host: '127.0.0.1', port: server.port } };
    const found = await places(given).find(fqdn('a.example.org'), signal);
    expect(found.peers).toEqual([{ host: '127.0.0.7', port: 53 }]);
  });

  it('is not that of the target of an alias', async () => {
    const server = await open();
    server.records.set(`www.example.org/${TYPE.CNAME}`, [
      {
        name: 'www.example.org',
        type: TYPE.CNAME,
        class: 1,
        ttl: 1,
        data: { kind: 'name', name: 'cdn.example.net' },
      },
    ]);
    const found = await places({}, hostWith(server)).find(fqdn('www.example.org'), signal);
    expect(found.zone).toBe('example.org');
    expect(server.received.map(({ message }) => message.questions[0]?.name)).toEqual([
      'www.example.org',
      'example.org',
    ]);
  });

  it('is not a top-level zone, unless the server is given', async () => {
    const server = await fake({ zone: 'org', key: undefined as never });
    await expect(places({}, hostWith(server)).find(fqdn('nobody.org'), signal)).rejects.toMatchObject({
      failure: { class: 'not_found', scope: 'record' },
    });
    const given = { server: { host: '127.0.0.1', port: server.port } };
    expect((await places(given).find(fqdn('nobody.org'), signal)).zone).toBe('org');
  });

  it('is unknown as long as resolvers fail: never a reason to give up', async () => {
    const server = await open();
    const rcode = (code: number) => [
      ({
        reply,
        coded,
      }: {
        reply: (o: Uint8Array) => void;
        coded: (c: number, m?: Partial<Message>) => Uint8Array;
      }) => reply(coded(code)),
    ];
    for (const code of [1, 2, 4]) {
      server.script = rcode(code);
      await expect(places({}, hostWith(server)).find(fqdn('a.example.org'), signal)).rejects.toMatchObject({
        failure: { class: 'transient' },
      });
    }
    await expect(places({}).find(fqdn('a.example.org'), signal)).rejects.toMatchObject({
      failure: { class: 'unreachable' },
    });
  });

  it('is unreachable if the primary has no address', async () => {
    const server = await open();
    const network: HostNetwork = {
      ...hostWith(server),
      addresses: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })),
    };
    await expect(places({}, network).find(fqdn('a.example.org'), signal)).rejects.toMatchObject({
      failure: { class: 'unreachable', message: 'cannot look up ns.example.org: ENOTFOUND' },
    });
  });

  it('stops being looked for at once', async () => {
    const controller = new AbortController();
    const network: HostNetwork = { addresses: () => new Promise(() => {}), resolvers: () => [] };
    const given = { server: { host: 'ns.example.org', port: 53 }, zone: fqdn('example.org') };
    const finding = places(given, network).find(fqdn('a.example.org'), controller.signal);
    controller.abort();
    await expect(finding).rejects.toMatchObject({ failure: { class: 'unreachable' } });
  });
});

describe('several zones', () => {
  it('get a message each', async () => {
    const server = await open();
    const sink = sinkAt(server.port, { key: undefined, zone: undefined });
    const changes = await changesFor(
      sink,
      [key('a.example.org'), '192.0.2.1'],
      [key('b.example.org'), '192.0.2.1'],
    );
    await sink.write(changes, call());
    expect(server.updates).toHaveLength(1);
    const [foreign] = await sink.write(
      changes
        .slice(0, 1)
        .map((change) => ({ ...change, target: { ...change.target, key: key('a.example.com') } })),
      call(),
    );
    expect(foreign).toMatchObject({ kind: 'failed', failure: { class: 'not_found', scope: 'record' } });
  });
});

describe('addresses of resolvers', () => {
  it('are read as the system gives them', () => {
    expect(parseResolver('192.0.2.1')).toEqual({ host: '192.0.2.1', port: 53 });
    expect(parseResolver('192.0.2.1:54')).toEqual({ host: '192.0.2.1', port: 54 });
    expect(parseResolver('2001:DB8::1')).toEqual({ host: '2001:db8::1', port: 53 });
    expect(parseResolver('[2001:db8::1]:54')).toEqual({ host: '2001:db8::1', port: 54 });
    expect(parseResolver('fe80::1%eth0')).toBeUndefined();
    for (const port of ['0', '65536', '99999999999999999999'])
      expect(parseResolver(`192.0.2.1:${port}`)).toBeUndefined();
  });
});

it('finds two addresses silent in less time than a call has, so that the third one is asked first the next time', () => {
  const { datagramWaits, fallback = 0 } = UPDATE_TIMING;
  expect(2 * (datagramWaits.reduce((sum, wait) => sum + wait) + fallback)).toBeLessThan(10_000);
});
