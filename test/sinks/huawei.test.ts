import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { huawei } from '../../src/sinks/huawei/provider.ts';
import { target } from './rest/support.ts';
import { answer } from './rest/toy.ts';
import { failed, trial } from './trial.ts';

const GIVEN = { access_key: 'AKEXAMPLE', secret_key: 'a-secret-key' };
const set = (name: string, records: readonly string[], more: object = {}) => ({
  id: 'set-1',
  name: `${name}.`,
  type: records[0]?.includes(':') ? 'AAAA' : 'A',
  ttl: 60,
  records,
  line: 'default_view',
  status: 'ACTIVE',
  ...more,
});
const list = (recordsets: readonly object[], links: object = {}, total_count = recordsets.length) =>
  answer(200, { links, metadata: { total_count }, recordsets });

function service(
  held: readonly object[],
  given: object = {},
  instead: (request: HttpRequest) => HttpAnswer | undefined = () => undefined,
) {
  let gone = false;
  return trial(huawei, { ...GIVEN, ...given }, (request) => {
    const other = instead(request);
    if (other !== undefined) return other;
    const { pathname } = request.url;
    if (pathname === '/v2/zones') {
      return answer(200, {
        links: {},
        metadata: { total_count: 1 },
        zones: [{ id: 'z1', name: 'example.org.' }],
      });
    }
    if (request.method === 'DELETE') gone = true;
    if (request.method !== 'GET') {
      const status = gone ? 'PENDING_DELETE' : 'PENDING_UPDATE';
      return answer(202, set('home.example.org', [], { status }));
    }
    if (gone && pathname.endsWith('/set-1')) return answer(404, { code: 'DNS.0313', message: 'No.' });
    return pathname.endsWith('/recordsets') ? list(held) : answer(200, set('home.example.org', []));
  });
}
const writes = (asked: readonly HttpRequest[]) =>
  asked
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url, body }) => [
      method,
      url.pathname,
      body === undefined ? undefined : JSON.parse(body),
    ]);

const wanted = target('home.example.org', '198.51.100.7');
const SETS = '/v2.1/zones/z1/recordsets';

describe('what is sent', () => {
  test('a set that is there, with its TTL; weight and description are left out and so stay', async () => {
    const hw = service([
      set('home.example.org', ['192.0.2.1', '192.0.2.2'], { description: 'mine', weight: 1 }),
    ]);
    await hw.run(target('home.example.org', '192.0.2.2', '198.51.100.7'));
    expect(writes(hw.asked)).toEqual([
      [
        'PUT',
        `${SETS}/set-1`,
        { name: 'home.example.org.', type: 'A', ttl: 60, records: ['198.51.100.7', '192.0.2.2'] },
      ],
    ]);
  });

  test('a new set on the line, and the removal of one', async () => {
    const hw = service([set('old.example.org', ['192.0.2.1'])]);
    await hw.run({ ...target('example.org', '2001:db8::7'), ttl: 120 });
    await hw.run({ key: target('old.example.org', '192.0.2.1').key, addresses: [] });
    expect(writes(hw.asked)).toEqual([
      [
        'POST',
        SETS,
        { name: 'example.org.', type: 'AAAA', line: 'default_view', ttl: 120, records: ['2001:db8::7'] },
      ],
      ['DELETE', `${SETS}/set-1`, undefined],
    ]);
  });

  test('signed, to the address of the region', async () => {
    const hw = service([], { region: 'eu-west-101' });
    await hw.run(wanted);
    for (const { url, headers } of hw.asked) {
      expect(url.host).toBe('dns.eu-west-101.myhuaweicloud.com');
      expect(headers?.['x-sdk-date']).toMatch(/^20260101T0000\d\dZ$/);
      expect(headers?.['authorization']).toContain('SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=');
    }
  });
});

describe('a write is accepted, and carried out later', () => {
  test('done when the set is active', async () => {
    const states = ['PENDING_UPDATE', 'ACTIVE'];
    const hw = service([], {}, ({ method, url }) =>
      method === 'GET' && url.pathname.endsWith('/set-1')
        ? answer(200, set('home.example.org', [], { status: states.shift() }))
        : undefined,
    );
    expect(await hw.run(wanted)).toMatchObject([{ kind: 'updated' }]);
    expect(hw.time.slept.filter((one) => one === 1_000)).toHaveLength(2);
  });

  test('pending while it is not', async () => {
    const hw = service([], {}, ({ method, url }) =>
      method === 'GET' && url.pathname.endsWith('/set-1')
        ? answer(200, set('home.example.org', [], { status: 'PENDING_CREATE' }))
        : undefined,
    );
    expect(await hw.run(wanted)).toMatchObject([{ kind: 'pending', retryAfter: 5_000 }]);
  });

  test('a removal is done when the set is not found any more', async () => {
    const states = ['PENDING_DELETE'];
    const hw = service([set('home.example.org', ['192.0.2.1'])], {}, ({ method, url }) => {
      if (method === 'DELETE') return answer(202, set('home.example.org', [], { status: 'PENDING_DELETE' }));
      if (!url.pathname.endsWith('/set-1')) return undefined;
      const status = states.shift();
      return status === undefined
        ? answer(404, { code: 'DNS.0313', message: 'No.' })
        : answer(200, set('home.example.org', [], { status }));
    });
    expect(await hw.run({ key: wanted.key, addresses: [] })).toMatchObject([{ kind: 'updated' }]);
    expect(hw.asked.filter(({ url }) => url.pathname.endsWith('/set-1'))).toHaveLength(3);
  });

  test.each([
    ['PENDING_DELETE', { kind: 'pending', retryAfter: 5_000 }],
    ['ERROR', { kind: 'failed', failure: { class: 'transient', unclear: true } }],
  ])('a removal that is %s', async (status, expected) => {
    const hw = service([set('home.example.org', ['192.0.2.1'])], {}, ({ method, url }) => {
      if (method === 'DELETE') return answer(202, set('home.example.org', [], { status: 'PENDING_DELETE' }));
      return url.pathname.endsWith('/set-1')
        ? answer(200, set('home.example.org', [], { status }))
        : undefined;
    });
    expect(await hw.run({ key: wanted.key, addresses: [] })).toMatchObject([expected]);
  });

  test('a set that is not found while it is being changed is no success', async () => {
    const hw = service([], {}, ({ method, url }) =>
      method === 'GET' && url.pathname.endsWith('/set-1')
        ? answer(404, { code: 'DNS.0313', message: 'No.' })
        : undefined,
    );
    expect(await hw.run(wanted)).toMatchObject([{ kind: 'failed', failure: { unclear: true } }]);
  });

  test('failed and unclear if it ends in an error', async () => {
    const hw = service([], {}, ({ method, url }) =>
      method === 'GET' && url.pathname.endsWith('/set-1')
        ? answer(200, set('home.example.org', [], { status: 'ERROR' }))
        : undefined,
    );
    expect(await hw.run(wanted)).toMatchObject([
      { kind: 'failed', failure: { class: 'transient', unclear: true } },
    ]);
  });
});

describe('a set in another state than ACTIVE is not right yet', () => {
  test('after an error it is written again, though its content is the one wanted', async () => {
    const hw = service([set('home.example.org', ['198.51.100.7'], { status: 'ERROR' })]);
    expect(await hw.run(wanted)).toMatchObject([{ kind: 'updated' }]);
    expect(writes(hw.asked)).toMatchObject([['PUT', `${SETS}/set-1`, { records: ['198.51.100.7'] }]]);
  });

  test('while it is worked on, it is waited for and not written', async () => {
    const hw = service([set('home.example.org', ['198.51.100.7'], { status: 'PENDING_UPDATE' })]);
    expect(await hw.run(wanted)).toMatchObject([{ kind: 'updated' }]);
    expect(writes(hw.asked)).toEqual([]);
  });

  test('another address is written only when that is over', async () => {
    const states = ['PENDING_UPDATE', 'PENDING_UPDATE', 'PENDING_UPDATE'];
    const held = set('home.example.org', ['192.0.2.1'], { status: 'PENDING_UPDATE' });
    const hw = service([held], {}, ({ method, url }) =>
      method === 'GET' && url.pathname.endsWith('/set-1')
        ? answer(200, set('home.example.org', [], { status: states.shift() ?? 'ACTIVE' }))
        : undefined,
    );
    expect(await hw.run(wanted)).toMatchObject([{ kind: 'pending' }]);
    expect(writes(hw.asked)).toEqual([]);
    expect(await hw.run(wanted)).toMatchObject([{ kind: 'updated' }]);
    expect(writes(hw.asked)).toMatchObject([['PUT', `${SETS}/set-1`, { records: ['198.51.100.7'] }]]);
  });

  test('one that was being switched off is not taken for done', async () => {
    const held = set('home.example.org', ['198.51.100.7'], { status: 'PENDING_DISABLE' });
    const hw = service([held], {}, ({ method, url }) =>
      method === 'GET' && url.pathname.endsWith('/set-1')
        ? answer(200, set('home.example.org', [], { status: 'DISABLE' }))
        : undefined,
    );
    expect(await hw.run(wanted)).toMatchObject(failed('transient', 'sink'));
    expect(writes(hw.asked)).toEqual([]);
  });

  test.each([
    ['DISABLE', '192.0.2.1'],
    ['DISABLE', '198.51.100.7'],
    ['FREEZE', '198.51.100.7'],
  ])('%s with %s: reported, and left as it is', async (status, content) => {
    const hw = service([set('home.example.org', [content], { status })]);
    expect(await hw.run(wanted)).toMatchObject([
      {
        kind: 'failed',
        failure: {
          class: 'refused',
          scope: 'record',
          message: expect.stringContaining('is switched off there'),
        },
      },
    ]);
    expect(writes(hw.asked)).toEqual([]);
  });
});

test('sets of other lines, and those being deleted, are not ours', async () => {
  const hw = service([
    set('home.example.org', ['192.0.2.1'], { id: 'set-2', line: 'Dianxin' }),
    set('home.example.org', ['192.0.2.1'], { id: 'set-3', status: 'PENDING_DELETE' }),
  ]);
  await hw.run(wanted);
  expect(writes(hw.asked)).toMatchObject([['POST', SETS, { line: 'default_view' }]]);
});

test('several weighted sets of one name stay as they are', async () => {
  const hw = service([
    set('home.example.org', ['192.0.2.1'], { id: 'set-1', weight: 1 }),
    set('home.example.org', ['192.0.2.2'], { id: 'set-2', weight: 2 }),
  ]);
  expect(await hw.run(wanted)).toMatchObject(failed('refused', 'record'));
  expect(writes(hw.asked)).toEqual([]);
});

test('every page is read, by the link to the next', async () => {
  const hw = service([], {}, ({ method, url }) => {
    if (method !== 'GET' || !url.pathname.endsWith('/recordsets')) return undefined;
    if (url.searchParams.get('marker') === 'set-1')
      return list([set('home.example.org', ['198.51.100.7'])], {}, 2);
    const next = `https://dns.myhuaweicloud.com${SETS}?limit=500&marker=set-1`;
    return list([set('other.example.org', ['192.0.2.1'])], { next }, 2);
  });
  expect(await hw.run(wanted)).toEqual([]);
});

test.each([
  [401, { error_code: 'APIGW.0301', error_msg: 'No.' }, 'credentials', 'sink'],
  [429, { error_code: 'APIGW.0308', error_msg: 'No.' }, 'rate_limited', 'sink'],
  [403, { code: 'DNS.0014', message: 'No.' }, 'rate_limited', 'sink'],
  [403, { code: 'DNS.0013', message: 'No.' }, 'credentials', 'sink'],
  [400, { code: 'DNS.0312', message: 'No.' }, 'conflict', 'record'],
  [400, { code: 'DNS.0335', message: 'No.' }, 'conflict', 'record'],
  [400, { code: 'DNS.0308', message: 'No.' }, 'invalid', 'record'],
  [400, { code: 'DNS.0214', message: 'No.' }, 'refused', 'record'],
  [400, { code: 'DNS.0403', message: 'No.' }, 'refused', 'sink'],
  [404, { code: 'DNS.0313', message: 'No.' }, 'conflict', 'record'],
  [500, { code: 'DNS.0000', message: 'No.' }, 'transient', 'sink'],
])('status %i, %o is %s for the %s', async (status, body, expected, scope) => {
  const hw = service([], {}, ({ method }) => (method === 'POST' ? answer(status, body) : undefined));
  expect(await hw.run(wanted)).toMatchObject(failed(expected, scope));
});

test('a failed list is not an empty one: nothing is created', async () => {
  const hw = service([], {}, ({ url }) =>
    url.pathname.endsWith('/recordsets') ? answer(500, { code: 'DNS.0003', message: 'No.' }) : undefined,
  );
  await expect(hw.run(wanted)).rejects.toMatchObject({ failure: { class: 'transient' } });
  expect(writes(hw.asked)).toEqual([]);
});
