import type { RecordKey } from '../../model/record.ts';
import type { Sink, WriteResult } from '../contract.ts';
import { restChange } from './records.ts';
import type { RestSession } from './session.ts';

/** A session as the sink contract wants it. */
export function restSink(session: RestSession): Sink & Required<Pick<Sink, 'read'>> {
  return {
    ...(session.batch !== undefined && { batch: session.batch }),
    ...(session.publishes && { writesAgain: 'unclear' as const }),
    read: async (keys, call) => {
      const records = await session.read(keys, call);
      // `session.read` answers with the very keys it was asked for, so these are A and AAAA.
      return records.map((record) => ({ ...record, key: record.key as RecordKey }));
    },
    write: async (changes, call) => {
      const results = await session.write(changes.map(restChange), call);
      return results.map(({ change, end }): WriteResult => ({ key: change.key as RecordKey, ...end }));
    },
  };
}
