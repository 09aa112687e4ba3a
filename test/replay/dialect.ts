import type { Recording } from './recording.ts';

/** A request as the replay server sees it, recorded or sent. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Of requests that were sent; recordings have none. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export type Kind = 'list' | 'read' | 'write';

/** A record object of the provider, as it stands in its lists. */
export type Raw = Readonly<Record<string, unknown>>;

/** One value of a record set, for comparing what happened: absolute or relative name as the provider writes it. */
export interface Value {
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl: unknown;
}

export interface Place {
  readonly page: number;
  readonly last: number;
  readonly total: number;
}

const only = (items: readonly Raw[]): Place => ({ page: 1, last: 1, total: items.length });

/** What the replay server must know of a provider: how its writes change its records, and how its lists look. */
export interface Dialect {
  readonly provider: string;
  /** Everything before the paths our client adds. */
  readonly base: string;
  isList(path: string): boolean;
  items(body: unknown): readonly Raw[];
  /** One page of a list; the only one unless `place` says otherwise. */
  list(items: readonly Raw[], place?: Place): unknown;
  filtered(items: readonly Raw[], query: URLSearchParams): readonly Raw[];
  values(item: Raw): readonly Value[];
  /**
   * The records after a write; `undefined` if the request is none. `created` is the object the recording gives to a created
   * record. @throws if the write is not possible on these records.
   */
  after(items: readonly Raw[], asked: Asked, created?: Raw): readonly Raw[] | undefined;
  /** True if a request of one method can be answered with what was recorded for another. */
  alike(one: string, other: string): boolean;
  /** The record object in the recorded answer to a create. */
  createdIn(body: unknown): Raw | undefined;
  /** The answer to a write of a form that was not recorded, though its effect was. */
  answer(asked: Asked, before: readonly Raw[], after: readonly Raw[]): { status: number; body: unknown };
  /** What a request is for, where method and path do not tell. */
  kind?(asked: Asked): Kind;
  /** Bodies that are not JSON. */
  readonly wire?: {
    readonly type: string;
    decode(text: string): unknown;
    encode(body: unknown): string;
  };
  /** What identifies a record of a list, where lists of recordings are filtered and have to be put together. */
  identity?(item: Raw): string;
  /** Records that were there before the first write, where no list was recorded before it. */
  start?(recording: Recording): readonly Raw[];
  /** Answers to reads beside zones and lists; `null` for what is not there. */
  read?(asked: Asked, items: readonly Raw[]): unknown;
  /** One page of a list, where pages are not asked for by `page`. */
  page?(
    items: readonly Raw[],
    asked: Asked,
    size: number,
  ): { readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };
  /** All of a record, or of a member of a set, but what the sink is to change. */
  extras?(item: Raw, content: string): unknown;
}

/** What a request is for; most services tell by the method. */
export function kindOf(dialect: Dialect, asked: Asked): Kind {
  if (dialect.kind !== undefined) return dialect.kind(asked);
  if (asked.method !== 'GET') return 'write';
  return dialect.isList(asked.path) ? 'list' : 'read';
}

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => (value ?? {}) as Fields;
const given = (value: unknown): Fields =>
  Object.fromEntries(Object.entries(fields(value)).filter(([, one]) => one !== null && one !== undefined));
const lastPart = (path: string): string => decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));

function change(items: readonly Raw[], id: string, edit: (item: Raw) => Raw | undefined): readonly Raw[] {
  if (!items.some((item) => String(item['id']) === id)) throw new Error(`no record ${id}`);
  return items.flatMap((item): readonly Raw[] => {
    if (String(item['id']) !== id) return [item];
    const edited = edit(item);
    return edited === undefined ? [] : [edited];
  });
}

let created = 900_000;
function newId(): number {
  created += 1;
  return created;
}

/** Records one by one, by id; Cloudflare has the batch on top. */
function byId(content: string, id: () => unknown, isList: (path: string) => boolean) {
  return {
    isList,
    values: (item: Raw): readonly Value[] => [
      {
        name: String(item['name']),
        type: String(item['type']),
        content: String(item[content]),
        ttl: item['ttl'],
      },
    ],
    after(items: readonly Raw[], { method, path, body }: Asked, made?: Raw): readonly Raw[] | undefined {
      if (method === 'POST' && isList(path)) return [...items, made ?? { id: id(), ...given(body) }];
      if (!isList(path.slice(0, path.lastIndexOf('/')))) return undefined;
      switch (method) {
        case 'PUT':
        case 'PATCH':
          return change(items, lastPart(path), (item) => ({ ...item, ...given(body) }));
        case 'DELETE':
          return change(items, lastPart(path), () => undefined);
        default:
          return undefined;
      }
    },
  };
}

const cloudflareRecords = byId(
  'content',
  () => String(newId()),
  (path) => path.endsWith('/dns_records'),
);

const cloudflare: Dialect = {
  ...cloudflareRecords,
  provider: 'cloudflare',
  base: 'https://api.cloudflare.com/client/v4',
  items: (body) => fields(body)['result'] as readonly Raw[],
  list: (items, { page, last, total } = only(items)) => ({
    result: items,
    success: true,
    errors: [],
    messages: [],
    result_info: { page, per_page: 100, count: items.length, total_count: total, total_pages: last },
  }),
  filtered: (items, query) =>
    items.filter(
      (item) =>
        ['name', 'name.exact'].every((key) => !query.has(key) || query.get(key) === item['name']) &&
        ['type', 'content'].every((key) => !query.has(key) || query.get(key) === item[key]),
    ),
  alike: () => true,
  createdIn: (body) => fields(body)['result'] as Raw,
  after(items, asked, made) {
    if (!asked.path.endsWith('/dns_records/batch')) return cloudflareRecords.after(items, asked, made);
    const { deletes = [], patches = [], posts = [] } = asked.body as Record<string, readonly Fields[]>;
    let left = items;
    for (const { id } of deletes) left = change(left, String(id), () => undefined);
    for (const patch of patches) left = change(left, String(patch['id']), (item) => ({ ...item, ...patch }));
    return [...left, ...posts.map((post) => ({ id: String(newId()), ...post }))];
  },
  answer: (asked, before, after) => {
    const changed = after.filter((item) => !before.includes(item));
    const gone = { id: lastPart(asked.path) };
    const result = asked.path.endsWith('/batch') ? { posts: changed } : (changed[0] ?? gone);
    return { status: 200, body: { success: true, errors: [], messages: [], result } };
  },
};

const digitalocean: Dialect = {
  ...byId('data', newId, (path) => path.endsWith('/records')),
  provider: 'digitalocean',
  base: 'https://api.digitalocean.com',
  items: (body) => fields(body)['domain_records'] as readonly Raw[],
  list: (items, { page, last, total } = only(items)) => ({
    domain_records: items,
    links: page < last ? { pages: { next: `https://api.digitalocean.com/v2/x?page=${page + 1}` } } : {},
    meta: { total },
  }),
  // `name` is absolute in the query and relative in the list.
  filtered: (items, query) =>
    items.filter((item) => {
      const absolute = item['name'] === '@' ? 'example.org' : `${item['name']}.example.org`;
      return !query.has('name') || query.get('name') === absolute;
    }),
  alike: (one, other) => (one === 'DELETE') === (other === 'DELETE'),
  createdIn: (body) => fields(body)['domain_record'] as Raw,
  answer: ({ method }, before, after) =>
    method === 'DELETE'
      ? { status: 204, body: undefined }
      : { status: 200, body: { domain_record: after.find((item) => !before.includes(item)) } },
};

const SET = /\/rrsets\/([^/]+)\/([^/]+)(?:\/actions\/(\w+))?$/;

const hetzner: Dialect = {
  provider: 'hetzner',
  base: 'https://api.hetzner.cloud/v1',
  isList: (path) => path.endsWith('/rrsets'),
  items: (body) => fields(body)['rrsets'] as readonly Raw[],
  list: (items, { page, last, total } = only(items)) => ({
    rrsets: items,
    meta: { pagination: { page, per_page: 50, last_page: last, total_entries: total } },
  }),
  filtered: (items, query) =>
    items.filter((item) => ['name', 'type'].every((key) => !query.has(key) || query.get(key) === item[key])),
  values: (item) =>
    (item['records'] as readonly Fields[]).map(({ value }) => {
      return {
        name: String(item['name']),
        type: String(item['type']),
        content: String(value),
        ttl: item['ttl'],
      };
    }),
  alike: () => true,
  createdIn: () => undefined,
  after(items, { method, path, body }) {
    const { records = [], ttl, name, type } = fields(body) as { records?: Fields[]; ttl?: unknown } & Fields;
    if (method === 'POST' && path.endsWith('/rrsets')) {
      if (items.some((item) => item['id'] === `${name}/${type}`)) throw new Error('the set exists');
      return [...items, { id: `${name}/${type}`, name, type, ttl, records }];
    }
    const [, relative = '', kind = '', action] = SET.exec(decodeURIComponent(path)) ?? [];
    if (relative === '' || method === 'GET') return undefined;
    const id = `${relative}/${kind}`;
    const set = items.find((item) => item['id'] === id);
    const others = items.filter((item) => item !== set);
    const found = (set?.['records'] ?? []) as readonly Fields[];
    const put = (left: readonly Fields[], to = set?.['ttl']) =>
      left.length === 0 ? others : [...others, { id, name: relative, type: kind, ttl: to, records: left }];
    if (method === 'DELETE') return put([]);
    if (set === undefined && action !== 'add_records') throw new Error(`no set ${id}`);
    switch (action) {
      case 'add_records':
        return put([...found, ...records], ttl ?? set?.['ttl']);
      case 'remove_records':
        return put(found.filter((one) => !records.some(({ value }) => value === one['value'])));
      case 'set_records':
        return put(records);
      case 'change_ttl':
        return put(found, ttl);
      default:
        return undefined;
    }
  },
  answer: () => ({
    status: 201,
    body: { action: { id: 1, status: 'success', command: 'replayed', progress: 100, error: null } },
  }),
};

export const DIALECTS = { cloudflare, digitalocean, hetzner } as const;
