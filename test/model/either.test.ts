import { describe, expect, it } from 'vitest';
import { collect } from '../../src/daemon/tidying.ts';
import { either } from '../../src/model/either.ts';

describe('either', () => {
  it('aborts with the first, and its reason', () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const signal = either(one.signal, two.signal);
    expect(signal.aborted).toBe(false);
    two.abort('two');
    one.abort('one');
    expect(signal.reason).toBe('two');
    expect(either(new AbortController().signal, two.signal).reason).toBe('two');
  });

  it('outlives the collector: a deadline that somebody waits for comes', async () => {
    const ended = new Promise<unknown>((resolve) => {
      const signal = either(new AbortController().signal, AbortSignal.timeout(100));
      signal.addEventListener('abort', () => resolve(signal.reason));
    });
    collect();
    collect();
    expect(await ended).toMatchObject({ name: 'TimeoutError' });
  });
});
