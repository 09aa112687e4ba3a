import { parseAddress } from '../../../src/model/address.ts';
import type { RecordType } from '../../../src/model/family.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { RecordKey } from '../../../src/model/record.ts';
import { CLASS, OPCODE, RCODE, TYPE } from '../../../src/net/dns/codes.ts';
import { rfc2136 } from '../../../src/sinks/rfc2136/index.ts';
import type { HeldRecord, SinkBench, Trouble } from '../../conformance/harness.ts';
import { describeSinkConformance } from '../../conformance/suite.ts';
import { noHttp } from '../../fakes/sink-call.ts';
import { FakeServer, type Incoming } from './fake-server.ts';
import { KEY, NOW, sinkAt } from './support.ts';

const sortOf = ({ message }: Incoming): 'read' | 'write' =>
  message.opcode === OPCODE.UPDATE ? 'write' : 'read';

function meet(trouble: Trouble, { reply, coded }: Incoming): void {
  switch (trouble) {
    case 'credentials':
      reply(coded(RCODE.REFUSED));
      break;
    case 'server_error':
      reply(coded(RCODE.SERVFAIL));
      break;
    case 'malformed':
      reply(Uint8Array.from([...coded(0).subarray(0, 12), 0xff, 0xff]));
      break;
    case 'hang':
      break;
    case 'rate_limited':
      throw new Error('there is no such answer in DNS');
  }
}

const TYPES = ['A', 'AAAA'] as const satisfies readonly RecordType[];

/** TCP, since with UDP nobody sees that a client has gone; the unit tests have both. */
async function start(): Promise<SinkBench> {
  const server = new FakeServer({ zone: 'example.org', key: KEY, time: () => NOW });
  await server.start();
  const timing = { datagramWaits: [60_000], doubt: 20, stream: 60_000 };
  const troubles: [sort: 'read' | 'write', trouble: Trouble][] = [];
  server.intercept = (incoming) => {
    const [next] = troubles;
    if (next?.[0] !== sortOf(incoming)) return false;
    troubles.shift();
    meet(next[1], incoming);
    return true;
  };
  const held = (): HeldRecord[] =>
    [...server.records.values()].flat().flatMap(({ name, type, ttl, data }) =>
      data.kind === 'address'
        ? {
            key: { name: fqdn(name), type: type === TYPE.A ? 'A' : 'AAAA' },
            content: data.address,
            other: ttl,
          }
        : {
            key: { name: fqdn(name), type: 'TXT' } as unknown as RecordKey,
            content: data.kind === 'opaque' ? Buffer.from(data.octets.subarray(1)).toString() : data.kind,
            other: ttl,
          },
    );
  return {
    sink: sinkAt(server.port, { transport: 'tcp' }, { timing }),
    sinkWith: (options) => sinkAt(server.port, { transport: 'tcp', ...options }, { timing }),
    http: noHttp,
    names: [fqdn('home.example.org'), fqdn('other.example.org')],
    neighbour: fqdn('myhome.example.org'),
    seed: (records) => {
      for (const { key, content } of records) {
        const address = parseAddress(content);
        if (address === undefined || !TYPES.includes(key.type)) throw new Error(`cannot hold ${content}`);
        const place = `${key.name}/${TYPE[key.type]}`;
        const made = { name: key.name, type: TYPE[key.type], class: CLASS.IN, ttl: 1_234 };
        const before = server.records.get(place) ?? [];
        server.records.set(place, [...before, { ...made, data: { kind: 'address', address } }]);
      }
    },
    held,
    requests: () => server.received.map(sortOf),
    next: (request, trouble) => troubles.push([request, trouble]),
    busy: () => server.streams,
    close: () => server.stop(),
  };
}

describeSinkConformance('rfc2136', {
  traits: rfc2136.traits,
  reads: true,
  owns: true,
  atomic: true,
  removes: true,
  troubles: ['credentials', 'server_error', 'hang', 'malformed'],
  start,
});
