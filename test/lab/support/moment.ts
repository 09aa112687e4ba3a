/**
 * Milliseconds of CLOCK_MONOTONIC: the same clock in every process of the host, so that a stamp taken by a recording
 * server and one taken by the test can be subtracted.
 */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Asks until the answer is neither `undefined` nor `false`, every `every` milliseconds.
 * @throws Error naming `what` when `timeout` milliseconds are over; with the last error of `ask`, if it threw.
 */
export async function eventually<Answer>(
  what: string,
  ask: () => Answer | undefined | false | Promise<Answer | undefined | false>,
  { timeout = 5_000, every = 20 }: { timeout?: number; every?: number } = {},
): Promise<Answer> {
  const end = now() + timeout;
  let problem: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    await pause(every);
  } while (now() < end);
  throw new Error(`${what}: not within ${timeout} ms`, { cause: problem });
}
