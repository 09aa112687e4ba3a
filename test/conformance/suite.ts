import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { RecordType } from '../../src/model/family.ts';
import { type Fqdn, fqdn } from '../../src/model/name.ts';
import type { FailureClass } from '../../src/model/outcome.ts';
import { keyText, type Target } from '../../src/model/record.ts';
import type { HttpClient } from '../../src/net/http.ts';
import { SinkError, type WriteResult } from '../../src/sinks/contract.ts';
import { plan, planBlind } from '../../src/sinks/plan.ts';
import { reconcile } from '../../src/sinks/reconcile.ts';
import { volatileMemory } from '../../src/state/sink-memory.ts';
import { callOf } from '../fakes/sink-call.ts';
import { type HeldRecord, RETRY_AFTER, type SinkBench, type SinkHarness, type Trouble } from './harness.ts';
import { describeOwnership } from './ownership.ts';

const CLASS_OF: Readonly<Record<Trouble, FailureClass>> = {
  credentials: 'credentials',
  rate_limited: 'rate_limited',
  server_error: 'transient',
  hang: 'transient',
  malformed: 'transient',
};

const OLD = { A: '198.51.100.1', AAAA: '2001:db8::1' } as const;
const NEW = { A: '203.0.113.2', AAAA: '2001:db8::2' } as const;

/**
 * What every sink must do, whatever its provider (`src/sinks/contract.ts`, rules 1 to 5), through the planner as in the daemon.
 *
 * To put a sink under it, write `test/conformance/<provider>.test.ts`:
 *
 *     describeSinkConformance('name', {
 *       traits: name.traits,
 *       reads: true,            // the sink has `read`
 *       pageSize: 100,          // if lists come in pages: records on one page of the fake
 *       removes: true,          // records can be removed
 *       troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
 *       start: async () => ...  // a fake of the provider on loopback that really holds records, and a sink that talks to it
 *     });
 *
 * `startHttpServer` of `test/fakes` is the server, with a `respond` that keeps the records as the provider documents it and
 * answers `replyOf(trouble)`, or the provider's own form of it, to the request named by `next`. Send the sink there by its options
 * or by an `HttpClient` that rewrites the origin. `example.test.ts` is a whole harness for a paged REST service in one page.
 */
export function describeSinkConformance(name: string, harness: SinkHarness): void {
  if (harness.owns === true) describeOwnership(name, harness);
  describe(`conformance: ${name}`, () => {
    let bench: SinkBench | undefined;
    afterEach(async () => {
      await bench?.close();
      bench = undefined;
    });
    const start = async (): Promise<SinkBench> => {
      bench = await harness.start();
      return bench;
    };
    const seeded = async (make: (names: SinkBench) => readonly HeldRecord[]): Promise<SinkBench> => {
      const begun = await start();
      begun.seed(make(begun));
      return begun;
    };

    it('creates a record', async () => {
      const { names, ...at } = await start();
      expect(await apply(at, [want(names[0], NEW.A)])).toEqual(['updated']);
      expect(shown(at.held())).toEqual([`${names[0]}/A ${NEW.A}`]);
    });

    it.runIf(harness.wrongKey !== undefined)('is refused if it signs with another key', async () => {
      const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
      const sink = at.sinkWith?.(harness.wrongKey ?? {});
      const key = { name: at.names[0], type: 'A' as const };
      await expect(sink?.read?.([key], callOf(at.http))).rejects.toMatchObject({
        failure: { class: 'credentials', scope: 'sink' },
      });
    });

    it('updates a record, of either family, and leaves the other one alone', async () => {
      for (const type of ['A', 'AAAA'] as const) {
        const other = type === 'A' ? 'AAAA' : 'A';
        const at = await seeded(({ names }) => [record(names[0], OLD.A), record(names[0], OLD.AAAA)]);
        expect(await apply(at, [want(at.names[0], NEW[type])])).toEqual(['updated']);
        const expected = [`${at.names[0]}/${type} ${NEW[type]}`, `${at.names[0]}/${other} ${OLD[other]}`];
        expect(shown(at.held())).toEqual(expected.toSorted());
        await at.close();
      }
    });

    it('writes two names and both families at once, with one result each', async () => {
      const { names, ...at } = await start();
      const targets = names.flatMap((each) => [want(each, NEW.A), want(each, NEW.AAAA)]);
      expect(await apply(at, targets)).toEqual(['updated', 'updated', 'updated', 'updated']);
      const expected = names.flatMap((each) => [`${each}/A ${NEW.A}`, `${each}/AAAA ${NEW.AAAA}`]);
      expect(shown(at.held())).toEqual(expected.toSorted());
    });

    it('leaves neighbours exactly as they are', async () => {
      const at = await seeded(({ names, neighbour }) => [
        record(neighbour, OLD.A),
        record(neighbour, OLD.AAAA),
        record(names[1], OLD.A),
        record(names[0], OLD.A),
      ]);
      const before = at.held().filter(({ key }) => key.name !== at.names[0]);
      expect(before).toHaveLength(3);
      await apply(at, [want(at.names[0], NEW.A)]);
      expect(at.held().filter(({ key }) => key.name !== at.names[0])).toEqual(
        expect.arrayContaining([...before]),
      );
      expect(at.held()).toHaveLength(4);
    });

    // Those that have the records of a zone at hand, and edit them.
    it.runIf(harness.owns === true && harness.atomic !== true)(
      'at no moment of an update is a name without an address',
      async () => {
        const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
        const [name] = at.names;
        if (harness.traits.multiple) await apply(at, [want(name, OLD.A, '192.0.2.9')]);
        const addresses = () => at.held().filter(({ key }) => keyText(key) === `${name}/A`);
        const seen: number[] = [];
        const http: HttpClient = async (request, signal) => {
          const answer = await at.http(request, signal);
          seen.push(addresses().length);
          return answer;
        };
        expect(await apply({ sink: at.sink, http }, [want(name, NEW.A)])).toEqual(['updated']);
        expect(addresses().map(({ content }) => content)).toEqual([NEW.A]);
        expect(seen.length).toBeGreaterThan(0);
        expect(Math.min(...seen)).toBeGreaterThan(0);
      },
    );

    it.runIf(harness.owns === true)('an update of the apex leaves every name below it', async () => {
      const apexOf = (name: Fqdn) => fqdn(name.slice(name.indexOf('.') + 1));
      const at = await seeded(({ names }) => [
        record(apexOf(names[0]), OLD.A),
        record(names[0], OLD.A),
        record(names[1], OLD.AAAA),
      ]);
      const apex = apexOf(at.names[0]);
      const below = () => at.held().filter(({ key }) => key.name !== apex);
      const before = below();
      expect(await apply(at, [want(apex, NEW.A)])).toEqual(['updated']);
      expect(shown(at.held().filter(({ key }) => key.name === apex))).toEqual([`${apex}/A ${NEW.A}`]);
      expect(below()).toHaveLength(2);
      expect(below()).toEqual(expect.arrayContaining([...before]));
    });

    it.runIf(harness.removes)('removes a record, and nothing but it', async () => {
      const at = await seeded(({ names, neighbour }) => [
        record(names[0], OLD.A),
        record(names[0], OLD.AAAA),
        record(neighbour, OLD.A),
      ]);
      expect(await apply(at, [want(at.names[0])])).toEqual(['updated']);
      expect(shown(at.held())).toEqual(
        [`${at.names[0]}/AAAA ${OLD.AAAA}`, `${at.neighbour}/A ${OLD.A}`].toSorted(),
      );
    });

    it.skipIf(harness.removes)('says that it cannot remove a record, and sends nothing', async () => {
      const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
      expect(await apply(at, [want(at.names[0])])).toEqual(['invalid']);
      expect(at.requests()).toEqual([]);
      expect(at.held()).toHaveLength(1);
    });

    it.runIf(harness.traits.multiple)('holds several addresses, fewer and more', async () => {
      const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
      for (const addresses of [[OLD.A, NEW.A], [NEW.A], [NEW.A, OLD.A, '192.0.2.3']]) {
        expect(await apply(at, [want(at.names[0], ...addresses)])).toEqual(['updated']);
        expect(shown(at.held())).toEqual(addresses.map((text) => `${at.names[0]}/A ${text}`).toSorted());
      }
    });

    it.skipIf(harness.traits.multiple)('refuses several addresses for one key', async () => {
      const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
      expect(await apply(at, [want(at.names[0], OLD.A, NEW.A)])).toEqual(['invalid']);
      expect(at.held()).toHaveLength(1);
    });

    it('is sent nothing in the second round of the daemon, and only what differs in the third', async () => {
      const { names, http, sink, ...at } = await start();
      const clock = { monotonic: () => 0, wall: () => 0, boot: () => 0 };
      const memory = volatileMemory(clock);
      const batch = harness.traits.batch;
      const init = { sink, memory, batch, timeout: 10_000, minimumGap: 0, clock, http };
      const round = async (targets: readonly Target[]) => {
        const outcomes = await reconcile(init, { ...callOf(http), targets });
        return outcomes.map(({ key, kind }) => `${keyText(key)} ${kind}`).toSorted();
      };
      const first = [want(names[0], NEW.A), want(names[1], NEW.A)];
      expect(await round(first)).toEqual(names.map((name) => `${name}/A updated`).toSorted());
      const sent = at.requests().length;
      expect(await round(first)).toEqual(names.map((name) => `${name}/A unchanged`).toSorted());
      expect(at.requests()).toHaveLength(sent);
      const outcomes = await round([want(names[0], OLD.A), want(names[1], NEW.A)]);
      expect(outcomes).toEqual([`${names[0]}/A updated`, `${names[1]}/A unchanged`].toSorted());
      expect(shown(at.held())).toEqual([`${names[0]}/A ${OLD.A}`, `${names[1]}/A ${NEW.A}`].toSorted());
    });

    it.runIf(harness.reads)('writes nothing when all is right', async () => {
      const at = await seeded(({ names }) => [record(names[0], OLD.A), record(names[1], OLD.AAAA)]);
      const before = at.held();
      const targets = [want(at.names[0], OLD.A), want(at.names[1], OLD.AAAA)];
      expect(await apply(at, targets)).toEqual([]);
      expect(at.requests()).not.toContain('write');
      expect(at.held()).toEqual(before);
    });

    it.runIf(harness.reads)('puts a TTL right that is asked for, and leaves the address', async () => {
      const at = await seeded(({ names }) => [record(names[0], OLD.A), record(names[1], OLD.A)]);
      const call = callOf(at.http, AbortSignal.timeout(3_000));
      const [found] = (await at.sink.read?.([want(at.names[0]).key], call)) ?? [];
      const target = { ...want(at.names[0], OLD.A), ttl: 7_200 };
      const before = at.held().filter(({ key }) => key.name !== at.names[0]);
      // A provider that does not tell the TTL is not asked to change it.
      expect(await apply(at, [target])).toEqual(found?.ttl === undefined ? [] : ['updated']);
      expect(shown(at.held().filter(({ key }) => key.name === at.names[0]))).toEqual(
        shown([record(at.names[0], OLD.A)]),
      );
      expect(at.held().filter(({ key }) => key.name !== at.names[0])).toEqual(before);
      if (found?.ttl !== undefined) expect(await apply(at, [target])).toEqual([]);
    });

    it.runIf(harness.defaultTtl === true)(
      'gives a record with the TTL of its zone the one asked for',
      async () => {
        const at = await start();
        at.seed([record(at.names[0], OLD.A), record(at.names[1], OLD.A)], 'default');
        const before = at.held();
        expect(await apply(at, [want(at.names[0], OLD.A)])).toEqual([]);
        const target = { ...want(at.names[0], OLD.A), ttl: 7_200 };
        expect(await apply(at, [target])).toEqual(['updated']);
        expect(await apply(at, [target])).toEqual([]);
        expect(shown(at.held())).toEqual(shown(before));
        expect(at.held()).not.toEqual(before);
        // Nobody asks for another.
        expect(await apply(at, [want(at.names[0], OLD.A)])).toEqual([]);
      },
    );

    it.runIf(harness.pageSize !== undefined)('finds what stands on later pages', async () => {
      const at = await start();
      const zone = at.names[0].slice(at.names[0].indexOf('.') + 1);
      const count = 2 * (harness.pageSize ?? 0);
      at.seed(Array.from({ length: count }, (_, index) => record(fqdn(`f${index}.${zone}`), OLD.A)));
      at.seed([record(at.names[0], OLD.A)]);
      expect(await apply(at, [want(at.names[0], OLD.A)])).toEqual([]);
      expect(await apply(at, [want(at.names[0], NEW.A)])).toEqual(['updated']);
      expect(at.held()).toHaveLength(count + 1);
    });

    it.runIf(harness.reads)('keeps what else the provider holds with a record that changes', async () => {
      const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
      const before = at.held().map(({ other }) => other);
      await apply(at, [want(at.names[0], NEW.A)]);
      expect(at.held().map(({ other }) => other)).toEqual(before);
    });

    it.runIf(harness.reads)(
      'finds each key by exact name and type, and nothing for one that is not there',
      async () => {
        const at = await seeded(({ names, neighbour }) => [
          record(names[0], OLD.A),
          record(names[0], OLD.AAAA),
          record(neighbour, OLD.A),
        ]);
        const keys = [want(at.names[0], OLD.A).key, want(at.names[1], OLD.A).key];
        const found = (await at.sink.read?.(keys, callOf(at.http))) ?? [];
        const asked = found.filter(({ key }) => keys.some((each) => keyText(each) === keyText(key)));
        expect(asked.map(({ key, content }) => `${keyText(key)} ${content}`)).toEqual([
          `${at.names[0]}/A ${OLD.A}`,
        ]);
      },
    );

    describe.runIf(harness.reads).each(harness.troubles)('reading meets %s', (trouble) => {
      it('and throws: a failed list is not an empty one', async () => {
        const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
        const before = at.held();
        at.next('read', trouble);
        expect(await apply(at, [want(at.names[0], NEW.A)])).toEqual([CLASS_OF[trouble]]);
        expect(at.requests()).not.toContain('write');
        expect(at.held()).toEqual(before);
        await expect.poll(at.busy).toBe(0);
      });
    });

    describe.each(harness.troubles)('writing meets %s', (trouble) => {
      it('and reports it, changes nothing, and works the next time', async () => {
        const at = await seeded(({ names }) => [record(names[0], OLD.A)]);
        const before = at.held();
        at.next('write', trouble);
        const targets = [want(at.names[0], NEW.A)];
        const [result] = await applyFully(
          at,
          targets,
          AbortSignal.timeout(trouble === 'hang' ? 400 : 10_000),
        );
        if (result?.kind !== 'failed') throw new Error(`taken for ${result?.kind ?? 'nothing to do'}`);
        expect(result.failure.class).toBe(CLASS_OF[trouble]);
        if (trouble === 'rate_limited') expect(result.failure.retryAfter).toBe(RETRY_AFTER * 1_000);
        if (trouble === 'hang' || trouble === 'malformed') expect(result.failure.unclear).toBe(true);
        expect(result.failure.message).toMatch(/^[^\p{Cc}]{8,}$/u);
        expect(at.held()).toEqual(before);
        await expect.poll(at.busy).toBe(0);

        // It was told to come back later, and does.
        at.pass?.(result.failure.retryAfter ?? 0);
        expect(await apply(at, targets)).toEqual(['updated']);
        expect(shown(at.held())).toEqual([`${at.names[0]}/A ${NEW.A}`]);
      });
    });

    it('sends nothing when it is cancelled already', async () => {
      const at = await start();
      const before = at.requests().length;
      const results = await applyFully(at, [want(at.names[0], NEW.A)], AbortSignal.abort()).catch(() => []);
      expect(results.filter(({ kind }) => kind !== 'failed')).toEqual([]);
      expect(at.requests()).toHaveLength(before);
      expect(at.busy()).toBe(0);
    });

    it.runIf(harness.troubles.includes('hang'))(
      'stops when it is cancelled, and leaves nothing running',
      async () => {
        const at = await start();
        at.next('write', 'hang');
        const stop = new AbortController();
        const running = applyFully(at, [want(at.names[0], NEW.A), want(at.names[1], NEW.A)], stop.signal);
        await expect.poll(at.busy, { timeout: 5_000 }).toBeGreaterThan(0);
        const written = at.requests().length;
        stop.abort();
        const results = await running.catch(() => []);
        expect(results.filter(({ kind }) => kind !== 'failed')).toEqual([]);
        await expect.poll(at.busy).toBe(0);
        expect(at.requests()).toHaveLength(written);
        expect(at.held()).toEqual([]);
      },
    );
  });
}

/** One target: the type follows the addresses, and is A for none. */
function want(name: Fqdn, ...addresses: readonly string[]): Target {
  const type: RecordType = addresses[0]?.includes(':') ? 'AAAA' : 'A';
  return { key: { name, type }, addresses: addresses.map(address) };
}

function record(name: Fqdn, content: string): HeldRecord {
  return { key: { name, type: content.includes(':') ? 'AAAA' : 'A' }, content };
}

const shown = (records: readonly HeldRecord[]): readonly string[] =>
  records.map(({ key, content }) => `${keyText(key)} ${content}`).toSorted();

type Parts = Pick<SinkBench, 'sink' | 'http'>;

/** Reads, plans and writes as the daemon does. A `SinkError` stands for every change without a result. */
async function applyFully(
  { sink, http }: Parts,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly WriteResult[]> {
  const call = callOf(http, signal);
  const failedAll = (error: unknown): readonly WriteResult[] => {
    if (!(error instanceof SinkError)) throw error;
    return targets.map(({ key }) => ({ key, kind: 'failed', failure: error.failure }));
  };
  try {
    const actual = await sink.read?.(
      targets.map(({ key }) => key),
      call,
    );
    const changes = actual === undefined ? planBlind(targets) : plan(targets, actual);
    if (changes.length === 0) return [];
    const results = await sink.write(changes, call);
    const answered = results.map(({ key }) => keyText(key)).toSorted();
    expect(answered).toEqual(changes.map(({ target }) => keyText(target.key)).toSorted());
    return results;
  } catch (error) {
    return failedAll(error);
  }
}

/** In brief: the kind of each result, or the class of a failure. */
async function apply(parts: Parts, targets: readonly Target[]): Promise<readonly string[]> {
  // Long enough for a busy machine; a read that hangs has to meet it, so not longer either.
  const results = await applyFully(parts, targets, AbortSignal.timeout(3_000));
  return results.map((result) => (result.kind === 'failed' ? result.failure.class : result.kind));
}
