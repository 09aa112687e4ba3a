import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { cloudflare } from '../../src/sinks/cloudflare.ts';
import { plan } from '../../src/sinks/plan.ts';
import { cloudflareBatch } from '../replay/legal.ts';
import { testRecorded } from '../replay/recorded.ts';
import { callOf, components, key, target } from './rest/support.ts';
import { answer } from './rest/toy.ts';

const ZONE = '457dd20dded351b97830cb528f507819';
const PLACE = `/client/v4/zones/${ZONE}/dns_records`;
const ok = (result: unknown) => answer(200, { success: true, errors: [], messages: [], result });
const no = (status: number, code: number, message: string) =>
  answer(status, { success: false, errors: [{ code, message }], messages: [], result: null });
const page = (result: readonly unknown[], at = 1, last = 1, total = result.length) =>
  answer(200, {
    success: true,
    result,
    result_info: { page: at, per_page: 50, count: result.length, total_count: total, total_pages: last },
  });
const record = (id: string, name: string, content: string, more: object = {}) => ({
  id,
  name,
  type: content.includes(':') ? 'AAAA' : 'A',
  content,
  ttl: 300,
  proxied: false,
  comment: 'mine',
  tags: [],
  ...more,
});

/** A service with one zone holding these records; `writes` are the write requests that came, as method, path and body. */
function service(
  records: readonly object[] = [],
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  const writes: { method: string; path: string; body: unknown }[] = [];
  const asked: string[] = [];
  const http = (request: HttpRequest): Promise<HttpAnswer> => {
    const { pathname, searchParams } = request.url;
    asked.push(`${request.method} ${pathname}`);
    if (request.method !== 'GET') {
      writes.push({ method: request.method, path: pathname, body: request.body && JSON.parse(request.body) });
    }
    const name = searchParams.get('name.exact');
    const listed = records.filter((one) => name === null || (one as { name: string }).name === name);
    const usual = () => {
      if (pathname.endsWith('/zones')) return page([{ id: ZONE, name: 'example.org' }]);
      return request.method === 'GET' ? page(listed) : ok({ id: 'x' });
    };
    return Promise.resolve(instead(request) ?? usual());
  };
  const run = async (targets: ReturnType<typeof target>[], given: object = {}) => {
    const options = cloudflare.options.parse({ token: 'token-token', ...given });
    const sink = cloudflare.create({ name: 'cf', options, keys: [] }, components());
    const call = callOf(http);
    const changes = plan(
      targets,
      (await sink.read?.(
        targets.map((one) => one.key),
        call,
      )) ?? [],
    );
    return { results: await sink.write(changes, call), sink, call };
  };
  return { writes, asked, run };
}

describe('what is sent', () => {
  test('both families of a name in one transaction: a patch for what is there, a post for what is not', async () => {
    const cf = service([record('r1', 'home.example.org', '192.0.2.1')]);
    const { results } = await cf.run([
      target('home.example.org', '198.51.100.7'),
      target('home.example.org', '2001:db8::7'),
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(['updated', 'updated']);
    expect(cf.writes).toEqual([
      {
        method: 'POST',
        path: `${PLACE}/batch`,
        body: {
          deletes: [],
          patches: [{ id: 'r1', content: '198.51.100.7' }],
          posts: [{ type: 'AAAA', name: 'home.example.org', content: '2001:db8::7', ttl: 1, proxied: false }],
        },
      },
    ]);
    // Zone, records of the name, write.
    expect(cf.asked).toHaveLength(3);
  });

  test('a lone change is a PATCH of the content alone: proxied, TTL, comment and tags stay as found', async () => {
    const cf = service([record('r1', 'home.example.org', '192.0.2.1', { proxied: true, ttl: 1 })]);
    await cf.run([target('home.example.org', '198.51.100.7')], {
      comment: 'netdrift',
      tags: ['by:netdrift'],
    });
    expect(cf.writes).toEqual([{ method: 'PATCH', path: `${PLACE}/r1`, body: { content: '198.51.100.7' } }]);
  });

  test('nothing, where everything is right', async () => {
    const cf = service([record('r1', 'home.example.org', '198.51.100.7')]);
    await cf.run([target('home.example.org', '198.51.100.7')]);
    expect(cf.writes).toEqual([]);
  });

  test('a created record has what the operator asked for', async () => {
    const cf = service();
    await cf.run([{ ...target('home.example.org', '198.51.100.7'), ttl: 120 }], {
      comment: 'by netdrift',
      tags: ['a:b'],
    });
    expect(cf.writes[0]?.body).toEqual({
      type: 'A',
      name: 'home.example.org',
      content: '198.51.100.7',
      ttl: 120,
      proxied: false,
      comment: 'by netdrift',
      tags: ['a:b'],
    });
  });

  test('a proxied record has the automatic TTL, whatever TTL is asked for', async () => {
    const cf = service();
    await cf.run([{ ...target('home.example.org', '198.51.100.7'), ttl: 120 }], { proxied: true });
    expect(cf.writes[0]?.body).toMatchObject({ ttl: 1, proxied: true });
  });

  test.each([
    ['found on, not given', true, undefined, undefined],
    ['found on, given off', true, false, false],
    ['found off, given on', false, true, true],
    ['found on, given on', true, true, undefined],
  ])('proxied on a change: %s', async (_, found, proxied, sent) => {
    const cf = service([record('r1', 'home.example.org', '192.0.2.1', { proxied: found })]);
    await cf.run([target('home.example.org', '198.51.100.7')], proxied === undefined ? {} : { proxied });
    expect((cf.writes[0]?.body as { proxied?: boolean } | undefined)?.proxied).toBe(sent);
  });

  test('a TTL given goes with the change of a record that has another', async () => {
    const cf = service([record('r1', 'home.example.org', '192.0.2.1')]);
    await cf.run([{ ...target('home.example.org', '198.51.100.7'), ttl: 60 }]);
    expect(cf.writes[0]?.body).toEqual({ content: '198.51.100.7', ttl: 60 });
  });

  testRecorded('the batch body is one the documented schema takes', async () => {
    const cf = service([
      record('r1', 'a.example.org', '192.0.2.1'),
      record('r2', 'a.example.org', '192.0.2.2'),
      record('r3', 'b.example.org', '2001:db8::1', { proxied: true }),
    ]);
    await cf.run(
      [
        target('a.example.org', '198.51.100.7'),
        target('b.example.org', '2001:db8::7'),
        target('c.example.org', '198.51.100.7'),
      ],
      {
        proxied: false,
        comment: 'c',
      },
    );
    const body = cf.writes[0]?.body;
    expect(cloudflareBatch().safeParse(body).error?.issues).toBeUndefined();
    expect(body).toMatchObject({
      deletes: [{ id: 'r2' }],
      patches: [{ id: 'r1' }, { id: 'r3' }],
      posts: [{ ttl: 1 }],
    });
    // The schema can also refuse.
    expect(cloudflareBatch().safeParse({ patches: [{ content: '192.0.2.1' }] }).success).toBe(false);
  });
});

test('every page of zones and records is read', async () => {
  const zones = (at: number) =>
    page(
      [{ id: at === 2 ? ZONE : `other${at}`, name: at === 2 ? 'example.org' : `zone${at}.org` }],
      at,
      2,
      2,
    );
  const cf = service([], ({ method, url }) => {
    const at = Number(url.searchParams.get('page') ?? 1);
    if (url.pathname.endsWith('/zones')) return zones(at);
    return method === 'GET'
      ? page([record(`r${at}`, 'home.example.org', `192.0.2.${at}`)], at, 3, 3)
      : undefined;
  });
  const { sink, call } = await cf.run([]);
  const found = await sink.read?.([key('home.example.org')], call);
  expect(found?.map(({ id }) => id)).toEqual(['r1', 'r2', 'r3']);
});

test.each([{}, { zone: 'example.org' }])(
  'of two zones of one name the active one is taken',
  async (given) => {
    const twice = [
      { id: 'active', name: 'example.org', status: 'active' },
      { id: 'pending', name: 'example.org', status: 'pending' },
    ];
    const cf = service([], ({ url }) => (url.pathname.endsWith('/zones') ? page(twice) : undefined));
    await cf.run([target('home.example.org', '198.51.100.7')], given);
    expect(cf.writes.map(({ path }) => path)).toEqual(['/client/v4/zones/active/dns_records']);
  },
);

test('a list that ends before its own count is not the whole list', async () => {
  const cf = service([], ({ url }) =>
    url.pathname.endsWith('/dns_records') ? page([], 1, 1, 4) : undefined,
  );
  await expect(cf.run([target('home.example.org', '198.51.100.7')])).rejects.toMatchObject({
    failure: { class: 'transient', message: expect.stringContaining('0 of 4') },
  });
});

test.each([
  [{}, undefined, [200, 200, 50]],
  [{ batch: 3_500 }, 3_500, [450]],
])('with %o, so many records go in one request', async (given, atOnce, expected) => {
  const cf = service();
  const targets = Array.from({ length: 450 }, (_, index) => target(`h${index}.example.org`, '198.51.100.7'));
  const { sink } = await cf.run(targets, given);
  expect(cf.writes.map(({ body }) => (body as { posts: unknown[] }).posts.length)).toEqual(expected);
  expect(sink.batch).toBe(atOnce);
});

test('without the batch request, single ones', async () => {
  const cf = service([record('r1', 'home.example.org', '192.0.2.1')], ({ url }) =>
    url.pathname.endsWith('/batch')
      ? no(405, 10405, 'Method not allowed for this authentication scheme')
      : undefined,
  );
  const { results } = await cf.run([
    target('home.example.org', '198.51.100.7'),
    target('home.example.org', '2001:db8::7'),
  ]);
  expect(results.map(({ kind }) => kind)).toEqual(['updated', 'updated']);
  expect(cf.writes.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
});

test('a record of a batch that is gone: halving finds it, and the next writes are batches again', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const targets = names.map((name) => target(`${name}.example.org`, '198.51.100.7'));
  const gone = (request: HttpRequest) =>
    (request.body ?? '').includes('"r-c"') ? no(404, 81_044, 'Record does not exist.') : undefined;
  const cf = service(
    names.map((name) => record(`r-${name}`, `${name}.example.org`, '192.0.2.1')),
    gone,
  );
  const { results, sink, call } = await cf.run(targets);
  expect(new Map(results.map((one) => [one.key.name, one.kind]))).toEqual(
    new Map(names.map((name) => [`${name}.example.org`, name === 'c' ? 'failed' : 'updated'])),
  );
  expect(results.find(({ kind }) => kind === 'failed')).toMatchObject({ failure: { class: 'conflict' } });
  // All, the half without it, the half with it, and each of that half.
  expect(cf.writes.map(({ path }) => path)).toEqual(Array.from({ length: 5 }, () => `${PLACE}/batch`));
  const more = ['x', 'y', 'z'].map((name) => target(`${name}.example.org`, '198.51.100.7'));
  await sink.write(plan(more, []), call);
  expect(cf.writes).toHaveLength(6);
  expect(cf.writes.at(-1)?.path).toBe(`${PLACE}/batch`);
});

test.each([
  ['a code for no such route', () => no(404, 7_000, 'No route for that URI')],
  [
    'a 404 of something in front',
    () => ({ status: 404, headers: { 'content-type': 'text/html' }, body: '<p>' }),
  ],
])('%s says that there is no batch', async (_, refusal) => {
  const cf = service([], ({ url }) => (url.pathname.endsWith('/batch') ? refusal() : undefined));
  const targets = ['a', 'b'].map((name) => target(`${name}.example.org`, '198.51.100.7'));
  const { results, sink, call } = await cf.run(targets);
  expect(results.map(({ kind }) => kind)).toEqual(['updated', 'updated']);
  await sink.write(plan(targets, []), call);
  expect(cf.writes.filter(({ path }) => path.endsWith('/batch'))).toHaveLength(1);
});

describe('refusals', () => {
  test.each([
    [400, 6003, 'credentials', 'sink'],
    [403, 9109, 'credentials', 'sink'],
    [400, 10000, 'credentials', 'sink'],
    [400, 1004, 'invalid', 'record'],
    [400, 9005, 'invalid', 'record'],
    [400, 81057, 'conflict', 'record'],
    [400, 81058, 'conflict', 'record'],
    [404, 81044, 'conflict', 'record'],
    [400, 81054, 'refused', 'record'],
    [429, 971, 'rate_limited', 'sink'],
    [429, 10429, 'rate_limited', 'sink'],
    [500, 1000, 'transient', 'sink'],
  ])('status %i, code %i is %s for the %s', async (status, code, expected, scope) => {
    const cf = service([], ({ method }) =>
      method === 'POST' ? no(status, code, 'Their words.') : undefined,
    );
    const { results } = await cf.run([target('home.example.org', '198.51.100.7')]);
    expect(results).toMatchObject([
      { kind: 'failed', failure: { class: expected, scope, message: `Cloudflare: Their words. (${code})` } },
    ]);
  });

  test('success: false with status 200 is no success', async () => {
    const cf = service([], ({ method }) =>
      method === 'POST' ? no(200, 1004, 'DNS Validation Error') : undefined,
    );
    const { results } = await cf.run([target('home.example.org', '198.51.100.7')]);
    expect(results[0]?.kind).toBe('failed');
  });

  test('the whole chain of a refusal is kept', async () => {
    const body = {
      success: false,
      errors: [
        {
          code: 6003,
          message: 'Invalid request headers',
          error_chain: [{ code: 6111, message: 'Invalid format for Authorization header' }],
        },
      ],
    };
    const cf = service([], () => answer(400, body));
    await expect(cf.run([target('home.example.org', '198.51.100.7')])).rejects.toMatchObject({
      failure: {
        class: 'credentials',
        message: 'Cloudflare: Invalid request headers: Invalid format for Authorization header (6003)',
      },
    });
  });
});

test('unknown keys of the sink are refused', () => {
  expect(cloudflare.options.safeParse({ token: 't-o-k', proxyed: true }).success).toBe(false);
  expect(cloudflare.options.safeParse({}).success).toBe(false);
});

describe('ownership by comment', () => {
  const wanted = [target('home.example.org', '198.51.100.7')];
  const found = (comment: string | null) => [record('r1', 'home.example.org', '192.0.2.1', { comment })];
  const owner = { owner: 'attic' };

  test('a new record is marked, before the operator’s own comment', async () => {
    const cf = service();
    await cf.run(wanted, { ...owner, comment: 'the flat' });
    expect(cf.writes[0]?.body).toMatchObject({ comment: 'netdrift:attic the flat' });
  });

  test('a marked record is changed, and keeps its comment', async () => {
    const cf = service(found('kept by netdrift:attic, do not touch'));
    const { results } = await cf.run(wanted, owner);
    expect(results).toMatchObject([{ kind: 'updated' }]);
    expect(cf.writes).toMatchObject([{ method: 'PATCH', body: { content: '198.51.100.7' } }]);
    expect(cf.writes[0]?.body).not.toHaveProperty('comment');
  });

  test.each([
    ['no mark', 'set by hand', 'has no mark netdrift:attic'],
    ['no comment', null, 'has no mark netdrift:attic'],
    ['the mark of another netdrift', 'netdrift:cellar', 'belongs to the netdrift that calls itself cellar'],
    ['a longer name', 'netdrift:attic2', 'belongs to the netdrift that calls itself attic2'],
  ])('a record with %s is left alone, and that is said', async (_, comment, words) => {
    const cf = service(found(comment));
    const { results } = await cf.run(wanted, owner);
    expect(results).toMatchObject([
      {
        kind: 'failed',
        failure: { class: 'refused', scope: 'record', message: expect.stringContaining(words) },
      },
    ]);
    expect(cf.writes).toEqual([]);
  });

  test('two on one name: the record of the other is neither changed nor deleted', async () => {
    const cf = service([
      record('r1', 'home.example.org', '198.51.100.7', { comment: 'netdrift:attic' }),
      record('r2', 'home.example.org', '203.0.113.9', { comment: 'netdrift:cellar' }),
    ]);
    const { results } = await cf.run(wanted, owner);
    expect(results).toMatchObject([{ failure: { message: expect.stringContaining('cellar') } }]);
    expect(cf.writes).toEqual([]);
  });

  test('one name that is not ours does not keep the others of the batch from being written', async () => {
    const cf = service(found('netdrift:cellar'));
    const { results } = await cf.run([...wanted, target('new.example.org', '198.51.100.7')], owner);
    expect(results.map(({ kind }) => kind).sort()).toEqual(['failed', 'updated']);
    expect(cf.writes).toMatchObject([{ method: 'POST', body: { name: 'new.example.org' } }]);
  });

  test('without an owner nothing is asked of comments', async () => {
    const cf = service(found('netdrift:cellar'));
    const { results } = await cf.run(wanted);
    expect(results).toMatchObject([{ kind: 'updated' }]);
  });
});
