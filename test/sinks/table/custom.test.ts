import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { HttpPool } from '../../../src/net/http-client.ts';
import { custom } from '../../../src/sinks/table/custom.ts';
import { type FakeHttpServer, startHttpServer } from '../../fakes/http-server.ts';
import { httpPool, target } from '../../fakes/sink-call.ts';
import { V4, V6, writeCustom } from './support.ts';

let server: FakeHttpServer;
let pool: HttpPool;
beforeAll(async () => {
  server = await startHttpServer();
  pool = httpPool();
});
afterAll(async () => {
  await pool.close();
  await server.close();
});

const base = {
  url: 'https://dns.example.org/u',
  token: 'abcdefgh',
  parameters: { h: '{name}', k: '{token}', ip: '{ipv4}' },
};
const problems = (input: object): readonly string[] => {
  const result = custom.options.safeParse({ ...base, ...input });
  return result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('a row of the operator', () => {
  it('is taken as its example shows it', () => {
    const { provider, ...mapping } = parse(custom.example.replace('{ env: DNS_PASSWORD }', 'secret-word'));
    expect(provider).toBe('custom');
    expect(custom.options.safeParse(mapping).success).toBe(true);
  });

  it.each<[object, RegExp]>([
    [
      { parameters: { h: '{hostname}', k: '{token}', ip: '{ipv4}' } },
      /parameters\.h: uses the unknown placeholder \{hostname\}/,
    ],
    [{ url: 'http://dns.example.org/u' }, /url: would send the credentials unencrypted/],
    [{ url: 'https://{token}.example.org/' }, /url: has a placeholder in its host/],
    [{ url: 'https://{name}:{token}@dns.example.org/' }, /url: /],
    [{ url: 'https://a:b@dns.example.org/' }, /url: holds a user or password/],
    [{ url: 'https://dns.example.org/#x' }, /url: has a fragment/],
    [{ url: 'ftp://dns.example.org/' }, /url: is not an http or https URL/],
    [{ parameters: { h: '{name}', k: '{token}' } }, /parameters: send no address/],
    [{ parameters: { k: '{token}', ip: '{address}' } }, /families: /],
    [{ ipv6_url: 'https://v6.example.org/' }, /ipv6_url: has no effect/],
    [{ other_family: { word: 'keep' } }, /other_family: has no effect/],
    [{ names_per_request: 5 }, /names_per_request: needs a list/],
    [{ parameters: { h: '{host}', k: '{token}', ip: '{ipv4}' } }, /zone: is missing/],
    [{ answer: { read: 'json', words: { ok: 'updated' } } }, /answer\.field: is missing/],
    [{ answer: { field: 'x', words: { ok: 'updated' } } }, /answer\.field: has no effect/],
    [{ answer: { read: 'header', words: { ok: 'updated' } } }, /answer\.field: is missing/],
    [{ answer: { addresses: 'x', words: { ok: 'updated' } } }, /answer\.addresses: have no effect/],
    [{ answer: { words: { no: 'refused' } } }, /answer\.words: know no success/],
    [{ answer: { read: 'status' } }, /statuses: know no success/],
    [{ answer: { read: 'status' }, statuses: { '404': 'updated' } }, /statuses: take an error for a success/],
    [{ username: 'alice' }, /username: has no effect/],
    [{ token: undefined }, /token: is missing/],
    [{ headers: { 'bad name': 'x' } }, /headers/],
    [{ limits: [] }, /limits/],
    [{ limits: [{ requests: 0, per: '10s' }] }, /limits\.0\.requests/],
    [{ limits: [{ requests: 3, per: '10' }] }, /limits\.0\.per/],
    [{ limits: [{ requests: 3, per: '10s', for: 'zone' }] }, /limits\.0\.for/],
    [{ unknown_key: 1 }, /nrecognized|nknown/],
    [{ answer: { words: { ok: 'splendid' } } }, /answer/],
    [{ clear: '-', parameters: { k: '{token}', ip: '{addresses}' } }, /clear: cannot be said/],
  ])('with %j is refused', (input, expected) => {
    expect(problems(input).join('\n')).toMatch(expected);
  });

  it('may do without TLS if the operator says so, and on this host', () => {
    expect(problems({ url: 'http://dns.example.org/u', insecure_http: true })).toEqual([]);
    expect(problems({ url: 'http://127.0.0.1:8080/u' })).toEqual([]);
  });

  it.each<[object, object, string]>([
    [
      { read: 'header', field: 'X-Result', words: { good: 'updated' } },
      { headers: { 'x-result': 'good' }, body: '<html>thanks</html>' },
      'updated',
    ],
    [
      { read: 'header', field: 'X-Result', words: { good: 'updated' } },
      { headers: { 'x-other': 'good' }, body: 'good' },
      'failed',
    ],
    [
      { read: 'html', words: { done: 'updated', 'done nothing to do': 'unchanged' } },
      { body: '<p>done</p>\n<p>nothing to do</p>' },
      'unchanged',
    ],
    [
      { read: 'json', field: 'messages.0', words: { done: 'updated' } },
      { body: '{"messages":["done","later"]}' },
      'updated',
    ],
    [
      { read: 'json', field: 'ok', addresses: 'set.0.ip', words: { true: 'updated' } },
      { body: `{"ok":true,"set":[{"ip":"${V4}"}]}` },
      'updated',
    ],
    [
      { read: 'json', field: 'ok', addresses: 'set.0.ip', words: { true: 'updated' } },
      { body: '{"ok":true,"set":[{"ip":"203.0.113.99"}]}' },
      'failed',
    ],
    [
      { read: 'text', words: { '{name}: {addresses}, yes {name}': 'updated' } },
      { body: `HOME.example.org: ${V4}, yes home.example.org` },
      'updated',
    ],
    [
      { read: 'text', words: { '{name}: {addresses}, yes {name}': 'updated' } },
      { body: `home.example.org: ${V4}, yes other.example.org` },
      'failed',
    ],
    [
      { read: 'text', words: { '{name}: {addresses}': 'updated' } },
      { body: `other.example.org: ${V4}` },
      'failed',
    ],
    [{ read: 'text', words: { '*done*': 'updated' } }, { body: 'all done, thanks' }, 'updated'],
    [{ read: 'text', words: { '*done*': 'updated' } }, { body: '<div>all done</div>' }, 'failed'],
  ])('reads an answer as it says: %j, %j is %s', async (answer, reply, kind) => {
    server.next(reply);
    const input = { ...base, url: `${server.url.origin}/u`, answer };
    expect(await writeCustom(input, pool.client, [target('home.example.org', V4)])).toMatchObject([{ kind }]);
  });

  it('is sent as it says, and read as it says', async () => {
    const input = {
      url: `${server.url.origin}/set/{zone}`,
      method: 'POST',
      zone: 'example.org',
      token: 'key with spaces & signs',
      headers: { 'x-api': 'v1' },
      parameters: { host: '{host}', key: '{token}', a: '{ipv4}', aaaa: '{ipv6}' },
      other_family: { word: 'same' },
      clear: 'none',
      answer: {
        read: 'json',
        field: 'result.code',
        words: {
          '0': 'updated',
          '1': 'unchanged',
          '7': { class: 'rate_limited', means: 'slow down', wait: '90s' },
        },
      },
    };
    const before = server.requests.length;
    server.next(
      { body: '{"result":{"code":0}}' },
      { body: '{"result":{"code":7}}' },
      { body: '{"result":{}}' },
    );
    const name = 'home.example.org';
    expect(await writeCustom(input, pool.client, [target(name, V4)])).toMatchObject([{ kind: 'updated' }]);
    expect(await writeCustom(input, pool.client, [target(name, V6)])).toMatchObject([
      {
        failure: { class: 'rate_limited', retryAfter: 90_000, message: expect.stringContaining('slow down') },
      },
    ]);
    expect(await writeCustom(input, pool.client, [target(name)])).toMatchObject([
      { failure: { class: 'transient', unclear: true } },
    ]);
    const forms = server.requests
      .slice(before)
      .map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
    expect(forms).toEqual([
      { host: 'home', key: 'key with spaces & signs', a: V4, aaaa: 'same' },
      { host: 'home', key: 'key with spaces & signs', a: 'same', aaaa: V6 },
      { host: 'home', key: 'key with spaces & signs', a: 'none', aaaa: 'same' },
    ]);
    expect(server.requests[before]).toMatchObject({
      method: 'POST',
      target: '/set/example.org',
      headers: { 'x-api': 'v1' },
    });
  });
});
