import type { RecordType } from '../../src/model/family.ts';
import { fqdn } from '../../src/model/name.ts';
import { type ActualRecord, sameKey } from '../../src/model/record.ts';
import type { HttpAnswer, HttpFailure, HttpRequest } from '../../src/net/http.ts';
import { type Call, type Sink, SinkError, type Traits, type WriteResult } from '../../src/sinks/contract.ts';
import { type Effect, failureOfHttpFailure, failureOfStatus } from '../../src/sinks/failures.ts';
import { failedAll } from '../../src/sinks/send-all.ts';
import { type Reply, type SeenRequest, startHttpServer } from '../fakes/http-server.ts';
import { RecordStore } from '../fakes/records.ts';
import { httpPool } from '../fakes/sink-call.ts';
import { replyOf, type SinkBench } from './harness.ts';
import { describeSinkConformance } from './suite.ts';

// A service nobody offers: GET /records?page=N gives two a page; PUT /record sets the addresses of one key and leaves
// `other` alone. It shows what a harness takes, and holds the suite's own reading half to account.

const traits: Traits = { batch: 1, multiple: true, creates: true, families: 'separate' };
const PAGE = 2;

interface Row {
  readonly name: string;
  readonly type: RecordType;
  readonly content: string;
}

function answer({ method, url, body }: SeenRequest, store: RecordStore): Reply {
  const trouble = store.note(method === 'GET' ? 'read' : 'write');
  if (trouble !== undefined) return replyOf(trouble);
  if (method === 'GET') {
    const first = Number(url.searchParams.get('page')) * PAGE;
    const rows = store.records.map(({ key, content }): Row => ({ ...key, content }));
    return {
      body: JSON.stringify({ rows: rows.slice(first, first + PAGE), more: first + PAGE < rows.length }),
    };
  }
  const { name, type, contents } = JSON.parse(body) as Row & { readonly contents: readonly string[] };
  const key = { name: fqdn(name), type };
  const other = store.records.find((record) => sameKey(record.key, key))?.other;
  store.set(key, contents);
  store.records = store.records.map((record) => (sameKey(record.key, key) ? { ...record, other } : record));
  return { body: '{"done":true}' };
}

function createExample(origin: string): Sink {
  const exchange = async <T>(
    request: Omit<HttpRequest, 'url'>,
    path: string,
    call: Call,
    effect: Effect,
  ): Promise<T> => {
    const url = new URL(path, origin);
    const answered: HttpAnswer = await call
      .http({ ...request, url }, call.signal)
      .catch((error: HttpFailure) => {
        throw new SinkError(failureOfHttpFailure(error, effect));
      });
    if (answered.status !== 200) throw new SinkError(failureOfStatus(answered, { effect, now: 0 }));
    try {
      return JSON.parse(answered.body) as T;
    } catch {
      const message = 'the answer is not JSON';
      throw new SinkError({ class: 'transient', scope: 'sink', message, unclear: effect === 'write' });
    }
  };
  return {
    read: async (keys, call) => {
      const found: ActualRecord[] = [];
      for (let page = 0, more = true; more; page++) {
        const list = await exchange<{ rows: Row[]; more: boolean }>(
          { method: 'GET' },
          `/records?page=${page}`,
          call,
          'read',
        );
        for (const { name, type, content } of list.rows)
          found.push({ key: { name: fqdn(name), type }, content });
        more = list.more;
      }
      return found.filter(({ key }) => keys.some((each) => sameKey(each, key)));
    },
    write: async (changes, call) => {
      const results: WriteResult[] = [];
      for (const { target } of changes) {
        const body = JSON.stringify({ ...target.key, contents: target.addresses });
        try {
          await exchange({ method: 'PUT', body }, '/record', call, 'write');
          results.push({ key: target.key, kind: 'updated' });
        } catch (error) {
          if (!(error instanceof SinkError)) throw error;
          results.push(...failedAll([target.key], error.failure));
        }
      }
      return results;
    },
  };
}

async function start(): Promise<SinkBench> {
  const store = new RecordStore();
  const pool = httpPool();
  const server = await startHttpServer({ respond: (request) => answer(request, store) });
  return {
    sink: createExample(server.url.origin),
    http: pool.client,
    names: [fqdn('home.example.org'), fqdn('other.example.org')],
    neighbour: fqdn('myhome.example.org'),
    seed: (records) =>
      void store.records.push(...records.map((each, index) => ({ ...each, other: `comment ${index}` }))),
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

describeSinkConformance('the example', {
  traits,
  reads: true,
  pageSize: PAGE,
  removes: true,
  troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
  start,
});
