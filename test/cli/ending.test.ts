import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEnding, LIMIT } from '../../src/cli/ending.ts';
import { keptLog } from '../daemon/fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function bench(resources: readonly string[] = []) {
  const done: string[] = [];
  const under = { way: resources };
  const { log, lines } = keptLog();
  const ending = createEnding({
    log,
    flush: async () => void done.push('flush'),
    endChildren: () => done.push('children'),
    resources: () => under.way,
    exit: (code) => void done.push(`exit ${code}`),
    kill: () => done.push('kill'),
  });
  return { ending, done, lines, under };
}

describe('the end of the process', () => {
  it('is an exit where nothing can hang', async () => {
    const { ending, done } = bench(['TCPSocketWrap', 'Timeout']);
    await ending.leave(0);
    ending.leaveNow(1);
    expect(done).toEqual(['exit 0', 'exit 1']);
  });

  it('at once is by force while a thread is busy: exit(3) would wait for it', () => {
    const { ending, done } = bench(['GetAddrInfoReqWrap']);
    ending.leaveNow(1);
    expect(done).toEqual(['children', 'kill']);
  });

  it('is by force when the limit has passed, and says so', async () => {
    const { ending, done, lines } = bench(['FSReqPromise']);
    ending.limit();
    await vi.advanceTimersByTimeAsync(LIMIT - 1);
    expect(done).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toEqual(['flush', 'children', 'kill']);
    expect(lines).toMatchObject([{ level: 'error', event: 'stop_overdue' }]);
  });
});

it('an end waits for the threads as long as the limit lets it', async () => {
  vi.useRealTimers();
  const { ending, done, under } = bench(['FSReqCallback']);
  const left = ending.leave(0);
  await Promise.resolve();
  expect(done).toEqual([]);
  under.way = [];
  await left;
  expect(done).toEqual(['exit 0']);
});
