import { describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { ActualRecord, RecordKey, Target } from '../../src/model/record.ts';
import type { Call, Change, Observation, Sink, WriteResult } from '../../src/sinks/contract.ts';
import { PROPAGATION } from '../../src/sinks/drift.ts';
import { reconcile } from '../../src/sinks/reconcile.ts';
import { SinkState } from '../../src/state/sink-memory.ts';
import { silentLog } from '../../src/telemetry/log.ts';

const home: RecordKey = { name: fqdn('home.example.org'), type: 'A' };
const home6: RecordKey = { name: fqdn('home.example.org'), type: 'AAAA' };
const RIGHT = '203.0.113.7';
const WRONG = '198.51.100.66';
const target = (key: RecordKey, content: string, ttl?: number): Target => ({
  key,
  addresses: [address(content)],
  ...(ttl === undefined ? {} : { ttl }),
});

class Bench {
  now = 0;
  gap = 0;
  readonly written: string[] = [];
  readonly asked: string[] = [];
  readonly told: string[] = [];
  /** What the world sees. */
  outside: (key: RecordKey) => Observation = (key) => ({ key, kind: 'seen', contents: [RIGHT] });
  answer: (change: Change) => WriteResult = ({ target: { key } }) => ({ key, kind: 'updated' });
  readonly #clock = { monotonic: () => this.now, wall: () => this.now, boot: () => this.now };
  readonly memory = new SinkState(
    'f',
    this.#clock,
    (text) => text,
    async () => {},
  );
  readonly #write: Sink['write'] = async (changes) => {
    for (const { target: to } of changes) this.written.push(`${to.key.type} ${to.addresses.join()}`);
    return changes.map((change) => this.answer(change));
  };
  sink: Sink = {
    write: this.#write,
    observe: async (keys) => {
      this.asked.push(...keys.map(({ type }) => type));
      return keys.map((key) => this.outside(key));
    },
  };

  readable(read: () => readonly ActualRecord[]): this {
    this.sink = { write: this.#write, read: async () => read() };
    return this;
  }

  async round(verify: boolean, targets = [target(home, RIGHT)]): Promise<readonly Outcome['kind'][]> {
    const note = (_: string, message: string) => void this.told.push(message);
    const outcomes = await reconcile(
      {
        sink: this.sink,
        memory: this.memory,
        batch: Number.POSITIVE_INFINITY,
        timeout: 1_000,
        minimumGap: this.gap,
        clock: this.#clock,
        http: () => Promise.reject(new Error('not used')),
      },
      {
        targets,
        log: { ...silentLog, warn: note },
        signal: new AbortController().signal,
        verify,
      },
    );
    return outcomes.map(({ kind }) => kind);
  }
}

const later = PROPAGATION + 1;

describe('a look at many records', () => {
  const names = Array.from({ length: 40 }, (_, index) => `h${index}.example.org`);
  const many = names.map((name) => target({ name: fqdn(name), type: 'A' }, RIGHT));
  const published = async () => {
    const bench = new Bench();
    await bench.round(false, many);
    bench.now += later;
    bench.written.length = 0;
    return bench;
  };

  it('is taken in parts, each of which has a deadline of its own', async () => {
    const bench = await published();
    const sizes: number[] = [];
    const signals = new Set<AbortSignal>();
    bench.sink = Object.assign(bench.sink, {
      observe: async (keys: readonly RecordKey[], call: Call) => {
        sizes.push(keys.length);
        signals.add(call.signal);
        // One part fails as a whole; a difference in another one is found all the same.
        if (sizes.length === 1) throw new Error('a defect');
        return keys.map((key): Observation => ({ key, kind: 'seen', contents: [WRONG] }));
      },
    });
    await bench.round(true, many);
    expect(sizes).toEqual([16, 16, 8]);
    expect(signals.size).toBe(3);
    expect(bench.written).toHaveLength(24);
  });

  it('that tells nothing three times in a row is a warning, once, until something is seen again', async () => {
    const bench = await published();
    const outside = bench.outside;
    const blind = (key: RecordKey): Observation => ({
      key,
      kind: 'unknown',
      why: 'no answer from 192.0.2.53',
    });
    const looks = async (count: number) => {
      bench.told.length = 0;
      for (let look = 0; look < count; look += 1) await bench.round(true, many);
      return bench.told;
    };
    bench.outside = blind;
    expect(await looks(2)).toEqual([]);
    expect(await looks(3)).toEqual([expect.stringContaining('no answer from 192.0.2.53')]);
    bench.outside = outside;
    expect(await looks(1)).toEqual([]);
    bench.outside = blind;
    expect(await looks(2)).toEqual([]);
    expect(await looks(1)).toHaveLength(1);
  });
});

describe('a sink that is looked at from outside', () => {
  it('is never looked at before an ordinary write', async () => {
    const bench = new Bench();
    expect(await bench.round(false)).toEqual(['updated']);
    expect(await bench.round(false)).toEqual(['unchanged']);
    expect(bench.asked).toEqual([]);
  });

  it('is not judged within ten minutes of a write, and then it is', async () => {
    const bench = new Bench();
    bench.outside = (key) => ({ key, kind: 'seen', contents: [WRONG] });
    await bench.round(false);
    bench.now = PROPAGATION - 1;
    expect(await bench.round(true)).toEqual(['unchanged']);
    expect(bench.asked).toEqual([]);
    bench.now = PROPAGATION;
    expect(await bench.round(true)).toEqual(['updated']);
    expect(bench.told).toEqual([
      `somebody else changed home.example.org/A, repairing it: ${WRONG} -> ${RIGHT}`,
    ]);
    expect(bench.written).toEqual([`A ${RIGHT}`, `A ${RIGHT}`]);
  });

  it.each<[string, Observation]>([
    ['is right', { key: home, kind: 'seen', contents: [RIGHT] }],
    ['cannot be told', { key: home, kind: 'unknown', why: 'its name servers disagree' }],
  ])('is not written when what is outside %s', async (_, observation) => {
    const bench = new Bench();
    await bench.round(false);
    bench.now = later;
    bench.outside = () => observation;
    expect(await bench.round(true)).toEqual(['unchanged']);
    expect(bench.asked).toEqual(['A']);
    expect(bench.written).toHaveLength(1);
  });

  it.each([[[]], [[RIGHT, WRONG]], [['not an address']]])('%j outside is a difference', async (contents) => {
    const bench = new Bench();
    await bench.round(false);
    bench.now = later;
    bench.outside = (key) => ({ key, kind: 'seen', contents });
    expect(await bench.round(true)).toEqual(['updated']);
  });

  it('a lookup that fails as a whole changes nothing', async () => {
    const bench = new Bench();
    await bench.round(false);
    bench.now = later;
    bench.outside = () => {
      throw new Error('broken');
    };
    expect(await bench.round(true)).toEqual(['unchanged']);
  });

  it('minds the gap between writes: what may not be written is not looked at', async () => {
    const bench = new Bench();
    bench.outside = (key) => ({ key, kind: 'seen', contents: [WRONG] });
    bench.gap = 2 * PROPAGATION;
    await bench.round(false);
    bench.now = later;
    expect(await bench.round(true)).toEqual(['unchanged']);
    bench.now = 2 * PROPAGATION;
    expect(await bench.round(true)).toEqual(['updated']);
  });

  it('minds holds', async () => {
    const bench = new Bench();
    await bench.round(false);
    bench.answer = ({ target: { key } }) => ({
      key,
      kind: 'failed',
      failure: { class: 'refused', scope: 'sink', message: 'abuse' },
    });
    bench.outside = (key) => ({ key, kind: 'seen', contents: [WRONG] });
    bench.now = later;
    expect(await bench.round(true)).toEqual(['failed']);
    bench.now += later;
    await bench.round(true);
    expect(bench.written).toHaveLength(2);
    expect(bench.asked).toHaveLength(1);
  });

  it('a repair that fails is doubtful and goes the ordinary way, without another look', async () => {
    const bench = new Bench();
    await bench.round(false);
    bench.now = later;
    bench.outside = (key) => ({ key, kind: 'seen', contents: [WRONG] });
    bench.answer = ({ target: { key } }) => ({
      key,
      kind: 'failed',
      failure: { class: 'transient', scope: 'sink', message: 'no', unclear: true },
    });
    expect(await bench.round(true)).toEqual(['failed']);
    expect(bench.memory.confirmed(home)).toBeUndefined();
    bench.answer = ({ target: { key } }) => ({ key, kind: 'updated' });
    expect(await bench.round(false)).toEqual(['updated']);
    expect(bench.asked).toHaveLength(1);
  });

  it('a repair that changes nothing is not repeated, until something else is seen or a day has passed', async () => {
    const bench = new Bench();
    await bench.round(false);
    // The provider says `nochg`: it believes that all is well.
    bench.answer = ({ target: { key } }) => ({ key, kind: 'unchanged' });
    bench.outside = (key) => ({ key, kind: 'seen', contents: [WRONG] });
    for (let hour = 1; hour <= 20; hour += 1) {
      bench.now = hour * 3_600_000;
      await bench.round(true);
    }
    expect(bench.written).toHaveLength(2);
    expect(bench.told.at(-1)).toMatch(/is still 198\.51\.100\.66 at its name servers/);
    bench.outside = (key) => ({ key, kind: 'seen', contents: [RIGHT] });
    await bench.round(true);
    bench.outside = (key) => ({ key, kind: 'seen', contents: [WRONG] });
    await bench.round(true);
    expect(bench.written).toHaveLength(3);
    bench.now += 86_400_000;
    await bench.round(true);
    expect(bench.written).toHaveLength(4);
  });

  it('where a name is one thing, the other family comes along', async () => {
    const bench = new Bench();
    bench.sink = { ...bench.sink, wholeName: true };
    const both = [target(home, RIGHT), target(home6, '2001:db8::7')];
    await bench.round(false, both);
    bench.now = later;
    bench.outside = (key) => ({
      key,
      kind: 'seen',
      contents: [key.type === 'A' ? WRONG : '2001:db8::7'],
    });
    expect(await bench.round(true, both)).toEqual(['updated', 'updated']);
    expect(bench.told).toHaveLength(1);
  });
});

describe('a TTL that the operator asks for', () => {
  const held = (ttl: number | undefined): ActualRecord => ({
    key: home,
    content: RIGHT,
    ...(ttl === undefined ? {} : { ttl }),
  });

  it('is put right with the next look, once', async () => {
    let ttl = 300;
    const bench = new Bench().readable(() => [held(ttl)]);
    bench.answer = ({ target: { key, ttl: asked = 0 } }) => {
      ttl = asked;
      return { key, kind: 'updated' };
    };
    expect(await bench.round(false, [target(home, RIGHT, 60)])).toEqual(['updated']);
    expect(await bench.round(true, [target(home, RIGHT, 60)])).toEqual(['unchanged']);
    expect(bench.written).toHaveLength(1);
  });

  it('is given up where the provider keeps its own', async () => {
    const bench = new Bench().readable(() => [held(300)]);
    for (let round = 0; round < 5; round += 1) await bench.round(true, [target(home, RIGHT, 60)]);
    expect(bench.written).toHaveLength(1);
    expect(await bench.round(true, [target(home, RIGHT, 60)])).toEqual(['unchanged']);
    // Another wish is another try, and a wrong address is written whatever became of the TTL.
    await bench.round(true, [target(home, RIGHT, 120)]);
    await bench.round(true, [target(home, '203.0.113.8', 60)]);
    expect(bench.written).toEqual([`A ${RIGHT}`, `A ${RIGHT}`, 'A 203.0.113.8']);
  });

  it('is asked for again after a write that failed', async () => {
    const bench = new Bench().readable(() => [held(300)]);
    bench.answer = ({ target: { key } }) => ({
      key,
      kind: 'failed',
      failure: { class: 'transient', scope: 'record', message: 'no' },
    });
    await bench.round(true, [target(home, RIGHT, 60)]);
    await bench.round(true, [target(home, RIGHT, 60)]);
    expect(bench.written).toHaveLength(2);
  });

  it.each<[string, number | undefined, number | undefined]>([
    ['the provider does not tell it', undefined, 60],
    ['nobody asks for one', 300, undefined],
    ['it is right', 60, 60],
  ])('is no reason to write where %s', async (_, found, asked) => {
    const bench = new Bench().readable(() => [held(found)]);
    expect(await bench.round(true, [target(home, RIGHT, asked)])).toEqual(['unchanged']);
    expect(bench.written).toEqual([]);
  });

  it('is told as what it is, and not as somebody’s change', async () => {
    const bench = new Bench().readable(() => [held(300)]);
    await bench.round(true, [target(home, RIGHT)]);
    await bench.round(true, [target(home, RIGHT, 60)]);
    expect(bench.told).toEqual([
      `home.example.org/A is not as configured, writing it again: ${RIGHT}: TTL 300 -> 60`,
    ]);
  });
});
