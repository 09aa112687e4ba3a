import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import { keyText, type Target } from '../../src/model/record.ts';
import type { Change, Sink, WriteResult } from '../../src/sinks/contract.ts';
import { describeChange, keepsAddresses, plan, planBlind } from '../../src/sinks/plan.ts';
import { reconcile } from '../../src/sinks/reconcile.ts';
import { SinkState } from '../../src/state/sink-memory.ts';
import { silentLog } from '../../src/telemetry/log.ts';

const home = (type: 'A' | 'AAAA') => ({ name: fqdn('home.example.org'), type }) as const;
const ipv4: Target = { key: home('A'), addresses: [address('93.184.216.34')] };
const ipv6: Target = { key: home('AAAA'), addresses: [address('2606:2800::1')] };

function bench() {
  const clock = { now: 1_000_000, monotonic: () => clock.now, wall: () => clock.now, boot: () => clock.now };
  const memory = new SinkState(
    'f',
    clock,
    (text) => text,
    async () => {},
  );
  const written: string[] = [];
  const answer = (result: (change: Change) => WriteResult): Sink['write'] => {
    return async (changes) => {
      written.push(changes.map(({ target: { key } }) => key.type).join('+'));
      return changes.map(result);
    };
  };
  const run = (
    sink: Sink,
    targets: readonly Target[],
    more: { signal?: AbortSignal; gap?: number; verify?: boolean } = {},
  ) =>
    reconcile(
      {
        sink,
        memory,
        batch: Number.POSITIVE_INFINITY,
        timeout: 5_000,
        minimumGap: more.gap ?? 0,
        clock,
        http: () => Promise.reject(new Error('not used')),
      },
      {
        targets,
        log: silentLog,
        signal: more.signal ?? new AbortController().signal,
        verify: more.verify === true,
      },
    );
  return { clock, memory, written, answer, run };
}

const updated = ({ target: { key } }: Change): WriteResult => ({ key, kind: 'updated' });
const kinds = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.map(({ key, kind }) => `${key.type} ${kind}`).toSorted();

describe('a sink to which a name is one thing', () => {
  it('is told both families whenever one of them is wrong, and neither when both are right', async () => {
    const { run, answer, written } = bench();
    const sink: Sink = { wholeName: true, write: answer(updated) };
    expect(kinds(await run(sink, [ipv4, ipv6]))).toEqual(['A updated', 'AAAA updated']);
    expect(kinds(await run(sink, [ipv4, ipv6]))).toEqual(['A unchanged', 'AAAA unchanged']);
    const moved = { ...ipv4, addresses: [address('8.8.4.4')] };
    expect(kinds(await run(sink, [moved, ipv6]))).toEqual(['A updated', 'AAAA updated']);
    expect(written).toEqual(['A+AAAA', 'A+AAAA']);
  });

  it('is told nothing while one family must wait', async () => {
    const { run, answer, written, memory } = bench();
    const sink: Sink = { wholeName: true, write: answer(updated) };
    await memory.settle([
      {
        ...ipv6,
        kind: 'failed',
        failure: { class: 'not_found', scope: 'record', message: 'no such record' },
      },
    ]);
    expect(kinds(await run(sink, [ipv4, ipv6]))).toEqual(['A failed', 'AAAA failed']);
    expect(written).toEqual([]);
    const other: Target = { ...ipv4, key: { ...ipv4.key, name: fqdn('www.example.org') } };
    expect(kinds(await run(sink, [other, ipv6]))).toEqual(['A updated', 'AAAA failed']);
  });

  it('leaves what is right alone beside what waits', async () => {
    const { run, answer, written, memory } = bench();
    const sink: Sink = { wholeName: true, write: answer(updated) };
    await memory.settle([
      { ...ipv4, kind: 'unchanged' },
      { ...ipv6, kind: 'failed', failure: { class: 'not_found', scope: 'record', message: 'no' } },
    ]);
    expect(kinds(await run(sink, [ipv4, ipv6]))).toEqual(['A unchanged', 'AAAA failed']);
    expect(written).toEqual([]);
  });
});

describe('what a sink answers', () => {
  it.each([
    [
      ({ target: { key } }: Change): WriteResult => ({ key, kind: 'pending', why: 'queued', retryAfter: 5 }),
      'pending',
    ],
    [({ target: { key } }: Change): WriteResult => ({ key, kind: 'unchanged' }), 'unchanged'],
    [
      ({ target: { key } }: Change): WriteResult => ({
        key,
        kind: 'failed',
        failure: { class: 'invalid', scope: 'record', message: 'no' },
      }),
      'failed',
    ],
  ] as const)('is the outcome (%#)', async (result, kind) => {
    const { run, answer, memory } = bench();
    expect(await run({ write: answer(result) }, [ipv4])).toMatchObject([{ kind }]);
    expect(memory.unclear(ipv4.key)).toBe(kind === 'pending');
  });

  it('is a defect where it throws what is no error', async () => {
    const { run } = bench();
    const outcomes = await run({ write: () => Promise.reject('just words') }, [ipv4]);
    expect(outcomes).toMatchObject([
      {
        kind: 'failed',
        failure: { class: 'transient', message: 'defect while writing: just words', unclear: true },
      },
    ]);
  });
});

describe('an abort', () => {
  it('before the first word sends nothing', async () => {
    const { run, answer, written } = bench();
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(run({ write: answer(updated) }, [ipv4], { signal })).rejects.toThrow('stopped');
    await expect(run({ read: async () => [], write: answer(updated) }, [ipv4], { signal })).rejects.toThrow(
      'stopped',
    );
    expect(written).toEqual([]);
  });
});

describe('looking for what somebody else has changed, by asking name servers', () => {
  it('asks nobody for what is not confirmed, or was written just now', async () => {
    const { run, answer, written } = bench();
    let asked = 0;
    const observe = (async () => {
      asked += 1;
      return [];
    }) as unknown as NonNullable<Sink['observe']>;
    const sink: Sink = { write: answer(updated), observe };
    await run(sink, [ipv4], { verify: true });
    await run(sink, [ipv4], { verify: true });
    expect(asked).toBe(0);
    expect(written).toEqual(['A']);
  });

  it('leaves all as it stands where they cannot be asked', async () => {
    const { run, answer, written, clock } = bench();
    const observe = (() => Promise.reject(new Error('no'))) as unknown as NonNullable<Sink['observe']>;
    const sink: Sink = { write: answer(updated), observe };
    await run(sink, [ipv4]);
    clock.now += 3_600_000;
    expect(kinds(await run(sink, [ipv4], { verify: true }))).toEqual(['A unchanged']);
    expect(written).toEqual(['A']);
  });

  it('is not done by a sink that cannot', async () => {
    const { run, answer, written, clock } = bench();
    const sink: Sink = { write: answer(updated) };
    await run(sink, [ipv4]);
    clock.now += 3_600_000;
    expect(kinds(await run(sink, [ipv4], { verify: true }))).toEqual(['A unchanged']);
    expect(written).toEqual(['A']);
  });
});

describe('a change for people', () => {
  const wanted: Target = { ...ipv4, ttl: 60 };
  const found = (ttl: number | undefined, more = {}) => ({
    key: ipv4.key,
    content: '93.184.216.34',
    ...(ttl === undefined ? {} : { ttl }),
    ...more,
  });
  const shown = (change: Change | undefined): string =>
    change === undefined ? 'none' : describeChange(change);

  it('tells addresses, a TTL, or what goes with them', () => {
    expect(shown(plan([ipv4], [])[0])).toBe('(none) -> 93.184.216.34');
    expect(shown(plan([{ ...ipv4, addresses: [] }], [found(60)])[0])).toBe('93.184.216.34 -> (none)');
    expect(shown(plan([wanted], [found(300)])[0])).toBe('93.184.216.34: TTL 300 -> 60');
    expect(shown(plan([ipv4], [found(300, { unfinished: true })])[0])).toBe(
      '93.184.216.34: what goes with it',
    );
    expect(plan([wanted], [found(60)])).toEqual([]);
    expect(plan([wanted], [found(undefined)])).toEqual([]);
    expect(plan([wanted], [found(300)], () => false)).toEqual([]);
  });

  it('that knows nothing of before is one of addresses', () => {
    const [blind] = planBlind([ipv4]);
    expect(blind && keepsAddresses(blind)).toBe(false);
    expect(blind && describeChange(blind, ['8.8.4.4'])).toBe('8.8.4.4 -> 93.184.216.34');
    expect(blind && keyText(blind.target.key)).toBe('home.example.org/A');
  });
});
