import { asyncScheduler } from 'rxjs';
import { describe, it } from 'vitest';
import { gather } from '../../src/streams/gather.ts';
import { marbles } from '../support/marbles.ts';

const init = { grace: 3, scheduler: asyncScheduler };

describe('gather', () => {
  it('tells together what arrives together', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('(ab)--|').pipe(gather(init))).toBe('---x--|', { x: ['a', 'b'] });
    });
  });

  it('does not wait for a slow one', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a-------b|').pipe(gather(init))).toBe('---x-----(y|)', { x: ['a'], y: ['b'] });
    });
  });

  it('emits at once when the source completes, and nothing for an empty one', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('-(ab|)').pipe(gather(init))).toBe('-(x|)', { x: ['a', 'b'] });
      expectObservable(cold('-|').pipe(gather(init))).toBe('-|');
    });
  });

  it('passes an error on at once', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a#');
      expectObservable(source.pipe(gather(init))).toBe('--#');
      expectSubscriptions(source.subscriptions).toBe('^-!');
    });
  });

  it('cancels its timer on unsubscription', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a--');
      expectObservable(source.pipe(gather(init)), '---!').toBe('----');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });
});
