import { asyncScheduler, map, type Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import { describe, it } from 'vitest';
import { address } from '../../src/model/address.ts';
import { fqdn } from '../../src/model/name.ts';
import type { FailureClass, Outcome } from '../../src/model/outcome.ts';
import type { Target } from '../../src/model/record.ts';
import { type LaneInput, type LaneReport, lane } from '../../src/streams/lane.ts';
import { marbles } from '../support/marbles.ts';

const key = { name: fqdn('home.example.org'), type: 'A' } as const;
const other = { name: fqdn('home.example.org'), type: 'AAAA' } as const;

const target = (text: string): Target => ({ key, addresses: [address(text)] });
const input = (targets: readonly Target[], more: Partial<LaneInput> = {}): LaneInput => ({
  traceId: 't',
  targets,
  networkChanged: false,
  urgent: false,
  ...more,
});

const one = input([target('198.51.100.1')]);
const two = input([target('198.51.100.2')]);
const both = input([target('198.51.100.1'), { key: other, addresses: [address('2001:db8::1')] }]);
const inputs = {
  a: one,
  b: two,
  c: both,
  u: { ...one, urgent: true },
  n: { ...one, networkChanged: true },
};

const updated = (of: LaneInput): readonly Outcome[] =>
  of.targets.map((each) => ({ ...each, kind: 'updated' }));
const failed = (of: LaneInput, type: FailureClass, retryAfter?: number): readonly Outcome[] =>
  of.targets.map((each) => ({
    ...each,
    kind: 'failed',
    failure: { class: type, scope: 'sink', message: 'no', ...(retryAfter !== undefined && { retryAfter }) },
  }));

/** Short names of reports: what was tried and how it ended. */
function run(
  { hot, cold }: RunHelpers,
  diagram: string,
  answers: readonly [string, readonly Outcome[]][],
): { readonly reports: Observable<string>; readonly attempts: ReturnType<RunHelpers['cold']>[] } {
  const attempts: ReturnType<RunHelpers['cold']>[] = [];
  const source = hot<LaneInput>(diagram, inputs);
  const reports = source.pipe(
    lane({
      attempt: () => {
        const [timing, outcomes] = answers[attempts.length] ?? ['#', []];
        const attempt = cold<readonly Outcome[]>(timing, { o: outcomes });
        attempts.push(attempt);
        return attempt as Observable<readonly Outcome[]>;
      },
      random: () => 0,
      scheduler: asyncScheduler,
    }),
    named(),
  );
  return { reports, attempts };
}

const named = () => map((report: LaneReport) => describeReport(report));
const describeReport = ({ outcomes, failures, retryIn }: LaneReport): string =>
  `${outcomes.map((outcome) => `${outcome.kind} ${outcome.addresses.join()}`).join('+')} ${failures} ${retryIn}`;

describe('lane', () => {
  it('tries an input and rests when it is done', () => {
    marbles((helpers) => {
      const { reports } = run(helpers, '-a-----', [['--(o|)', updated(one)]]);
      helpers.expectObservable(reports).toBe('---x---', { x: 'updated 198.51.100.1 0 undefined' });
    });
  });

  it('aborts an attempt for an address that is no longer right, and tries the new one at once', () => {
    marbles((helpers) => {
      const { reports, attempts } = run(helpers, '-a-b-----', [
        ['------(o|)', updated(one)],
        ['--(o|)', updated(two)],
      ]);
      helpers.expectObservable(reports).toBe('-----x---', { x: 'updated 198.51.100.2 0 undefined' });
      helpers.flush();
      helpers.expectSubscriptions(attempts[0]?.subscriptions ?? []).toBe('-^-!');
      helpers.expectSubscriptions(attempts[1]?.subscriptions ?? []).toBe('---^-!');
    });
  });

  it('lets an attempt finish when the new input only adds the other family', () => {
    marbles((helpers) => {
      const { reports, attempts } = run(helpers, '-a-c-------', [
        ['----(o|)', updated(one)],
        ['--(o|)', updated(both)],
      ]);
      helpers.expectObservable(reports).toBe('-----x-y---', {
        x: 'updated 198.51.100.1 0 undefined',
        y: 'updated 198.51.100.1+updated 2001:db8::1 0 undefined',
      });
      helpers.flush();
      helpers.expectSubscriptions(attempts[0]?.subscriptions ?? []).toBe('-^---!');
    });
  });

  it('does not run twice for an input that repeats the one under way', () => {
    marbles((helpers) => {
      const { reports } = run(helpers, '-a-a-------', [['----(o|)', updated(one)]]);
      helpers.expectObservable(reports).toBe('-----x-----', { x: 'updated 198.51.100.1 0 undefined' });
    });
  });

  it('waits with growing backoff after transient failures', () => {
    marbles((helpers) => {
      const { reports } = run(helpers, 'a 7s |', [
        ['(o|)', failed(one, 'transient')],
        ['(o|)', failed(one, 'transient')],
        ['(o|)', updated(one)],
      ]);
      helpers.expectObservable(reports).toBe('x 1999ms y 3999ms z 1000ms |', {
        x: 'failed 198.51.100.1 1 2000',
        y: 'failed 198.51.100.1 2 4000',
        z: 'updated 198.51.100.1 0 undefined',
      });
    });
  });

  it('takes a record that has to wait for no failure: the backoff grows with failures alone', () => {
    const pending: readonly Outcome[] = one.targets.map((each) => ({
      ...each,
      kind: 'pending',
      why: 'minimum gap',
      retryAfter: 500,
    }));
    marbles((helpers) => {
      const { reports } = run(helpers, 'a 8s |', [
        ['(o|)', failed(one, 'transient')],
        ['(o|)', pending],
        ['(o|)', failed(one, 'transient')],
        ['(o|)', updated(one)],
      ]);
      helpers.expectObservable(reports).toBe('x 1999ms p 499ms y 3999ms z 1500ms |', {
        x: 'failed 198.51.100.1 1 2000',
        p: 'pending 198.51.100.1 1 500',
        y: 'failed 198.51.100.1 2 4000',
        z: 'updated 198.51.100.1 0 undefined',
      });
    });
  });

  it('does not let a repeated input shorten the backoff', () => {
    marbles((helpers) => {
      const { reports } = run(helpers, 'a-a-a 3s |', [
        ['(o|)', failed(one, 'transient')],
        ['(o|)', updated(one)],
      ]);
      helpers.expectObservable(reports).toBe('x 1999ms y 1004ms |', {
        x: 'failed 198.51.100.1 1 2000',
        y: 'updated 198.51.100.1 0 undefined',
      });
    });
  });

  it.each(['u', 'n'] as const)(
    'tries again without waiting when it is urgent or the network changed (%s)',
    (again) => {
      marbles((helpers) => {
        const { reports } = run(helpers, `a-${again}-|`, [
          ['(o|)', failed(one, 'transient')],
          ['(o|)', updated(one)],
        ]);
        helpers.expectObservable(reports).toBe('x-y-|', {
          x: 'failed 198.51.100.1 1 2000',
          y: 'updated 198.51.100.1 0 undefined',
        });
      });
    },
  );

  it('drops a pending retry for a newer address, which does not wait for it', () => {
    marbles((helpers) => {
      const { reports } = run(helpers, 'a-b 3s |', [
        ['(o|)', failed(one, 'transient')],
        ['(o|)', updated(two)],
      ]);
      helpers.expectObservable(reports).toBe('x-y 3s |', {
        x: 'failed 198.51.100.1 1 2000',
        y: 'updated 198.51.100.2 0 undefined',
      });
    });
  });

  it('waits as long as the provider says, in full', () => {
    marbles((helpers) => {
      const { reports } = run(helpers, 'a|', [
        ['(o|)', failed(one, 'rate_limited', 90_000)],
        ['(o|)', updated(one)],
      ]);
      helpers.expectObservable(reports).toBe('x 89999ms (y|)', {
        x: 'failed 198.51.100.1 1 90000',
        y: 'updated 198.51.100.1 0 undefined',
      });
    });
  });

  it('never retries a permanent failure by itself', () => {
    marbles((helpers) => {
      const { reports } = run(helpers, 'a|', [['(o|)', failed(one, 'credentials')]]);
      helpers.expectObservable(reports).toBe('x|', { x: 'failed 198.51.100.1 1 undefined' });
    });
  });

  it('restarts an attempt under way when the network changed, since its connection is dead', () => {
    marbles((helpers) => {
      const { reports, attempts } = run(helpers, 'a-n---|', [
        ['-', []],
        ['--(o|)', updated(one)],
      ]);
      helpers.expectObservable(reports).toBe('----x-|', { x: 'updated 198.51.100.1 0 undefined' });
      helpers.flush();
      helpers.expectSubscriptions(attempts[0]?.subscriptions ?? []).toBe('^-!');
    });
  });

  it('aborts the attempt and the wait on unsubscription', () => {
    marbles((helpers) => {
      const { reports, attempts } = run(helpers, 'a-----', [['-', []]]);
      helpers.expectObservable(reports, '---!').toBe('------');
      helpers.flush();
      helpers.expectSubscriptions(attempts[0]?.subscriptions ?? []).toBe('^--!');
    });
  });

  it('passes on an error of the source and aborts', () => {
    marbles((helpers) => {
      const { reports, attempts } = run(helpers, 'a--#', [['-', []]]);
      helpers.expectObservable(reports).toBe('---#');
      helpers.flush();
      helpers.expectSubscriptions(attempts[0]?.subscriptions ?? []).toBe('^--!');
    });
  });
});
