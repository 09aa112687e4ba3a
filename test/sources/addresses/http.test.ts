import { afterEach, describe, expect, it } from 'vitest';
import type { Family } from '../../../src/model/family.ts';
import { createHttpPool, type HttpPool } from '../../../src/net/http-client.ts';
import { httpKind } from '../../../src/sources/addresses/http.ts';
import { type FakeHttpServer, type Reply, startHttpServer } from '../../fakes/http-server.ts';
import { components, link, question, snapshotOf } from './fixtures.ts';

const running: FakeHttpServer[] = [];
const pools: HttpPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function server(reply: Reply): Promise<FakeHttpServer> {
  const started = await startHttpServer({ respond: () => reply });
  running.push(started);
  return started;
}

/** Real exchanges; the fake server is on IPv4, whatever family is asked about. */
const http = () => {
  const pool = createHttpPool({ userAgent: 'netdrift/test' });
  pools.push(pool);
  return pool.client;
};

function detectors(services: readonly unknown[] | undefined, family: Family = 'ipv4') {
  const options = httpKind.options.parse(services === undefined ? {} : { services });
  return httpKind.create({ family, options, allow: [] }, components({ http }));
}

async function read(reply: Reply, answer?: unknown, family: Family = 'ipv4', snapshot = snapshotOf([])) {
  const { url } = await server(reply);
  const [detector] = detectors([{ url: url.href, ...(answer === undefined ? {} : { answer }) }], family);
  if (detector === undefined) throw new Error('no detector');
  return await detector.read(question({ snapshot }));
}

const TRACE =
  'fl=1f1\nh=one.one.one.one\nip=8.8.4.4\nts=1.5\nvisit_scheme=https\ncolo=AMS\nwarp=off\ngateway=off\n';
const FIELD = { field: 'ip', require: { warp: 'off' } };

describe('the http detector', () => {
  it.each([
    ['a whole body', { body: '8.8.4.4\n' }, undefined],
    ['a body with a line end of the other kind', { body: ' 8.8.4.4\r\n' }, 'text'],
    ['a text in a JSON document', { body: '{"a":{"ip":"8.8.4.4"}}' }, { json: 'a.ip' }],
    ['a text in a JSON list', { body: '{"ips":["8.8.4.4"]}' }, { json: 'ips.0' }],
    ['a line of a trace page', { body: TRACE }, FIELD],
    ['a trace page without the required line', { body: 'ip=8.8.4.4\n' }, FIELD],
  ])('reads %s', async (_, reply, answer) => {
    expect(await read(reply, answer)).toMatchObject({
      kind: 'known',
      address: '8.8.4.4',
      why: 'seen by 127.0.0.1',
    });
  });

  it.each([
    ['an empty body', { body: ' \n' }, undefined, 'the answer is empty'],
    [
      'a page',
      { body: '<html>Your address: 8.8.4.4</html>' },
      undefined,
      /^the answer is a page and not an address/,
    ],
    ['a sentence with an address in it', { body: 'You are 8.8.4.4' }, undefined, /not an address: You are/],
    ['two addresses', { body: '8.8.4.4, 8.8.8.8' }, undefined, /holds 2 addresses and not one/],
    ['a network', { body: '8.8.4.4/32' }, undefined, /not an address/],
    ['an address in octal', { body: '010.8.4.4' }, undefined, /not an address/],
    ['another family', { body: '2a00:1450::1' }, undefined, 'asked for IPv4 and was told 2a00:1450::1'],
    [
      'a good body with a bad status',
      { status: 503, body: '8.8.4.4' },
      undefined,
      'answered with status 503',
    ],
    ['a 204', { status: 204 }, undefined, 'answered with status 204'],
    ['JSON where text was declared', { body: '{"ip":"8.8.4.4"}' }, undefined, /not an address/],
    ['text where JSON was declared', { body: '8.8.4.4!' }, { json: 'ip' }, /not JSON/],
    [
      'JSON without the key',
      { body: '{"address":"8.8.4.4"}' },
      { json: 'ip' },
      'the answer has no text at ip',
    ],
    ['JSON with a key of every object', { body: '{}' }, { json: 'constructor.name' }, /no text at/],
    ['a number in JSON', { body: '{"ip":134743044}' }, { json: 'ip' }, /no text at ip/],
    ['a trace page without the field', { body: 'h=x\n' }, FIELD, /no line ip=/],
    ['a trace page with the field twice', { body: 'ip=8.8.4.4\nip=8.8.8.8\n' }, FIELD, /2 lines ip=/],
    ['a body that is too long', { body: `8.8.4.4${' '.repeat(5000)}` }, undefined, /4096|too l|more than/],
    ['a reset connection', { reset: 'headers' }, undefined, /./],
    ['half a body', { body: '8.8.4.4', reset: 'body' }, undefined, /./],
    ['octets that are not HTTP', { raw: '8.8.4.4\n' }, undefined, /./],
  ] as ReadonlyArray<[string, Reply, unknown, string | RegExp]>)(
    'refuses %s',
    async (_, reply, answer, why) => {
      const reading = await read(reply, answer);
      expect(reading.kind).toBe('unavailable');
      expect(reading.kind === 'unavailable' && reading.why).toMatch(why);
    },
  );

  it.each(['warp=on', 'warp=plus', 'gateway=on'])(
    'tells that it was asked through a proxy: %s',
    async (line) => {
      const [name = ''] = line.split('=');
      const page = TRACE.replace(`${name}=off`, line);
      const reading = await read({ body: page }, { field: 'ip', require: { warp: 'off', gateway: 'off' } });
      expect(reading).toMatchObject({ kind: 'known', address: '8.8.4.4', exit: line });
    },
  );

  it("tells a service's refusal from what a captive portal says in its place", async () => {
    expect(await read({ status: 429, body: 'slow down' })).toMatchObject({ reached: true });
    const portals: readonly Reply[] = [
      { status: 511 },
      { status: 302, headers: { location: 'http://login.example/' } },
      { body: '<html>welcome</html>' },
    ];
    for (const portal of portals) expect(await read(portal)).not.toHaveProperty('reached');
  });

  it('does not follow a redirect and says where it leads', async () => {
    const other = await server({ body: '8.8.4.4' });
    const reading = await read({ status: 302, headers: { location: `${other.url.href}login?token=x` } });
    const why = `answered with a redirect (302 to ${other.url.host}): a captive portal, or the service has moved`;
    expect(reading).toMatchObject({ kind: 'unavailable', why });
    expect(other.requests).toHaveLength(0);
  });

  it('refuses IPv4 in the clothes of IPv6', async () => {
    const reading = await read({ body: '::ffff:8.8.4.4' }, undefined, 'ipv6');
    expect(reading).toMatchObject({ kind: 'unavailable', why: 'asked for IPv6 and was told 8.8.4.4' });
  });

  it('does not take a temporary address of this host for its address', async () => {
    const snapshot = snapshotOf([link('eth0', ['2a00:1450::1', '2a00:1450::9 temporary'])]);
    const reading = await read({ body: '2a00:1450::9' }, undefined, 'ipv6', snapshot);
    expect(reading).toMatchObject({
      kind: 'unavailable',
      why: expect.stringMatching(/2a00:1450::9 is a temporary address of eth0/),
    });
    const stable = await read({ body: '2a00:1450::1' }, undefined, 'ipv6', snapshot);
    expect(stable).toMatchObject({ kind: 'known', address: '2a00:1450::1' });
  });

  it('takes a hostile page into the reason on one line and cut', async () => {
    const reading = await read({ body: `\u001b[31mred\n\n${'x'.repeat(3000)}` });
    const why = reading.kind === 'unavailable' ? reading.why : '';
    expect(why.length).toBeLessThan(260);
    expect(why).not.toMatch(/\p{Cc}/u);
  });

  it('stops at once when aborted, with the reason given', async () => {
    const silent = await server({ hang: 'headers' });
    const [detector] = detectors([silent.url.href]);
    const controller = new AbortController();
    const reading = detector?.read(question({ signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(reading).rejects.toThrow('enough');
  });

  it('gives one detector a service, each with its witness, without path and query', () => {
    const made = detectors([
      'https://a.example.org/ip?token=hush',
      { url: 'http://b.example.org/', operator: 'B', answer: { json: 'ip' } },
    ]);
    expect(made.map(({ witness }) => witness)).toEqual([
      {
        detector: 'http',
        name: 'https://a.example.org',
        operator: 'a.example.org',
        path: 'https://a.example.org',
        seesPath: true,
      },
      {
        detector: 'http',
        name: 'http://b.example.org',
        operator: 'B',
        path: 'plain HTTP',
        seesPath: true,
        forgeable: true,
      },
    ]);
  });

  it.each(['ipv4', 'ipv6'] as const)('asks several operators over HTTPS by default for %s', (family) => {
    const witnesses = detectors(undefined, family).map(({ witness }) => witness);
    expect(new Set(witnesses.slice(0, 3).map(({ operator }) => operator)).size).toBe(3);
    expect(witnesses.every(({ name }) => name.startsWith('https://'))).toBe(true);
    expect(witnesses.some(({ forgeable }) => forgeable)).toBe(false);
  });

  it('asks with the client of its family', async () => {
    const asked: Family[] = [];
    const client = (family: Family) => {
      asked.push(family);
      return async () => ({ status: 200, headers: {}, body: 'ip=2a00:1450::1\n' });
    };
    const [detector] = httpKind.create(
      { family: 'ipv6', options: {}, allow: [] },
      components({ http: client }),
    );
    expect(await detector?.read(question())).toMatchObject({ kind: 'known', address: '2a00:1450::1' });
    expect(asked).toEqual(['ipv6']);
  });
});
