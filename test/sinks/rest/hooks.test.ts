import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { address } from '../../../src/model/address.ts';
import type { HttpAnswer, HttpRequest } from '../../../src/net/http.ts';
import { plan } from '../../../src/sinks/plan.ts';
import { reconcile } from '../../../src/sinks/reconcile.ts';
import type { RestApi } from '../../../src/sinks/rest/api.ts';
import { formCodec, jsonCodec } from '../../../src/sinks/rest/codec.ts';
import { after, collect, type PagedList } from '../../../src/sinks/rest/pages.ts';
import { type SinkState, volatileMemory } from '../../../src/state/sink-memory.ts';
import { callOf, components, fakeTime, key, target } from './support.ts';
import { answer, ToyService, toy } from './toy.ts';

/** Runs one read and one write against the toy service, with some of the provider's file replaced. */
async function run(api: Partial<RestApi>, instead?: ToyService['instead'], time = fakeTime()) {
  const service = new ToyService({
    'example.org': [{ name: 'www.example.org', type: 'A', content: '192.0.2.1' }],
  });
  const seen: HttpRequest[] = [];
  service.instead = (request) => {
    seen.push(request);
    return instead?.(request);
  };
  const provider = toy({ api });
  const init = { name: 'toy', options: provider.options.parse({ token: 'token-token' }), keys: [] };
  const sink = provider.create(init, components(time));
  const call = callOf(service.http);
  const actual = (await sink.read?.([key('www.example.org')], call)) ?? [];
  const results = await sink.write(plan([target('www.example.org', '198.51.100.7')], actual), call);
  return { seen, actual, results };
}

describe('authentication', () => {
  test('a signer sees the whole request, the time after any wait, and a nonce of its own for each', async () => {
    const nonces = new Set<string>();
    const { seen, results } = await run({
      authorize: ({ method, url, headers, body = '', ...rest }, { clock, nonce }) => {
        const once = nonce();
        nonces.add(once);
        const signed = createHmac('sha256', 'key')
          .update(`${method}\n${url.href}\n${clock.wall()}\n${once}\n${body}`)
          .digest('hex');
        return {
          ...rest,
          method,
          url,
          body,
          headers: { ...headers, 'x-signature': signed, 'x-nonce': once },
        };
      },
    });
    expect(results.map(({ kind }) => kind)).toEqual(['updated']);
    expect([...nonces]).toEqual(seen.map(({ headers }) => headers?.['x-nonce']));
    expect(nonces.size).toBe(seen.length);
    expect([...nonces].every((one) => /^[0-9a-f]{32}$/.test(one))).toBe(true);
  });

  test('a short-lived token may be fetched first', async () => {
    let fetched = 0;
    const { seen } = await run(
      {
        authorize: async (request, { http }) => {
          const url = new URL('https://login.example.net/token');
          const { body } = await http({ method: 'POST', url });
          return { ...request, headers: { ...request.headers, authorization: `Bearer ${body}` } };
        },
      },
      ({ url }) => {
        if (url.hostname !== 'login.example.net') return undefined;
        fetched += 1;
        return { status: 200, headers: {}, body: `t${fetched}` };
      },
    );
    const asked = seen.filter(({ url }) => url.hostname !== 'login.example.net');
    expect(asked.map(({ headers }) => headers?.['authorization'])).toEqual(
      asked.map((_, index) => `Bearer t${index + 1}`),
    );
  });

  test('the token may stand in the body', async () => {
    const { seen, results } = await run({
      authorize: (request) =>
        request.body === undefined
          ? request
          : { ...request, body: JSON.stringify({ ...(JSON.parse(request.body) as object), apikey: 'k' }) },
    });
    expect(results[0]?.kind).toBe('updated');
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual({ content: '198.51.100.7', apikey: 'k' });
  });
});

describe('bodies', () => {
  test('a form', async () => {
    const { seen } = await run({ codec: formCodec }, ({ method }) =>
      method === 'PATCH' ? answer(200, { ok: true }) : undefined,
    );
    expect(seen.at(-1)).toMatchObject({
      body: 'content=198.51.100.7',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  test('another format: only what the codec says it reads is read', async () => {
    const codec = { ...jsonCodec, accept: 'text/xml', reads: (type: string) => type === 'text/xml' };
    await expect(run({ codec })).rejects.toMatchObject({
      failure: { class: 'transient', message: 'Toy: status 200, an answer of type application/json' },
    });
  });
});

test('lists by POST with a cursor: reading them leaves nothing unclear', async () => {
  const schema = z.object({ items: z.array(z.string()), cursor: z.string().nullable() });
  const list: PagedList<z.output<typeof schema>, string> = {
    schema,
    items: ({ items }) => items,
    next: ({ body }) => after('cursor', body.cursor),
    post: (query) => ({ Action: 'Describe', ...query }),
  };
  const api: Partial<RestApi> = {
    records: async (ask) =>
      (await collect(ask, '/describe', list)).map((content) => ({
        name: 'www.example.org',
        type: 'A',
        content,
      })),
  };
  const pages = (fail: boolean) => (request: HttpRequest) => {
    if (!request.url.pathname.endsWith('/describe')) return undefined;
    const { cursor } = JSON.parse(request.body ?? '{}') as { cursor?: string };
    if (fail && cursor === 'two') return answer(500, { error: 'x', message: 'oops' });
    return answer(
      200,
      cursor === 'two' ? { items: ['192.0.2.2'], cursor: null } : { items: ['192.0.2.1'], cursor: 'two' },
    );
  };
  const { actual } = await run({ ...api, write: { shape: 'sets', put: async () => {} } }, pages(false));
  expect(actual.map(({ content }) => content)).toEqual(['192.0.2.1', '192.0.2.2']);
  const failing = run(api, pages(true));
  await expect(failing).rejects.toMatchObject({ failure: { class: 'transient' } });
  await expect(failing).rejects.not.toMatchObject({ failure: { unclear: true } });
});

test('publishing that fails makes the writes of that zone unclear', async () => {
  const { results } = await run({
    afterWrite: async (ask, { id }) => {
      await ask.send('POST', `/zones/${id}/refresh`, z.object({ refreshed: z.literal(true) }));
    },
  });
  expect(results).toMatchObject([{ kind: 'failed', failure: { class: 'transient', unclear: true } }]);
});

describe('a step after writing that fails', () => {
  function publishing() {
    const service = new ToyService({
      'example.org': [{ name: 'www.example.org', type: 'A', content: '192.0.2.1' }],
    });
    const fault: { of: HttpAnswer | undefined; meets: () => void } = {
      of: answer(500, { error: 'oops', message: 'no' }),
      meets: () => {},
    };
    let published = 0;
    service.instead = ({ url }) => {
      if (!url.pathname.endsWith('/refresh')) return undefined;
      fault.meets();
      if (fault.of === undefined) published += 1;
      return fault.of ?? answer(200, { ok: true });
    };
    const provider = toy({
      api: {
        afterWrite: async (ask, { id }) => {
          await ask.send('POST', `/zones/${id}/refresh`, z.object({ ok: z.literal(true) }));
        },
      },
    });
    const time = fakeTime();
    const options = provider.options.parse({ token: 'token-token' });
    const sink = provider.create({ name: 'toy', options, keys: [] }, components(time));
    let memory = volatileMemory(time.clock);
    // What the state file carries over.
    const restart = (): void => {
      const document = (memory as SinkState).toDocument();
      const next = volatileMemory(time.clock) as SinkState;
      next.restore(document);
      memory = next;
    };
    const round = async (addresses: readonly string[], signal = new AbortController().signal) => {
      const call = callOf(service.http, signal);
      const outcomes = await reconcile(
        { sink, memory, batch: 50, timeout: 5_000, minimumGap: 0, clock: time.clock, http: call.http },
        { ...call, targets: [{ ...target('www.example.org'), addresses: addresses.map(address) }] },
      );
      return outcomes.map(({ kind }) => kind);
    };
    return {
      service,
      fault,
      round,
      restart,
      confirmed: () => memory.confirmed(key('www.example.org')),
      published: () => published,
    };
  }

  test.each([[['198.51.100.7']], [[]]])(
    'is taken again, and nothing else, until it succeeds (%j)',
    async (wanted) => {
      const { service, fault, round, confirmed, published } = publishing();
      expect(await round(wanted)).toEqual(['failed']);
      // The records are right, and nobody sees them.
      expect(service.contents('example.org')).toEqual(wanted.map((one) => `www.example.org/A ${one}`));
      expect(await round(wanted)).toEqual(['failed']);
      fault.of = undefined;
      const before = service.writes.length;
      expect(await round(wanted)).toEqual(['updated']);
      expect(service.writes.slice(before)).toEqual([expect.stringMatching(/^POST .*refresh$/)]);
      expect(published()).toBe(1);
      expect(confirmed()).toEqual(wanted);
      expect(await round(wanted)).toEqual(['unchanged']);
      expect(published()).toBe(1);
    },
  );

  test('is taken by the next process, too, if the last one ended before it', async () => {
    const { service, fault, round, restart, published } = publishing();
    const end = new AbortController();
    fault.meets = () => end.abort(new Error('ended'));
    await expect(round(['198.51.100.7'], end.signal)).rejects.toThrow('ended');
    expect(service.contents('example.org')).toEqual(['www.example.org/A 198.51.100.7']);
    restart();
    fault.of = undefined;
    expect(await round(['198.51.100.7'])).toEqual(['updated']);
    expect(published()).toBe(1);
  });
});

test('a whole-zone write is a batch without a limit: one request, whatever the number', async () => {
  const written: number[] = [];
  const { results } = await run({
    write: {
      shape: 'batch',
      size: Number.POSITIVE_INFINITY,
      apply: (_ask, _zone, changes) => {
        written.push(changes.length);
        return Promise.resolve(undefined);
      },
    },
  });
  expect(results[0]?.kind).toBe('updated');
  expect(written).toEqual([1]);
});

test('accepted and not yet done is pending, with the time to look again', async () => {
  const { results } = await run({
    write: { shape: 'sets', put: () => Promise.resolve({ pending: 'queued there', retryAfter: 7_000 }) },
  });
  expect(results).toMatchObject([{ kind: 'pending', why: 'queued there', retryAfter: 7_000 }]);
});
