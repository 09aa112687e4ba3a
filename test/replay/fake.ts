import { fqdn } from '../../src/model/name.ts';
import type { RecordKey } from '../../src/model/record.ts';
import { createHttpPool } from '../../src/net/http-client.ts';
import type { Provider } from '../../src/sinks/contract.ts';
import { absoluteIn, relativeTo } from '../../src/sinks/rest/records.ts';
import {
  type HeldRecord,
  RETRY_AFTER,
  replyOf,
  type SinkBench,
  type Trouble,
} from '../conformance/harness.ts';
import { type Reply, type SeenRequest, startHttpServer } from '../fakes/http-server.ts';
import { RecordStore } from '../fakes/records.ts';
import { components, fakeTime } from '../sinks/rest/support.ts';
import { type Asked, type Dialect, kindOf, type Raw } from './dialect.ts';
import { faultsOf } from './legal.ts';

const ZONE = fqdn('example.org');
const ZONE_ID = '53091';

/** Small, so that a handful of records fills several pages. */
export const PAGE_SIZE = 3;

/** What a conformance bench must know of a provider beside its dialect. */
export interface FakeInit {
  readonly dialect: Dialect;
  // biome-ignore lint/suspicious/noExplicitAny: every provider has options of its own
  readonly provider: Provider<any>;
  /** The answer to a request for the zone, or the zones. */
  readonly zones: (zone: { id: string; name: string }) => unknown;
  /** A record as the provider lists it, with things of its own that must survive. */
  readonly raw: (record: { id: string; name: string; type: string; content: string; number: number }) => Raw;
  /** The provider's own way to refuse. */
  readonly refusal: (trouble: 'credentials' | 'rate_limited') => { status: number; body: unknown };
  /** How the provider refuses a request whose signature is not the right one. */
  readonly unsigned?: (request: SeenRequest) => { status: number; body: unknown } | undefined;
  /** Names as the provider writes them: whole, or relative to the zone. */
  readonly names: 'absolute' | 'relative';
  /** Credentials and whatever else is not `endpoint`; a token if not given. */
  readonly options?: object;
}

/** A service that holds records and changes them as the recorded one did (`dialect.ts`), with a sink that talks to it. */
export async function startFake(init: FakeInit): Promise<SinkBench> {
  const { dialect, provider } = init;
  const store = new RecordStore();
  let items: readonly Raw[] = [];
  let seeded = 0;

  const decode = dialect.wire?.decode ?? ((text: string) => JSON.parse(text) as unknown);
  const encode = dialect.wire?.encode ?? JSON.stringify;
  const type = dialect.wire?.type ?? 'application/json';
  // The time of the sink's own clock, so that a refused signature is not put down to a wrong one.
  const date = { date: new Date(Date.UTC(2026, 0, 1)).toUTCString() };
  const json = (status: number, body: unknown): Reply =>
    body === undefined
      ? { status, headers: date }
      : { status, headers: { 'content-type': type, ...date }, body: encode(body) };

  /** Requests that the provider's specification does not know. */
  const illegal: string[] = [];

  const respond = (request: SeenRequest): Reply => {
    illegal.push(...faultsOf(dialect.provider, request));
    const unsigned = init.unsigned?.(request);
    if (unsigned !== undefined) return json(unsigned.status, unsigned.body);
    const path = request.url.pathname.replace(/\/+$/, '');
    const body = request.body === '' ? undefined : decode(request.body);
    const { method, headers } = request;
    const asked: Asked = { method, path, query: request.url.searchParams, body, headers };
    const kind = kindOf(dialect, asked);
    const trouble = store.note(kind === 'write' ? 'write' : 'read');
    if (trouble !== undefined) return troubled(trouble);
    if (kind !== 'write') {
      if (kind === 'read') {
        const found = dialect.read?.(asked, items);
        return found === null ? json(404, {}) : json(200, found ?? init.zones({ id: ZONE_ID, name: ZONE }));
      }
      const paged = dialect.page?.(items, asked, PAGE_SIZE);
      if (paged !== undefined) {
        const answer = json(200, paged.body);
        return { ...answer, headers: { ...answer.headers, ...paged.headers } };
      }
      // The name asked for is ignored: whoever lists must follow the pages, and match by name and type himself.
      const page = Number(asked.query.get('page') ?? 1);
      const last = Math.max(1, Math.ceil(items.length / PAGE_SIZE));
      const part = items.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
      return json(200, dialect.list(part, { page, last, total: items.length }));
    }
    const after = dialect.after(items, asked);
    if (after === undefined) return json(404, {});
    const answer = dialect.answer(asked, items, after);
    items = after;
    return json(answer.status, answer.body);
  };

  const troubled = (trouble: Trouble): Reply => {
    if (trouble !== 'credentials' && trouble !== 'rate_limited') return replyOf(trouble);
    const { status, body } = init.refusal(trouble);
    const wait = trouble === 'rate_limited' ? { 'retry-after': String(RETRY_AFTER) } : {};
    const answer = json(status, body);
    return { ...answer, headers: { ...answer.headers, ...wait } };
  };

  const held = (): readonly HeldRecord[] =>
    items.flatMap((item) =>
      dialect.values(item).map(({ name, type, content }): HeldRecord => {
        const absolute = init.names === 'absolute' ? name : absoluteIn(ZONE, name);
        return {
          key: { name: fqdn(absolute), type } as RecordKey,
          content,
          other: (dialect.extras ?? extras)(item, content),
        };
      }),
    );

  const pool = createHttpPool({ userAgent: 'netdrift-test/1.0' });
  const server = await startHttpServer({ respond });
  const endpoint = new URL(new URL(dialect.base).pathname, server.url).href;
  const time = fakeTime();
  const sinkWith = (more: object, on = fakeTime()) => {
    const options = provider.options.parse({
      ...(init.options ?? { token: 'token-token' }),
      endpoint,
      ...more,
    });
    return provider.create({ name: 'test', options, keys: [] }, components(on));
  };
  return {
    sink: sinkWith({}, time),
    sinkWith: (more) => sinkWith(more),
    http: pool.client,
    names: [fqdn('home.example.org'), fqdn('other.example.org')],
    neighbour: fqdn('myhome.example.org'),
    seed: (records, standard) => {
      for (const { key, content } of records) {
        seeded += 1;
        const name = init.names === 'absolute' ? key.name : relativeTo(ZONE, key.name);
        const raw = init.raw({ id: String(seeded), name, type: key.type, content, number: seeded });
        items = [...items, standard === 'default' ? { ...raw, ttl: null } : raw];
      }
    },
    held,
    requests: () => [...store.log],
    next: (request, trouble) => store.next(request, trouble),
    busy: () => server.load.now,
    pass: time.pass,
    close: async () => {
      await pool.close();
      await server.close();
      if (illegal.length > 0)
        throw new Error(`illegal requests to ${dialect.provider}: ${illegal.join('; ')}`);
    },
  };
}

/** All of a record, or of the member of a set, but what the sink is to change. */
function extras(item: Raw, content: string): unknown {
  const { id, content: _content, data, records, ...rest } = item;
  const members = (records ?? []) as readonly { value: string; comment?: string }[];
  const comment = members.find((member) => member.value === content)?.comment;
  return comment === undefined ? rest : { ...rest, comment };
}
