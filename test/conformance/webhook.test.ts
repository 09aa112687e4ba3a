import type { RecordType } from '../../src/model/family.ts';
import { fqdn } from '../../src/model/name.ts';
import { webhook } from '../../src/sinks/webhook/provider.ts';
import { type Reply, type SeenRequest, startHttpServer } from '../fakes/http-server.ts';
import { RecordStore } from '../fakes/records.ts';
import { components, httpPool } from '../fakes/sink-call.ts';
import { replyOf, type SinkBench } from './harness.ts';
import { describeSinkConformance } from './suite.ts';

async function start(): Promise<SinkBench> {
  const store = new RecordStore();
  const pool = httpPool();
  const server = await startHttpServer({ respond: (request) => answer(request, store) });
  const url = `${server.url.origin}/records/{name}/{type}`;
  const options = webhook.options.parse({
    method: 'PUT',
    url,
    body: '{"contents": {addresses}, "ttl": {ttl}}',
    clear: { method: 'DELETE', url },
    success_body: { exact: 'OK' },
  });
  const sink = webhook.create({ name: 'test', options, keys: [] }, components);
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

function answer({ method, url, body }: SeenRequest, store: RecordStore): Reply {
  const trouble = store.note('write');
  if (trouble !== undefined) return replyOf(trouble);
  const [, name = '', type = ''] = url.pathname.split('/').slice(1);
  const contents = method === 'PUT' ? (JSON.parse(body) as { contents: string[] }).contents : [];
  store.set({ name: fqdn(name), type: type as RecordType }, contents);
  return { body: 'OK\n' };
}

describeSinkConformance('webhook', {
  traits: webhook.traits,
  reads: false,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start,
});
