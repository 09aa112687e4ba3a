import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Target } from '../../../src/model/record.ts';
import type { HttpPool } from '../../../src/net/http-client.ts';
import type { WriteResult } from '../../../src/sinks/contract.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { webhook } from '../../../src/sinks/webhook/provider.ts';
import { type FakeHttpServer, startHttpServer } from '../../fakes/http-server.ts';
import { callOf, components, httpPool, target } from '../../fakes/sink-call.ts';

let server: FakeHttpServer;
let pool: HttpPool;
const A = target('a.example.org', '198.51.100.7');
const AAAA = target('a.example.org', '2001:db8::7');

beforeEach(async () => {
  server = await startHttpServer({ respond: () => ({ status: 200, body: 'OK' }) });
  pool = httpPool();
});
afterEach(async () => {
  await pool.close();
  await server.close();
});

async function write(
  targets: readonly Target[],
  options: object,
  path = '/u?ip={address}',
): Promise<readonly WriteResult[]> {
  const parsed = webhook.options.parse({ url: `${server.url.origin}${path}`, ...options });
  const sink = webhook.create({ name: 'mine', options: parsed, keys: [] }, components);
  return sink.write(planBlind(targets), callOf(pool.client));
}

const seen = (): readonly string[] =>
  server.requests.map(({ method, target: text, body }) => `${method} ${text} ${body}`);

describe('the request', () => {
  it('is the operator’s, one for each record', async () => {
    const options = { method: 'GET', headers: { 'X-Name': '{name}', Authorization: 'Bearer hunter22' } };
    expect(await write([A, AAAA], options)).toMatchObject([{ kind: 'updated' }, { kind: 'updated' }]);
    expect(seen()).toEqual(['GET /u?ip=198.51.100.7 ', 'GET /u?ip=2001%3Adb8%3A%3A7 ']);
    expect(server.requests[0]?.headers).toMatchObject({
      'x-name': 'a.example.org',
      authorization: 'Bearer hunter22',
    });
  });

  it('is one for both families of a name if so wanted', async () => {
    const options = { method: 'GET', per: 'name' };
    const other = target('b.example.org', '2001:db8::9');
    const results = await write([A, other, AAAA], options, '/{name}?4={ipv4}&6={ipv6}');
    expect(results).toHaveLength(3);
    expect(seen()).toEqual([
      'GET /a.example.org?4=198.51.100.7&6=2001%3Adb8%3A%3A7 ',
      'GET /b.example.org?4=&6=2001%3Adb8%3A%3A9 ',
    ]);
  });

  it.each([
    [{}, '{"ip": {address}, "t": {ttl}}', '{"ip": "198.51.100.7", "t": null}', 'application/json'],
    [
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      'n={name}&a={address}',
      'n=a.example.org&a=198.51.100.7',
      'application/x-www-form-urlencoded',
    ],
    [
      { 'content-type': 'text/plain' },
      '{name} {type} {family} {address}',
      'a.example.org A ipv4 198.51.100.7',
      'text/plain',
    ],
  ])('has a body by its content type: %j', async (headers, body, sent, type) => {
    await write([A], { headers, body });
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      body: sent,
      headers: { 'content-type': type },
    });
  });

  it('removes with clear, and says so where there is none', async () => {
    const gone = target('a.example.org');
    expect(await write([gone], {})).toMatchObject([{ failure: { class: 'invalid' } }]);
    expect(server.requests).toEqual([]);
    const clear = { method: 'DELETE', url: `${server.url.origin}/{name}/{type}` };
    expect(await write([gone], { clear })).toMatchObject([{ kind: 'updated' }]);
    expect(seen()).toEqual(['DELETE /a.example.org/A ']);
  });

  it('does not drop addresses for which the template has no room', async () => {
    const two = target('a.example.org', '198.51.100.7', '198.51.100.8');
    expect(await write([two], {})).toMatchObject([{ failure: { class: 'invalid' } }]);
    expect(server.requests).toEqual([]);
    expect(await write([two], {}, '/u?ips={addresses}')).toMatchObject([{ kind: 'updated' }]);
  });

  it('goes four at a time', async () => {
    server.respond(() => ({ delay: 10 }));
    const targets = Array.from({ length: 40 }, (_, index) => target(`h${index}`, '192.0.2.1'));
    expect(await write(targets, {})).toHaveLength(40);
    expect(server.load.peak).toBe(4);
  });
});

describe('success', () => {
  it.each([
    [{}, { status: 204 }, 'updated'],
    [{}, { status: 302 }, 'transient'],
    [{ success: [200, '300-399'] }, { status: 302 }, 'updated'],
    [{ success: [200] }, { status: 201 }, 'transient'],
    [{}, { status: 401 }, 'credentials'],
    [{}, { status: 503 }, 'transient'],
    [{ success_body: { exact: 'OK' } }, { body: ' OK\n' }, 'updated'],
    [{ success_body: { exact: 'OK' } }, { body: 'NOT OK' }, 'transient'],
    [{ success_body: { contains: ['good', 'nochg'] } }, { body: 'nochg 1.2.3.4' }, 'updated'],
    [{ success_body: { contains: ['good', 'nochg'] } }, { body: 'KO' }, 'transient'],
    [{ success_body: { contains: ['good'] } }, { status: 500, body: 'good' }, 'transient'],
  ])('%j, answered %j: %s', async (options, reply, expected) => {
    server.next(reply);
    const [result] = await write([A], options);
    expect(result?.kind === 'failed' ? result.failure.class : result?.kind).toBe(expected);
  });

  it('has no secret in its messages, wherever the operator put it and the service repeats it', async () => {
    const places = ['/pathtoken1/u?key=querytoken2', 'Bearer headertoken3', '{"token": "bodytoken4"}'];
    server.next(
      { status: 400, body: places.join(' ') },
      { status: 200, body: places.join(' ') },
      { reset: 'headers' },
    );
    const options = { headers: { authorization: places[1] }, body: places[2], success_body: { exact: 'OK' } };
    for (let count = 0; count < 3; count++) {
      const [result] = await write([A], options, places[0]);
      expect(result).toMatchObject({ kind: 'failed' });
      expect(JSON.stringify(result)).not.toMatch(/token\d/);
    }
  });
});

describe('the options', () => {
  const problems = (input: object): readonly string[] => {
    const result = webhook.options.safeParse({ url: 'https://x.example.org/', ...input });
    return result.success
      ? []
      : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  };

  it.each<[object, RegExp]>([
    [{ url: 'https://x/{adress}' }, /^url uses the unknown placeholder \{adress\}/],
    [{ url: 'x/{address}' }, /^url is not an http/],
    [{ url: 'ftp://x/{address}' }, /^url is not an http/],
    [{ headers: { 'X-A': '{nam}' } }, /^headers.X-A uses the unknown placeholder/],
    [{ headers: { 'X A': 'b' } }, /^headers/],
    [{ body: '{"a": {ttl}', headers: {} }, /^body is not JSON/],
    [
      { body: 'a={address}', method: 'GET', headers: { 'content-type': 'text/plain' } },
      /^body is not sent with GET/,
    ],
    [{ per: 'name', url: 'https://x/{address}' }, /^url uses \{address\}, which per: name has not/],
    [{ clear: { url: 'https://x/{foo}' } }, /^clear.url uses the unknown/],
    [{ success: ['2xx'] }, /^success/],
    [{ success: [] }, /^success/],
    [{ success_body: { exact: 'a', contains: ['b'] } }, /^success_body/],
    [{ retries: 3 }, /retries/],
  ])('refuse %j', (input, problem) => {
    expect(problems(input)).toHaveLength(1);
    expect(problems(input)[0]).toMatch(problem);
  });

  it('tell of each template, whatever else is wrong', () => {
    const wrong = {
      url: 'https://x/{adress}',
      method: 'GTE',
      headers: { 'X A': 'b', 'X-B': '{nam}' },
      body: '{"a": "{foo}"}',
      clear: { url: 'x' },
    };
    expect(problems(wrong).map((problem) => problem.replace(/ (is|uses|Invalid).*$/, ''))).toEqual(
      expect.arrayContaining(['url', 'method', 'headers.X A', 'headers.X-B', 'body', 'clear.url']),
    );
  });

  it('take what is right', () => {
    expect(problems({ body: '{"a": {ttl}, "b": "{ipv6}"}' })).toEqual([]);
    expect(
      problems({ body: 'a={address}', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
    ).toEqual([]);
    expect(problems({ per: 'name', url: 'https://x/{name}?{ipv4}{ipv6}{addresses}{ttl}' })).toEqual([]);
  });
});
