import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HttpFailure } from '../../../src/net/http.ts';
import type { WriteResult } from '../../../src/sinks/contract.ts';
import { plan } from '../../../src/sinks/plan.ts';
import type { Limit } from '../../../src/sinks/rest/gate.ts';
import { callOf, components, fakeTime, key, target } from './support.ts';
import { answer, ToyService, type ToyShape, toy } from './toy.ts';

function sinkOf(service: ToyService, shape: ToyShape = {}, time = fakeTime(), given: object = {}) {
  const provider = toy(shape);
  const init = { name: 'toy', options: provider.options.parse({ token: 'token', ...given }), keys: [] };
  const sink = provider.create(init, components(time));
  const call = callOf(service.http);
  return {
    read: async (...names: readonly string[]) =>
      (await sink.read?.(
        names.map((name) => key(name)),
        call,
      )) ?? [],
    write: (changes: ReturnType<typeof plan>) => sink.write(changes, call),
  };
}

const a = (name: string, content = '192.0.2.1', type = 'A') => ({ name, type, content });
const kinds = (results: readonly WriteResult[]) =>
  Object.fromEntries(results.map((result) => [result.key.name, result.kind]));

describe('zones', () => {
  const zones = {
    'example.org': [a('a.sub.example.org')],
    'sub.example.org': [a('a.sub.example.org', '192.0.2.9')],
    'x.net': [],
  };

  test.each([false, true])(
    'the longest zone that holds the name is taken (asked by name: %s)',
    async (byName) => {
      const sink = sinkOf(new ToyService(zones), { byName });
      expect((await sink.read('a.sub.example.org')).map(({ content }) => content)).toEqual(['192.0.2.9']);
    },
  );

  test('listed once, all pages, and then known', async () => {
    const service = new ToyService(zones);
    const sink = sinkOf(service);
    await sink.read('a.x.net', 'b.x.net');
    await sink.read('c.example.org');
    expect(service.asked.filter((one) => one.includes('/zones?'))).toEqual([
      'GET /zones?size=2',
      'GET /zones?size=2&page=2',
    ]);
  });

  test('`zone` spares the search, and names outside it are not found', async () => {
    const service = new ToyService(zones);
    const sink = sinkOf(service, { byName: true }, fakeTime(), { zone: 'example.org' });
    expect((await sink.read('a.sub.example.org')).map(({ content }) => content)).toEqual(['192.0.2.1']);
    expect(service.asked[0]).toBe('GET /zones/example.org');
    await expect(sink.read('www.x.net')).rejects.toMatchObject({ failure: { class: 'not_found' } });
  });

  test('a name without a zone is not found; it keeps no other name from being read and written', async () => {
    const sink = sinkOf(new ToyService(zones));
    await expect(sink.read('www.lost.test')).rejects.toMatchObject({
      failure: { class: 'not_found', scope: 'record' },
    });
    const changes = plan(
      [target('www.lost.test', '198.51.100.7'), target('www.x.net', '198.51.100.7')],
      await sink.read('www.lost.test', 'www.x.net'),
    );
    const results = await sink.write(changes);
    expect(kinds(results)).toEqual({ 'www.lost.test': 'failed', 'www.x.net': 'updated' });
    expect(results[0]).toMatchObject({
      failure: { class: 'not_found', message: expect.stringContaining('www.lost.test') },
    });
  });

  test('a zone added meanwhile is found by the next look', async () => {
    const service = new ToyService({ 'example.org': [] });
    const sink = sinkOf(service);
    await expect(sink.read('www.new.test')).rejects.toMatchObject({ failure: { class: 'not_found' } });
    service.zones.set('new.test' as never, [{ id: 'n1', ...a('www.new.test') }]);
    expect(await sink.read('www.new.test')).toHaveLength(1);
  });
});

describe('reading', () => {
  const many = Array.from({ length: 25 }, (_, index) => a(`h${index}.example.org`));

  test('follows every page, and matches by exact name and type', async () => {
    const near = [
      a('xh7.example.org'),
      a('h7.example.org', '2001:db8::1', 'AAAA'),
      a('H7.example.org.', '192.0.2.7'),
    ];
    const service = new ToyService({ 'example.org': [...near, ...many.slice(8)] });
    const found = await sinkOf(service).read(
      'h7.example.org',
      'h20.example.org',
      'h21.example.org',
      'h24.example.org',
    );
    expect(found.map(({ key, content }) => `${key.name} ${content}`).sort()).toEqual([
      'h20.example.org 192.0.2.1',
      'h21.example.org 192.0.2.1',
      'h24.example.org 192.0.2.1',
      'h7.example.org 192.0.2.7',
    ]);
  });

  test('few names are asked for by name, many by one list', async () => {
    const few = new ToyService({ 'example.org': many });
    await sinkOf(few).read('h1.example.org');
    expect(few.asked.at(-1)).toBe('GET /zones/example.org/records?size=2&name=h1.example.org');
    const all = new ToyService({ 'example.org': many });
    await sinkOf(all).read(...many.map(({ name }) => name));
    expect(all.asked.filter((one) => one.includes('/records'))).toHaveLength(13);
  });

  describe('of many zones, where one try has no room for all', () => {
    const names = Array.from({ length: 12 }, (_, index) => `h.z${index}.test`);
    const zones = Object.fromEntries(names.map((name) => [name.slice(2), [a(name)]]));
    const lists = (service: ToyService) => service.asked.filter((one) => one.includes('/records'));

    test('goes on where the last try ended', async () => {
      const service = new ToyService(zones);
      const sink = sinkOf(service);
      let room = 5;
      service.instead = ({ url }) => {
        if (!url.pathname.endsWith('/records')) return undefined;
        room -= 1;
        return room < 0 ? new HttpFailure('timeout', true, 'too slow') : undefined;
      };
      for (let turn = 0; turn < 2; turn += 1) {
        await expect(sink.read(...names)).rejects.toThrow();
        room = 5;
      }
      expect(await sink.read(...names)).toHaveLength(12);
      service.instead = undefined;
      const before = lists(service).length;
      // What was kept is gone once all was read: the next look is a look at everything.
      expect(await sink.read(...names)).toHaveLength(12);
      expect(lists(service)).toHaveLength(before + 12);
    });

    test('but not with what is old, was asked for other names, or was written since', async () => {
      const service = new ToyService(zones);
      const time = fakeTime();
      const sink = sinkOf(service, {}, time);
      const failing = ({ url }: { url: URL }) =>
        url.pathname.includes('z11.test/records') ? new HttpFailure('timeout', true, 'too slow') : undefined;
      const missed = async (then: () => Promise<unknown>) => {
        service.instead = failing;
        await expect(sink.read(...names)).rejects.toThrow();
        service.instead = undefined;
        await then();
        const before = lists(service).length;
        await sink.read(...names);
        return lists(service).length - before;
      };
      expect(await missed(() => Promise.resolve())).toBeLessThan(12);
      service.instead = failing;
      await expect(sink.read(...names)).rejects.toThrow();
      service.instead = undefined;
      expect((await sink.read('h.z0.test', 'other.z0.test')).map(({ key: { name } }) => name)).toEqual([
        'h.z0.test',
      ]);
      expect(lists(service).at(-1)).toContain('name=other.z0.test');
      expect(await missed(() => time.sleep(300_000, new AbortController().signal))).toBe(12);
      // Only of what was written: here of one zone, beside the one that could not be read.
      expect(await missed(() => sink.write(plan([target('h.z0.test', '192.0.2.9')], [])))).toBe(2);
      expect(
        lists(service)
          .slice(-2)
          .some((one) => one.includes('z0.test')),
      ).toBe(true);
    });
  });

  test('a page that fails fails the whole', async () => {
    const service = new ToyService({ 'example.org': many });
    service.instead = ({ url }) => (url.searchParams.get('page') === '5' ? answer(500, {}) : undefined);
    await expect(
      sinkOf(service).read('a.example.org', 'b.example.org', 'c.example.org', 'd.example.org'),
    ).rejects.toMatchObject({
      failure: { class: 'transient' },
    });
  });

  test('a list that never ends is not followed for ever', async () => {
    const service = new ToyService({ 'example.org': many });
    service.instead = ({ url }) =>
      url.pathname.endsWith('/records')
        ? answer(200, { records: [], page: Number(url.searchParams.get('page') ?? 1), pages: 1e9 })
        : undefined;
    await expect(sinkOf(service).read('a.example.org')).rejects.toMatchObject({
      failure: { class: 'transient', message: expect.stringContaining('no end') },
    });
    expect(service.asked.length).toBeLessThan(600);
  });

  test('a known zone that is gone is looked for again', async () => {
    const service = new ToyService({ 'example.org': [a('www.example.org')] });
    const sink = sinkOf(service);
    await sink.read('www.example.org');
    let first = true;
    service.instead = ({ url }) => {
      if (!first || !url.pathname.endsWith('/records')) return undefined;
      first = false;
      return answer(404, { error: 'x', message: 'no such zone' });
    };
    expect(await sink.read('www.example.org')).toHaveLength(1);
    expect(service.asked.filter((one) => one === 'GET /zones?size=2')).toHaveLength(2);
  });
});

describe('writing', () => {
  const targets = (count: number, address = '198.51.100.7') =>
    Array.from({ length: count }, (_, index) => target(`h${index}.example.org`, address));

  test('one request for a batch, within the documented size', async () => {
    const service = new ToyService({ 'example.org': [] });
    const results = await sinkOf(service, { shape: 'batch' }).write(plan(targets(120), []));
    expect(results.every(({ kind }) => kind === 'updated')).toBe(true);
    expect(service.writes).toEqual(Array.from({ length: 3 }, () => 'POST /zones/example.org/batch'));
    expect(service.contents('example.org')).toHaveLength(120);
  });

  test('each zone gets its own, and a failing zone does not stop the other', async () => {
    const service = new ToyService({ 'example.org': [], 'x.net': [] });
    service.instead = ({ url, method }) =>
      method === 'POST' && url.pathname.includes('x.net')
        ? answer(500, { error: 'x', message: 'broken' })
        : undefined;
    const changes = plan(
      [...targets(2), target('a.x.net', '198.51.100.7'), target('b.x.net', '198.51.100.7')],
      [],
    );
    expect(kinds(await sinkOf(service, { shape: 'batch' }).write(changes))).toEqual({
      'h0.example.org': 'updated',
      'h1.example.org': 'updated',
      'a.x.net': 'failed',
      'b.x.net': 'failed',
    });
  });

  test('of a batch refused because of some, exactly those are reported, and the rest gets through', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 70 }),
        fc.array(fc.nat(69), { maxLength: 4 }),
        async (count, picks) => {
          const bad = new Set(picks.filter((pick) => pick < count));
          const service = new ToyService({ 'example.org': [] });
          service.refuses.set('203.0.113.66', answer(400, { error: 'cname', message: 'a CNAME is there' }));
          const wanted = targets(count).map((one, index) =>
            bad.has(index) ? target(one.key.name, '203.0.113.66') : one,
          );
          const results = await sinkOf(service, { shape: 'batch' }).write(plan(wanted, []));
          const failed = results.filter(({ kind }) => kind === 'failed').map((result) => result.key.name);
          expect(failed.sort()).toEqual([...bad].map((index) => `h${index}.example.org`).sort());
          expect(results).toHaveLength(count);
          expect(service.contents('example.org')).toHaveLength(count - bad.size);
          // Halving: each bad one costs at most two requests a level.
          expect(service.writes.length).toBeLessThanOrEqual(
            2 + bad.size * 2 * Math.ceil(Math.log2(count) + 1),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a batch whose answer is lost is not tried in parts: all of it is unclear', async () => {
    const service = new ToyService({ 'example.org': [] });
    service.instead = ({ method }) =>
      method === 'POST' ? new HttpFailure('reset', true, 'reset') : undefined;
    const results = await sinkOf(service, { shape: 'batch' }).write(plan(targets(10), []));
    expect(service.writes).toHaveLength(1);
    expect(results.every((result) => result.kind === 'failed' && result.failure.unclear === true)).toBe(true);
  });

  test('without the batch request it goes one by one, and remembers', async () => {
    const service = new ToyService({ 'example.org': [] });
    service.instead = ({ url }) =>
      url.pathname.endsWith('/batch')
        ? answer(405, { error: 'x', message: 'method not allowed' })
        : undefined;
    const sink = sinkOf(service, { shape: 'batch' });
    expect((await sink.write(plan(targets(3), []))).every(({ kind }) => kind === 'updated')).toBe(true);
    await sink.write(
      plan([target('new.example.org', '198.51.100.7'), target('two.example.org', '198.51.100.7')], []),
    );
    expect(service.writes.filter((one) => one.includes('/batch'))).toHaveLength(1);
    expect(service.contents('example.org')).toHaveLength(5);
  });

  test('after a refusal that is not about the record, nothing more is sent', async () => {
    const service = new ToyService({ 'example.org': [] });
    service.refuses.set('198.51.100.7', answer(401, { error: 'key', message: 'bad key' }));
    const results = await sinkOf(service).write(plan(targets(20), []));
    expect(service.writes).toHaveLength(1);
    expect(
      results.every((result) => result.kind === 'failed' && result.failure.class === 'credentials'),
    ).toBe(true);
  });

  test('a refusal about one record does not keep the others back', async () => {
    const service = new ToyService({ 'example.org': [] });
    service.refuses.set('203.0.113.66', answer(400, { error: 'x', message: 'malformed' }));
    const changes = plan([target('bad.example.org', '203.0.113.66'), ...targets(2)], []);
    expect(kinds(await sinkOf(service).write(changes))).toEqual({
      'bad.example.org': 'failed',
      'h0.example.org': 'updated',
      'h1.example.org': 'updated',
    });
  });

  test('a change done by half is unclear', async () => {
    const service = new ToyService({
      'example.org': [a('www.example.org'), a('www.example.org', '192.0.2.2')],
    });
    const sink = sinkOf(service);
    const actual = await sink.read('www.example.org');
    service.refuses.set('203.0.113.66', answer(400, { error: 'x', message: 'malformed' }));
    const [result] = await sink.write(
      plan([target('www.example.org', '198.51.100.7', '203.0.113.66')], actual),
    );
    expect(result).toMatchObject({ kind: 'failed', failure: { class: 'invalid', unclear: true } });
  });

  test('publishing once a zone after its writes; its failure makes them unclear', async () => {
    const published: string[] = [];
    const service = new ToyService({ 'example.org': [], 'x.net': [] });
    const afterWrite = (_ask: unknown, zone: { name: string }) => {
      published.push(zone.name);
      return Promise.resolve();
    };
    const sink = sinkOf(service, { api: { afterWrite } });
    await sink.write(plan([...targets(3), target('a.x.net', '198.51.100.7')], []));
    expect(published.sort()).toEqual(['example.org', 'x.net']);
  });
});

describe('request limits', () => {
  test('no stretch of time holds more requests than the limit, over all sinks of an account', async () => {
    const time = fakeTime();
    const service = new ToyService({ 'example.org': [] });
    const sent: number[] = [];
    service.instead = () => {
      sent.push(time.clock.monotonic());
      return undefined;
    };
    const limits = [{ requests: 5, per: 1_000 }];
    const shape = { limits, byName: true };
    const sinks = [sinkOf(service, shape, time), sinkOf(service, shape, time)];
    for (let turn = 0; turn < 10; turn += 1) await sinks[turn % 2]?.read(`h${turn}.example.org`);
    expect(sent.length).toBeGreaterThan(15);
    for (const [index, at] of sent.entries()) {
      expect((sent[index + 5] ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThan(1_000);
    }
  });

  test('a wait longer than a call may last is told, not waited for', async () => {
    const service = new ToyService({ 'example.org': [] });
    const sink = sinkOf(service, { limits: [{ requests: 3, per: 60_000 }] });
    const results = await sink.write(
      plan(
        [
          target('a.example.org', '198.51.100.7'),
          target('b.example.org', '198.51.100.7'),
          target('c.example.org', '198.51.100.7'),
        ],
        [],
      ),
    );
    expect(kinds(results)).toEqual({
      'a.example.org': 'updated',
      'b.example.org': 'updated',
      'c.example.org': 'failed',
    });
    const failure = results.find((result) => result.kind === 'failed')?.failure;
    expect(failure).toMatchObject({ class: 'rate_limited', scope: 'sink', retryAfter: 61_000 });
    expect(failure?.unclear).toBeUndefined();
    expect(service.writes).toHaveLength(2);
  });

  test('after 429 in one zone nothing is sent for the zones not begun', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `zone${index}.test`);
    const service = new ToyService(Object.fromEntries(names.map((name) => [name, []])));
    service.instead = ({ method }) =>
      method === 'GET'
        ? undefined
        : answer(429, { error: 'slow', message: 'slow down' }, { 'retry-after': '30' });
    const results = await sinkOf(service).write(
      plan(
        names.map((name) => target(`www.${name}`, '198.51.100.7')),
        [],
      ),
    );
    expect(results.every((result) => result.kind === 'failed' && result.failure.retryAfter === 30_000)).toBe(
      true,
    );
    expect(service.writes.length).toBeLessThanOrEqual(4);
  });

  test.each([
    ['each by itself', [{ token: 'one' }, { token: 'two' }], 6],
    [
      'together, with one name',
      [
        { token: 'one', shared_limits: 'home' },
        { token: 'two', shared_limits: 'home' },
      ],
      3,
    ],
    ['each by itself, with two names', [{ shared_limits: 'home' }, { shared_limits: 'office' }], 6],
    [
      'each by itself, a name that is the token of another',
      [{ token: 'home' }, { shared_limits: 'home' }],
      6,
    ],
  ])('two tokens are counted %s', async (_, given, expected) => {
    const time = fakeTime();
    const service = new ToyService({ 'example.org': [] });
    const shape = { limits: [{ requests: 3, per: 60_000 }] };
    for (const options of given) {
      const sink = sinkOf(service, shape, time, options);
      const changes = ['a', 'b', 'c', 'd'].map((name) => target(`${name}.example.org`, '198.51.100.7'));
      await sink.write(plan(changes, [])).catch(() => []);
    }
    expect(service.asked).toHaveLength(expected);
  });

  describe('a wait that the provider asks for', () => {
    const slow = () => answer(429, { error: 'slow', message: 'slow down' }, { 'retry-after': '300' });
    const told = { failure: { class: 'rate_limited', retryAfter: 300_000 } };

    test('holds for every sink of the account, and ends', async () => {
      const time = fakeTime();
      const service = new ToyService({ 'example.org': [a('www.example.org')] });
      const [one, other] = [sinkOf(service, {}, time), sinkOf(service, {}, time)];
      const stranger = sinkOf(service, {}, time, { token: 'of somebody else' });
      service.instead = slow;
      await expect(one.read('www.example.org')).rejects.toMatchObject(told);
      service.instead = undefined;
      const before = service.asked.length;
      await expect(other.read('www.example.org')).rejects.toMatchObject(told);
      expect(service.asked).toHaveLength(before);
      expect(await stranger.read('www.example.org')).toHaveLength(1);
      time.pass(299_000);
      // The last second fits into a call.
      expect(await other.read('www.example.org')).toHaveLength(1);
      expect(time.slept).toEqual([1_000]);
    });

    test('holds for the domain alone, where the limit is one of the domain', async () => {
      const time = fakeTime();
      const service = new ToyService({ 'example.org': [a('www.example.org')], 'x.net': [a('www.x.net')] });
      const of: Limit['of'] = ({ url }) => /^\/v1\/zones\/([^/]+)/.exec(url.pathname)?.[1];
      const shape = { byName: true, limits: [{ requests: 100, per: 1_000, of }] };
      const [one, other] = [sinkOf(service, shape, time), sinkOf(service, shape, time)];
      service.instead = ({ url }) => (url.pathname.includes('/x.net/records') ? slow() : undefined);
      await expect(one.read('www.x.net')).rejects.toMatchObject(told);
      service.instead = undefined;
      expect(await other.read('www.example.org')).toHaveLength(1);
      await expect(other.read('www.x.net')).rejects.toMatchObject(told);
    });

    test('nothing is held where none is named', async () => {
      const time = fakeTime();
      const service = new ToyService({ 'example.org': [a('www.example.org')] });
      const [one, other] = [sinkOf(service, {}, time), sinkOf(service, {}, time)];
      service.instead = () => answer(429, { error: 'slow', message: 'slow down' });
      await expect(one.read('www.example.org')).rejects.toMatchObject({ failure: { class: 'rate_limited' } });
      service.instead = undefined;
      expect(await other.read('www.example.org')).toHaveLength(1);
    });
  });
});
