import { address, familyOf } from '../../src/model/address.ts';
import { recordTypeOf } from '../../src/model/family.ts';
import { fqdn } from '../../src/model/name.ts';
import { custom } from '../../src/sinks/table/custom.ts';
import { rows } from '../../src/sinks/table/providers.ts';
import { providerOf, type TableProvider } from '../../src/sinks/table/row.ts';
import { type Reply, type SeenRequest, startHttpServer } from '../fakes/http-server.ts';
import { RecordStore } from '../fakes/records.ts';
import { components, httpPool } from '../fakes/sink-call.ts';
import { replyOf, type SinkBench, type SinkHarness, type Trouble } from './harness.ts';
import { describeSinkConformance } from './suite.ts';

/** What one service calls things and how it answers; `keep` leaves a family alone, `clear` removes it. */
interface Dialect {
  readonly zone?: string;
  readonly names: string;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  readonly keep?: string;
  readonly clear?: string;
  readonly badLogin: Reply;
  readonly answer: (changed: boolean) => Reply;
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  duckdns: {
    zone: 'duckdns.org',
    names: 'domains',
    ipv4: ['ip'],
    ipv6: ['ipv6'],
    badLogin: { body: 'KO' },
    answer: (changed) => ({ body: `OK\n\n\n${changed ? 'UPDATED' : 'NOCHANGE'}` }),
  },
  dynv6: {
    names: 'zone',
    ipv4: ['ipv4'],
    ipv6: ['ipv6'],
    clear: '-',
    badLogin: { status: 401, body: 'invalid authentication token' },
    answer: (changed) => ({ body: changed ? 'addresses updated' : 'addresses unchanged' }),
  },
  'desec-dyndns': {
    names: 'hostname',
    ipv4: ['myipv4'],
    ipv6: ['myipv6'],
    keep: 'preserve',
    clear: '',
    badLogin: { status: 401, body: 'badauth' },
    answer: () => ({ body: 'good' }),
  },
  dynu: {
    names: 'hostname',
    ipv4: ['myip'],
    ipv6: ['myipv6'],
    keep: 'no',
    badLogin: { body: 'badauth' },
    answer: (changed) => ({ body: changed ? 'good' : 'nochg' }),
  },
  domeneshop: {
    names: 'hostname',
    ipv4: ['myip'],
    ipv6: ['myip'],
    badLogin: { status: 401 },
    answer: () => ({ status: 204 }),
  },
  njalla: {
    names: 'h',
    ipv4: ['a'],
    ipv6: ['aaaa'],
    badLogin: { status: 401, body: '{"status": 401, "message": "invalid host or key"}' },
    answer: () => ({ body: '{"status": 200, "message": "record updated"}' }),
  },
  noip: {
    names: 'hostname',
    ipv4: ['myip'],
    ipv6: ['myip'],
    badLogin: { body: 'badauth' },
    answer: (changed) => ({ body: changed ? 'good' : 'nochg' }),
  },
};

/** A service that holds records and does what its dialect says. */
function serve({ url }: SeenRequest, store: RecordStore, dialect: Dialect, perName: boolean): Reply {
  const trouble = store.note('write');
  if (trouble === 'credentials') return dialect.badLogin;
  if (trouble !== undefined) return replyOf(trouble);
  const names = (url.searchParams.get(dialect.names) ?? '').split(',');
  const replies = names.map((text) => {
    const name = fqdn(dialect.zone === undefined ? text : `${text}.${dialect.zone}`);
    const before = JSON.stringify(store.records);
    for (const [type, parameters] of [
      ['A', dialect.ipv4],
      ['AAAA', dialect.ipv6],
    ] as const) {
      for (const value of parameters.flatMap(
        (parameter) => url.searchParams.get(parameter)?.split(',') ?? [],
      )) {
        if (value === dialect.keep) continue;
        if (value === dialect.clear) store.set({ name, type }, []);
        else if (recordTypeOf(familyOf(address(value))) === type) store.set({ name, type }, [address(value)]);
      }
    }
    return dialect.answer(JSON.stringify(store.records) !== before);
  });
  const [first = {}] = replies;
  return perName ? { ...first, body: replies.map(({ body }) => body).join('\n') } : first;
}

function harness<Options>(
  provider: TableProvider<Options>,
  mapping: (origin: string) => object,
  dialect: Dialect,
): SinkHarness {
  const start = async (): Promise<SinkBench> => {
    const store = new RecordStore();
    const pool = httpPool();
    const perName = (provider.row.service.answer?.read ?? 'lines') === 'lines';
    const server = await startHttpServer({ respond: (request) => serve(request, store, dialect, perName) });
    const options = provider.options.parse(mapping(server.url.origin));
    const zone = dialect.zone ?? 'example.org';
    return {
      sink: provider.create({ name: 'test', options, keys: [] }, components),
      http: pool.client,
      names: [fqdn(`home.${zone}`), fqdn(`other.${zone}`)],
      neighbour: fqdn(`myhome.${zone}`),
      seed: (records) => void store.records.push(...records),
      held: () => [...store.records],
      requests: () => [...store.log],
      next: (request, trouble: Trouble) => store.next(request, trouble),
      busy: () => server.load.now,
      close: async () => {
        await pool.close();
        await server.close();
      },
    };
  };
  return {
    traits: provider.traits,
    reads: false,
    removes: dialect.clear !== undefined,
    troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
    start,
  };
}

for (const [name, dialect] of Object.entries(DIALECTS)) {
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  const provider = providerOf(row);
  const credentials = provider.example.includes('username:')
    ? { username: 'alice', password: 'hunter22' }
    : { token: 'hunter22' };
  describeSinkConformance(
    name,
    harness(provider, (origin) => ({ ...credentials, endpoint: origin }), dialect),
  );
}

const own = {
  parameters: { host: '{names}', key: '{token}', four: '{ipv4}', six: '{ipv6}' },
  names_per_request: 10,
  clear: 'gone',
  answer: { words: { done: 'updated', same: 'unchanged', 'who are you': 'credentials' } },
} as const;
describeSinkConformance(
  'custom',
  harness(
    {
      ...custom,
      row: { name: 'custom', title: '', source: '', credentials: '', service: { url: '', ...own } },
    },
    (origin) => ({ url: `${origin}/set`, token: 'hunter22', ...own }),
    {
      names: 'host',
      ipv4: ['four'],
      ipv6: ['six'],
      clear: 'gone',
      badLogin: { body: 'who are you' },
      answer: (changed) => ({ body: changed ? 'done' : 'same' }),
    },
  ),
);
