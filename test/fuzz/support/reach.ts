import { readdirSync, readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));

/** One place of the source where a text or octets are taken apart. */
export interface Place {
  /** Below `src/`. */
  readonly file: string;
  readonly line: string;
  readonly reached: boolean;
}

/**
 * Every place that `pattern` finds in `src/`, and whether it stands in a function that ran while `work` did, by V8's own counters. Functions
 * that never ran may not be known to V8 at all: a place outside every known one was not reached.
 */
export async function placesReached(work: () => Promise<void>, pattern: RegExp): Promise<readonly Place[]> {
  const session = new Session();
  session.connect();
  await session.post('Debugger.enable');
  await session.post('Profiler.enable');
  // Never stopped: where the coverage of all tests is measured, that would end, too.
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const loaded = new Map(result.map((script) => [script.url.replace('file://', ''), script]));

  const places: Place[] = [];
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((one) =>
    /(?<!\.d)\.ts$/.test(one),
  );
  for (const file of files.sort()) {
    const whole = path.join(SRC, file);
    const script = loaded.get(whole);
    // As it stands in memory, where the counters point: without types.
    const text =
      script === undefined
        ? readFileSync(whole, 'utf8')
        : (await session.post('Debugger.getScriptSource', { scriptId: script.scriptId })).scriptSource;
    for (const { index } of text.matchAll(pattern)) {
      const start = text.lastIndexOf('\n', index) + 1;
      const line = text.slice(start, text.indexOf('\n', index)).trim();
      if (isComment(text.slice(start, index))) continue;
      places.push({ file, line, reached: script !== undefined && ran(script, index) });
    }
  }
  return places;
}

const isComment = (before: string): boolean => /^\s*(?:\*|\/\*|\/\/)|\s\/\/\s/.test(before);

/** Of the functions around a place the innermost decides: the ranges that begin last. */
function ran({ functions }: Profiler.ScriptCoverage, index: number): boolean {
  const around = functions
    .flatMap(({ ranges }) => ranges.slice(0, 1))
    .filter(({ startOffset, endOffset }) => startOffset <= index && index < endOffset)
    .sort((a, b) => b.startOffset - a.startOffset);
  return (around[0]?.count ?? 0) > 0;
}
