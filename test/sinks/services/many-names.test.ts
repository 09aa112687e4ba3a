import { describe, expect, test } from 'vitest';
import { SinkError, type WriteResult } from '../../../src/sinks/contract.ts';
import { plan } from '../../../src/sinks/plan.ts';
import { callOf, target } from '../rest/support.ts';
import { kind as azure } from './azure.ts';
import { startService } from './bench.ts';
import { kind as godaddy } from './godaddy.ts';
import { kind as ovh } from './ovh.ts';

/** More than it takes even with every other request wasted. */
const MOST_ROUNDS = 16;

/** Services that are asked name by name, and more of them than a minute has requests for. */
describe.each([
  ['godaddy', godaddy, 55],
  ['azure', azure, 60],
  ['ovh', ovh, 40],
] as const)('%s, asked for more names than its limit allows in a minute', (_, kind, count) => {
  const names = Array.from({ length: count }, (__, index) => `h${index}`);
  const targets = names.flatMap((name) => [
    target(`${name}.example.org`, '198.51.100.7'),
    target(`${name}.example.org`, '2001:db8::7'),
  ]);
  const start = async () => {
    const at = await startService(kind);
    for (const name of names) {
      at.zone.put(name, 'A', ['192.0.2.1'], 900);
      at.zone.put(name, 'AAAA', ['2001:db8::1'], 900);
    }
    const pass = (milliseconds: number) => at.time.sleep(milliseconds, new AbortController().signal);
    /** One round after the other, as the lane does it, each after the wait that the one before asked for. */
    const rounds = async (round: () => Promise<readonly number[]>): Promise<number> => {
      for (let turn = 1; turn <= MOST_ROUNDS; turn += 1) {
        const waits = await round();
        if (waits.length === 0) return turn;
        await pass(Math.max(...waits));
      }
      throw new Error(`not done after ${MOST_ROUNDS} rounds`);
    };
    return { ...at, pass, rounds };
  };
  const waitOf = (error: unknown): readonly number[] => {
    if (!(error instanceof SinkError) || error.failure.class !== 'rate_limited') throw error;
    return [error.failure.retryAfter ?? 0];
  };

  test('reads on where the last try ended, and each name once', async () => {
    const at = await start();
    try {
      let found = 0;
      const round = () =>
        at.read(targets).then((records): readonly number[] => {
          found = records.length;
          return [];
        }, waitOf);
      const rounds = await at.rounds(round);
      expect(found).toBe(targets.length);
      const asked = at.server.requests.map(({ method, target: path }) => `${method} ${path}`);
      // Four names are worked on at once, and those that met the limit half read begin again.
      expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(4 * (rounds - 1));
    } finally {
      await at.close();
    }
  });

  test('reads and writes all of them, also when reading has used the limit up', async () => {
    const at = await start();
    try {
      // Zones and tokens are known, as they are after hours of running.
      await at.read(targets.slice(0, 1));
      await at.pass(120_000);
      const open = new Set(targets);
      const round = async (): Promise<readonly number[]> => {
        try {
          const left = [...open];
          const changes = plan(left, await at.read(left));
          const results: WriteResult[] = [];
          for (let from = 0; from < changes.length; from += kind.provider.traits.batch) {
            const batch = changes.slice(from, from + kind.provider.traits.batch);
            results.push(...(await at.sink.write(batch, callOf(at.http))));
          }
          for (const one of left) {
            const result = results.find(({ key }) => key.name === one.key.name && key.type === one.key.type);
            // Without a change it was right already.
            if (result === undefined || result.kind === 'updated') open.delete(one);
          }
          return results.flatMap((one) => (one.kind === 'failed' ? [one.failure.retryAfter ?? 1_000] : []));
        } catch (error) {
          return waitOf(error);
        }
      };
      await at.rounds(round);
      expect(open.size).toBe(0);
      expect(at.zone.records.every(({ content }) => /^(?:198\.51\.100\.7|2001:db8::7)$/.test(content))).toBe(
        true,
      );
    } finally {
      await at.close();
    }
  });
});
