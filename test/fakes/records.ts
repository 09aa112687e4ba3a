import type { RecordKey } from '../../src/model/record.ts';
import { sameKey } from '../../src/model/record.ts';
import type { HeldRecord, Trouble } from '../conformance/harness.ts';

/** The records of a fake provider, the log of what was asked of it, and the troubles to come. */
export class RecordStore {
  records: HeldRecord[] = [];
  readonly log: Array<'read' | 'write'> = [];
  readonly #troubles: Array<{ readonly request: 'read' | 'write'; readonly trouble: Trouble }> = [];

  next(request: 'read' | 'write', trouble: Trouble): void {
    this.#troubles.push({ request, trouble });
  }

  /** Notes a request; gives the trouble it is to meet. */
  note(request: 'read' | 'write'): Trouble | undefined {
    this.log.push(request);
    const index = this.#troubles.findIndex((each) => each.request === request);
    return index < 0 ? undefined : this.#troubles.splice(index, 1)[0]?.trouble;
  }

  /** Replaces all records of one key. */
  set(key: RecordKey, contents: readonly string[]): void {
    const rest = this.records.filter((record) => !sameKey(record.key, key));
    this.records = [...rest, ...contents.map((content) => ({ key, content }))];
  }
}
