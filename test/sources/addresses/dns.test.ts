import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../../src/model/address.ts';
import type { Family } from '../../../src/model/family.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { createHttpPool, type HttpPool } from '../../../src/net/http-client.ts';
import { dnsDetectors, dnsKind } from '../../../src/sources/addresses/dns.ts';
import { askWhoami, type DnsNetwork, WHOAMI_TIMING } from '../../../src/sources/addresses/dns-ask.ts';
import {
  type HttpsReply,
  httpsNameServer,
  nameServer,
  type Responder,
  reply,
  type WhoamiServer,
  whoami,
} from './dns-fixtures.ts';
import { components, link, question, snapshotOf } from './fixtures.ts';

const open: WhoamiServer[] = [];
const pools: HttpPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const http = () => {
  const pool = createHttpPool({ userAgent: 'netdrift/test' });
  pools.push(pool);
  return pool.client;
};

const network = (lookup?: DnsNetwork['lookup']): DnsNetwork => ({
  lookup:
    lookup ??
    ((() => {
      throw new Error('this test resolves no name');
    }) as unknown as DnsNetwork['lookup']),
  timing: { ...WHOAMI_TIMING, datagramWaits: [50, 50, 50], stream: 500 },
});

interface Scene {
  readonly entry: Readonly<Record<string, unknown>> | string;
  readonly family?: Family;
  readonly snapshot?: Snapshot;
  readonly bound?: string;
  readonly signal?: AbortSignal;
  readonly lookup?: DnsNetwork['lookup'];
}

async function ask({ entry, family = 'ipv4', snapshot = snapshotOf([]), bound, signal, lookup }: Scene) {
  const options = dnsKind.options.parse({ services: [entry] });
  const init = { family, options, allow: [], ...(bound === undefined ? {} : { interface: bound }) };
  const [detector] = dnsDetectors(init, components({ http }), network(lookup));
  if (detector === undefined) throw new Error('no detector');
  return await detector.read(question({ snapshot, ...(signal === undefined ? {} : { signal }) }));
}

async function serve(respond: Responder, host: '127.0.0.1' | '::1' = '127.0.0.1') {
  const server = await nameServer(respond, { host });
  open.push(server);
  return server;
}

async function serveHttps(respond: Parameters<typeof httpsNameServer>[0]) {
  const server = await httpsNameServer(respond);
  open.push(server);
  return server;
}

const place = ({ host, port }: WhoamiServer) => (host === '::1' ? `[::1]:${port}` : `${host}:${port}`);
const TXT = { name: 'whoami.cloudflare', type: 'TXT', class: 'CH' };
const TXT_QUESTION = { name: 'whoami.cloudflare', type: 'TXT', class: 'CH', authoritative: false } as const;
const OWN = { name: 'o-o.myaddr.example.com', type: 'TXT', authoritative: true };

describe('the dns detector', () => {
  it.each([
    ['udp', 'ipv4', { name: 'myip.example.com' }, '8.8.4.4'],
    ['udp', 'ipv6', { name: 'myip.example.com' }, '2a00:1450::1'],
    ['tcp', 'ipv4', { name: 'myip.example.com' }, '8.8.4.4'],
    ['tcp', 'ipv6', { name: 'myip.example.com', type: 'AAAA' }, '2a00:1450::1'],
    ['udp', 'ipv4', TXT, '8.8.4.4'],
    ['tcp', 'ipv6', TXT, '2a00:1450::1'],
  ] as const)('reads an address over %s for %s', async (transport, family, asked, address) => {
    const server = await serve(
      ({ query }) => [whoami(query, address)],
      family === 'ipv6' ? '::1' : '127.0.0.1',
    );
    const reading = await ask({ entry: { server: place(server), transport, ...asked }, family });
    const name = `${asked.name} at ${transport}://${place(server)}`;
    const forgeable = transport === 'udp' ? { forgeable: true } : {};
    const via = {
      detector: 'dns',
      name,
      operator: server.host,
      path: server.host,
      seesPath: true,
      ...forgeable,
    };
    expect(reading).toEqual({
      kind: 'known',
      address,
      via,
      why: `seen by ${transport}://${place(server)}`,
    });
    const type = 'type' in asked ? asked.type : family === 'ipv4' ? 'A' : 'AAAA';
    const questions = [expect.objectContaining({ ...asked, type, class: 'class' in asked ? 'CH' : 'IN' })];
    expect(server.asked.map(({ query, via: way }) => [way, query.questions])).toEqual([
      [transport, questions],
    ]);
  });

  it('uses another id for every question', async () => {
    const server = await serve(({ query }) => [whoami(query, '8.8.4.4')]);
    const options = dnsKind.options.parse({ services: [{ server: place(server), ...TXT }] });
    const ids = [Uint8Array.of(0x12, 0x34), Uint8Array.of(0xff, 0x01)];
    const randomBytes = () => ids.shift() ?? new Uint8Array(2);
    const [detector] = dnsDetectors(
      { family: 'ipv4', options, allow: [] },
      components({ randomBytes }),
      network(),
    );
    await detector?.read(question());
    await detector?.read(question());
    expect(server.asked.map(({ query }) => query.id)).toEqual([0x1234, 0xff01]);
  });

  it.each([
    ['another id', (query: { id?: number }) => ({ id: ((query.id ?? 0) + 1) & 0xffff })],
    ['another question', () => ({ questions: [{ type: 'TXT', name: 'whoami.cloudflare', class: 'IN' }] })],
    ['no question at all', () => ({ questions: [] })],
  ])('passes over a forged datagram with %s, and takes the right one after it', async (_, change) => {
    const server = await serve(({ query }) => [
      whoami(query, '192.0.2.66', change(query)),
      whoami(query, '8.8.4.4'),
    ]);
    const reading = await ask({ entry: { server: place(server), transport: 'udp', ...TXT } });
    expect(reading).toMatchObject({ kind: 'known', address: '8.8.4.4' });
  });

  it('says what came when only forged or malformed datagrams do', async () => {
    const forged = await serve(({ query }) => [whoami(query, '192.0.2.66', { id: (query.id ?? 0) ^ 1 })]);
    const reading = await ask({ entry: { server: place(forged), transport: 'udp', ...TXT } });
    expect(reading).toMatchObject({
      kind: 'unavailable',
      why: `no answer from ${place(forged)} to 3 datagrams; an answer came, but it does not belong to the question`,
    });
    const garbled = await serve(({ query }) => [whoami(query, '8.8.4.4').subarray(0, 40)]);
    expect(await ask({ entry: { server: place(garbled), transport: 'udp', ...TXT } })).toMatchObject({
      kind: 'unavailable',
      why: expect.stringMatching(/it is malformed$/),
    });
  });

  it('does not hear a right answer from another port', async () => {
    const stranger = createSocket('udp4');
    await new Promise<void>((ready) => stranger.bind(0, '127.0.0.1', ready));
    const server = await serve(({ query }, udp) => {
      if (udp !== undefined) stranger.send(whoami(query, '192.0.2.66'), udp.from.port, udp.from.address);
      return [];
    });
    const reading = await ask({ entry: { server: place(server), transport: 'udp', ...TXT } });
    await new Promise<void>((done) => stranger.close(done));
    expect(reading).toMatchObject({
      kind: 'unavailable',
      why: `no answer from ${place(server)} to 3 datagrams`,
    });
  });

  it('sends a lost datagram again, the same octets', async () => {
    let count = 0;
    const server = await serve(({ query }) => {
      count += 1;
      return count === 2 ? [whoami(query, '8.8.4.4')] : [];
    });
    const reading = await ask({ entry: { server: place(server), transport: 'udp', ...TXT } });
    expect(reading).toMatchObject({ kind: 'known', address: '8.8.4.4' });
    expect(server.asked[1]?.octets).toEqual(server.asked[0]?.octets);
  });

  it('asks again over TCP if the answer is cut off', async () => {
    const server = await serve(({ query, via }) =>
      via === 'udp' ? [reply(query, { truncated: true })] : [whoami(query, '8.8.4.4')],
    );
    const reading = await ask({ entry: { server: place(server), transport: 'udp', ...TXT } });
    expect(reading).toMatchObject({ kind: 'known', address: '8.8.4.4' });
    expect(server.asked.map(({ via }) => via)).toEqual(['udp', 'tcp']);
  });

  const txt = (...strings: string[]) => ({
    type: 'TXT',
    name: TXT.name,
    class: 'CH',
    data: strings.map((text) => Buffer.from(text)),
  });
  it.each([
    ['NXDOMAIN', { rcode: 3 }, 'answered NXDOMAIN'],
    ['REFUSED', { rcode: 5 }, 'answered REFUSED'],
    ['NOTIMP without the question', { rcode: 4, questions: [] }, 'answered NOTIMP'],
    ['no record', {}, 'answered without a record of type TXT'],
    ['two records', { answers: [txt('8.8.4.4'), txt('8.8.8.8')] }, 'answered with 2 records and not one'],
    [
      'two strings',
      { answers: [txt('8.8.4.4', '8.8.8.8')] },
      'the TXT record holds several strings and not one',
    ],
    ['an empty string', { answers: [txt('')] }, 'the answer is empty'],
    ['a sentence', { answers: [txt('You are 8.8.4.4')] }, /not an address: You are/],
    ['a page', { answers: [txt('<html>8.8.4.4')] }, /is a page and not an address/],
    ['the other family', { answers: [txt('2a00:1450::1')] }, 'asked for IPv4 and was told 2a00:1450::1'],
    [
      'another name',
      { answers: [{ ...txt('8.8.4.4'), name: 'elsewhere.example.com' }] },
      /a record other than/,
    ],
    [
      'another class',
      { answers: [{ ...txt('8.8.4.4'), class: 'IN' }] },
      /a record other than the TXT record/,
    ],
    [
      'another type',
      { answers: [{ type: 'A', name: TXT.name, class: 'IN', data: '8.8.4.4' }] },
      /a record other than the TXT record/,
    ],
  ])('refuses %s', async (_, told, why) => {
    const server = await serve(({ query }) => [reply(query, told)]);
    const reading = await ask({ entry: { server: place(server), ...TXT } });
    expect(reading.kind).toBe('unavailable');
    expect(reading.kind === 'unavailable' && reading.why).toMatch(why);
  });

  it('refuses an alias in the place of the address', async () => {
    const alias = { type: 'CNAME', name: 'myip.example.com', data: 'elsewhere.example.com' };
    const record = { type: 'A', name: 'elsewhere.example.com', data: '8.8.4.4' };
    const server = await serve(({ query }) => [reply(query, { answers: [alias, record] })]);
    expect(await ask({ entry: { server: place(server), name: 'myip.example.com' } })).toMatchObject({
      kind: 'unavailable',
      why: 'answered with 2 records and not one',
    });
  });

  it('takes only the server’s own answer where that is asked for, and does not ask for recursion', async () => {
    const server = await serve(({ query, via }) => [
      whoami(query, '8.8.4.4', { authoritative: via === 'udp' }),
    ]);
    const good = await ask({ entry: { server: place(server), transport: 'udp', ...OWN } });
    expect(good).toMatchObject({ kind: 'known', address: '8.8.4.4' });
    const intercepted = await ask({ entry: { server: place(server), transport: 'tcp', ...OWN } });
    expect(intercepted).toMatchObject({
      kind: 'unavailable',
      why: 'not the answer of the server itself: somebody on the path answers in its place',
    });
    expect(server.asked.map(({ octets }) => octets.readUInt16BE(2) & 0x0100)).toEqual([0, 0]);
  });

  it.each([
    ['closes', 'close' as const, /closed the connection without an answer/],
    ['is silent', [], /^no answer from 127\.0\.0\.1:\d+ over TCP$/],
    ['sends garbage', [Buffer.from('GET / HTTP/1.1')], /answered, but/],
  ])('says so when a server over TCP %s', async (_, messages, why) => {
    const server = await serve(() => messages);
    const reading = await ask({ entry: { server: place(server), ...TXT } });
    expect(reading.kind === 'unavailable' && reading.why).toMatch(why);
    await expect.poll(server.open).toBe(0);
  });

  it.each(['udp', 'tcp'])('says so when nothing listens (%s)', async (transport) => {
    const server = await nameServer(() => []);
    await server.close();
    const reading = await ask({ entry: { server: place(server), transport, ...TXT } });
    expect(reading).toMatchObject({ kind: 'unavailable', why: expect.stringMatching(/ECONNREFUSED/) });
  });

  it('resolves a server’s name for the family asked about', async () => {
    const server = await serve(({ query }) => [whoami(query, '2a00:1450::1')], '::1');
    const asked: unknown[] = [];
    const lookup = ((host: string, options: unknown, done: (error: null, address: string) => void) => {
      asked.push([host, options]);
      done(null, '::1');
    }) as unknown as DnsNetwork['lookup'];
    const entry = { server: `ns.example.com:${server.port}`, ...TXT };
    expect(await ask({ entry, family: 'ipv6', lookup })).toMatchObject({
      kind: 'known',
      address: '2a00:1450::1',
    });
    expect(asked).toEqual([['ns.example.com', { family: 6 }]]);
    // What the resolver gives for the other family is not used.
    const other = await ask({ entry, family: 'ipv4', lookup });
    expect(other).toMatchObject({ kind: 'unavailable', why: 'no IPv4 address of ns.example.com found' });
  });

  it('refuses a server address of the other family', async () => {
    const reading = await ask({ entry: { server: '192.0.2.1', ...TXT }, family: 'ipv6' });
    expect(reading).toMatchObject({ kind: 'unavailable', why: 'its address is not of IPv6' });
  });

  it('asks from the interface the uplink is bound to, or not at all', async () => {
    const server = await serve(({ query }) => [whoami(query, '8.8.4.4')]);
    const snapshot = snapshotOf([link('lo', ['127.0.0.7'], { loopback: true }), link('eth0', ['192.0.2.5'])]);
    for (const transport of ['udp', 'tcp']) {
      const entry = { server: place(server), transport, ...TXT };
      expect(await ask({ entry, snapshot, bound: 'eth0' })).toMatchObject({
        kind: 'unavailable',
        why: expect.stringMatching(/EADDRNOTAVAIL/),
      });
      const before = server.asked.length;
      const gone = snapshotOf([link('eth0', [])]);
      expect(await ask({ entry, snapshot: gone, bound: 'eth0' })).toMatchObject({
        why: expect.stringMatching(/^nothing to ask from: /),
      });
      expect(server.asked).toHaveLength(before);
      expect(await ask({ entry, snapshot, bound: 'lo' })).toMatchObject({ kind: 'known' });
      expect(server.asked).toHaveLength(before + 1);
    }
  });

  it.each(['udp', 'tcp'] as const)('sends from the address it is given (%s)', async (transport) => {
    const server = await serve(({ query }) => [whoami(query, '8.8.4.4')]);
    const task = {
      question: { ...TXT_QUESTION, id: 7, family: 'ipv4' as const },
      place: { transport, host: server.host, port: server.port },
      localAddress: address('127.0.0.7'),
      http: http(),
      signal: AbortSignal.timeout(5_000),
    };
    expect(await askWhoami(task, network())).toEqual({ kind: 'address', address: '8.8.4.4' });
    expect(server.asked.map(({ from }) => from)).toEqual(['127.0.0.7']);
  });

  it('does not take a temporary address of this host for its address', async () => {
    const server = await serve(({ query }) => [whoami(query, '8.8.4.4')]);
    const snapshot = snapshotOf([link('eth0', ['8.8.4.4 temporary'])]);
    const reading = await ask({ entry: { server: place(server), ...TXT }, snapshot });
    expect(reading).toMatchObject({ why: expect.stringMatching(/is a temporary address of eth0/) });
  });

  it.each(['udp', 'tcp'])('stops at once when aborted (%s)', async (transport) => {
    const controller = new AbortController();
    const server = await serve(() => {
      controller.abort(new Error('enough'));
      return [];
    });
    const entry = { server: place(server), transport, ...TXT };
    await expect(ask({ entry, signal: controller.signal })).rejects.toThrow('enough');
    await expect.poll(server.open).toBe(0);
  });
});

describe('the dns detector over HTTPS', () => {
  const entry = (url: string) => ({ url, transport: 'doh', ...TXT });

  it('sends the question in the URL and reads octets', async () => {
    // An id whose octets are no UTF-8: read as text, the answer would be lost.
    const server = await serveHttps(({ query }, request) => {
      expect(request.headers.accept).toBe('application/dns-message');
      return { octets: whoami(query, '8.8.4.4') };
    });
    const options = dnsKind.options.parse({ services: [entry(`${server.url}?token=hush`)] });
    const given = components({ http, randomBytes: () => Uint8Array.of(0xfe, 0xff) });
    const [detector] = dnsDetectors({ family: 'ipv4', options, allow: [] }, given, network());
    expect(await detector?.read(question())).toMatchObject({ kind: 'known', address: '8.8.4.4' });
    expect(detector?.witness).toEqual({
      detector: 'dns',
      name: `whoami.cloudflare at ${server.url}`,
      operator: '127.0.0.1',
      path: 'plain HTTP',
      seesPath: true,
      forgeable: true,
    });
    expect(server.asked[0]?.query.id).toBe(0xfeff);
  });

  it.each([
    ['a status', { status: 503, octets: Buffer.from('busy') }, 'answered with status 503'],
    ['a redirect', { status: 302, octets: Buffer.alloc(0) }, 'answered with status 302'],
    ['a page', { type: 'text/html', octets: Buffer.from('<html>') }, /not a DNS message \(text\/html\)/],
    ['garbage', { octets: Buffer.from('<html>8.8.4.4</html>') }, /an answer came, but/],
    ['nothing', { octets: Buffer.alloc(0) }, 'an answer came, but it is too short for a DNS message'],
    ['too much', { octets: Buffer.alloc(5_000) }, /4096/],
  ] as ReadonlyArray<[string, HttpsReply, string | RegExp]>)('refuses %s', async (_, answer, why) => {
    const server = await serveHttps(() => answer);
    const reading = await ask({ entry: entry(server.url) });
    expect(reading.kind === 'unavailable' && reading.why).toMatch(why);
  });

  it.each([
    ['an answer to another question', { id: 7 }, /does not belong to the question/],
    ['an answer that is cut off', { truncated: true }, 'it cut its answer off even over HTTPS'],
  ])('refuses %s', async (_, told, why) => {
    const server = await serveHttps(({ query }) => ({ octets: reply(query, told) }));
    const options = dnsKind.options.parse({ services: [entry(server.url)] });
    const given = components({ http, randomBytes: () => Uint8Array.of(1, 1) });
    const [detector] = dnsDetectors({ family: 'ipv4', options, allow: [] }, given, network());
    const reading = await detector?.read(question());
    expect(reading?.kind === 'unavailable' && reading.why).toMatch(why);
  });
});

describe('the services of the dns detector', () => {
  const witnesses = (services: readonly unknown[] | undefined, family: Family) =>
    dnsKind
      .create(
        { family, options: dnsKind.options.parse(services === undefined ? {} : { services }), allow: [] },
        components(),
      )
      .map(({ witness }) => witness);

  it('are of three operators by default, by addresses of the family, none forgeable', () => {
    expect(witnesses(undefined, 'ipv4').map(({ name }) => name)).toEqual([
      'myip.opendns.com at tcp://208.67.222.222:53',
      'o-o.myaddr.l.google.com at tcp://216.239.32.10:53',
      'whoami.cloudflare at tls://1.1.1.1:853',
    ]);
    expect(witnesses(undefined, 'ipv6').map(({ name }) => name)).toEqual([
      'myip.opendns.com at tcp://[2620:119:35::35]:53',
      'o-o.myaddr.l.google.com at tcp://[2001:4860:4802:32::a]:53',
      'whoami.cloudflare at tls://[2606:4700:4700::1111]:853',
    ]);
    for (const family of ['ipv4', 'ipv6'] as const) {
      expect(new Set(witnesses(undefined, family).map(({ operator }) => operator)).size).toBe(3);
      // Whoever answers for one server at port 53 answers for the other; TLS is a path of its own.
      expect(new Set(witnesses(undefined, family).map(({ path }) => path)).size).toBe(2);
      expect(witnesses(undefined, family).some(({ forgeable }) => forgeable)).toBe(false);
    }
  });

  it('take another transport where they offer it', () => {
    const entries = [
      { service: 'opendns', transport: 'doh' },
      { service: 'opendns', transport: 'dot' },
      { service: 'cloudflare', transport: 'udp' },
      { service: 'google', transport: 'udp' },
      'cloudflare',
    ];
    expect(
      witnesses(entries, 'ipv4').map(({ name, forgeable }) => [name.split(' at ')[1], forgeable]),
    ).toEqual([
      ['https://doh.opendns.com/dns-query', undefined],
      ['tls://208.67.222.222:853', undefined],
      ['udp://1.1.1.1:53', true],
      ['udp://216.239.32.10:53', true],
      ['tls://1.1.1.1:853', undefined],
    ]);
  });

  it.each([
    [{ service: 'google', transport: 'doh' }],
    [{ service: 'google', transport: 'dot' }],
    [{ service: 'nobody' }],
    [{ server: 'ns.example.com', transport: 'doh', name: 'a.example.com' }],
    [{ url: 'https://a.example.com/', name: 'a.example.com' }],
    [{ server: 'ns.example.com' }],
    [{ server: 'ns.example.com', name: 'a.example.com', tls_name: 'b.example.com' }],
    [{ server: 'ns.example.com', name: 'a.example.com', type: 'MX' }],
  ])('cannot be %j', (entry) => {
    expect(dnsKind.options.safeParse({ services: [entry] }).success).toBe(false);
  });

  it('say what a known one does not offer', () => {
    const services = [{ service: 'google', transport: 'doh' }];
    expect(dnsKind.options.safeParse({ services }).error?.issues).toEqual([
      expect.objectContaining({
        path: ['services', 0, 'transport'],
        message: expect.stringMatching(/^is not offered by this service/),
      }),
    ]);
  });
});
