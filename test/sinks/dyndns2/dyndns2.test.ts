import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Target } from '../../../src/model/record.ts';
import type { HttpPool } from '../../../src/net/http-client.ts';
import type { WriteResult } from '../../../src/sinks/contract.ts';
import { dyndns2 } from '../../../src/sinks/dyndns2/provider.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { type FakeHttpServer, type SeenRequest, startHttpServer } from '../../fakes/http-server.ts';
import { callOf, components, httpPool, keyOf, target } from '../../fakes/sink-call.ts';

let server: FakeHttpServer;
let pool: HttpPool;
const V4 = '198.51.100.7';
const V6 = '2001:db8::7';

const namesOf = (request: SeenRequest): readonly string[] =>
  (request.url.searchParams.get('hostname') ?? '').split(',');
const allGood = (request: SeenRequest) => ({
  body: namesOf(request)
    .map(() => 'good')
    .join('\n'),
});

beforeEach(async () => {
  server = await startHttpServer({ respond: allGood });
  pool = httpPool();
});
afterEach(async () => {
  await pool.close();
  await server.close();
});

async function write(targets: readonly Target[], options: object = {}): Promise<readonly WriteResult[]> {
  const input = { server: server.url.origin, username: 'alice', password: 'hunter22', ...options };
  const init = { name: 'home', options: dyndns2.options.parse(input), keys: targets.map(({ key }) => key) };
  return dyndns2.create(init, components).write(planBlind(targets), callOf(pool.client));
}

const queries = (): readonly string[] => server.requests.map(({ target: text }) => text);
const many = (count: number, ...addresses: readonly string[]): readonly Target[] =>
  Array.from({ length: count }, (_, index) => target(`h${index}.example.org`, ...addresses));

describe('the request', () => {
  it('is the documented one', async () => {
    const results = await write([target('a.example.org', V4)]);
    expect(results).toEqual([{ key: keyOf('a.example.org'), kind: 'updated' }]);
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'GET', target: `/nic/update?hostname=a.example.org&myip=${V4}` });
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('alice:hunter22').toString('base64')}`);
    expect(request?.headers['user-agent']).toBe('netdrift-test/1 (test)');
  });

  it('takes both families of a name together, and only what changes', async () => {
    await write([target('a.example.org', V4), target('a.example.org', V6), target('b.example.org', V6)]);
    expect(queries()).toEqual([
      `/nic/update?hostname=a.example.org&myip=${V4},${V6}`,
      `/nic/update?hostname=b.example.org&myip=${V6}`,
    ]);
  });

  it.each<[object, readonly string[]]>([
    [{ families: 'separate_parameter' }, [`a&myip=${V4}&myipv6=${V6}`, `b&myip=${V4}`, `c&myipv6=${V6}`]],
    [
      { families: 'separate_parameter', keep_word: 'no', ipv6_parameter: 'myip6' },
      [`a&myip=${V4}&myip6=${V6}`, `b&myip=${V4}&myip6=no`, `c&myip=no&myip6=${V6}`],
    ],
    [{ families: 'separate_requests' }, [`a,b&myip=${V4}`, `a,c&myip=${V6}`]],
    [{ path: '/nic/dyndns?action=edit' }, [`a&myip=${V4},${V6}`, `b&myip=${V4}`, `c&myip=${V6}`]],
  ])('with %j', async (options, expected) => {
    await write([target('a', V4), target('a', V6), target('b', V4), target('c', V6)], options);
    const begin = 'path' in options ? '/nic/dyndns?action=edit&hostname=' : '/nic/update?hostname=';
    expect(queries()).toEqual(expected.map((text) => `${begin}${text}`));
  });

  it.each<[object, boolean | 'known' | undefined]>([
    [{}, 'known'],
    [{ families: 'separate_parameter' }, 'known'],
    [{ other_family: 'known' }, 'known'],
    [{ other_family: 'both' }, true],
    [{ other_family: 'omit' }, undefined],
    [{ families: 'separate_parameter', keep_word: 'no' }, undefined],
    [{ families: 'separate_requests' }, undefined],
  ])('with %j has the family that does not change come along: %j', (options, along) => {
    const input = { server: server.url.origin, username: 'alice', password: 'hunter22', ...options };
    const init = { name: 'home', options: dyndns2.options.parse(input), keys: [] };
    expect(dyndns2.create(init, components).wholeName).toBe(along);
  });

  it('is not made for a server that removes what is left out while one family is unknown, unless there is none', async () => {
    const only = [target('a.example.org', V4)];
    expect(await write(only, { other_family: 'both' })).toMatchObject([
      { failure: { class: 'invalid', message: expect.stringContaining('single_family') } },
    ]);
    expect(queries()).toEqual([]);
    expect(await write(only, { other_family: 'both', single_family: true })).toMatchObject([
      { kind: 'updated' },
    ]);
    expect(queries()).toEqual([`/nic/update?hostname=a.example.org&myip=${V4}`]);
  });

  it('refuses what the protocol cannot say, and sends the rest', async () => {
    const results = await write([target('a'), target('b', V4, '198.51.100.8'), target('c', V4)]);
    expect(results).toMatchObject([
      { key: { name: 'a' }, failure: { class: 'invalid', message: expect.stringContaining('removes') } },
      { key: { name: 'b' }, failure: { class: 'invalid' } },
      { key: { name: 'c' }, kind: 'updated' },
    ]);
    expect(server.requests).toHaveLength(1);
  });
});

describe('many names', () => {
  it('go 20 to a request and 4 requests at a time', async () => {
    server.respond((request) => ({ ...allGood(request), delay: 10 }));
    const results = await write(many(1_000, V4));
    expect(results.filter(({ kind }) => kind === 'updated')).toHaveLength(1_000);
    expect(server.requests).toHaveLength(50);
    expect(server.load.peak).toBe(4);
    expect(server.load.opened).toBeLessThanOrEqual(4);
  });

  it('get each their own line', async () => {
    server.next({ body: `good ${V4}\nnohost\nnochg ${V4}` });
    expect(await write(many(3, V4))).toMatchObject([
      { kind: 'updated' },
      { kind: 'failed', failure: { class: 'not_found', scope: 'record' } },
      { kind: 'unchanged' },
    ]);
  });

  it('are not tried on after the account is refused', async () => {
    server.respond(() => ({ body: 'badauth' }));
    const results = await write(many(100, V4));
    expect(server.requests).toHaveLength(1);
    expect(results).toHaveLength(100);
    for (const result of results)
      expect(result).toMatchObject({ failure: { class: 'credentials', scope: 'sink' } });
  });

  it('are said not to be sent, without doubt, after a request that is in doubt', async () => {
    server.next({ reset: 'headers' });
    const results = await write(many(21, V4));
    expect(results[0]).toMatchObject({ failure: { class: 'transient', unclear: true } });
    expect(results[20]).toMatchObject({ failure: { message: expect.stringContaining('not sent') } });
    expect(results[20]).not.toHaveProperty('failure.unclear');
  });
});

describe('statuses', () => {
  it.each([
    [{ status: 401, body: '' }, { class: 'credentials' }],
    [
      { status: 401, body: 'badauth' },
      { class: 'credentials', message: expect.stringContaining('badauth') },
    ],
    [{ status: 403, body: '<html>' }, { class: 'credentials' }],
    [
      { status: 404, body: 'nohost' },
      { class: 'not_found', scope: 'record' },
    ],
    [{ status: 400, body: 'abuse' }, { class: 'refused' }],
    [
      { status: 429, body: 'abuse', headers: { 'retry-after': '90' } },
      { class: 'rate_limited', retryAfter: 90_000 },
    ],
    [
      { status: 500, body: 'good' },
      { class: 'transient', unclear: true },
    ],
    [
      { status: 503, body: '911', headers: { 'retry-after': '7200' } },
      { class: 'transient', retryAfter: 7_200_000 },
    ],
    [
      { status: 302, body: 'good', headers: { location: 'https://other.example.org/' } },
      { class: 'transient' },
    ],
    [{ status: 204 }, { class: 'transient', unclear: true }],
  ])('%j', async (reply, failure) => {
    server.next(reply);
    expect(await write([target('a', V4)])).toMatchObject([{ kind: 'failed', failure }]);
  });
});

describe('the options', () => {
  const problems = (input: object): readonly string[] => {
    const whole = { server: 'https://d.example.org', username: 'u', password: 'p', ...input };
    const result = dyndns2.options.safeParse(whole);
    return result.success ? [] : result.error.issues.map(({ path }) => path.join('.'));
  };

  it('have defaults', () => {
    const input = { server: 'https://d.example.org', username: 'u', password: 'p' };
    expect(dyndns2.options.parse(input)).toMatchObject({
      path: '/nic/update',
      names_per_request: 20,
      families: 'combined',
    });
  });

  it('do not send a password unencrypted over a network, unless told to', () => {
    expect(problems({ server: 'http://d.example.org' })).toEqual(['server']);
    expect(problems({ server: 'http://d.example.org', insecure_http: true })).toEqual([]);
    expect(problems({ server: 'http://127.0.0.1:8080' })).toEqual([]);
  });

  it.each([
    [{ server: 'https://d.example.org/nic' }, 'server'],
    [{ path: 'nic/update' }, 'path'],
    [{ username: 'a:b' }, 'username'],
    [{ names_per_request: 0 }, 'names_per_request'],
    [{ keep_word: 'no' }, 'keep_word'],
    [{ keep_word: 'a&b', families: 'separate_parameter' }, 'keep_word'],
    [{ other_family: 'known', families: 'separate_requests' }, 'other_family'],
    [{ other_family: 'both', keep_word: 'no', families: 'separate_parameter' }, 'other_family'],
    [{ single_family: true }, 'single_family'],
  ])('refuse %j', (input, path) => {
    expect(problems(input)).toEqual([path]);
  });
});
