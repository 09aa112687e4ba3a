import { createSocket } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { Failure } from '../../../src/model/outcome.ts';
import { OPCODE } from '../../../src/net/dns/codes.ts';
import { decodeHeader } from '../../../src/net/dns/decode.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { EMPTY_MESSAGE } from '../../../src/net/dns/message.ts';
import { signMessage } from '../../../src/net/dns/tsig.ts';
import type { Change, Sink } from '../../../src/sinks/contract.ts';
import type { Rfc2136Options } from '../../../src/sinks/rfc2136/options.ts';
import { FakeServer, type Turn } from './fake-server.ts';
import { call, changesFor, FAST, fake, KEY, key, keyOptions, NOW, sinkAt } from './support.ts';

const home = key('home.example.org');
const change: Change = { target: { key: home, addresses: [address('192.0.2.1')] }, actual: [], edits: [] };

async function failure(
  sink: Sink,
  changes: readonly Change[] = [change],
  signal?: AbortSignal,
): Promise<Failure> {
  const [result] = await sink.write(changes, call(signal));
  if (result?.kind !== 'failed') throw new Error(`it did not fail but is ${result?.kind}`);
  return result.failure;
}

async function scripted(...script: Turn[]): Promise<{ server: FakeServer; sink: Sink }> {
  const server = await fake();
  server.script = script;
  return { server, sink: sinkAt(server.port) };
}

/** A port that was free a moment ago, for UDP and TCP. */
async function closedPort(): Promise<number> {
  const server = new FakeServer({ zone: 'example.org', time: () => NOW });
  await server.start();
  await server.stop();
  return server.port;
}

const silence: Turn = () => {};

describe('answer codes', () => {
  it.each([
    [1, 'FORMERR', 'invalid', 'sink'],
    [2, 'SERVFAIL', 'transient', 'sink'],
    [3, 'NXDOMAIN', 'conflict', 'record'],
    [4, 'NOTIMP', 'invalid', 'sink'],
    [5, 'REFUSED', 'credentials', 'record'],
    [6, 'YXDOMAIN', 'conflict', 'record'],
    [7, 'YXRRSET', 'conflict', 'record'],
    [8, 'NXRRSET', 'conflict', 'record'],
    [9, 'NOTAUTH', 'not_found', 'sink'],
    [10, 'NOTZONE', 'not_found', 'record'],
    [11, 'RCODE 11', 'transient', 'sink'],
  ] as const)('%i (%s) is %s', async (code, name, failureClass, scope) => {
    const { sink } = await scripted(({ reply, coded }) => reply(coded(code)));
    const found = await failure(sink);
    expect(found, found.message).toMatchObject({ class: failureClass, scope });
    expect(found.message).toContain(name);
    expect(found.unclear).toBeUndefined();
  });

  it('without a signature are believed when they refuse, after a moment for a signed one', async () => {
    const refusal = (id: number) =>
      encodeMessage({ ...EMPTY_MESSAGE, id, response: true, opcode: 5, rcode: 5 });
    const { sink } = await scripted(({ reply, message }) => reply(refusal(message.id)));
    expect(await failure(sink)).toMatchObject({ class: 'credentials' });
    const both = await scripted(({ reply, message, proper }) => {
      reply(refusal(message.id));
      reply(proper());
    });
    expect(await both.sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
  });
});

describe('signatures', () => {
  it('with an unknown key: credentials, BADKEY', async () => {
    const server = await fake({ key: { ...KEY, name: 'another.example.org' } });
    const found = await failure(sinkAt(server.port));
    expect(found).toMatchObject({
      class: 'credentials',
      scope: 'sink',
      message: expect.stringContaining('BADKEY'),
    });
  });

  it('with a wrong secret: credentials, BADSIG, and the secret is not in the words', async () => {
    const server = await fake({ key: { ...KEY, secret: Uint8Array.of(1, 2, 3) } });
    const found = await failure(sinkAt(server.port));
    expect(found).toMatchObject({ class: 'credentials', message: expect.stringContaining('BADSIG') });
    expect(found.message).not.toContain(keyOptions.secret.reveal());
  });

  it('with clocks that differ: transient, and by how much', async () => {
    const server = await fake();
    const behind = sinkAt(server.port, {}, { now: () => NOW - 5_400 });
    const found = await failure(behind);
    expect(found).toMatchObject({
      class: 'transient',
      message: expect.stringContaining('1h30m ahead of the one here'),
    });
    expect(found.unclear).toBeUndefined();
    const ahead = sinkAt(server.port, {}, { now: () => NOW + 600 });
    expect((await failure(ahead)).message).toContain('10m behind the one here');
    expect(server.held('home.example.org', 'A')).toEqual([]);
  });

  it('with a time of the answer that is off: the work may be done', async () => {
    const { sink } = await scripted(({ reply, message, tsig, proper }) => {
      proper();
      const { id, questions } = message;
      const plain = encodeMessage({ ...EMPTY_MESSAGE, id, questions, response: true, opcode: 5 });
      reply(signMessage(plain, KEY, { time: NOW + 900, requestMac: tsig?.mac ?? new Uint8Array() }).message);
    });
    expect(await failure(sink)).toMatchObject({ class: 'transient', unclear: true });
  });

  it.each<readonly [string, string, Turn]>([
    [
      'missing',
      'not signed',
      ({ reply, message: { id } }) =>
        reply(encodeMessage({ ...EMPTY_MESSAGE, id, response: true, opcode: 5 })),
    ],
    [
      'of another secret',
      'does not match',
      ({ reply, message: { id, questions }, tsig }) => {
        const plain = encodeMessage({ ...EMPTY_MESSAGE, id, questions, response: true, opcode: 5 });
        const forger = { ...KEY, secret: Uint8Array.of(6, 6, 6) };
        reply(signMessage(plain, forger, { time: NOW, requestMac: tsig?.mac ?? new Uint8Array() }).message);
      },
    ],
    [
      'not made for this request',
      'does not match',
      ({ reply, message: { id, questions } }) => {
        const plain = encodeMessage({ ...EMPTY_MESSAGE, id, questions, response: true, opcode: 5 });
        reply(signMessage(plain, KEY, { time: NOW }).message);
      },
    ],
  ])('of a success that is %s is no success', async (_, words, turn) => {
    const { server, sink } = await scripted(turn, turn);
    const found = await failure(sink);
    expect(found).toMatchObject({
      class: 'transient',
      unclear: true,
      message: expect.stringContaining(words),
    });
    server.script = [turn];
    const overTcp = await failure(sinkAt(server.port, { transport: 'tcp' }));
    expect(overTcp).toMatchObject({
      class: 'transient',
      unclear: true,
      message: expect.stringContaining(words),
    });
  });
});

describe('the way there and back', () => {
  it('takes a second sending when the first is lost', async () => {
    const { server, sink } = await scripted(silence);
    expect(await sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
    const [first, second] = server.received;
    expect(second?.octets).toEqual(first?.octets);
  });

  it('says "unclear" if the second sending stumbles over what the first one did', async () => {
    const { server, sink } = await scripted(({ proper }) => void proper());
    expect(await failure(sink)).toMatchObject({ class: 'conflict', unclear: true });
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.1 60']);
    expect(server.received).toHaveLength(2);
  });

  it('does not split a message that may have been carried out already: its records are all unclear', async () => {
    const { server, sink } = await scripted(({ proper }) => void proper());
    const other = key('other.example.org');
    const two = [change, { ...change, target: { ...change.target, key: other } }];
    const unclear = { kind: 'failed', failure: { class: 'conflict', unclear: true } };
    expect(await sink.write(two, call())).toMatchObject([unclear, unclear]);
    expect(server.received).toHaveLength(2);
  });

  it('ignores strangers: another id, a question, another subject, garbage, and waits for the answer', async () => {
    const { sink } = await scripted(({ reply, proper, message, octets }) => {
      const answer = proper();
      const otherId = Uint8Array.from(answer);
      otherId[0] = (otherId[0] ?? 0) ^ 0xff;
      reply(otherId);
      reply(octets);
      reply(
        encodeMessage({
          ...message,
          response: true,
          additionals: [],
          questions: [{ name: 'x', type: 6, class: 1 }],
        }),
      );
      reply(Uint8Array.from([...answer.subarray(0, 12), 0xff]));
      reply(Uint8Array.of(1));
      reply(answer);
    });
    expect(await sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
  });

  it('is unclear, not unreachable, when nobody answers a datagram', async () => {
    const { server, sink } = await scripted(silence, silence, silence);
    expect(await failure(sink)).toMatchObject({ class: 'transient', unclear: true, scope: 'sink' });
    expect(server.received).toHaveLength(2);
  });

  it('is not troubled by an answer that comes too late', async () => {
    const late: (() => void)[] = [];
    const { sink } = await scripted(
      ({ reply, proper }) => late.push(() => reply(proper())),
      silence,
      ({ reply, coded }) => {
        for (const send of late) send();
        reply(coded(5));
      },
    );
    expect(await failure(sink)).toMatchObject({ unclear: true });
    expect(await failure(sink)).toMatchObject({ class: 'credentials' });
  });

  it('goes on over TCP when the answer is cut off', async () => {
    const cut: Turn = ({ reply, coded }) => reply(coded(0, { truncated: true }));
    const { server, sink } = await scripted(cut);
    expect(await sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
    expect(server.received.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
    server.script = [cut, cut];
    expect(await failure(sink)).toMatchObject({ class: 'transient', unclear: true });
  });

  it('is unreachable, and not unclear, where nobody listens', async () => {
    const port = await closedPort();
    for (const transport of ['auto', 'tcp'] as const) {
      const found = await failure(sinkAt(port, { transport }));
      expect(found).toMatchObject({ class: 'unreachable', message: expect.stringContaining('ECONNREFUSED') });
      expect(found.unclear).toBeUndefined();
    }
  });

  it('is unclear when a connection ends or hangs after the update was sent', async () => {
    const server = await fake();
    const sink = sinkAt(server.port, { transport: 'tcp' });
    server.script = [silence];
    expect(await failure(sink)).toMatchObject({ class: 'transient', unclear: true, message: /no answer/ });
    server.script = [({ reply }) => reply(Uint8Array.of(1, 2, 3))];
    expect(await failure(sink)).toMatchObject({ class: 'transient', unclear: true });
  });

  it('goes to the next address of a server whose first one cannot be reached', async () => {
    const server = await fake();
    const addresses = [address('127.0.0.9'), address('127.0.0.1')];
    const network = { addresses: async () => addresses, resolvers: () => [] };
    const sink = sinkAt(server.port, { server: { host: 'ns.example.org', port: server.port } }, { network });
    expect(await sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
  });
});

describe('an address behind which nothing is', () => {
  /** Takes datagrams and says nothing; nobody listens there for TCP. */
  async function withDeafAddress(options: Partial<Rfc2136Options> = {}) {
    const server = await fake();
    const heard: number[] = [];
    const deaf = createSocket('udp4');
    onTestFinished(() => void deaf.close());
    deaf.on('message', (octets) => heard.push(decodeHeader(octets)?.opcode ?? -1));
    await new Promise<void>((resolve) => deaf.bind(server.port, '127.0.0.9', resolve));
    const addresses = [address('127.0.0.9'), address('127.0.0.1')];
    const network = { addresses: async () => addresses, resolvers: () => [] };
    const place = { server: { host: 'ns.example.org', port: server.port } };
    return { server, heard, sink: sinkAt(server.port, { ...place, ...options }, { network }) };
  }

  it('is not the one an update goes to, once a question has found the other one', async () => {
    const { server, heard, sink } = await withDeafAddress();
    const changes = await changesFor(sink, [home, '192.0.2.1']);
    expect(await sink.write(changes, call())).toEqual([{ key: home, kind: 'updated' }]);
    expect(server.held('home.example.org', 'A')).toEqual(['192.0.2.1 60']);
    expect(heard.length).toBeGreaterThan(0);
    expect(heard).not.toContain(OPCODE.UPDATE);
  });

  it('takes one update, and the next one goes elsewhere', async () => {
    const { server, sink } = await withDeafAddress({ verify: false });
    expect(await failure(sink)).toMatchObject({ class: 'transient', unclear: true });
    expect(await sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
    expect(server.updates).toHaveLength(1);
    expect(await sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
  });

  it('is known as such even if the deadline came first', async () => {
    const { sink } = await withDeafAddress({ verify: false });
    const deadline = AbortSignal.timeout(20);
    expect(await failure(sink, [change], deadline)).toMatchObject({ unclear: true });
    expect(await sink.write([change], call())).toEqual([{ key: home, kind: 'updated' }]);
  });
});

describe('where datagrams are dropped', () => {
  const patient = { ...FAST, fallback: 500 };
  const dropping = async () => {
    const server = await fake();
    server.intercept = ({ transport }) => transport === 'udp';
    return server;
  };

  it('goes on over TCP', async () => {
    const server = await dropping();
    const sink = sinkAt(server.port, {}, { timing: patient });
    const changes = await changesFor(sink, [home, '192.0.2.1']);
    expect(await sink.write(changes, call())).toEqual([{ key: home, kind: 'updated' }]);
    expect(server.updates.map(({ transport }) => transport)).toEqual(['udp', 'udp', 'tcp']);
  });

  it('says both when that brings nothing either, and is unclear', async () => {
    const server = await dropping();
    server.intercept = () => true;
    const found = await failure(sinkAt(server.port, {}, { timing: patient }));
    expect(found).toMatchObject({ class: 'transient', unclear: true });
    expect(found.message).toMatch(/no answer from \S+ to 2 datagrams; then no answer from \S+ over TCP/);
  });

  it('does not take a prerequisite for a conflict that an earlier datagram may have made', async () => {
    const server = await dropping();
    // The datagram is carried out, only its answer is lost.
    server.intercept = ({ transport, proper }) => transport === 'udp' && proper().length > 0;
    expect(await failure(sinkAt(server.port, {}, { timing: patient }))).toMatchObject({
      class: 'conflict',
      unclear: true,
    });
  });
});

describe('stopping', () => {
  it.each(['auto', 'tcp'] as const)(
    'ends a hung write at once (%s), as unclear, and leaves no connection',
    async (transport) => {
      const server = await fake();
      const patient = { ...FAST, datagramWaits: [60_000], stream: 60_000 };
      const sink = sinkAt(server.port, { transport }, { timing: patient });
      const controller = new AbortController();
      server.script = [() => controller.abort()];
      expect(await failure(sink, [change], controller.signal)).toMatchObject({ unclear: true });
      for (let turn = 0; turn < 100 && server.streams > 0; turn += 1)
        await new Promise((next) => setTimeout(next, 5));
      expect(server.streams).toBe(0);
    },
  );

  it('sends nothing when stopped before', async () => {
    const server = await fake();
    const found = await failure(sinkAt(server.port), [change], AbortSignal.abort());
    expect(found.unclear).toBeUndefined();
    expect(server.received).toEqual([]);
  });

  it('ends a hung read', async () => {
    const server = await fake();
    const sink = sinkAt(server.port, {}, { timing: { ...FAST, datagramWaits: [60_000] } });
    const controller = new AbortController();
    server.script = [() => controller.abort()];
    await expect(sink.read?.([home], call(controller.signal))).rejects.toMatchObject({
      failure: { class: 'transient' },
    });
  });
});
