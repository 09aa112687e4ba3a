import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/model/record.ts';
import { type HttpClient, HttpFailure, type HttpRequest } from '../../../src/net/http.ts';
import type { Sink, WriteResult } from '../../../src/sinks/contract.ts';
import { planBlind } from '../../../src/sinks/plan.ts';
import { custom } from '../../../src/sinks/table/custom.ts';
import { callOf, components, target } from '../../fakes/sink-call.ts';
import { mappingFor, rowNamed, V4, V6 } from './support.ts';

/** A service that takes everything, a clock that stands still unless told otherwise, and when each request came. */
class Bench {
  now = 0;
  readonly came: { readonly at: number; readonly what: string }[] = [];
  readonly #clock = { monotonic: () => this.now, wall: () => this.now, boot: () => this.now };
  readonly #components = {
    ...components,
    clock: this.#clock,
    sleep: (milliseconds: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      this.now += milliseconds;
      return Promise.resolve();
    },
  };

  row(name: string): Sink {
    const provider = rowNamed(name);
    const options = provider.options.parse(mappingFor(provider));
    return provider.create({ name: 'test', options, keys: [] }, this.#components);
  }

  custom(more: object): Sink {
    const input = {
      url: 'https://dns.example.org/u',
      token: 'abcdefgh',
      parameters: { host: '{name}', key: '{token}', ip: '{ipv4}' },
      answer: { words: { good: 'updated' } },
      ...more,
    };
    return custom.create({ name: 'test', options: custom.options.parse(input), keys: [] }, this.#components);
  }

  write(sink: Sink, targets: readonly Target[], signal?: AbortSignal): Promise<readonly WriteResult[]> {
    const http = ({ url }: HttpRequest) => {
      const { searchParams } = url;
      const what = ['domain', 'hostname', 'host'].flatMap((key) => searchParams.get(key) ?? []).join();
      this.came.push({ at: this.now, what });
      return Promise.resolve({ status: 200, headers: {}, body: 'good' });
    };
    return sink.write(planBlind(targets), callOf(http, signal));
  }
}

const named = (count: number) =>
  Array.from({ length: count }, (_, index) => target(`h${index}.example.org`, V4));
const kinds = (results: readonly WriteResult[]) => results.map(({ kind }) => kind);

describe('the limits of an account', () => {
  it('ipv64: five names are never more than three requests in ten seconds', async () => {
    const bench = new Bench();
    const sink = bench.row('ipv64');
    const first = await bench.write(sink, named(5));
    expect(kinds(first)).toEqual(['updated', 'updated', 'updated', 'failed', 'failed']);
    expect(first[3]).toMatchObject({
      failure: {
        class: 'rate_limited',
        scope: 'sink',
        retryAfter: 11_000,
        message: expect.stringContaining('3 in 10s'),
      },
    });
    expect(first[3]).not.toHaveProperty('failure.unclear');

    bench.now += 10_999;
    expect(kinds(await bench.write(sink, named(5).slice(3)))).toEqual(['updated', 'updated']);
    const times = bench.came.map(({ at }) => at);
    expect(times).toHaveLength(5);
    for (const [index, at] of times.entries()) {
      const fourth = times[index + 3];
      if (fourth !== undefined) expect(fourth - at).toBeGreaterThan(10_000);
    }
  });

  it('are those of the account, not of the sink', async () => {
    const bench = new Bench();
    expect(kinds(await bench.write(bench.row('ipv64'), named(2)))).toEqual(['updated', 'updated']);
    expect(kinds(await bench.write(bench.row('ipv64'), named(2)))).toEqual(['updated', 'failed']);
    const limits = [{ requests: 1, per: '1m' }];
    expect(kinds(await bench.write(bench.custom({ limits }), named(1)))).toEqual(['updated']);
    expect(kinds(await bench.write(bench.custom({ limits }), named(1)))).toEqual(['failed']);
    expect(kinds(await bench.write(bench.custom({ limits, token: 'of-another' }), named(1)))).toEqual([
      'updated',
    ]);
    expect(
      kinds(await bench.write(bench.custom({ limits: [{ requests: 2, per: '1m' }] }), named(1))),
    ).toEqual(['updated']);
  });

  it('are waited for if that is soon', async () => {
    const bench = new Bench();
    const sink = bench.custom({ limits: [{ requests: 1, per: '2s' }] });
    expect(kinds(await bench.write(sink, named(2)))).toEqual(['updated', 'updated']);
    expect(bench.came.map(({ at }) => at)).toEqual([0, 3_000]);
  });

  it('end the wait with the call', async () => {
    const bench = new Bench();
    const sink = bench.custom({ limits: [{ requests: 1, per: '2s' }] });
    await bench.write(sink, named(1));
    expect(await bench.write(sink, named(1), AbortSignal.abort(new Error('stop')))).toMatchObject([
      { kind: 'failed', failure: { class: 'unreachable' } },
    ]);
    expect(bench.came).toHaveLength(1);
  });
});

describe('the limits of a name', () => {
  it('do not count a request that never left', async () => {
    const bench = new Bench();
    const sink = bench.row('zoneedit');
    const write = (http: HttpClient) => sink.write(planBlind(named(1)), callOf(http));
    const unreachable = () => Promise.reject(new HttpFailure('connect', false, 'nobody answers'));
    expect(await write(unreachable)).toMatchObject([{ failure: { class: 'unreachable' } }]);
    const lost = () => Promise.reject(new HttpFailure('reset', true, 'cut off'));
    expect(await write(lost)).toMatchObject([{ failure: { class: 'transient', unclear: true } }]);
    expect(await write(unreachable)).toMatchObject([{ failure: { class: 'rate_limited' } }]);
  });

  it.each(['zoneedit', 'easydns'])('%s: the families of a host go ten minutes apart', async (name) => {
    const bench = new Bench();
    const sink = bench.row(name);
    const both = (host: string) => [target(host, V4), target(host, V6)];
    const answer = {
      status: 200,
      headers: {},
      body: name === 'easydns' ? 'OK' : '<SUCCESS CODE="200" TEXT="done">',
    };
    let sent = 0;
    const http = () => {
      sent += 1;
      return Promise.resolve(answer);
    };
    const write = (targets: readonly Target[]) => sink.write(planBlind(targets), callOf(http));
    const results = await write([...both('a.example.org'), ...both('b.example.org')]);
    expect(results.map(({ key, kind }) => `${key.name}/${key.type} ${kind}`).toSorted()).toEqual([
      'a.example.org/A updated',
      'a.example.org/AAAA failed',
      'b.example.org/A updated',
      'b.example.org/AAAA failed',
    ]);
    expect(results.find(({ kind }) => kind === 'failed')).toMatchObject({
      failure: { class: 'rate_limited', scope: 'record', retryAfter: 601_000 },
    });
    expect(sent).toBe(2);
    bench.now += 601_000;
    expect(kinds(await write([target('a.example.org', V6), target('b.example.org', V6)]))).toEqual([
      'updated',
      'updated',
    ]);
  });

  it('count a request that takes several names for each of them', async () => {
    const bench = new Bench();
    const parameters = { host: '{names}', key: '{token}', ip: '{ipv4}' };
    const limits = [{ requests: 1, per: '1m', for: 'name' }];
    const sink = bench.custom({
      parameters,
      names_per_request: 2,
      limits,
      answer: { read: 'text', words: { good: 'updated' } },
    });
    expect(kinds(await bench.write(sink, named(2)))).toEqual(['updated', 'updated']);
    expect(kinds(await bench.write(sink, named(3).slice(1)))).toEqual(['failed', 'failed']);
    expect(kinds(await bench.write(sink, named(3).slice(2)))).toEqual(['updated']);
    expect(bench.came.map(({ what }) => what)).toEqual(['h0.example.org,h1.example.org', 'h2.example.org']);
  });
});
