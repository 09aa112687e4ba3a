import { TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';

/** Runs a marble test: one character is one millisecond, and `run` virtualises every rxjs timer. */
export function marbles(body: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
}
