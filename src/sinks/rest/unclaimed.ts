import { keyText } from '../../model/record.ts';
import type { Change, Sink, WriteResult } from '../contract.ts';

/**
 * For providers that keep the mark of ownership in the record itself, where a second record beside the first is no error: before a record is made
 * where there was none, looks once more whether somebody has made it meanwhile. Then it is read and judged again.
 */
export function unclaimedOnly(sink: Sink & Required<Pick<Sink, 'read'>>, title: string): Sink {
  return {
    ...sink,
    write: async (changes, call) => {
      const fresh = changes.filter(({ actual, edits }) => actual.length === 0 && edits.length > 0);
      if (fresh.length === 0) return sink.write(changes, call);
      const found = await sink.read(
        fresh.map(({ target }) => target.key),
        call,
      );
      const taken = new Set(found.map(({ key }) => keyText(key)));
      const isTaken = (change: Change) => fresh.includes(change) && taken.has(keyText(change.target.key));
      const lost = changes.filter(isTaken).map(({ target: { key } }): WriteResult => {
        const message = `${title}: somebody else has made the ${key.type} record of ${key.name} meanwhile`;
        return { key, kind: 'failed', failure: { class: 'conflict', scope: 'record', message } };
      });
      const rest = changes.filter((change) => !isTaken(change));
      return rest.length === 0 ? lost : [...lost, ...(await sink.write(rest, call))];
    },
  };
}
