import { asyncScheduler } from 'rxjs';
import { describe, it } from 'vitest';
import { hedge } from '../../src/streams/hedge.ts';
import { marbles } from '../support/marbles.ts';

// Capitals decide.
const init = {
  delay: 4,
  deadline: 20,
  decides: (value: string) => value === value.toUpperCase(),
  scheduler: asyncScheduler,
};

describe('hedge', () => {
  it('asks nobody else when the first decides in time', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold(' --A|');
      const second = cold('--B|');
      expectObservable(hedge([first, second], init)).toBe('--(A|)');
      expectSubscriptions(first.subscriptions).toBe('^-!');
      expectSubscriptions(second.subscriptions).toBe([]);
    });
  });

  it('asks the next at once when the first says nothing useful', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold(' -a|');
      const second = cold(' --B|');
      expectObservable(hedge([first, second], init)).toBe('-a-(B|)');
      expectSubscriptions(second.subscriptions).toBe('-^-!');
    });
  });

  it('asks the next after the delay and takes whoever decides first, cancelling the other', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold(' ----------A|');
      const second = cold('    --B|');
      expectObservable(hedge([first, second], init)).toBe('------(B|)');
      expectSubscriptions(first.subscriptions).toBe(' ^-----!');
      expectSubscriptions(second.subscriptions).toBe('----^-!');
    });
  });

  it('still takes the slow first one when the second fails', () => {
    marbles(({ cold, expectObservable }) => {
      const first = cold(' --------A|');
      const second = cold('    -b|');
      expectObservable(hedge([first, second], init)).toBe('-----b--(A|)');
    });
  });

  it('completes when all are through, with every value', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(hedge([cold<string>('-a|'), cold<string>('-b|')], init)).toBe('-ab|');
    });
  });

  it('goes on after one that completes without a value', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(hedge([cold<string>('-|'), cold<string>('-B|')], init)).toBe('--(B|)');
    });
  });

  it('ends at the deadline and cancels what is still running', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('-');
      const second = cold('-');
      expectObservable(hedge([first, second], init)).toBe('--------------------|');
      expectSubscriptions(first.subscriptions).toBe(' ^-------------------!');
      expectSubscriptions(second.subscriptions).toBe('----^---------------!');
    });
  });

  it('passes an error on and cancels the rest', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('-');
      const second = cold('-#');
      expectObservable(hedge([first, second], init)).toBe('-----#');
      expectSubscriptions(first.subscriptions).toBe('^----!');
    });
  });

  it('cancels everything on unsubscription', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('-');
      const second = cold('-');
      expectObservable(hedge([first, second], init), '------!').toBe('-');
      expectSubscriptions(first.subscriptions).toBe(' ^-----!');
      expectSubscriptions(second.subscriptions).toBe('----^-!');
    });
  });

  it('completes at once with nobody to ask', () => {
    marbles(({ expectObservable }) => {
      expectObservable(hedge<string>([], init)).toBe('|');
    });
  });
});
