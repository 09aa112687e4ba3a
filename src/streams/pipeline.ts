import { map, merge, type Observable, of, type SchedulerLike, tap } from 'rxjs';
import type { WatchSettings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Look, Trigger } from '../model/trigger.ts';
import { type AbsenceInit, absence } from './absence.ts';
import type { AddressBook, Findings } from './address-book.ts';
import { coalesce } from './coalesce.ts';
import { type DetectInit, detect } from './detect.ts';
import { distinct } from './distinct.ts';
import { type ElectInit, elect } from './elect.ts';
import { type FanOutInit, fanOut, type SinkReport } from './fan-out.ts';
import { addTrigger, lookFor } from './look.ts';
import { type Observation, observe } from './observe.ts';

/** What `addresses` is made of. */
export interface AddressParts {
  readonly watch: Pick<WatchSettings, 'settle' | 'settle_limit'>;
  readonly triggers: Observable<Trigger>;
  readonly snapshot: () => Observable<Snapshot>;
  readonly detect: DetectInit;
  readonly scheduler: SchedulerLike;
  /** A new id for each look, carried to its last outcome. */
  readonly traceId: () => string;
  readonly listener: AddressListener;
}

/** Told what happens on the way, for logs, metrics and the status; decides nothing. */
export interface AddressListener {
  readonly triggered?: (trigger: Trigger) => void;
  readonly looking?: (look: Look) => void;
  readonly snapshotFailed?: (error: unknown, look: Look) => void;
  readonly observed?: (observation: Observation) => void;
  readonly found?: (findings: Findings) => void;
  readonly entered?: (book: AddressBook) => void;
}

export interface PipelineParts extends AddressParts {
  readonly elect: ElectInit;
  readonly absence: AbsenceInit;
  readonly fanOut: FanOutInit;
}

const START: Trigger = { reason: 'start', source: 'netdrift', mode: 'inject' };

/** From reasons to look to what is known of the addresses: the first half, and the library's face. */
export function addresses(parts: AddressParts): Observable<AddressBook> {
  const { watch, scheduler, listener, traceId } = parts;
  const start = of([START]);
  const events = parts.triggers.pipe(
    tap((trigger) => listener.triggered?.(trigger)),
    coalesce({ settle: watch.settle, limit: watch.settle_limit, scheduler, add: addTrigger }),
  );
  return merge(events, start).pipe(
    map((triggers) => lookFor(triggers, traceId())),
    tap((look) => listener.looking?.(look)),
    observe(parts.snapshot, (error, look) => listener.snapshotFailed?.(error, look)),
    tap((observation) => listener.observed?.(observation)),
    detect(parts.detect),
    tap((findings) => listener.found?.(findings)),
    distinct(),
    tap((book) => listener.entered?.(book)),
  );
}

/** The whole of netdrift: when to look, what there is, what is new, who gets it. */
export function pipeline(parts: PipelineParts): Observable<SinkReport> {
  return addresses(parts).pipe(elect(parts.elect), absence(parts.absence), fanOut(parts.fanOut));
}
