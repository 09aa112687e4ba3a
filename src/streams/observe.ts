import { catchError, concatMap, map, type Observable, type OperatorFunction, of, scan } from 'rxjs';
import type { Snapshot } from '../model/snapshot.ts';
import type { Look, Trigger } from '../model/trigger.ts';
import { type Difference, difference } from './difference.ts';

/** One look at the host: what is there now and how it differs from the look before. */
export interface Observation {
  readonly look: Look;
  readonly snapshot: Snapshot;
  readonly difference: Difference;
  /** True if the difference calls for action, or somebody asked for it regardless. */
  readonly act: boolean;
}

/**
 * Answers each look with a full snapshot, compared with the one before. Looks are taken one after the other, never two at once.
 *
 * - after a long sleep the network counts as changed, though all looks the same: whatever was open then is dead by now;
 * - a snapshot that fails counts as one that shows no change (`onError` is told): the next look reads everything anew anyway;
 * - complete, error and unsubscribe pass through; an unsubscription ends a snapshot being read.
 */
export function observe(
  read: () => Observable<Snapshot>,
  onError: (error: unknown, look: Look) => void,
): OperatorFunction<Look, Observation> {
  interface Taken {
    readonly look: Look;
    readonly snapshot: Snapshot | undefined;
  }
  const empty: Snapshot = { interfaces: [], routes: [] };
  return (looks) =>
    looks.pipe(
      concatMap((look) =>
        read().pipe(
          map((snapshot): Taken => ({ look, snapshot })),
          catchError((error: unknown) => {
            onError(error, look);
            return of<Taken>({ look, snapshot: undefined });
          }),
        ),
      ),
      scan(
        (
          before: { snapshot: Snapshot | undefined; observation: Observation | undefined },
          { look, snapshot },
        ) => {
          const now = snapshot ?? before.snapshot ?? empty;
          const found = difference(before.snapshot, now);
          const act = found.act || look.mode === 'inject';
          const networkChanged = found.networkChanged || look.triggers.some(isLongSleep);
          const observation = { look, snapshot: now, difference: { ...found, networkChanged }, act };
          return { snapshot: now, observation };
        },
        { snapshot: undefined, observation: undefined },
      ),
      concatMap(({ observation }) => (observation ? [observation] : [])),
    );
}

/** A wake that asks for action whatever the look says: NAT and servers have forgotten every connection by then. */
const isLongSleep = ({ reason, mode }: Trigger): boolean => reason === 'wake' && mode === 'inject';
