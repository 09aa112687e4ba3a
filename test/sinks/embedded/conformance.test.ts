import { address } from '../../../src/model/address.ts';
import { fqdn } from '../../../src/model/name.ts';
import { keyText, type RecordKey } from '../../../src/model/record.ts';
import { encodeMessage } from '../../../src/net/dns/encode.ts';
import type { Change, Sink } from '../../../src/sinks/contract.ts';
import { createEmbedded, embedded } from '../../../src/sinks/embedded/index.ts';
import type { HeldRecord, SinkBench } from '../../conformance/harness.ts';
import { describeSinkConformance } from '../../conformance/suite.ts';
import { callOf, components, noHttp } from '../../fakes/sink-call.ts';
import { askUdp, bothTypes, decoded, query } from './support.ts';

const NAMES = ['home.example.org', 'other.example.org', 'myhome.example.org'] as const;

/** RRsets from single records. */
function rrsets(records: readonly HeldRecord[]): readonly Change[] {
  const byKey = new Map<string, HeldRecord[]>();
  for (const record of records) {
    const text = keyText(record.key);
    byKey.set(text, [...(byKey.get(text) ?? []), record]);
  }
  return [...byKey.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const addresses = group.map(({ content }) => address(content));
    return { target: { key: first.key, addresses }, actual: [], edits: [] };
  });
}

/** The sink is its own provider: what stands there is what its server answers after each write. */
async function start(): Promise<SinkBench> {
  const keys = NAMES.flatMap(bothTypes);
  const options = embedded.options.parse({ listen: '127.0.0.1:0', zone: 'example.org' });
  const inner = createEmbedded({ name: 'test', options, keys }, components);
  await inner.start();
  const requests: ('read' | 'write')[] = [];
  let held: readonly HeldRecord[] = [];
  const port = inner.endpoints[0]?.port ?? 0;
  const answered = async (key: RecordKey): Promise<readonly HeldRecord[]> => {
    const question = encodeMessage(query(key.name, key.type));
    const { answers } = decoded(await askUdp({ host: '127.0.0.1', port }, question));
    return answers.flatMap(({ data, ttl }) =>
      data.kind === 'address' ? [{ key, content: data.address, other: ttl }] : [],
    );
  };
  const sink: Sink = {
    read: async (asked, call) => {
      const records = await inner.read(asked, call);
      requests.push('read');
      return records;
    },
    write: async (changes, call) => {
      const results = await inner.write(changes, call);
      requests.push('write');
      held = (await Promise.all(keys.map(answered))).flat();
      return results;
    },
  };
  return {
    sink,
    http: noHttp,
    names: [fqdn(NAMES[0]), fqdn(NAMES[1])],
    neighbour: fqdn(NAMES[2]),
    // Memory takes it at once; the promise has nothing more to say.
    seed: (records) => {
      void inner.write(rrsets(records), callOf());
      held = [...held, ...records.map((record) => ({ ...record, other: options.ttl }))];
    },
    held: () => held,
    requests: () => requests,
    next: () => {},
    busy: () => 0,
    close: () => inner.stop(),
  };
}

describeSinkConformance('embedded', {
  traits: embedded.traits,
  reads: true,
  removes: true,
  troubles: [],
  start,
});
