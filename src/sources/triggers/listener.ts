import {
  BehaviorSubject,
  connect,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  map,
  merge,
  mergeMap,
  NEVER,
  type Observable,
  of,
  repeat,
  switchMap,
  take,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import type { Trigger } from '../../model/trigger.ts';
import type { TriggerSource } from '../contract.ts';
import { type ChildEvent, runChild } from './child.ts';
import type { TriggerComponents, TriggerInit } from './contract.ts';
import { established } from './established.ts';
import { polling } from './polling.ts';
import { AFTER_OVERRUN, restartDelay } from './restart-delay.ts';
import { guardedJudge, type Rung } from './rung.ts';

/** Milliseconds of undisturbed listening after which earlier failures are forgotten. */
const HEALTHY = 60_000;
/** What a program says that knows nothing of what is asked of it (BusyBox `ip`, an old `setpriv`). */
const UNFIT = /busybox|usage|unrecognized|unknown|invalid (?:argument|option)|no such file/i;

/** ENOBUFS: the kernel had more to say than the program could read (netlink(7)). */
const OVERRUN = /no buffer space/i;

/**
 * Listens to the operating system through a child program, for ever.
 *
 * The ladder is tried from the top until one rung is found that listens; that one is kept. When it ends or complains, events were lost:
 * a trigger says so, it is started again after 1 s doubling to 60 s plus chance, and a second trigger (`inject`) says that it hears again.
 * Where there only were too many events at once, it is started again soon, however often, and the second trigger is for a look (`poll`).
 * Meanwhile, and for good where no rung can ever work, the host is polled.
 *
 * Subscribe first, look afterwards: once the child listens a trigger is given, so that nothing falls between snapshot and subscription.
 */
export function listener(
  components: TriggerComponents,
  init: TriggerInit,
  rungs: readonly Rung[],
): TriggerSource {
  const { scheduler, spawn } = components;
  const log = components.log.child({ component: 'triggers' });

  return defer(() => {
    const hearing$ = new BehaviorSubject(true);
    const state = {
      rung: 0,
      proven: false,
      deaf: false,
      failures: 0,
      overrun: false,
      overruns: 0,
      hopeless: false,
      polled: false,
    };
    const counts = { lines: 0, events: 0, lost: 0, restarts: 0 };

    const lost = (
      rung: Rung,
      event: ChildEvent & { kind: 'complaint' | 'ended' },
      listened: boolean,
    ): Observable<Trigger> => {
      const why = event.kind === 'ended' ? event.why : event.text;
      const last = state.rung === rungs.length - 1;
      if (!state.proven && !last) {
        log.debug('trigger_source_skipped', `${rung.name} does not work here: ${why}`, { source: rung.name });
        state.rung += 1;
        return EMPTY;
      }
      const unfit = event.kind === 'ended' ? event.missing : UNFIT.test(event.text);
      state.hopeless = !state.proven && unfit;
      state.overrun = listened && OVERRUN.test(why);
      if (state.overrun) state.overruns += 1;
      else state.failures += 1;
      counts.lost += 1;
      // A storm overruns it again and again; it is told once.
      if (!state.deaf && (!state.overrun || state.overruns === 1)) {
        const then = state.hopeless ? 'no events here' : 'it is started again';
        log.warn('trigger_source_lost', `${rung.name}: ${why}; ${then}, polling meanwhile`, {
          source: rung.name,
          ...counts,
        });
      } else {
        log.debug('trigger_source_lost', `${rung.name}: ${why}`, { source: rung.name, ...counts });
      }
      state.deaf = true;
      components.onState?.(rung.name, state.hopeless ? 'polling' : 'restarting');
      hearing$.next(false);
      return listened ? of({ reason: 'events_lost', source: rung.name, mode: 'poll', detail: why }) : EMPTY;
    };

    const heard = (rung: Rung): Trigger => {
      const recovered = state.deaf;
      state.deaf = false;
      components.onState?.(rung.name, 'listening');
      hearing$.next(true);
      const message = `${rung.name} ${recovered ? 'listens again' : 'listens'}`;
      const fields = { source: rung.name, ...counts };
      if (!recovered) log.info('trigger_source_listening', message, fields);
      else if (state.overruns > 1) log.debug('trigger_source_recovered', message, fields);
      else log.info('trigger_source_recovered', message, fields);
      return recovered
        ? {
            reason: 'source_recovered',
            source: rung.name,
            // What came and went within an overrun left nothing to ask anybody outside about.
            mode: state.overrun ? 'poll' : 'inject',
            detail: 'listening again',
          }
        : { reason: 'interface_event', source: rung.name, mode: 'poll', detail: 'listening' };
    };

    const run = (rung: Rung): Observable<Trigger> => {
      const judge = guardedJudge(rung.judge());
      let listens = false;
      return runChild(spawn, rung.command).pipe(
        connect((child) => {
          const failure = child.pipe(filter(isFailure), take(1));
          const start = child.pipe(
            filter((event) => event.kind === 'started'),
            switchMap(({ pid }) => established(rung, pid, scheduler)),
            map((how) => {
              const again = listens;
              listens = true;
              // A program that knows nothing of what is asked may take its time to say so: a first guess proves nothing.
              state.proven ||= how === 'surely' || again;
              return again ? lookAgain(rung) : heard(rung);
            }),
          );
          const health = timer(HEALTHY, scheduler).pipe(
            tap(() => {
              state.failures = 0;
              state.overruns = 0;
            }),
            mergeMap(() => EMPTY),
          );
          const events = child.pipe(
            mergeMap((event): readonly Trigger[] => {
              if (event.kind !== 'line') return [];
              state.proven = true;
              counts.lines += 1;
              const verdict = judge(event.text);
              log.trace('trigger_line', verdict.kind === 'event' ? verdict.detail : verdict.why, {
                source: rung.name,
              });
              if (verdict.kind === 'noise') return [];
              counts.events += 1;
              return [{ reason: 'interface_event', source: rung.name, mode: 'poll', detail: verdict.detail }];
            }),
          );
          return merge(
            merge(events, start, health).pipe(takeUntil(failure)),
            failure.pipe(mergeMap((event) => lost(rung, event, listens))),
          );
        }),
      );
    };

    const rounds = defer(() => {
      const rung = rungs[state.rung];
      return rung === undefined ? NEVER : run(rung);
    }).pipe(
      repeat({
        delay: () => {
          if (state.hopeless) return EMPTY;
          // The next rung of the ladder is tried at once.
          if (!state.deaf) return of(true);
          counts.restarts += 1;
          const wait = state.overrun ? AFTER_OVERRUN : restartDelay(state.failures, components.random);
          return timer(wait, scheduler);
        },
      }),
    );

    const whileDeaf = hearing$.pipe(
      distinctUntilChanged(),
      switchMap((hearing) => {
        if (hearing) return EMPTY;
        const first = !state.polled;
        state.polled = true;
        return polling(components, { every: init.poll, quiet: !first });
      }),
    );
    return merge(rounds, whileDeaf);
  });
}

/** It may have begun to listen only after the first look. */
const lookAgain = (rung: Rung): Trigger => ({
  reason: 'interface_event',
  source: rung.name,
  mode: 'poll',
  detail: 'listening for a while',
});

const isFailure = (event: ChildEvent): event is ChildEvent & { kind: 'complaint' | 'ended' } =>
  event.kind === 'complaint' || event.kind === 'ended';
