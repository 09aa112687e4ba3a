import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HttpPool } from '../../../src/net/http-client.ts';
import { rowProviders } from '../../../src/sinks/table/providers.ts';
import { familiesOfRow } from '../../../src/sinks/table/row.ts';
import { type FakeHttpServer, startHttpServer } from '../../fakes/http-server.ts';
import { httpPool, target } from '../../fakes/sink-call.ts';
import { mappingFor, nameFor, rowNamed, SECRET, USER, V4, V6, writeTo } from './support.ts';

let server: FakeHttpServer;
let pool: HttpPool;
beforeAll(() => {
  pool = httpPool();
});
beforeEach(async () => {
  server = await startHttpServer({ respond: () => ({ status: 503 }) });
  return () => server.close();
});
afterAll(() => pool.close());

/** What is sent for a name whose both families change: user and password, path and query. */
const BOTH: Readonly<Record<string, readonly string[]>> = {
  changeip: [`alice:pw /nic/update?hostname=NAME&ip=V4`],
  ddnss: ['/upd.php?key=pw&host=NAME&ip=V4', '/upd.php?key=pw&host=NAME&ip6=V6'],
  'desec-dyndns': ['Token pw /?hostname=NAME&myipv4=V4&myipv6=V6'],
  dnsomatic: ['alice:pw /nic/update?hostname=NAME&myip=V4&wildcard=NOCHG&mx=NOCHG&backmx=NOCHG'],
  domeneshop: [
    'alice:pw /v0/dyndns/update?hostname=NAME&myip=V4',
    'alice:pw /v0/dyndns/update?hostname=NAME&myip=V6',
  ],
  dondominio: [
    '/json/?user=alice&apikey=pw&host=NAME&ip=V4&lang=en',
    '/json/?user=alice&apikey=pw&host=NAME&ip=V6&lang=en',
  ],
  duckdns: ['/update?domains=home&token=pw&ip=V4&ipv6=V6&verbose=true'],
  dyn: ['alice:pw /v3/update?hostname=NAME&myip=V4,V6'],
  dynu: ['alice:pw /nic/update?hostname=NAME&myip=V4&myipv6=V6'],
  dynv6: ['/api/update?zone=NAME&token=pw&ipv4=V4&ipv6=V6'],
  // One request a host in ten minutes: the other family waits for the next.
  easydns: ['alice:pw /dyn/generic.php?hostname=NAME&myip=V4'],
  freedns: ['/dynamic/update.php?pw&address=V4'],
  'freedns-ipv6': ['/dynamic/update.php?pw&address=V6'],
  goip: [
    '/setip?username=alice&password=pw&subdomain=NAME&ip=V4&shortResponse=true',
    '/setip?username=alice&password=pw&subdomain=NAME&ip6=V6&shortResponse=true',
  ],
  he: ['NAME:pw /nic/update?hostname=NAME&myip=V4', 'NAME:pw /nic/update?hostname=NAME&myip=V6'],
  infomaniak: ['alice:pw /nic/update?hostname=NAME&myip=V4', 'alice:pw /nic/update?hostname=NAME&myip=V6'],
  inwx: ['alice:pw /nic/update?myip=V4&myipv6=V6'],
  ipv64: ['Bearer pw /nic/update?domain=NAME&ip=V4', 'Bearer pw /nic/update?domain=NAME&ip6=V6'],
  loopia: ['alice:pw /?hostname=NAME&myip=V4'],
  'namecheap-dyndns': ['/update?host=home&domain=example.org&password=pw&ip=V4'],
  njalla: ['/update/?h=NAME&k=pw&a=V4&aaaa=V6'],
  noip: ['alice:pw /nic/update?hostname=NAME&myip=V4,V6'],
  'now-dns': ['alice:pw /update?hostname=NAME&myip=V4', 'alice:pw /update?hostname=NAME&myip=V6'],
  'nsupdate-info': ['NAME:pw /nic/update?hostname=NAME&myip=V4', 'NAME:pw /nic/update?hostname=NAME&myip=V6'],
  opendns: ['alice:pw /nic/update?hostname=NAME&myip=V4'],
  'ovh-dyndns': ['alice:pw /nic/update?system=dyndns&hostname=NAME&myip=V4'],
  selfhost: ['alice:pw /nic/update?myip=V4&http_status=1'],
  spdyn: ['alice:pw /nic/update?hostname=NAME&myip=V4', 'alice:pw /nic/update?hostname=NAME&myip=V6'],
  strato: ['alice:pw /nic/update?hostname=NAME&myip=V4,V6'],
  variomedia: ['alice:pw /nic/update?hostname=NAME&myip=V4,V6'],
  zoneedit: ['alice:pw /dyn/generic.php?hostname=NAME&myip=V4'],
};

/** The requests that came, with the names used above. */
function seen(name: string): readonly string[] {
  return server.requests.map((request) => {
    const given = request.headers.authorization ?? '';
    const authorization = given.startsWith('Basic ')
      ? Buffer.from(given.slice(6), 'base64').toString()
      : given;
    const whole = authorization === '' ? request.target : `${authorization} ${request.target}`;
    return whole
      .replaceAll(SECRET, 'pw')
      .replaceAll(name, 'NAME')
      .replaceAll(V4, 'V4')
      .replaceAll(V6, 'V6')
      .replaceAll(USER, 'alice');
  });
}

/** Fails every request for the record alone, so that all of them are sent. */
const refuseEach = () => server.respond(() => ({ status: 409 }));

it('has a request for every row', () => {
  expect(rowProviders.map(({ name }) => name)).toEqual(
    Object.keys(BOTH).toSorted((a, b) => a.localeCompare(b)),
  );
});

describe.each(Object.entries(BOTH))('%s', (name, requests) => {
  const provider = rowNamed(name);
  const host = nameFor(provider);

  it('is sent what its documentation shows', async () => {
    refuseEach();
    const targets = familiesOfRow(provider.row).map((family) => target(host, family === 'ipv4' ? V4 : V6));
    await writeTo(provider, mappingFor(provider, server.url), pool.client, targets);
    expect(seen(host)).toEqual(requests);
  });

  it('refuses a family it has no place for, and sends nothing', async () => {
    const families = familiesOfRow(provider.row);
    for (const [family, address] of [
      ['ipv4', V4],
      ['ipv6', V6],
    ] as const) {
      if (families.includes(family)) continue;
      const results = await writeTo(provider, mappingFor(provider, server.url), pool.client, [
        target(host, address),
      ]);
      expect(results).toMatchObject([{ kind: 'failed', failure: { class: 'invalid', scope: 'record' } }]);
    }
    expect(server.requests).toEqual([]);
  });

  it('wants TLS at another endpoint too', () => {
    const mapping = { ...mappingFor(provider), endpoint: 'http://dns.example.org/' };
    expect(provider.options.safeParse(mapping).error?.issues[0]?.path).toEqual(['endpoint']);
    expect(provider.options.safeParse({ ...mapping, insecure_http: true }).success).toBe(true);
  });
});

describe('the family that does not change', () => {
  const one = async (name: string, address: string) => {
    const provider = rowNamed(name);
    await writeTo(provider, mappingFor(provider, server.url), pool.client, [
      target(nameFor(provider), address),
    ]);
    return seen(nameFor(provider));
  };

  it.each([
    ['desec-dyndns', V4, 'Token pw /?hostname=NAME&myipv4=V4&myipv6=preserve'],
    ['desec-dyndns', V6, 'Token pw /?hostname=NAME&myipv4=preserve&myipv6=V6'],
    ['easydns', V6, 'alice:pw /dyn/generic.php?hostname=NAME&myip=V6'],
    ['zoneedit', V6, 'alice:pw /dyn/generic.php?hostname=NAME&myip=V6'],
    ['dynu', V6, 'alice:pw /nic/update?hostname=NAME&myip=no&myipv6=V6'],
    ['duckdns', V6, '/update?domains=home&token=pw&ipv6=V6&verbose=true'],
    ['njalla', V4, '/update/?h=NAME&k=pw&a=V4'],
    ['noip', V6, 'alice:pw /nic/update?hostname=NAME&myip=V6'],
  ])('%s, %s', async (name, address, request) => {
    expect(await one(name, address)).toEqual([request]);
  });

  it.each(['inwx', 'dyn'])(
    'is not removed by %s, which removes what is left out: nothing is sent while it is unknown',
    async (name) => {
      const provider = rowNamed(name);
      const keys = [target('home.example.org', V4).key, target('home.example.org', V6).key];
      const results = await writeTo(
        provider,
        mappingFor(provider, server.url),
        pool.client,
        [target('home.example.org', V4)],
        keys,
      );
      expect(results).toMatchObject([{ kind: 'failed', failure: { class: 'transient', scope: 'record' } }]);
      expect(results).toMatchObject([
        { failure: { message: expect.stringMatching(/removes the AAAA record/) } },
      ]);
      expect(server.requests).toEqual([]);
    },
  );

  it.each([
    ['inwx', 'alice:pw /nic/update?myipv6=V6'],
    ['dyn', 'alice:pw /v3/update?hostname=NAME&myip=V6'],
  ])(
    'is not removed by %s either where nobody looks after it, unless the operator says that there is none',
    async (name, request) => {
      const provider = rowNamed(name);
      const mapping = mappingFor(provider, server.url);
      const only = [target('home.example.org', V6)];
      expect(await writeTo(provider, mapping, pool.client, only)).toMatchObject([
        { failure: { class: 'invalid' } },
      ]);
      expect(server.requests).toEqual([]);
      await writeTo(provider, { ...mapping, single_family: true }, pool.client, only);
      expect(seen('home.example.org')).toEqual([request]);
    },
  );
});

describe('removing', () => {
  it.each([
    ['desec-dyndns', '/?hostname=home.example.org&myipv4=&myipv6=preserve'],
    ['dynv6', `/api/update?zone=home.example.org&token=${SECRET}&ipv4=-`],
  ])('is said to %s in its own words', async (name, request) => {
    const provider = rowNamed(name);
    await writeTo(provider, mappingFor(provider, server.url), pool.client, [target('home.example.org')]);
    expect(server.requests.map(({ target: text }) => text)).toEqual([request]);
  });

  it('is refused by all others, and nothing is sent', async () => {
    for (const provider of rowProviders.filter(({ row }) => row.service.clear === undefined)) {
      const results = await writeTo(provider, mappingFor(provider, server.url), pool.client, [
        target(nameFor(provider)),
      ]);
      expect(results, provider.name).toMatchObject([{ kind: 'failed', failure: { class: 'invalid' } }]);
    }
    expect(server.requests).toEqual([]);
  });
});

describe('several names', () => {
  it('share a request where one answer is for all, and are asked one by one if one of them is refused', async () => {
    const duckdns = rowNamed('duckdns');
    server.respond(({ url }) => {
      const domains = url.searchParams.get('domains') ?? '';
      return { body: domains.includes('bad') ? 'KO' : `OK\n${V4}\n\nUPDATED` };
    });
    const targets = ['a', 'bad', 'c'].map((label) => target(`${label}.duckdns.org`, V4));
    const results = await writeTo(duckdns, mappingFor(duckdns, server.url), pool.client, targets);
    expect(results.map(({ key, kind }) => `${key.name} ${kind}`)).toEqual([
      'a.duckdns.org updated',
      'bad.duckdns.org failed',
      'c.duckdns.org updated',
    ]);
    expect(server.requests.map(({ url }) => url.searchParams.get('domains'))).toEqual([
      'a,bad,c',
      'a',
      'bad',
      'c',
    ]);
  });

  it('of another domain are refused without a request', async () => {
    const duckdns = rowNamed('duckdns');
    const results = await writeTo(duckdns, mappingFor(duckdns, server.url), pool.client, [
      target('home.example.org', V4),
    ]);
    expect(results).toMatchObject([
      { failure: { class: 'invalid', message: expect.stringContaining('duckdns.org') } },
    ]);
    expect(server.requests).toEqual([]);
  });

  it('are refused where the login stands for one host', async () => {
    for (const name of ['inwx', 'selfhost', 'freedns']) {
      const provider = rowNamed(name);
      const targets = ['a', 'b'].map((label) => target(`${label}.example.org`, V4));
      const results = await writeTo(provider, mappingFor(provider, server.url), pool.client, targets);
      expect(results).toMatchObject([{ failure: { class: 'invalid' } }, { failure: { class: 'invalid' } }]);
    }
    expect(server.requests).toEqual([]);
  });
});

it('keeps its own facts out of what a sink is known by, so that a newer netdrift publishes nothing again', () => {
  for (const provider of rowProviders) {
    const options = provider.options.parse(mappingFor(provider, server.url));
    expect(Object.keys(options).toSorted()).toEqual(['account', 'endpoint', 'zone']);
  }
});
