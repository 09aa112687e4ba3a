import { keyText, type RecordKey } from '../../model/record.ts';
import type { Call, Change, Sink, WriteResult } from '../contract.ts';
import {
  isUnfinished,
  markName,
  markOf,
  type OwnerOptions,
  ownerInText,
  type Verdict,
  verdictOn,
} from '../ownership.ts';
import { keepsAddresses, otherTtl } from '../plan.ts';
import { type End, notSent } from './ends.ts';
import { type RestChange, type RestKey, type RestRecord, restChange } from './records.ts';
import type { RestSession } from './session.ts';

type Owned = OwnerOptions & { readonly owner: string };

/**
 * A session as a sink that writes nothing but its own: a TXT record beside each record says whose it is. The mark is written first and by
 * itself; an interruption in between leaves a name that is taken and empty, never a record that nobody knows to be ours. A mark stays when
 * its record is removed, so that the name stays taken.
 *
 * No provider of this kind sets a mark only if there is none. So the marks are looked at just before one is set and once more after: of two that
 * take a name in the same moment, each one sees the other's mark in the second look, or has had its own replaced.
 */
export function ownedRestSink(session: RestSession, title: string, options: Owned): Sink {
  return new OwnedSink(session, title, options);
}

class OwnedSink implements Sink {
  readonly writesAgain?: 'unclear';
  readonly #session: RestSession;
  readonly #title: string;
  readonly #options: Owned;
  /** As the last `read` found them; a write uses them up. */
  readonly #marks = new Map<string, readonly RestRecord[]>();

  constructor(session: RestSession, title: string, options: Owned) {
    if (session.publishes) this.writesAgain = 'unclear';
    this.#session = session;
    this.#title = title;
    this.#options = options;
  }

  async read(keys: readonly RecordKey[], call: Call) {
    const records = await this.#readAll(keys, keys, call);
    return records.map((record) => {
      const key = record.key as RecordKey;
      const unfinished = isUnfinished(this.#owners(key), this.#options);
      return { ...record, key, ...(unfinished && { unfinished: true as const }) };
    });
  }

  async write(changes: readonly Change[], call: Call): Promise<readonly WriteResult[]> {
    const unknown = changes.map(({ target }) => target.key).filter((key) => !this.#marks.has(keyText(key)));
    if (unknown.length > 0) await this.#readAll([], unknown, call);
    const free = changes.filter((change) => this.#verdict(change).kind === 'mark');
    await this.#look(free, call);
    const ends = await this.#mark(
      free.filter((change) => this.#verdict(change).kind === 'mark'),
      call,
    );
    await this.#look(
      free.filter(({ target }) => ends.get(keyText(target.key))?.kind === 'updated'),
      call,
    );
    const results: WriteResult[] = [];
    const ready: Change[] = [];
    for (const change of changes) {
      const { key } = change.target;
      const end = ends.get(keyText(key));
      const verdict = this.#verdict(change);
      // A list that does not show our own mark yet says nothing against it.
      const refused = verdict.kind === 'refused' && (end === undefined || this.#other(key) !== undefined);
      if (refused) results.push(this.#refused(change, verdict.message));
      else if (end?.kind === 'failed')
        results.push({ key, kind: 'failed', failure: markFailure(end.failure) });
      else if (end?.kind === 'pending') results.push({ key, ...end });
      // Only the mark was missing.
      else if (end !== undefined && isRight(change)) results.push({ key, kind: 'updated' });
      else ready.push(change);
    }
    for (const { target } of changes) this.#marks.delete(keyText(target.key));
    if (ready.length === 0) return results;
    const written = await this.#session.write(ready.map(restChange), call);
    return [...results, ...written.map(({ change, end }) => ({ key: change.key as RecordKey, ...end }))];
  }

  async #readAll(
    keys: readonly RecordKey[],
    marked: readonly RecordKey[],
    call: Call,
  ): Promise<readonly RestRecord[]> {
    const places = marked.map((key) => ({ key, mark: markKey(key) }));
    const marks = places.flatMap(({ mark }) => mark ?? []);
    const records = await this.#session.read([...keys, ...marks], call);
    for (const { key, mark } of places) {
      this.#marks.set(
        keyText(key),
        records.filter(({ key: { name, type } }) => type === 'TXT' && name === mark?.name),
      );
    }
    return records.filter(({ key }) => key.type !== 'TXT');
  }

  /** Reads the marks of these again. */
  async #look(changes: readonly Change[], call: Call): Promise<void> {
    if (changes.length === 0) return;
    await this.#readAll(
      [],
      changes.map(({ target }) => target.key),
      call,
    );
  }

  #other(key: RecordKey): string | undefined {
    return this.#owners(key).find((owner) => owner !== this.#options.owner);
  }

  #owners(key: RecordKey): readonly string[] {
    return (this.#marks.get(keyText(key)) ?? []).flatMap(({ content }) => ownerInText(content) ?? []);
  }

  #verdict({ target, actual }: Change): Verdict {
    const owners = this.#owners(target.key);
    if (markKey(target.key) === undefined)
      return { kind: 'refused', message: `${target.key.name} is too long to be marked; leave out \`owner\`` };
    return verdictOn(target.key, owners, owners.length === 0 && actual.length > 0, this.#options);
  }

  #refused({ target }: Change, message: string): WriteResult {
    const failure = { class: 'refused', scope: 'record', message: `${this.#title}: ${message}` } as const;
    return { key: target.key, kind: 'failed', failure };
  }

  /** How the marking of each of them ended. */
  async #mark(changes: readonly Change[], call: Call): Promise<ReadonlyMap<string, End>> {
    if (changes.length === 0) return new Map();
    const value = markOf(this.#options.owner);
    const written = await this.#session.write(
      changes.flatMap(({ target }): readonly RestChange[] => {
        const key = markKey(target.key);
        // What stands there beside marks (somebody's own TXT record) stays.
        const actual = this.#marks.get(keyText(target.key)) ?? [];
        const values = [...actual.map(({ content }) => content), value];
        return key === undefined ? [] : [{ key, values, actual, edits: [{ kind: 'create', value }] }];
      }),
      call,
    );
    const ends = new Map(written.map(({ change, end }) => [`${change.key.name}/${change.key.type}`, end]));
    return new Map(
      changes.flatMap(({ target }) => {
        const key = markKey(target.key);
        const end = key && ends.get(`${key.name}/${key.type}`);
        return end === undefined ? [] : [[keyText(target.key), end] as const];
      }),
    );
  }
}

function markKey(key: RecordKey): RestKey | undefined {
  const name = markName(key);
  return name === undefined ? undefined : { name, type: 'TXT' };
}

const isRight = (change: Change): boolean =>
  keepsAddresses(change) && !change.actual.some((record) => otherTtl(change.target, record) !== undefined);

const markFailure = (failure: Parameters<typeof notSent>[0]) => {
  const { message, ...rest } = notSent(failure);
  return { ...rest, message: `the mark of ownership was not written: ${message}` };
};
