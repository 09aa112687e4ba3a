import { afterEach, describe, expect, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import type { Fqdn } from '../../src/model/name.ts';
import type { RecordKey, Target } from '../../src/model/record.ts';
import type { Change, Sink, WriteResult } from '../../src/sinks/contract.ts';
import { plan } from '../../src/sinks/plan.ts';
import { callOf } from '../fakes/sink-call.ts';
import type { HeldRecord, SinkBench, SinkHarness } from './harness.ts';

const [OLD, NEW, NEWER] = ['198.51.100.1', '203.0.113.2', '203.0.113.3'];

/** What every sink with `owner` must do, however it marks records. */
export function describeOwnership(name: string, harness: SinkHarness): void {
  describe(`ownership: ${name}`, () => {
    let bench: SinkBench | undefined;
    afterEach(async () => {
      await bench?.close();
      bench = undefined;
    });
    const start = async () => {
      const begun = await harness.start();
      bench = begun;
      const { sinkWith } = begun;
      if (sinkWith === undefined) throw new Error('a harness that owns needs `sinkWith`');
      const steps = (options: object) => stepsOf(sinkWith(options), begun);
      return { ...begun, steps, run: (options: object) => steps(options).run };
    };
    const addresses = (at: SinkBench, of: Fqdn, type = 'A') =>
      at
        .held()
        .filter(({ key }) => key.name === of && String(key.type) === type)
        .map(({ content }) => content);

    it('marks what it creates, and goes on writing it', async () => {
      const at = await start();
      const attic = at.run({ owner: 'attic' });
      const [home] = at.names;
      expect(kinds(await attic(want(home, NEW)))).toEqual(['updated']);
      const marked = marks(at.held());
      expect(marked.length).toBeGreaterThan(0);
      expect(kinds(await at.run({ owner: 'attic' })(want(home, NEWER)))).toEqual(['updated']);
      expect(addresses(at, home)).toEqual([NEWER]);
      expect(marks(at.held())).toEqual(marked);
    });

    it('two netdrifts on one name report each other, and neither writes what is the other one’s', async () => {
      const at = await start();
      const [home, other] = at.names;
      await at.run({ owner: 'attic' })(want(home, NEW));
      await at.run({ owner: 'cellar' })(want(other, OLD));
      const [fromCellar] = await at.run({ owner: 'cellar' })(want(home, NEWER));
      expect(fromCellar).toMatchObject({ kind: 'failed', failure: { class: 'refused', scope: 'record' } });
      expect(wordsOf(fromCellar)).toMatch(/calls itself attic, not to cellar/);
      const [fromAttic] = await at.run({ owner: 'attic' })(want(other, NEWER));
      expect(wordsOf(fromAttic)).toMatch(/calls itself cellar, not to attic/);
      // Not even `owner_adopt` takes a record from another netdrift.
      const [forced] = await at.run({ owner: 'cellar', owner_adopt: true })(want(home, NEWER));
      expect(wordsOf(forced)).toMatch(/calls itself attic, not to cellar/);
      expect([addresses(at, home), addresses(at, other)]).toEqual([[NEW], [OLD]]);
    });

    it('reports the other one also where both want the same address', async () => {
      const at = await start();
      const [home] = at.names;
      await at.run({ owner: 'attic' })(want(home, NEW));
      const before = at.held();
      const [result] = await at.run({ owner: 'cellar' })(want(home, NEW));
      expect(wordsOf(result)).toMatch(/calls itself attic, not to cellar/);
      expect(at.held()).toEqual(before);
    });

    it('one that looked before the other took the name writes nothing, and reports it', async () => {
      const at = await start();
      const [home] = at.names;
      const [attic, cellar] = [at.steps({ owner: 'attic' }), at.steps({ owner: 'cellar' })];
      const [first, second] = [await attic.look(want(home, NEW)), await cellar.look(want(home, NEWER))];
      expect(kinds(await attic.write(first))).toEqual(['updated']);
      const before = at.held();
      const late = await cellar.write(second);
      const next = await cellar.run(want(home, NEWER));
      // At once, or told to read again.
      expect(kinds(late)).toEqual(['failed']);
      expect(wordsOf(next[0])).toMatch(/calls itself attic, not to cellar/);
      expect(at.held()).toEqual(before);
    });

    it('of two that take a name in the same moment, at most one goes on writing', async () => {
      const at = await start();
      const [home] = at.names;
      const both = [
        { ...at.steps({ owner: 'attic' }), wanted: want(home, NEW) },
        { ...at.steps({ owner: 'cellar' }), wanted: want(home, NEWER) },
      ];
      const looked = await Promise.all(both.map(({ look, wanted }) => look(wanted)));
      await Promise.all(both.map(({ write }, index) => write(looked[index] ?? [])));
      const before = at.held();
      const refusals: string[] = [];
      for (const { run, wanted } of both) {
        for (const result of await run(wanted)) if (result.kind === 'failed') refusals.push(wordsOf(result));
      }
      expect(refusals.length).toBeGreaterThan(0);
      for (const words of refusals) expect(words).toMatch(/calls itself (?:attic|cellar), not to/);
      expect(at.held()).toEqual(before);
    });

    it('leaves alone what has no mark, says how to adopt it, and writes the rest', async () => {
      const at = await start();
      const [home, other] = at.names;
      at.seed([record(home, OLD)]);
      const before = at.held();
      const results = await at.run({ owner: 'attic' })(want(home, NEW), want(other, NEW));
      const refused = results.find(({ key }) => key.name === home);
      expect(refused).toMatchObject({ kind: 'failed', failure: { class: 'refused', scope: 'record' } });
      expect(wordsOf(refused)).toMatch(/netdrift:attic.*owner_adopt: true/);
      expect(results.find(({ key }) => key.name === other)).toMatchObject({ kind: 'updated' });
      expect(at.held()).toEqual(expect.arrayContaining([...before]));
      expect(addresses(at, home)).toEqual([OLD]);
    });

    it('adopts once: also what is right already, and without `owner_adopt` from then on', async () => {
      const at = await start();
      const [home, other] = at.names;
      at.seed([record(home, NEW), record(other, OLD), record(at.neighbour, OLD)]);
      const adopting = at.run({ owner: 'attic', owner_adopt: true });
      expect(kinds(await adopting(want(home, NEW), want(other, NEW)))).toEqual(['updated', 'updated']);
      expect(await adopting(want(home, NEW), want(other, NEW))).toEqual([]);
      const attic = at.run({ owner: 'attic' });
      expect(kinds(await attic(want(home, NEWER), want(other, NEWER)))).toEqual(['updated', 'updated']);
      expect([addresses(at, home), addresses(at, other), addresses(at, at.neighbour)]).toEqual([
        [NEWER],
        [NEWER],
        [OLD],
      ]);
    });

    it('what is right and has no mark is neither touched nor refused', async () => {
      const at = await start();
      at.seed([record(at.names[0], NEW)]);
      const before = at.held();
      expect(await at.run({ owner: 'attic' })(want(at.names[0], NEW))).toEqual([]);
      expect(at.held()).toEqual(before);
    });

    it('A and AAAA of one name may have different owners', async () => {
      const at = await start();
      const [home] = at.names;
      await at.run({ owner: 'attic' })(want(home, NEW));
      expect(kinds(await at.run({ owner: 'cellar' })(want(home, '2001:db8::2')))).toEqual(['updated']);
      expect([addresses(at, home), addresses(at, home, 'AAAA')]).toEqual([[NEW], ['2001:db8::2']]);
    });

    it('without `owner` nothing is marked', async () => {
      const at = await start();
      await at.run({})(want(at.names[0], NEW));
      expect(marks(at.held())).toEqual([]);
    });
  });
}

const keyOf = (name: Fqdn, content: string): RecordKey => ({
  name,
  type: content.includes(':') ? 'AAAA' : 'A',
});
const want = (name: Fqdn, content: string): Target => ({
  key: keyOf(name, content),
  addresses: [address(content)],
});
const record = (name: Fqdn, content: string): HeldRecord => ({ key: keyOf(name, content), content });
const kinds = (results: readonly WriteResult[]) => results.map(({ kind }) => kind);
const wordsOf = (result: WriteResult | undefined): string =>
  result?.kind === 'failed' ? result.failure.message : `not refused: ${result?.kind}`;

/** Marks of any form: TXT contents, or what the provider keeps beside a record. */
const marks = (held: readonly HeldRecord[]): readonly string[] =>
  held
    .flatMap(
      ({ content, other }) => /netdrift:[\w.-]+/.exec(`${content} ${JSON.stringify(other)}`)?.[0] ?? [],
    )
    .toSorted();

/** The halves of what the daemon does: reading and planning, and writing. */
function stepsOf(sink: Sink, { http }: Pick<SinkBench, 'http'>) {
  const look = async (...targets: readonly Target[]): Promise<readonly Change[]> => {
    const keys = targets.map(({ key }) => key);
    return plan(targets, (await sink.read?.(keys, callOf(http, AbortSignal.timeout(5_000)))) ?? []);
  };
  const write = async (changes: readonly Change[]): Promise<readonly WriteResult[]> =>
    changes.length === 0 ? [] : sink.write(changes, callOf(http, AbortSignal.timeout(5_000)));
  const run = async (...targets: readonly Target[]) => write(await look(...targets));
  return { look, write, run };
}
