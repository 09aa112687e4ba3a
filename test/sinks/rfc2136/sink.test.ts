import { describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { CLASS, TYPE } from '../../../src/net/dns/codes.ts';
import { rfc2136 } from '../../../src/sinks/rfc2136/index.ts';
import { rfc2136Options } from '../../../src/sinks/rfc2136/options.ts';
import type { FakeServer } from './fake-server.ts';
import { call, changesFor, FAST, fake, key, keyOptions, sinkAt } from './support.ts';

const home = key('home.example.org');
const home6 = key('home.example.org', 'AAAA');

describe('reading', () => {
  it('gives what the server holds, with TTL, for exactly the keys asked', async () => {
    const server = await fake();
    server.put('home.example.org', 'A', [address('192.0.2.1'), address('192.0.2.2')]);
    server.put('home.example.org', 'AAAA', [address('2001:db8::1')]);
    const records = await sinkAt(server.port).read?.([home], call());
    expect(records?.map(({ key, content, ttl }) => ({ key, content, ttl }))).toEqual([
      { key: home, content: '192.0.2.1', ttl: 300 },
      { key: home, content: '192.0.2.2', ttl: 300 },
    ]);
  });

  it('asks without recursion, signed', async () => {
    const server = await fake();
    await sinkAt(server.port).read?.([home], call());
    expect(server.received[0]).toMatchObject({
      message: { recursionDesired: false },
      tsig: { keyName: 'ddns.example.org' },
    });
  });

  it('gives nothing for a name or type that is not there', async () => {
    const server = await fake();
    server.put('home.example.org', 'A', [address('192.0.2.1')]);
    expect(await sinkAt(server.port).read?.([home6, key('none.example.org')], call())).toEqual([]);
  });

  it('leaves out what is of another class', async () => {
    const server = await fake();
    const data = { kind: 'opaque', octets: Uint8Array.of(192, 0, 2, 1) } as const;
    const strange = { name: home.name, type: TYPE.A, class: CLASS.CH, ttl: 60, data };
    server.script = [({ reply, coded }) => reply(coded(0, { authoritative: true, answers: [strange] }))];
    expect(await sinkAt(server.port).read?.([home], call())).toEqual([]);
  });

  it('fails as a whole if one part fails', async () => {
    const server = await fake();
    server.script = [({ reply, proper }) => reply(proper()), ({ reply, coded }) => reply(coded(2))];
    const reading = sinkAt(server.port).read?.([home, home6, key('c.example.org')], call());
    await expect(reading).rejects.toMatchObject({ failure: { class: 'transient', message: /SERVFAIL/ } });
  });

  it('does not take an answer without authority for the truth', async () => {
    const server = await fake();
    server.script = [({ reply, coded }) => reply(coded(0))];
    await expect(sinkAt(server.port).read?.([home], call())).rejects.toMatchObject({
      failure: { class: 'not_found', message: /no authority over home\.example\.org/ },
    });
  });

  it('is not there when turned off', () => {
    expect(sinkAt(1, { verify: false }).read).toBeUndefined();
  });
});

describe('writing', () => {
  it('creates, with the TTL of the configuration', async () => {
    const server = await fake();
    const sink = sinkAt(server.port);
    const results = await sink.write(await changesFor(sink, [home, '192.0.2.1']), call());
    expect(results).toEqual([{ key: home, kind: 'updated' }]);
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.1 60']);
  });

  it('replaces, and leaves TTL, the other family and neighbours as found', async () => {
    const server = await fake();
    server.put('home.example.org', 'A', [address('192.0.2.1'), address('192.0.2.2')], 1_234);
    server.put('home.example.org', 'AAAA', [address('2001:db8::1')], 77);
    server.put('nas.example.org', 'A', [address('192.0.2.7')], 88);
    const sink = sinkAt(server.port);
    await sink.write(await changesFor(sink, [home, '192.0.2.3', '192.0.2.4']), call());
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.3 1234', '192.0.2.4 1234']);
    expect(server.held('home.example.org', 'AAAA')).toEqual(['2001:db8::1 77']);
    expect(server.held('nas.example.org', 'A')).toEqual(['192.0.2.7 88']);
  });

  it('takes the TTL of the target before all', async () => {
    const server = await fake();
    server.put('home.example.org', 'A', [address('192.0.2.1')], 1_234);
    const sink = sinkAt(server.port);
    const [change] = await changesFor(sink, [home, '192.0.2.3']);
    if (change === undefined) throw new Error('no change');
    await sink.write([{ ...change, target: { ...change.target, ttl: 30 } }], call());
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.3 30']);
  });

  it('deletes what is to have no address', async () => {
    const server = await fake();
    server.put('home.example.org', 'A', [address('192.0.2.1')]);
    const sink = sinkAt(server.port);
    await sink.write(await changesFor(sink, [home]), call());
    expect(server.held('home.example.org', 'A')).toEqual([]);
  });

  it('writes all records of a zone in one message', async () => {
    const server = await fake();
    const sink = sinkAt(server.port);
    const changes = await changesFor(
      sink,
      [home, '192.0.2.1'],
      [home6, '2001:db8::1'],
      [key('b.example.org'), '192.0.2.2'],
    );
    expect((await sink.write(changes, call())).map(({ kind }) => kind)).toEqual([
      'updated',
      'updated',
      'updated',
    ]);
    expect(server.updates).toHaveLength(1);
  });

  it('goes over TCP with a message too long for UDP', async () => {
    const server = await fake();
    const sink = sinkAt(server.port, {}, { timing: { ...FAST, datagramWaits: [5_000] } });
    const names = Array.from({ length: 300 }, (_, index) => key(`host-${index}.example.org`));
    const changes = await changesFor(sink, ...names.map((name) => [name, '192.0.2.1'] as const));
    await sink.write(changes, call());
    expect(server.updates.map(({ transport }) => transport)).toEqual(['tcp']);
    expect(names.every(({ name }) => server.held(name, 'A').length === 1)).toBe(true);
  });

  it('splits only what is longer than any message', async () => {
    const server = await fake();
    const sink = sinkAt(server.port, { verify: false });
    const many = Array.from({ length: 250 }, (_, index) => `192.0.2.${index}`);
    const names = Array.from({ length: 30 }, (_, index) => key(`host-${index}.example.org`));
    await sink.write(await changesFor(sink, ...names.map((name) => [name, ...many] as const)), call());
    expect(server.updates.length).toBeGreaterThan(1);
    expect(server.updates.length).toBeLessThan(5);
    expect(server.held('host-29.example.org', 'A')).toHaveLength(250);
  });

  it('goes over TCP always, when told to', async () => {
    const server = await fake();
    const sink = sinkAt(server.port, { transport: 'tcp' });
    await sink.write(await changesFor(sink, [home, '192.0.2.1']), call());
    expect(server.received.map(({ transport }) => transport)).toEqual(['tcp', 'tcp']);
  });

  it('works without a key', async () => {
    const server = await fake();
    const { key: _, ...keyless } = { key: keyOptions };
    const open = await fake({ zone: 'example.org', ...{ key: undefined as never } });
    const sink = sinkAt(open.port, { ...keyless, key: undefined });
    await sink.write(await changesFor(sink, [home, '192.0.2.1']), call());
    expect(open.held('home.example.org', 'A')).toEqual(['192.0.2.1 60']);
    expect(server.received).toEqual([]);
  });
});

describe('prerequisites', () => {
  it('keep a value that somebody else wrote since it was read', async () => {
    const server = await fake();
    server.put('home.example.org', 'A', [address('192.0.2.1')]);
    const sink = sinkAt(server.port);
    const changes = await changesFor(sink, [home, '192.0.2.3']);
    server.put('home.example.org', 'A', [address('192.0.2.99')]);
    expect(await sink.write(changes, call())).toMatchObject([
      { kind: 'failed', failure: { class: 'conflict', scope: 'record' } },
    ]);
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.99 300']);
  });

  it('keep a record that somebody else made since it was missing', async () => {
    const server = await fake();
    const sink = sinkAt(server.port);
    const changes = await changesFor(sink, [home, '192.0.2.3']);
    server.put('home.example.org', 'A', [address('192.0.2.99')]);
    expect(await sink.write(changes, call())).toMatchObject([
      { kind: 'failed', failure: { class: 'conflict' } },
    ]);
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.99 300']);
  });

  it('do not stand in the way of a name that was seen through a wildcard', async () => {
    const server = await fake();
    server.put('*.example.org', 'A', [address('192.0.2.50')]);
    const sink = sinkAt(server.port);
    const changes = await changesFor(sink, [home, '192.0.2.3']);
    expect(changes[0]?.actual).toMatchObject([{ content: '192.0.2.50' }]);
    expect(await sink.write(changes, call())).toMatchObject([{ kind: 'updated' }]);
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.3 300']);
    expect(server.held('*.example.org', 'A')).toEqual(['192.0.2.50 300']);
  });

  it('say nothing of the addresses when nothing was read, only that the name is no alias', async () => {
    const server = await fake();
    server.put('home.example.org', 'A', [address('192.0.2.99')]);
    const sink = sinkAt(server.port, { verify: false });
    await sink.write(await changesFor(sink, [home, '192.0.2.1']), call());
    expect(server.updates[0]?.message.answers).toMatchObject([
      { name: 'home.example.org', type: TYPE.CNAME, class: CLASS.NONE },
    ]);
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.1 60']);
    await sink.write(await changesFor(sink, [home]), call());
    expect(server.updates[1]?.message.answers).toEqual([]);
  });

  const alias = (server: FakeServer): void => {
    const data = { kind: 'name', name: 'other.example.org' } as const;
    const record = { name: 'home.example.org', type: TYPE.CNAME, class: CLASS.IN, ttl: 9, data };
    server.records.set(`home.example.org/${TYPE.CNAME}`, [record]);
  };

  it('find an alias beside which a server would leave the address out without a word, although nothing is read', async () => {
    const server = await fake();
    alias(server);
    const sink = sinkAt(server.port, { verify: false });
    const changes = await changesFor(sink, [home, '192.0.2.1'], [key('b.example.org'), '192.0.2.1']);
    expect(await sink.write(changes, call())).toMatchObject([
      {
        key: home,
        failure: { class: 'invalid', scope: 'record', message: expect.stringContaining('is an alias') },
      },
      { kind: 'updated' },
    ]);
  });

  it('find an alias that somebody made since it was read', async () => {
    const server = await fake();
    const sink = sinkAt(server.port);
    const changes = await changesFor(sink, [home, '192.0.2.1']);
    alias(server);
    expect(await sink.write(changes, call())).toMatchObject([{ failure: { class: 'conflict' } }]);
  });
});

describe('one bad record among several', () => {
  it('is named, and the others are written', async () => {
    const server = await fake();
    server.put('b.example.org', 'A', [address('192.0.2.1')]);
    const sink = sinkAt(server.port);
    const changes = await changesFor(sink, [home, '192.0.2.3'], [key('b.example.org'), '192.0.2.3']);
    server.put('b.example.org', 'A', [address('192.0.2.99')]);
    const results = await sink.write(changes, call());
    expect(results).toMatchObject([
      { key: home, kind: 'updated' },
      { key: { name: 'b.example.org' }, kind: 'failed', failure: { class: 'conflict', scope: 'record' } },
    ]);
  });

  it('may be one outside the zone', async () => {
    const server = await fake();
    const sink = sinkAt(server.port, { verify: false });
    const changes = await changesFor(sink, [home, '192.0.2.3'], [key('b.example.com'), '192.0.2.3']);
    expect(await sink.write(changes, call())).toMatchObject([
      { kind: 'updated' },
      { kind: 'failed', failure: { class: 'not_found', scope: 'record' } },
    ]);
  });

  it('may be an alias, beside which no address can stand', async () => {
    const server = await fake();
    server.records.set(`home.example.org/${TYPE.CNAME}`, [
      {
        name: 'home.example.org',
        type: TYPE.CNAME,
        class: 1,
        ttl: 9,
        data: { kind: 'name', name: 'other.example.org' },
      },
    ]);
    const sink = sinkAt(server.port);
    const changes = await changesFor(sink, [home, '192.0.2.3'], [key('b.example.org'), '192.0.2.3']);
    const results = await sink.write(changes, call());
    expect(results).toContainEqual({
      key: home,
      kind: 'failed',
      failure: expect.objectContaining({
        class: 'invalid',
        message: expect.stringContaining('other.example.org'),
      }),
    });
    expect(results).toContainEqual({ key: key('b.example.org'), kind: 'updated' });
  });
});

describe('options', () => {
  const minimal = { key: { name: 'k.example.org', secret: 'c2VjcmV0' } };

  it('have defaults', () => {
    expect(rfc2136Options.parse(minimal)).toMatchObject({
      key: { name: 'k.example.org', algorithm: 'hmac-sha256' },
      ttl: 60,
      verify: true,
      transport: 'auto',
    });
    expect(rfc2136Options.parse({ server: 'ns.example.org', zone: 'Example.org.' })).toMatchObject({
      server: { host: 'ns.example.org', port: 53 },
      zone: fqdn('example.org'),
    });
  });

  it('refuse what they do not know, and a secret that is not base64, without showing it', () => {
    expect(rfc2136Options.safeParse({ ...minimal, sever: 'x' }).success).toBe(false);
    const wrong = rfc2136Options.safeParse({ key: { name: 'k', secret: 'not base64!' } });
    expect(wrong.success).toBe(false);
    expect(JSON.stringify(wrong.error)).not.toContain('not base64!');
  });

  it('make a sink without touching the network', () => {
    expect(
      rfc2136.create({ name: 'dns', options: rfc2136Options.parse(minimal), keys: [] }, {} as never),
    ).toHaveProperty('read');
  });
});

describe('ownership', () => {
  const owner = { owner: 'attic' };
  const mark = '_netdrift-a.home.example.org';

  it('record and mark are one update, whose prerequisites prove both', async () => {
    const server = await fake();
    const sink = sinkAt(server.port, owner);
    await sink.write(await changesFor(sink, [home, '192.0.2.1']), call());
    expect(server.updates).toHaveLength(1);
    const update = server.updates[0]?.message;
    const places = (section: 'answers' | 'authorities') =>
      update?.[section].map(({ name, type, class: of }) => `${name} ${type} ${of}`);
    expect(places('answers')).toEqual([
      `home.example.org ${TYPE.A} 254`,
      `home.example.org ${TYPE.CNAME} 254`,
      `${mark} ${TYPE.TXT} 254`,
    ]);
    expect(places('authorities')).toEqual([
      `home.example.org ${TYPE.A} 255`,
      `home.example.org ${TYPE.A} 1`,
      `${mark} ${TYPE.TXT} 1`,
    ]);
    // The next one proves that the mark is still the same, and does not write it again.
    await sink.write(await changesFor(sink, [home, '192.0.2.2']), call());
    const next = server.updates[1]?.message;
    expect(next?.answers.filter(({ type }) => type === TYPE.TXT).map((one) => one.class)).toEqual([1]);
    expect(next?.authorities.filter(({ type }) => type === TYPE.TXT)).toEqual([]);
  });

  it('of two that take a free name at the same moment, one succeeds', async () => {
    const server = await fake();
    const attic = sinkAt(server.port, owner);
    const cellar = sinkAt(server.port, { owner: 'cellar' });
    const first = await changesFor(attic, [home, '192.0.2.1']);
    const second = await changesFor(cellar, [home, '192.0.2.2']);
    expect(await attic.write(first, call())).toMatchObject([{ kind: 'updated' }]);
    expect(await cellar.write(second, call())).toMatchObject([
      { kind: 'failed', failure: { class: 'conflict' } },
    ]);
    const again = await changesFor(cellar, [home, '192.0.2.2']);
    expect(await cellar.write(again, call())).toMatchObject([
      { failure: { class: 'refused', message: expect.stringContaining('calls itself attic') } },
    ]);
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.1 60']);
  });

  it('needs to read', () => {
    const key = { name: 'ddns.example.org', secret: 'c2VjcmV0' };
    const given = { server: '192.0.2.53', key, owner: 'attic' };
    expect(rfc2136Options.safeParse(given).success).toBe(true);
    expect(rfc2136Options.safeParse({ ...given, verify: false }).error?.issues).toMatchObject([
      { path: ['owner'], message: expect.stringContaining('verify') },
    ]);
  });
});
