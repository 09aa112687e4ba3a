import { childOf, childrenOf, escapeXml, readXml, textAt, type XmlElement } from '../../src/net/xml.ts';
import type { Dialect, Raw } from './dialect.ts';
import { actionOf, edited, type Fields, fields, newId, present, without } from './dialect-parts.ts';

/** Sets as XML; the place of an alias is in `alias`, for it has no values. */
function setXml({ name, type, ttl, values, alias }: Raw): string {
  const records = ((values ?? []) as readonly string[]).map(
    (value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`,
  );
  const held = alias
    ? `<AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>${String(alias)}</DNSName></AliasTarget>`
    : `<TTL>${String(ttl)}</TTL><ResourceRecords>${records.join('')}</ResourceRecords>`;
  const shown = String(name).replace('*', '\\052');
  return `<ResourceRecordSet><Name>${shown}.</Name><Type>${String(type)}</Type>${held}</ResourceRecordSet>`;
}

function setOf(element: XmlElement): Raw {
  const values = childrenOf(childOf(element, 'ResourceRecords'), 'ResourceRecord').map((one) =>
    textAt(one, 'Value'),
  );
  return {
    name: (textAt(element, 'Name') ?? '').replace(/\.$/, '').replace('\\052', '*'),
    type: textAt(element, 'Type'),
    ttl: Number(textAt(element, 'TTL')),
    values,
  };
}

export const route53Set = (set: Raw): string => setXml(set);

const setKey = ({ name, type }: Raw): string => `${String(name)}/${String(type)}`;
const reversed = ({ name, type }: Raw): string =>
  `${String(name).split('.').toReversed().join('.')} ${String(type)}`;

const listXml = (items: readonly Raw[], next?: Raw): string => {
  const more =
    next === undefined
      ? '<IsTruncated>false</IsTruncated>'
      : `<IsTruncated>true</IsTruncated><NextRecordName>${String(next['name'])}.</NextRecordName><NextRecordType>${String(next['type'])}</NextRecordType>`;
  return `<?xml version="1.0"?>\n<ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets>${items.map(setXml).join('')}</ResourceRecordSets>${more}<MaxItems>100</MaxItems></ListResourceRecordSetsResponse>`;
};

export const route53Dialect: Dialect = {
  provider: 'route53',
  base: 'https://route53.amazonaws.com',
  wire: { type: 'text/xml', decode: (text) => text, encode: (body) => body as string },
  isList: (path) => path.endsWith('/rrset'),
  items: (body) =>
    childrenOf(childOf(readXml(body as string), 'ResourceRecordSets'), 'ResourceRecordSet').map(setOf),
  list: (items) => listXml(items),
  // From the name asked for to the end of the zone.
  filtered: (items, query) => {
    const name = query.get('name');
    const sorted = items.toSorted((a, b) => (reversed(a) < reversed(b) ? -1 : 1));
    return name === null ? sorted : sorted.filter((item) => reversed(item) >= reversed({ name, type: '' }));
  },
  page(items, { query }, size) {
    const from = { name: (query.get('name') ?? '').replace(/\.$/, ''), type: query.get('type') ?? '' };
    const sorted = items.toSorted((a, b) => (reversed(a) < reversed(b) ? -1 : 1));
    const rest = from.name === '' ? sorted : sorted.filter((item) => reversed(item) >= reversed(from));
    return { body: listXml(rest.slice(0, size), rest[size]) };
  },
  identity: setKey,
  values: (item) =>
    ((item['values'] ?? []) as readonly string[]).map((content) => {
      return { name: String(item['name']), type: String(item['type']), content, ttl: item['ttl'] };
    }),
  extras: (item) => without(item, 'values'),
  alike: () => true,
  createdIn: () => undefined,
  after(items, { method, path, body }) {
    if (method !== 'POST' || !path.endsWith('/rrset')) return undefined;
    const changes = childrenOf(childOf(childOf(readXml(body as string), 'ChangeBatch'), 'Changes'), 'Change');
    return changes.reduce((left, change): readonly Raw[] => {
      const element = childOf(change, 'ResourceRecordSet');
      if (element === undefined) throw new Error('a change without a set');
      const set = setOf(element);
      const found = left.find((item) => setKey(item) === setKey(set));
      const others = left.filter((item) => item !== found);
      switch (textAt(change, 'Action')) {
        case 'CREATE':
          if (found !== undefined) throw new Error('it already exists');
          return left.concat(set);
        case 'UPSERT':
          return others.concat({ ...found, ...set });
        case 'DELETE': {
          const same =
            found !== undefined &&
            found['ttl'] === set['ttl'] &&
            JSON.stringify([...(found['values'] as string[])].sort()) ===
              JSON.stringify([...(set['values'] as string[])].sort());
          if (!same) throw new Error('the values provided do not match the current values');
          return others;
        }
        default:
          throw new Error('no action');
      }
    }, items);
  },
  answer: () => ({
    status: 200,
    body: '<?xml version="1.0"?>\n<ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>',
  }),
};

export const aliyunDialect: Dialect = {
  provider: 'aliyun',
  base: 'https://alidns.aliyuncs.com',
  isList: () => false,
  kind: (asked) => {
    const action = actionOf(asked);
    if (action === 'DescribeDomainRecords') return 'list';
    return action.startsWith('Describe') ? 'read' : 'write';
  },
  items: (body) => fields(fields(body)['DomainRecords'])['Record'] as readonly Raw[],
  list: (items, { page, total } = { page: 1, last: 1, total: items.length }) => ({
    PageNumber: page,
    PageSize: Math.max(20, items.length),
    TotalCount: total,
    RequestId: 'x',
    DomainRecords: { Record: items },
  }),
  page(items, { query }, size) {
    const page = Number(query.get('PageNumber') ?? 1);
    const part = items.slice((page - 1) * size, page * size);
    return {
      body: {
        PageNumber: page,
        PageSize: size,
        TotalCount: items.length,
        RequestId: 'x',
        DomainRecords: { Record: part },
      },
    };
  },
  // Both are fuzzy: any name or value that holds the word.
  filtered: (items, query) =>
    items.filter(
      (item) =>
        String(item['RR']).includes(query.get('RRKeyWord') ?? '') &&
        String(item['Value']).includes(query.get('ValueKeyWord') ?? '') &&
        [null, item['Type']].includes(query.get('TypeKeyWord')),
    ),
  identity: ({ RecordId }) => String(RecordId),
  values: (item) => [
    {
      name: String(item['RR']),
      type: String(item['Type']),
      content: String(item['Value']),
      ttl: item['TTL'],
    },
  ],
  extras: (item) => without(item, 'Value'),
  alike: (one, other) => one === other,
  createdIn: (body) => fields(body),
  after(items, asked, made) {
    const given = Object.fromEntries(asked.query);
    const is = (item: Raw) => item['RecordId'] === given['RecordId'];
    const ttl = given['TTL'] === undefined ? 600 : Number(given['TTL']);
    const { RR, Type, Value, Line = 'default', Priority } = given;
    const written = present({ RR, Type, Value, Line, TTL: ttl, Priority: Priority && Number(Priority) });
    switch (actionOf(asked)) {
      case 'AddDomainRecord': {
        const twin = items.some((item) =>
          ['RR', 'Type', 'Value'].every((name) => item[name] === given[name]),
        );
        if (twin) throw new Error('DomainRecordDuplicate');
        return [...items, { RecordId: made?.['RecordId'] ?? `17${newId()}0000000000`, ...written }];
      }
      case 'UpdateDomainRecord':
        return edited(items, is, (item) => ({ ...item, ...written }));
      case 'DeleteDomainRecord':
        return edited(items, is, () => undefined);
      default:
        return undefined;
    }
  },
  answer: ({ query }, before, after) => {
    const changed = after.find((item) => !before.includes(item))?.['RecordId'];
    return { status: 200, body: { RequestId: 'x', RecordId: changed ?? query.get('RecordId') } };
  },
};

const rrset = ({ subname, type, ttl, records }: Fields): Raw => ({ subname, type, ttl, records });
const rrsetKey = ({ subname, type }: Raw): string => `${String(subname)}/${String(type)}`;

export const desecDialect: Dialect = {
  provider: 'desec',
  base: 'https://desec.io/api/v1',
  isList: (path) => path.endsWith('/rrsets'),
  items: (body) => (body as readonly Fields[]).map(rrset),
  list: (items) => items,
  filtered: (items, query) =>
    items.filter((item) => ['subname', 'type'].every((key) => [null, item[key]].includes(query.get(key)))),
  page(items, { query }, size) {
    if (!query.has('cursor')) return { body: items.slice(0, size) };
    const from = Number(query.get('cursor'));
    const next = `<https://desec.io/api/v1/domains/example.org/rrsets/?cursor=${from + size}>; rel="next"`;
    const first = '<https://desec.io/api/v1/domains/example.org/rrsets/?cursor=>; rel="first"';
    return {
      body: items.slice(from, from + size),
      headers: { link: from + size < items.length ? `${first}, ${next}` : first },
    };
  },
  identity: rrsetKey,
  values: (item) =>
    (item['records'] as readonly string[]).map((content) => {
      return { name: String(item['subname']), type: String(item['type']), content, ttl: item['ttl'] };
    }),
  extras: (item) => without(item, 'records'),
  alike: () => false,
  createdIn: () => undefined,
  after(items, { method, path, body }) {
    if (method === 'GET') return undefined;
    const put = (left: readonly Raw[], given: Raw): readonly Raw[] => {
      const found = left.find((item) => rrsetKey(item) === rrsetKey(given));
      const others = left.filter((item) => item !== found);
      const set = { ...found, ...present(given) } as Raw;
      if (set['ttl'] === undefined) throw new Error('ttl: this field is required');
      if (Number(set['ttl']) < 3_600)
        throw new Error('ttl: ensure this value is greater than or equal to 3600');
      return (set['records'] as readonly string[]).length === 0 ? others : [...others, set];
    };
    const one = /\/rrsets\/([^/]+)\/([^/]+)$/.exec(decodeURIComponent(path));
    if (one !== null) {
      const subname = one[1] === '@' ? '' : one[1];
      const records = method === 'DELETE' ? [] : fields(body)['records'];
      return put(items, { ...rrset(fields(body)), subname, type: one[2], records });
    }
    if (!path.endsWith('/rrsets')) return undefined;
    if (method === 'POST' && items.some((item) => rrsetKey(item) === rrsetKey(fields(body)))) {
      throw new Error('Another RRset with the same subdomain and type exists for this domain.');
    }
    const sets = Array.isArray(body) ? (body as readonly Fields[]) : [fields(body)];
    return sets.map(rrset).reduce(put, items);
  },
  answer: ({ body }, _before, after) => {
    const named = new Set((body as readonly Raw[]).map(rrsetKey));
    return { status: 200, body: after.filter((item) => named.has(rrsetKey(item))) };
  },
};

/** Without TTL: one recorded write changes that alone, which no write of ours ever does. */
export const scalewayDialect: Dialect = {
  provider: 'scaleway',
  base: 'https://api.scaleway.com/domain/v2beta1',
  isList: (path) => path.endsWith('/records'),
  items: (body) => fields(body)['records'] as readonly Raw[],
  list: (items, { total } = { page: 1, last: 1, total: items.length }) => ({
    records: items,
    total_count: total,
  }),
  filtered: (items, query) =>
    items.filter((item) =>
      ['id', 'name', 'type'].every((key) => {
        const wanted = query.get(key) ?? '';
        return wanted === '' || wanted === 'unknown' || wanted === item[key];
      }),
    ),
  start: ({ exchanges }) => scalewayDialect.items(exchanges.at(-1)?.response.body),
  values: (item) => [
    {
      name: String(item['name']),
      type: String(item['type']),
      content: String(item['data']),
      ttl: undefined,
    },
  ],
  extras: (item) => without(item, 'data', 'updated_at'),
  alike: () => true,
  createdIn: (body) => fields(body),
  after(items, { method, path, body }, made) {
    if (method !== 'PATCH' || !path.endsWith('/records')) return undefined;
    const ids = [...((made?.['records'] ?? []) as readonly Raw[])].map(({ id }) => id);
    const shown = (record: Fields, id?: unknown): Raw => {
      const data = String(record['data']);
      const text = record['type'] === 'TXT' && !data.startsWith('"') ? `"${data}"` : data;
      const mx = record['type'] === 'MX' && !/^\d+ /.test(data);
      const { id: given, ...rest } = record;
      const held = {
        priority: 0,
        comment: null,
        ...rest,
        data: mx ? `${record['priority'] ?? 0} ${data}` : text,
      };
      return { ...held, id: id ?? (given || undefined) ?? ids.shift() ?? `record-${newId()}` };
    };
    const changes = fields(body)['changes'] as readonly Record<string, Fields>[];
    return changes.reduce((left, change): readonly Raw[] => {
      const { add, set, delete: gone } = change;
      if (add) return left.concat((add['records'] as Fields[]).map((record) => shown(record)));
      const id = (set ?? gone)?.['id'];
      const to = set && shown((set['records'] as Fields[])[0] ?? {}, id);
      return edited(
        left,
        (item) => item['id'] === id,
        () => to,
      );
    }, items);
  },
  answer: (_, before, after) => ({
    status: 200,
    body: { records: after.filter((item) => !before.includes(item)) },
  }),
};
