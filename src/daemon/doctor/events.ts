import { type Observable, Subject, takeUntil } from 'rxjs';
import type { Trigger } from '../../model/trigger.ts';
import type { EventsReport } from './contract.ts';
import { within } from './deadline.ts';

/** Subscribes to the events of the system; tells each change of how they are heard. */
export type ListenToEvents = (
  onState: (source: string, state: 'listening' | 'restarting' | 'polling') => void,
) => Observable<Trigger>;

/** Milliseconds for a source to say that it listens; a good one needs 100. */
const DEADLINE = 3_000;

/** Listens for as long as it takes to know that the source does; nothing is changed to make an event happen. */
export async function checkEvents(listen: ListenToEvents, now: () => number): Promise<EventsReport> {
  const began = now();
  const ended = new Subject<void>();
  try {
    const { source, state } = await within<Pick<EventsReport, 'source' | 'state'>>(
      DEADLINE,
      () =>
        new Promise((resolve, reject) => {
          const onState = (name: string, told: 'listening' | 'restarting' | 'polling'): void => {
            // Restarting is not the last word: it listens or polls afterwards.
            if (told !== 'restarting') resolve({ source: name, state: told });
          };
          listen(onState).pipe(takeUntil(ended)).subscribe({ error: reject });
        }),
      () => ({ source: 'events', state: 'silent' }),
    );
    return { source, state, took: now() - began };
  } finally {
    ended.next();
  }
}
