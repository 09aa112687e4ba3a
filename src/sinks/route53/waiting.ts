import type * as z from 'zod';
import type { RestZone, WriteEnd } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { changedTtl, type RestChange, restKeyText } from '../rest/records.ts';
import { RestError } from '../rest/refusal.ts';
import { path } from '../rest/request.ts';
import { type info, progress } from './answers.ts';

/** A set, as lists and as changes name it. */
interface Named {
  readonly name: string;
  readonly type: string;
}
type ChangeInfo = z.output<typeof info>['ChangeInfo'];

/** Seconds of waiting are all that a call of ten seconds has room for. */
const FIRST = { every: 2_000, tries: 2 };
/** Route 53 takes up to a minute as a rule. */
const PENDING: WriteEnd = { pending: 'not yet at all servers of Route 53 (PENDING)', retryAfter: 15_000 };

/**
 * Changes that Route 53 has taken and not all its servers have yet, for `wait`. Its lists show them from the first moment, so a set under such a
 * change is listed as unfinished: it comes back to be written, and then the change is asked for instead.
 */
export class Waiting {
  /** The identifier of the change, for each set it has changed. */
  readonly #open = new Map<string, string>();

  /** True if this set is still on its way to some servers, as far as is known. */
  has(zone: RestZone, key: Named): boolean {
    return this.#open.has(placeOf(zone, key));
  }

  /** True if these changes were all sent before, and only their end is open. */
  hasAll(zone: RestZone, changes: readonly RestChange[]): boolean {
    return changes.every((change) => this.has(zone, change.key) && changesNothing(change));
  }

  /** After a change was taken: waits for the little time a call has. */
  async begin(
    ask: Ask,
    zone: RestZone,
    changes: readonly RestChange[],
    taken: ChangeInfo,
  ): Promise<WriteEnd> {
    for (const { key } of changes) this.#open.set(placeOf(zone, key), taken.Id);
    const last = await ask.poll(
      FIRST,
      taken,
      ({ Status }) => Status === 'PENDING',
      () => stateOf(ask, taken.Id),
    );
    return this.#ended(last);
  }

  /** How far changes are that were sent before. */
  async look(ask: Ask, zone: RestZone, changes: readonly RestChange[]): Promise<WriteEnd> {
    const ids = new Set(changes.flatMap(({ key }) => this.#open.get(placeOf(zone, key)) ?? []));
    let end: WriteEnd;
    for (const id of ids) end = this.#ended(await stateOf(ask, id)) ?? end;
    return end;
  }

  #ended({ Id, Status }: ChangeInfo): WriteEnd {
    if (Status === 'PENDING') return PENDING;
    for (const [place, id] of this.#open) if (id === Id) this.#open.delete(place);
    return undefined;
  }
}

const placeOf = ({ id }: RestZone, key: Named): string => `${id} ${restKeyText(key)}`;

const changesNothing = (change: RestChange): boolean =>
  changedTtl(change) === undefined &&
  change.edits.every((edit) => edit.kind === 'update' && edit.record.content === edit.value);

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html */
async function stateOf(ask: Ask, id: string): Promise<ChangeInfo> {
  try {
    const state = await ask.get(path`/2013-04-01/change/${id.replace('/change/', '')}`, progress);
    return { ...state.GetChangeResponse.ChangeInfo, Id: id };
  } catch (error) {
    // Changes are forgotten after a while, and long done by then.
    if (error instanceof RestError && error.code === 'NoSuchChange') return { Id: id, Status: 'INSYNC' };
    throw error;
  }
}
