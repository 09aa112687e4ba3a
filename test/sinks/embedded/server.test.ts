import { createSocket } from 'node:dgram';
import { createConnection, type Socket } from 'node:net';
import packet from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { RecordKey } from '../../../src/model/record.ts';
import { RCODE } from '../../../src/net/dns/codes.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import { frame } from '../../../src/net/dns/framing.ts';
import { type Call, type Change, SinkError } from '../../../src/sinks/contract.ts';
import { createEmbedded, type EmbeddedSink } from '../../../src/sinks/embedded/index.ts';
import { type EmbeddedOptions, embeddedOptions } from '../../../src/sinks/embedded/options.ts';
import type { TcpSettings } from '../../../src/sinks/embedded/tcp-listener.ts';
import { reconcile } from '../../../src/sinks/reconcile.ts';
import { volatileMemory } from '../../../src/state/sink-memory.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { askTcp, askUdp, bothTypes, decoded, key, query } from './support.ts';

const running: EmbeddedSink[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((sink) => sink.stop()));
});

const call: Call = {
  signal: new AbortController().signal,
  log: silentLog,
  http: () => Promise.reject(new Error('no HTTP here')),
};

const change = (target: RecordKey, ...addresses: readonly string[]): Change => ({
  target: { key: target, addresses: addresses.map(address) },
  actual: [],
  edits: [],
});

function make(options: unknown = {}, keys = bothTypes('home.test'), tcp?: TcpSettings): EmbeddedSink {
  const clock = { monotonic: () => 0, wall: () => 1_700_000_000_000, boot: () => 0 };
  const parsed: EmbeddedOptions = embeddedOptions.parse({ listen: '127.0.0.1:0', ...(options as object) });
  const sink = createEmbedded({ name: 'local', options: parsed, keys }, { clock, log: silentLog }, tcp);
  running.push(sink);
  return sink;
}

async function started(...parts: Parameters<typeof make>): Promise<{ sink: EmbeddedSink; port: number }> {
  const sink = make(...parts);
  await sink.start();
  return { sink, port: sink.endpoints[0]?.port ?? 0 };
}

const here = (port: number) => ({ host: '127.0.0.1', port });

describe('the sink', () => {
  it('reads what was written, and writes only what is new', async () => {
    const { sink } = await started();
    const a = key('home.test');
    expect(await sink.read([a], call)).toEqual([]);
    expect(await sink.write([change(a, '192.0.2.1')], call)).toEqual([{ key: a, kind: 'updated' }]);
    expect(await sink.write([change(a, '192.0.2.1')], call)).toEqual([{ key: a, kind: 'unchanged' }]);
    expect(await sink.read([a, key('home.test', 'AAAA')], call)).toEqual([
      { key: a, content: '192.0.2.1', ttl: 5 },
    ]);
    expect(await sink.write([change(a)], call)).toEqual([{ key: a, kind: 'updated' }]);
    expect(await sink.read([a], call)).toEqual([]);
  });

  it('says that there is no address, once that is known to be so', async () => {
    const { sink, port } = await started();
    const rcode = async () => decoded(await askUdp(here(port), encodeMessage(query('home.test')))).rcode;
    expect(await rcode()).toBe(RCODE.SERVFAIL);
    const clock = { monotonic: () => 0, wall: () => 0, boot: () => 0 };
    const memory = volatileMemory(clock);
    const none = bothTypes('home.test').map((target) => ({ key: target, addresses: [] }));
    const init = { sink, memory, batch: 100, timeout: 5_000, minimumGap: 0, clock, http: call.http };
    const round = async () => (await reconcile(init, { ...call, targets: none })).map(({ kind }) => kind);
    expect(await round()).toEqual(['updated', 'updated']);
    expect(await rcode()).toBe(RCODE.NOERROR);
    expect(await round()).toEqual(['unchanged', 'unchanged']);
  });

  it.each([
    ['a name', (name: string) => name, 253],
    ['a wildcard', (name: string) => `*.${name}`, 251],
  ])('answers for %s as long as names can be', async (_, of, length) => {
    const label = 'a'.repeat(61);
    const apex = `${label}.${label}.${label}.${label}.test`.padStart(length, 'b').slice(-length);
    const { port } = await started({}, bothTypes(of(apex)));
    const answer = decoded(await askUdp(here(port), encodeMessage(query(apex, 'SOA'))));
    expect(answer.answers).toMatchObject([{ name: apex, data: { kind: 'soa' } }]);
  });

  it('does not take a record that it was not given', async () => {
    const { sink } = await started();
    const [result] = await sink.write([change(key('foreign.test'), '192.0.2.1')], call);
    expect(result).toMatchObject({ kind: 'failed', failure: { class: 'not_found', scope: 'record' } });
  });

  it('grows the serial number with each change, and only then', async () => {
    const { sink, port } = await started();
    const serial = async () => {
      const data = decoded(await askUdp(here(port), encodeMessage(query('home.test', 'SOA')))).answers[0]
        ?.data;
      return data?.kind === 'soa' ? data.serial : undefined;
    };
    const first = await serial();
    await sink.write([change(key('home.test'), '192.0.2.1')], call);
    expect(await serial()).toBe((first ?? 0) + 1);
    await sink.write([change(key('home.test'), '192.0.2.1')], call);
    expect(await serial()).toBe((first ?? 0) + 1);
  });

  it('says why it cannot start, whether that may pass, and leaves nothing open', async () => {
    const { port } = await started();
    const second = make({ listen: ['127.0.0.1:0', `127.0.0.1:${port}`] });
    await expect(second.start()).rejects.toMatchObject({
      failure: { class: 'unreachable', scope: 'sink' },
      message: expect.stringContaining(`127.0.0.1 port ${port}: the port is in use`),
    });
    expect(second.endpoints).toEqual([]);
    // An address of documentation (RFC 5737), which no host has.
    await expect(make({ listen: ['192.0.2.77:0'] }).start()).rejects.toMatchObject({
      failure: { class: 'unreachable', scope: 'sink' },
      message: expect.stringContaining('does not belong to this host'),
    });
    const astray = await make({ zone: 'other.test' })
      .start()
      .catch((error: unknown) => error);
    expect(astray).not.toBeInstanceOf(SinkError);
    expect(astray).toMatchObject({ message: expect.stringContaining('home.test lies in none of its zones') });
  });

  it('can be stopped twice, and started again', async () => {
    const { sink, port } = await started();
    await sink.stop();
    await sink.stop();
    expect(
      await askUdp(here(port), encodeMessage(query('home.test')), 50).catch(() => undefined),
    ).toBeUndefined();
    await sink.start();
    expect(sink.endpoints).toHaveLength(1);
  });

  it('has options that refuse what they do not know', () => {
    expect(embeddedOptions.parse({})).toMatchObject({ listen: [{ host: '127.0.0.1', port: 15353 }], ttl: 5 });
    expect(embeddedOptions.parse({ listen: ['[::1]:53'], zone: 'Home.Test.' })).toMatchObject({
      zone: ['home.test'],
    });
    expect(embeddedOptions.safeParse({ lissen: '127.0.0.1:1' }).success).toBe(false);
    expect(embeddedOptions.safeParse({ listen: [] }).success).toBe(false);
    expect(embeddedOptions.safeParse({ zone: '*.home.test' }).success).toBe(false);
  });
});

describe('over UDP', () => {
  it('answers another codec', async () => {
    const { sink, port } = await started();
    await sink.write([change(key('home.test', 'AAAA'), '2001:db8::7')], call);
    const request = packet.encode({ type: 'query', id: 5, questions: [{ type: 'AAAA', name: 'home.test' }] });
    const answer = await askUdp(here(port), request);
    expect(packet.decode(Buffer.from(answer ?? []))).toMatchObject({
      id: 5,
      rcode: 'NOERROR',
      answers: [{ type: 'AAAA', name: 'home.test', ttl: 5, data: '2001:db8::7' }],
    });
  });

  it('listens at several addresses', async () => {
    const { sink } = await started({ listen: ['127.0.0.1:0', '127.0.0.2:0'] });
    expect(sink.endpoints.map(({ host }) => host)).toEqual(['127.0.0.1', '127.0.0.2']);
    for (const place of sink.endpoints) {
      expect(decoded(await askUdp(place, encodeMessage(query('home.test', 'SOA')))).answers).toHaveLength(1);
    }
  });

  it('goes on after a thousand senseless datagrams', async () => {
    const { port } = await started({ rate_limit: 1_000_000 });
    const socket = createSocket('udp4');
    let state = 12_345;
    for (let count = 0; count < 1_000; count += 1) {
      const datagram = Uint8Array.from({ length: count % 70 }, () => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        return state >> 8;
      });
      await new Promise((sent) => socket.send(datagram, port, '127.0.0.1', sent));
      // Its turn for the server in this same process, or the kernel's buffer overflows and nothing is tested.
      await new Promise((turn) => setImmediate(turn));
    }
    socket.close();
    expect(decoded(await askUdp(here(port), encodeMessage(query('home.test', 'SOA')))).rcode).toBe(0);
  });

  it('limits the rate: beyond it silence, and an empty answer with TC to every second query', async () => {
    const { port } = await started({ rate_limit: 1 });
    const octets = encodeMessage(query('home.test', 'SOA'));
    expect(decoded(await askUdp(here(port), octets))).toMatchObject({ truncated: false });
    expect(await askUdp(here(port), octets, 100)).toBeUndefined();
    expect(decoded(await askUdp(here(port), octets))).toMatchObject({ truncated: true, answers: [] });
    expect((await askTcp(port, [query('home.test', 'SOA')]))[0]?.answers).toHaveLength(1);
  });
});

describe('over TCP', () => {
  it.each([1, 3, 65_535])(
    'answers several queries of one connection, in pieces of %i octets',
    async (size) => {
      const { port } = await started();
      const queries = [1, 2, 3].map((id) => query('home.test', 'SOA', { id }));
      const answers = await askTcp(port, queries, size);
      expect(answers.map(({ id }) => id)).toEqual([1, 2, 3]);
    },
  );

  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });

  it('closes a connection that is idle, even if octets trickle in', async () => {
    const { port } = await started({}, undefined, { idle: 60, connections: 9 });
    const socket = createConnection(port, '127.0.0.1');
    const trickle = setInterval(() => socket.write(Uint8Array.of(0)), 10);
    // A length of 0 would end it at once: announce a long message first.
    socket.write(Uint8Array.of(0xff, 0xff));
    await closed(socket);
    clearInterval(trickle);
  });

  it('keeps a connection that goes on asking for longer than it may be idle', async () => {
    const { port } = await started({}, undefined, { idle: 400, connections: 9 });
    const socket = createConnection(port, '127.0.0.1');
    let ended = false;
    socket.on('close', () => {
      ended = true;
    });
    for (let count = 0; count < 8; count += 1) {
      const answered = new Promise((resolve) => socket.once('data', resolve));
      socket.write(frame(encodeMessage(query('home.test', 'SOA'))));
      await answered;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(ended).toBe(false);
    socket.destroy();
  });

  it('closes a connection that sends no query at all', async () => {
    const { port } = await started();
    const socket = createConnection(port, '127.0.0.1');
    socket.write(Uint8Array.of(0, 3, 1, 2, 3));
    await closed(socket);
  });

  it('gives up the connection longest idle when there are too many', async () => {
    const { port } = await started({}, undefined, { idle: 60_000, connections: 2 });
    const open = async (): Promise<Socket> => {
      const socket = createConnection(port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    };
    const first = await open();
    const second = await open();
    const gone = closed(first);
    expect(await askTcp(port, [query('home.test', 'SOA')])).toHaveLength(1);
    await gone;
    expect(second.destroyed).toBe(false);
    second.destroy();
  });

  it('ends open connections when stopped', async () => {
    const { sink, port } = await started();
    const socket = createConnection(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const gone = closed(socket);
    await sink.stop();
    await gone;
  });
});
