import { expect, it } from 'vitest';
import { targets } from './registry.ts';
import { placesReached } from './support/reach.ts';

/** What a reader of foreign text or octets can hardly do without, as it stands in memory: without types and the word `export`. */
const READS =
  /\b(?:JSON|Date)\.parse\(|parseInt\(|\.exec\(|\.match(?:\(\/|All\()|\.split\(|\.on\(['"](?:data|message)['"]|\.(?:getUi|readUI)nt|safeParse\(|\bTextDecoder\(|function (?:parse|read|decode|judge)[A-Z]/g;

/** What these take apart does not come from outside, or gets to them by another way than a target can take. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'config/json-schema.ts': 'our own schemas',
  'daemon/doctor/format.ts': 'our own words',
  'daemon/doctor/places.ts': 'the configuration as it was read; the rest of it is a target',
  'daemon/doctor/witnesses.ts': 'our own defaults',
  'daemon/logging.ts': 'our own lines',
  'daemon/secrets.ts': 'the configuration as it was read',
  'launch.ts': 'our own build; what is no code cache V8 refuses',
  'library.ts': 'values of a program',
  'sinks/batches.ts': 'names of the configuration as it was read',
  'sinks/describe.ts': 'our own examples',
  'sinks/embedded/sink.ts': 'no parser, whatever its name',
  'sinks/reconcile.ts': 'no parser, whatever its name',
  'sinks/table/row.ts': 'our own table',
  'sources/router/multicast.ts': 'hands datagrams over to decoders that are targets',
  'sources/triggers/judge-tick.ts': 'clocks, and no text',
  'state/lock.ts': 'names of files in our own folder',
  'state/peek.ts': 'hands the file over to a reader that is a target',
};

it('every place that reads what others write is run by a target', { timeout: 300_000 }, async () => {
  const places = await placesReached(async () => {
    // The inputs are those of fuzz.test.ts, and judged there.
    for (const one of targets) await one.run({ seed: 20_260_101, runs: one.runs });
  }, READS);
  // Neither the pattern nor the counters may have gone blind.
  expect(places.filter(({ reached }) => reached).length).toBeGreaterThan(200);

  const missed = places.filter(({ reached }) => !reached);
  expect(
    missed.filter(({ file }) => EXCEPTIONS[file] === undefined).map(({ file, line }) => `${file}: ${line}`),
  ).toEqual([]);
  const needed = new Set(missed.map(({ file }) => file));
  expect(Object.keys(EXCEPTIONS).filter((file) => !needed.has(file))).toEqual([]);
});
