import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { digitalocean } from '../../src/sinks/digitalocean.ts';
import { plan } from '../../src/sinks/plan.ts';
import { illegalities } from '../replay/legal.ts';
import { testRecorded } from '../replay/recorded.ts';
import { callOf, components, key, target } from './rest/support.ts';
import { answer } from './rest/toy.ts';

const BASE = 'https://api.digitalocean.com';
const record = (id: number, name: string, data: string) => ({
  id,
  type: data.includes(':') ? 'AAAA' : 'A',
  name,
  data,
  ttl: 1_800,
});

function service(
  records: readonly ReturnType<typeof record>[],
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  const asked: HttpRequest[] = [];
  const http = (request: HttpRequest): Promise<HttpAnswer> => {
    asked.push(request);
    const { pathname } = request.url;
    const usual = () => {
      if (pathname === '/v2/domains') {
        return answer(200, { domains: [{ name: 'example.org', ttl: 1_800 }], links: {}, meta: { total: 1 } });
      }
      if (request.method === 'DELETE') return { status: 204, headers: {}, body: '' };
      if (request.method === 'GET')
        return answer(200, { domain_records: records, links: {}, meta: { total: records.length } });
      return answer(request.method === 'POST' ? 201 : 200, { domain_record: record(9, 'x', '192.0.2.9') });
    };
    return Promise.resolve(instead(request) ?? usual());
  };
  const options = digitalocean.options.parse({ token: 'token-token' });
  const sink = digitalocean.create({ name: 'do', options, keys: [] }, components());
  const call = callOf(http);
  const run = async (...targets: ReturnType<typeof target>[]) =>
    sink.write(
      plan(
        targets,
        (await sink.read?.(
          targets.map((one) => one.key),
          call,
        )) ?? [],
      ),
      call,
    );
  return { asked, run, read: () => sink.read?.([key('www.example.org')], call) };
}

const sent = (asked: readonly HttpRequest[]) =>
  asked
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url, body }) => [
      method,
      url.pathname,
      body === undefined ? undefined : JSON.parse(body),
    ]);

test('apex and relative names, patches of the content alone, deletes of what is left over', async () => {
  const service1 = service([
    record(1, '@', '192.0.2.1'),
    record(2, 'www', '192.0.2.1'),
    record(3, 'www', '192.0.2.2'),
  ]);
  const results = await service1.run(
    target('example.org', '198.51.100.7'),
    target('www.example.org', '198.51.100.7'),
    { ...target('example.org', '2001:db8::7'), ttl: 60 },
  );
  expect(results.map(({ kind }) => kind)).toEqual(['updated', 'updated', 'updated']);
  expect(sent(service1.asked)).toEqual([
    ['PATCH', '/v2/domains/example.org/records/1', { type: 'A', data: '198.51.100.7' }],
    ['PATCH', '/v2/domains/example.org/records/2', { type: 'A', data: '198.51.100.7' }],
    ['DELETE', '/v2/domains/example.org/records/3', undefined],
    ['POST', '/v2/domains/example.org/records', { type: 'AAAA', name: '@', data: '2001:db8::7', ttl: 60 }],
  ]);
});

testRecorded('every request is legal by the provider’s own OpenAPI document', async () => {
  const service1 = service([record(1, '@', '192.0.2.1'), record(3, '@', '192.0.2.2')]);
  await service1.run(target('example.org', '198.51.100.7'), {
    ...target('www.example.org', '2001:db8::7'),
    ttl: 60,
  });
  const faults = service1.asked.flatMap((request) =>
    illegalities('digitalocean-domains.openapi.json', BASE, request),
  );
  expect(service1.asked.length).toBeGreaterThan(4);
  expect(faults).toEqual([]);
});

test('pages are followed by the query of the link, never to another host', async () => {
  const service1 = service([], ({ url }) => {
    if (!url.pathname.endsWith('/records')) return undefined;
    const at = Number(url.searchParams.get('page') ?? 1);
    const next = `https://elsewhere.example.net/v2/domains/example.org/records?page=${at + 1}&per_page=200`;
    return answer(200, {
      domain_records: [record(at, 'www', `192.0.2.${at}`)],
      links: { pages: at < 3 ? { next } : { prev: 'x' } },
      meta: { total: 3 },
    });
  });
  expect((await service1.read())?.map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(new Set(service1.asked.map(({ url }) => url.origin))).toEqual(new Set([BASE]));
});

describe('refusals', () => {
  test.each([
    [401, 'unauthorized', 'credentials'],
    [403, 'forbidden', 'credentials'],
    [404, 'not_found', 'conflict'],
    [422, 'unprocessable_entity', 'invalid'],
    [429, 'too_many_requests', 'rate_limited'],
    [500, 'server_error', 'transient'],
  ])('status %i (%s) is %s', async (status, id, expected) => {
    const service1 = service([record(1, 'www', '192.0.2.1')], ({ method }) =>
      method === 'PATCH' ? answer(status, { id, message: 'Their words.' }) : undefined,
    );
    expect(await service1.run(target('www.example.org', '198.51.100.7'))).toMatchObject([
      { kind: 'failed', failure: { class: expected, message: `DigitalOcean: Their words. (${id})` } },
    ]);
  });
});
