import { fqdn } from '../../src/model/name.ts';
import { dyndns2 } from '../../src/sinks/dyndns2/provider.ts';
import { answerDyndns2 } from '../fakes/dyndns2.ts';
import { type Reply, type SeenRequest, startHttpServer } from '../fakes/http-server.ts';
import { RecordStore } from '../fakes/records.ts';
import { components, httpPool } from '../fakes/sink-call.ts';
import { replyOf, type SinkBench } from './harness.ts';
import { describeSinkConformance } from './suite.ts';

async function start(): Promise<SinkBench> {
  const store = new RecordStore();
  const pool = httpPool();
  const server = await startHttpServer({ respond: (request) => answer(request, store) });
  const input = { server: server.url.origin, username: 'alice', password: 'hunter22' };
  const sink = dyndns2.create({ name: 'test', options: dyndns2.options.parse(input), keys: [] }, components);
  return {
    sink,
    http: pool.client,
    names: [fqdn('home.example.org'), fqdn('other.example.org')],
    neighbour: fqdn('myhome.example.org'),
    seed: (records) => void store.records.push(...records),
    held: () => [...store.records],
    requests: () => [...store.log],
    next: (request, trouble) => store.next(request, trouble),
    busy: () => server.load.now,
    close: async () => {
      await pool.close();
      await server.close();
    },
  };
}

function answer(request: SeenRequest, store: RecordStore): Reply {
  const trouble = store.note('write');
  if (trouble === 'credentials') return { body: 'badauth' };
  if (trouble !== undefined) return replyOf(trouble);
  return answerDyndns2(request, store, { username: 'alice', password: 'hunter22' });
}

describeSinkConformance('dyndns2', {
  traits: dyndns2.traits,
  reads: false,
  removes: false,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start,
});
