import { connect, map, merge, type OperatorFunction } from 'rxjs';
import type { SinkSettings } from '../model/settings.ts';
import type { AddressBook } from './address-book.ts';
import { type LaneInit, type LaneInput, type LaneReport, lane } from './lane.ts';
import { isUrgent } from './look.ts';
import { type RecheckInit, recheck } from './recheck.ts';
import { type Resolved, resolveTargets } from './targets.ts';

export interface LaneSpec {
  readonly sink: SinkSettings;
  readonly init: LaneInit;
  readonly recheck: RecheckInit;
}

export interface SinkReport extends LaneReport {
  readonly sink: SinkSettings;
}

export interface FanOutInit {
  readonly lanes: readonly LaneSpec[];
  /** Told what a sink must not publish, before its lane runs. */
  readonly onResolved?: (sink: SinkSettings, resolved: Resolved, book: AddressBook) => void;
}

/**
 * Hands the book to every sink's lane, each with the targets that its configuration makes of it. The lanes share nothing: one that
 * is slow, held or broken delays no other.
 *
 * - complete: when every lane has come to rest;
 * - error of a lane: passed on (a lane turns failures into outcomes);
 * - unsubscribe: every lane aborts.
 */
export function fanOut(init: FanOutInit): OperatorFunction<AddressBook, SinkReport> {
  return connect((books) =>
    merge(
      ...init.lanes.map(({ sink, init: laneInit, recheck: recheckInit }) =>
        books.pipe(
          map((book): LaneInput => {
            const resolved = resolveTargets(book, sink);
            init.onResolved?.(sink, resolved, book);
            return {
              traceId: book.look.traceId,
              targets: resolved.targets,
              networkChanged: book.networkChanged,
              urgent: isUrgent(book.look),
            };
          }),
          recheck(recheckInit),
          lane(laneInit),
          map((report): SinkReport => ({ ...report, sink })),
        ),
      ),
    ),
  );
}
