import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { Failure, Outcome } from '../../src/model/outcome.ts';
import type { ActualRecord, RecordKey, Target } from '../../src/model/record.ts';
import { type Change, type Sink, SinkError, type WriteResult } from '../../src/sinks/contract.ts';
import { reconcile } from '../../src/sinks/reconcile.ts';
import { SinkState } from '../../src/state/sink-memory.ts';
import { silentLog } from '../../src/telemetry/log.ts';

const key: RecordKey = { name: fqdn('home.example.org'), type: 'A' };
const other: RecordKey = { name: fqdn('www.example.org'), type: 'A' };
const target = (text: string, of = key): Target => ({ key: of, addresses: [address(text)] });
const failure = (more: Partial<Failure> = {}): Failure => ({
  class: 'transient',
  scope: 'sink',
  message: 'no',
  ...more,
});

class Bench {
  now = 1_000_000;
  readonly written: string[] = [];
  readonly begun: boolean[] = [];
  readonly clock = { monotonic: () => this.now, wall: () => this.now, boot: () => this.now };
  readonly memory = new SinkState(
    'f',
    this.clock,
    (text) => text,
    async () => {},
  );
  records: ActualRecord[] = [];
  reads = 0;
  onRead: () => void = () => {};
  answer: (change: Change, signal: AbortSignal) => Promise<WriteResult> = async ({
    target: { key: of },
  }) => ({ key: of, kind: 'updated' });

  readonly blind: Sink = {
    write: async (changes, { signal }) => {
      this.begun.push(this.memory.unclear(key));
      const results: WriteResult[] = [];
      for (const change of changes) {
        this.written.push(`${change.target.key.name} ${change.target.addresses.join()}`);
        results.push(await this.answer(change, signal));
      }
      return results;
    },
  };
  readonly readable: Sink = {
    ...this.blind,
    read: async () => {
      this.reads += 1;
      this.onRead();
      return this.records;
    },
  };

  run(
    sink: Sink,
    targets: readonly Target[],
    more: { batch?: number; gap?: number; timeout?: number; signal?: AbortSignal; verify?: boolean } = {},
  ) {
    return reconcile(
      {
        sink,
        memory: this.memory,
        batch: more.batch ?? Number.POSITIVE_INFINITY,
        timeout: more.timeout ?? 5_000,
        minimumGap: more.gap ?? 0,
        clock: this.clock,
        http: () => Promise.reject(new Error('not used')),
      },
      {
        targets,
        log: silentLog,
        signal: more.signal ?? new AbortController().signal,
        verify: more.verify === true,
      },
    );
  }
}
const kinds = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => outcome.kind);

describe('reconcile', () => {
  it('writes, remembers, and does not write again', async () => {
    const bench = new Bench();
    expect(kinds(await bench.run(bench.blind, [target('93.184.216.34')]))).toEqual(['updated']);
    expect(kinds(await bench.run(bench.blind, [target('93.184.216.34')]))).toEqual(['unchanged']);
    expect(bench.written).toEqual(['home.example.org 93.184.216.34']);
  });

  it('notes a write as begun before it leaves', async () => {
    const bench = new Bench();
    await bench.run(bench.blind, [target('93.184.216.34')]);
    expect(bench.begun).toEqual([true]);
    expect(bench.memory.unclear(key)).toBe(false);
  });

  it('confirms what reading shows to be right, without a write', async () => {
    const bench = new Bench();
    bench.records = [{ key, content: '93.184.216.34' }];
    expect(kinds(await bench.run(bench.readable, [target('93.184.216.34')]))).toEqual(['unchanged']);
    expect(bench.written).toEqual([]);
    expect(kinds(await bench.run(bench.readable, [target('93.184.216.34')]))).toEqual(['unchanged']);
    expect(bench.reads).toBe(1);
  });

  it('takes a failed list for no list: nothing is written', async () => {
    const bench = new Bench();
    bench.onRead = () => {
      throw new SinkError(failure());
    };
    const outcomes = await bench.run(bench.readable, [target('93.184.216.34')]);
    expect(outcomes).toMatchObject([{ kind: 'failed', failure: { class: 'transient' } }]);
    expect(bench.written).toEqual([]);
  });

  it.each(['aborted', 'unclear'])('keeps a write in doubt through a failed list (%s)', async (how) => {
    const bench = new Bench();
    bench.records = [{ key, content: '93.184.216.34' }];
    await bench.run(bench.readable, [target('93.184.216.34')]);
    const controller = new AbortController();
    bench.answer = async () => {
      // The provider has it; netdrift is never told.
      bench.records = [{ key, content: '93.184.216.35' }];
      if (how === 'aborted') controller.abort(new Error('newer'));
      throw new SinkError(failure({ unclear: true }));
    };
    await bench
      .run(bench.readable, [target('93.184.216.35')], { signal: controller.signal })
      .catch(() => undefined);
    bench.answer = async ({ target: { key: of } }) => ({ key: of, kind: 'updated' });
    bench.onRead = () => {
      throw new SinkError(failure());
    };
    expect(kinds(await bench.run(bench.readable, [target('93.184.216.34')]))).toEqual(['failed']);
    expect(bench.memory.unclear(key)).toBe(true);
    bench.onRead = () => {};
    expect(await bench.run(bench.readable, [target('93.184.216.34')])).toMatchObject([
      { kind: 'updated', previous: ['93.184.216.35'] },
    ]);
  });

  it('counts a write that is cut off from that very moment, before the next one is considered', async () => {
    const bench = new Bench();
    const controller = new AbortController();
    let counted: number | undefined;
    bench.answer = () => {
      bench.now += 700;
      controller.abort(new Error('newer'));
      counted = bench.memory.lastWrite(key);
      return new Promise(() => {});
    };
    const began = bench.now;
    await expect(
      bench.run(bench.blind, [target('93.184.216.35')], { signal: controller.signal }),
    ).rejects.toThrow('newer');
    expect(counted).toBe(began + 700);
  });

  it('tells what stood there before', async () => {
    const bench = new Bench();
    bench.records = [{ key, content: '93.184.216.35' }];
    expect(await bench.run(bench.readable, [target('93.184.216.34')])).toMatchObject([
      { kind: 'updated', previous: ['93.184.216.35'] },
    ]);
  });

  it('holds a sink after a permanent refusal, and asks nobody any more', async () => {
    const bench = new Bench();
    bench.answer = async ({ target: { key: of } }) => ({
      key: of,
      kind: 'failed',
      failure: failure({ class: 'credentials' }),
    });
    await bench.run(bench.blind, [target('93.184.216.34')]);
    const again = await bench.run(bench.blind, [target('93.184.216.35'), target('93.184.216.35', other)]);
    expect(again).toMatchObject([
      { kind: 'failed', held: true, failure: { class: 'credentials' } },
      { kind: 'failed', held: true },
    ]);
    expect(bench.written).toHaveLength(1);
    await bench.memory.release();
    bench.answer = async ({ target: { key: of } }) => ({ key: of, kind: 'updated' });
    expect(kinds(await bench.run(bench.blind, [target('93.184.216.35')]))).toEqual(['updated']);
  });

  it.each([
    ['invalid', 'record', 'updated'],
    ['not_found', 'record', 'failed'],
    ['invalid', 'sink', 'failed'],
  ] as const)('after %s of a %s another address is %s', async (failureClass, scope, kind) => {
    const bench = new Bench();
    bench.answer = async ({ target: { key: of } }) => ({
      key: of,
      kind: 'failed',
      failure: failure({ class: failureClass, scope }),
    });
    await bench.run(bench.blind, [target('93.184.216.34')]);
    bench.answer = async ({ target: { key: of } }) => ({ key: of, kind: 'updated' });
    expect(await bench.run(bench.blind, [target('93.184.216.34')])).toMatchObject([{ held: true }]);
    expect(kinds(await bench.run(bench.blind, [target('93.184.216.35')]))).toEqual([kind]);
  });

  it('waits as long as it was told, then tries again', async () => {
    const bench = new Bench();
    bench.answer = async ({ target: { key: of } }) => ({
      key: of,
      kind: 'failed',
      failure: failure({ class: 'rate_limited', retryAfter: 60_000 }),
    });
    await bench.run(bench.blind, [target('93.184.216.34')]);
    bench.now += 59_000;
    expect(await bench.run(bench.blind, [target('93.184.216.35')])).toMatchObject([
      { held: true, failure: { retryAfter: 1_000 } },
    ]);
    bench.now += 1_001;
    bench.answer = async ({ target: { key: of } }) => ({ key: of, kind: 'updated' });
    expect(kinds(await bench.run(bench.blind, [target('93.184.216.35')]))).toEqual(['updated']);
  });

  it('queues a change within the minimum gap, and sends it when the gap has passed', async () => {
    const bench = new Bench();
    await bench.run(bench.blind, [target('93.184.216.34')], { gap: 5_000 });
    bench.now += 2_000;
    expect(await bench.run(bench.blind, [target('93.184.216.35')], { gap: 5_000 })).toMatchObject([
      { kind: 'pending', retryAfter: 3_000 },
    ]);
    bench.now += 3_000;
    expect(kinds(await bench.run(bench.blind, [target('93.184.216.35')], { gap: 5_000 }))).toEqual([
      'updated',
    ]);
  });

  it('ends at the deadline although the sink does not, and believes nothing', async () => {
    const bench = new Bench();
    bench.answer = () => new Promise(() => {});
    const outcomes = await bench.run(bench.blind, [target('93.184.216.34')], { timeout: 20 });
    expect(outcomes).toMatchObject([{ kind: 'failed', failure: { class: 'transient', unclear: true } }]);
    expect(bench.memory.unclear(key)).toBe(true);
  });

  it('believes the sink about how far it came when the deadline passed', async () => {
    const bench = new Bench();
    bench.answer = (_, signal) =>
      new Promise((_resolve, reject) => {
        const never = failure({ class: 'unreachable', message: 'never connected' });
        signal.addEventListener('abort', () => reject(new SinkError(never)));
      });
    const [outcome] = await bench.run(bench.blind, [target('93.184.216.34')], { timeout: 30 });
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'unreachable', message: 'never connected' },
    });
    expect(bench.memory.unclear(key)).toBe(false);
  });

  it('ends at once when aborted, and believes nothing', async () => {
    const bench = new Bench();
    await bench.run(bench.blind, [target('93.184.216.34')]);
    const controller = new AbortController();
    bench.answer = () => new Promise(() => controller.abort(new Error('newer')));
    await expect(
      bench.run(bench.blind, [target('93.184.216.35')], { signal: controller.signal }),
    ).rejects.toThrow('newer');
    expect(bench.memory.confirmed(key)).toBeUndefined();
    // The address is back to what was confirmed before: it must be written all the same.
    bench.answer = async ({ target: { key: of } }) => ({ key: of, kind: 'updated' });
    expect(kinds(await bench.run(bench.blind, [target('93.184.216.34')]))).toEqual(['updated']);
  });

  it('reads again when asked to verify, and repairs what somebody else changed', async () => {
    const bench = new Bench();
    bench.records = [{ key, content: '93.184.216.34' }];
    await bench.run(bench.readable, [target('93.184.216.34')]);
    expect(kinds(await bench.run(bench.readable, [target('93.184.216.34')], { verify: true }))).toEqual([
      'unchanged',
    ]);
    expect(bench.reads).toBe(2);
    bench.records = [{ key, content: '8.8.4.4' }];
    expect(kinds(await bench.run(bench.readable, [target('93.184.216.34')], { verify: true }))).toEqual([
      'updated',
    ]);
    expect(bench.written).toEqual(['home.example.org 93.184.216.34']);
  });

  it('leaves what is confirmed as it is where a look has to wait', async () => {
    const bench = new Bench();
    bench.records = [{ key, content: '93.184.216.34' }];
    await bench.run(bench.blind, [target('93.184.216.34')]);
    // Written just now: the gap has not passed.
    const again = [target('93.184.216.34')];
    expect(kinds(await bench.run(bench.readable, again, { verify: true, gap: 5_000 }))).toEqual([
      'unchanged',
    ]);
    bench.now += 5_000;
    const refused = { ...target('93.184.216.34', other), kind: 'failed' as const };
    await bench.memory.settle([{ ...refused, failure: failure({ class: 'credentials' }) }]);
    expect(kinds(await bench.run(bench.readable, again, { verify: true, gap: 5_000 }))).toEqual([
      'unchanged',
    ]);
    expect(bench.reads).toBe(0);
    await bench.memory.release();
    await bench.run(bench.readable, again, { verify: true, gap: 5_000 });
    expect(bench.reads).toBe(1);
  });

  it('never asks a sink that cannot be read to verify', async () => {
    const bench = new Bench();
    await bench.run(bench.blind, [target('93.184.216.34')]);
    await bench.run(bench.blind, [target('93.184.216.34')], { verify: true });
    expect(bench.written).toHaveLength(1);
  });

  it('keeps to the batch size', async () => {
    const bench = new Bench();
    const targets = Array.from({ length: 5 }, (_, index) =>
      target('93.184.216.34', { name: fqdn(`h${index}.example.org`), type: 'A' }),
    );
    await bench.run(bench.blind, targets, { batch: 2 });
    expect(bench.begun).toHaveLength(3);
    expect(bench.written).toHaveLength(5);
  });

  it('does not tear a zone apart where one call has no room for all', async () => {
    const bench = new Bench();
    const names = ['a.z1.test', 'a.z2.test', 'b.z1.test', 'b.z2.test', 'c.z1.test', 'c.z2.test'];
    const targets = names.map((name) => target('93.184.216.34', { name: fqdn(name), type: 'A' }));
    await bench.run(bench.blind, targets, { batch: 3 });
    expect(bench.begun).toHaveLength(2);
    const zones = bench.written.map((one) => one.split(' ')[0]?.slice(2));
    expect(zones).toEqual(['z1.test', 'z1.test', 'z1.test', 'z2.test', 'z2.test', 'z2.test']);
  });

  it('takes a missing result for an unclear one', async () => {
    const bench = new Bench();
    const forgetful: Sink = { write: async () => [] };
    expect(await bench.run(forgetful, [target('93.184.216.34')])).toMatchObject([
      { kind: 'failed', failure: { unclear: true } },
    ]);
  });

  it('survives a defect of the sink', async () => {
    const bench = new Bench();
    const broken: Sink = {
      write: async () => {
        throw new TypeError('undefined is not a function');
      },
    };
    expect(await bench.run(broken, [target('93.184.216.34')])).toMatchObject([
      { kind: 'failed', failure: { class: 'transient', unclear: true } },
    ]);
  });
});
