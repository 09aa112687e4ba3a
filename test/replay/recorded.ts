import { describe, test } from 'vitest';
import { haveContracts } from './recording.ts';

const ABSENT = 'the recordings (../shared/contracts) are not at hand';

/** A suite over the recordings. Where they are absent its body is not even run: one test stands for it, and says why. */
export function describeRecorded(title: string, body: () => void): void {
  if (haveContracts) describe(title, body);
  else standIn(title);
}

/** A single test over the recordings, as `describeRecorded`. */
export function testRecorded(title: string, body: () => void | Promise<void>): void {
  if (haveContracts) test(title, body);
  else standIn(title);
}

/** A clone has no recordings beside it and skips; where everything is to be shown (CI), their absence is a failure. */
function standIn(title: string): void {
  test.skipIf(process.env['CI'] === undefined)(`${title}: ${ABSENT}`, () => {
    throw new Error(ABSENT);
  });
}
