import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { RecordKey, Target } from '../../../src/model/record.ts';
import type { HttpClient, HttpRequest } from '../../../src/net/http.ts';
import type { Change, Sink, WriteResult } from '../../../src/sinks/contract.ts';
import { dyndns2 } from '../../../src/sinks/dyndns2/provider.ts';
import { reconcile } from '../../../src/sinks/reconcile.ts';
import { SinkState } from '../../../src/state/sink-memory.ts';
import { silentLog } from '../../../src/telemetry/log.ts';
import { components, keyOf, target } from '../../fakes/sink-call.ts';
import { mappingFor, rowNamed } from './support.ts';

const NAME = 'home.example.org';
const OTHER = 'www.example.org';

class Bench {
  now = 1_000_000;
  readonly clock = { monotonic: () => this.now, wall: () => this.now, boot: () => this.now };
  readonly memory = new SinkState(
    'f',
    this.clock,
    (text) => text,
    async () => {},
  );
  readonly written: string[] = [];
  answer: (key: RecordKey) => WriteResult = (key) => ({ key, kind: 'updated' });

  async run(
    wholeName: boolean | 'known',
    targets: readonly Target[],
    minimumGap = 0,
  ): Promise<readonly Outcome[]> {
    const sink: Sink = {
      wholeName,
      write: async (changes: readonly Change[]) => {
        this.written.push(changes.map((change) => change.target.addresses.join()).join(' '));
        return changes.map((change) => this.answer(change.target.key));
      },
    };
    const unused = () => Promise.reject(new Error('not used'));
    return this.reconcile(sink, targets, unused, minimumGap);
  }

  reconcile(sink: Sink, targets: readonly Target[], http: HttpClient, minimumGap = 0) {
    const init = {
      sink,
      memory: this.memory,
      batch: Number.POSITIVE_INFINITY,
      timeout: 5_000,
      minimumGap,
      clock: this.clock,
      http,
    };
    return reconcile(init, { targets, log: silentLog, signal: new AbortController().signal });
  }
}

const both = (v4: string, v6: string, name = NAME) => [target(name, v4), target(name, v6)];
const kinds = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ key, kind }) => `${key.name}/${key.type} ${kind}`).toSorted();

describe('a sink to which a name is one thing', () => {
  it('gets the family that is right along with the one that is not', async () => {
    const bench = new Bench();
    await bench.run(true, both('198.51.100.1', '2001:db8::1'));
    await bench.run(true, both('198.51.100.2', '2001:db8::1'));
    expect(bench.written).toEqual(['198.51.100.1 2001:db8::1', '198.51.100.2 2001:db8::1']);
  });

  it('gets no other name, and nothing at all if all is right', async () => {
    const bench = new Bench();
    const other = both('198.51.100.9', '2001:db8::9', OTHER);
    await bench.run(true, [...both('198.51.100.1', '2001:db8::1'), ...other]);
    await bench.run(true, [...both('198.51.100.1', '2001:db8::2'), ...other]);
    await bench.run(true, [...both('198.51.100.1', '2001:db8::2'), ...other]);
    expect(bench.written.slice(1)).toEqual(['198.51.100.1 2001:db8::2']);
  });

  it('gets one family if the other has no target', async () => {
    const bench = new Bench();
    await bench.run(true, [target(NAME, '198.51.100.1')]);
    expect(bench.written).toEqual(['198.51.100.1']);
  });

  it('gets nothing of a name of which one family is held', async () => {
    const bench = new Bench();
    bench.answer = (key) =>
      key.type === 'AAAA'
        ? { key, kind: 'failed', failure: { class: 'invalid', scope: 'record', message: 'no' } }
        : { key, kind: 'updated' };
    await bench.run(true, both('198.51.100.1', '2001:db8::1'));
    const outcomes = await bench.run(true, both('198.51.100.2', '2001:db8::1'));
    expect(outcomes).toMatchObject([
      { key: keyOf(NAME, 'A'), addresses: ['198.51.100.2'], kind: 'failed', held: true },
      { key: keyOf(NAME, 'AAAA'), kind: 'failed', held: true },
    ]);
    expect(bench.written).toHaveLength(1);
  });

  it('gets nothing of a name before its gap has passed', async () => {
    const bench = new Bench();
    await bench.run(true, [target(NAME, '198.51.100.1')], 60_000);
    const outcomes = await bench.run(true, both('198.51.100.2', '2001:db8::1'), 60_000);
    expect(kinds(outcomes)).toEqual([`${NAME}/A pending`, `${NAME}/AAAA pending`]);
    bench.now += 60_000;
    expect(kinds(await bench.run(true, both('198.51.100.2', '2001:db8::1'), 60_000))).toEqual([
      `${NAME}/A updated`,
      `${NAME}/AAAA updated`,
    ]);
  });
});

describe('a sink of which nobody knows whether a name is one thing', () => {
  it('gets the family that is right along with the one that is not', async () => {
    const bench = new Bench();
    await bench.run('known', both('198.51.100.1', '2001:db8::1'));
    await bench.run('known', both('198.51.100.2', '2001:db8::1'));
    expect(bench.written).toEqual(['198.51.100.1 2001:db8::1', '198.51.100.2 2001:db8::1']);
  });

  it('gets a family alone while the other one is held, or was written too recently', async () => {
    const bench = new Bench();
    bench.answer = (key) =>
      key.type === 'AAAA'
        ? { key, kind: 'failed', failure: { class: 'invalid', scope: 'record', message: 'no' } }
        : { key, kind: 'updated' };
    await bench.run('known', both('198.51.100.1', '2001:db8::1'));
    expect(kinds(await bench.run('known', both('198.51.100.2', '2001:db8::1')))).toEqual([
      `${NAME}/A updated`,
      `${NAME}/AAAA failed`,
    ]);
    expect(bench.written.at(-1)).toBe('198.51.100.2');

    const recent = new Bench();
    await recent.run('known', [target(NAME, '2001:db8::1')], 60_000);
    expect(kinds(await recent.run('known', both('198.51.100.1', '2001:db8::2'), 60_000))).toEqual([
      `${NAME}/A updated`,
      `${NAME}/AAAA pending`,
    ]);
  });
});

/** What the service is asked when the IPv4 address of a name changes whose IPv6 address is right. */
async function askedOf(sink: Sink): Promise<string | null | undefined> {
  const asked: (string | null)[] = [];
  const http = (request: HttpRequest) => {
    asked.push(request.url.searchParams.get('myip'));
    return Promise.resolve({ status: 200, headers: {}, body: 'good' });
  };
  const bench = new Bench();
  await bench.reconcile(sink, both('198.51.100.1', '2001:db8::1'), http);
  await bench.reconcile(sink, both('198.51.100.2', '2001:db8::1'), http);
  return asked.at(-1);
}

describe('a service that takes both families in one parameter', () => {
  const keys = both('198.51.100.1', '2001:db8::1').map(({ key }) => key);

  it.each(['dyn', 'noip', 'strato', 'variomedia'])(
    '%s is told the address that stays along with the one that changes',
    async (name) => {
      const provider = rowNamed(name);
      const options = provider.options.parse(mappingFor(provider));
      expect(await askedOf(provider.create({ name: 's', options, keys }, components))).toBe(
        '198.51.100.2,2001:db8::1',
      );
    },
  );

  it.each([
    [{}, '198.51.100.2,2001:db8::1'],
    [{ other_family: 'omit' }, '198.51.100.2'],
  ])('any server with %j is told %s', async (more, expected) => {
    const input = { server: 'https://dns.example.org', username: 'alice', password: 'hunter22', ...more };
    const options = dyndns2.options.parse(input);
    expect(await askedOf(dyndns2.create({ name: 's', options, keys }, components))).toBe(expected);
  });
});

it('other sinks get what changes, and nothing else', async () => {
  const bench = new Bench();
  await bench.run(false, both('198.51.100.1', '2001:db8::1'));
  await bench.run(false, both('198.51.100.2', '2001:db8::1'));
  expect(bench.written).toEqual(['198.51.100.1 2001:db8::1', '198.51.100.2']);
});
