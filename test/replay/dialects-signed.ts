import { childOf, childrenOf, escapeXml, readXml, textAt, type XmlElement } from '../../src/net/xml.ts';
import type { Asked, Dialect, Raw, Value } from './dialect.ts';

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => (value ?? {}) as Fields;
const present = (value: object): Fields =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== null));
const without = (item: Raw, ...names: readonly string[]): Raw =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));

let created = 700_000;
function newId(): number {
  created += 1;
  return created;
}

function edited(
  items: readonly Raw[],
  is: (item: Raw) => boolean,
  edit: (item: Raw) => Raw | undefined,
): readonly Raw[] {
  if (!items.some(is)) throw new Error('no such record');
  return items.flatMap((item): readonly Raw[] => {
    const after = is(item) ? edit(item) : item;
    return after === undefined ? [] : [after];
  });
}

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

/** RPC with everything in the query; ACS3 has the action in a header. */
const actionOf = ({ query, headers = {} }: Asked): string =>
  query.get('Action') ?? String(headers['x-acs-action'] ?? headers['x-tc-action'] ?? '');

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

const lineDefault = { Line: '默认', LineId: '0' };

export const dnspodDialect: Dialect = {
  provider: 'dnspod',
  base: 'https://dnspod.tencentcloudapi.com',
  isList: () => false,
  kind: (asked) => {
    const action = actionOf(asked);
    if (action === 'DescribeRecordList') return 'list';
    return action.startsWith('Describe') ? 'read' : 'write';
  },
  items: () => [],
  list: () => undefined,
  page(items, { body }, size) {
    const { Offset = 0, Limit = 100 } = fields(body) as { Offset?: number; Limit?: number };
    const part = items.slice(Offset, Offset + Math.min(Limit, size));
    // An error, unless asked for otherwise: https://cloud.tencent.com/document/api/1427/56166
    const failure = { Code: 'ResourceNotFound.NoDataOfRecord', Message: 'the list is empty' };
    const empty = items.length === 0 && fields(body)['ErrorOnEmpty'] !== 'no';
    const RecordCountInfo = { TotalCount: items.length, ListCount: part.length };
    return {
      body: {
        Response: { RequestId: 'x', ...(empty ? { Error: failure } : { RecordCountInfo, RecordList: part }) },
      },
    };
  },
  filtered: (items) => items,
  values: ({ Name, Type, Value: content, TTL }): readonly Value[] => [
    { name: String(Name), type: String(Type), content: String(content), ttl: TTL },
  ],
  extras: (item) => without(item, 'Value'),
  alike: () => false,
  createdIn: () => undefined,
  after(items, asked) {
    const {
      RecordId,
      SubDomain: Name = '@',
      RecordType: Type,
      Value: content,
      TTL = 600,
      FieldList,
    } = fields(asked.body);
    const is = (item: Raw) => item['RecordId'] === RecordId;
    switch (actionOf(asked)) {
      case 'CreateRecord': {
        const made = {
          RecordId: newId(),
          Name,
          Type,
          Value: content,
          TTL,
          ...lineDefault,
          Weight: null,
          Remark: '',
        };
        return [...items, made];
      }
      case 'ModifyRecordFields': {
        const named: Readonly<Record<string, string>> = { value: 'Value', ttl: 'TTL' };
        const changes = (FieldList as readonly { Key: string; Value: string }[]).map(
          ({ Key, Value }) => [named[Key], Key === 'ttl' ? Number(Value) : Value] as const,
        );
        return edited(items, is, (item) => ({ ...item, ...Object.fromEntries(changes) }));
      }
      case 'DeleteRecord':
        return edited(items, is, () => undefined);
      default:
        return undefined;
    }
  },
  answer: (asked) => ({
    status: 200,
    body: { Response: { RequestId: 'x', RecordId: fields(asked.body)['RecordId'] ?? created } },
  }),
};

export const dnspodTokenDialect: Dialect = {
  provider: 'dnspod-token',
  base: 'https://dnsapi.cn',
  wire: {
    type: 'application/json',
    decode: (text) => Object.fromEntries(new URLSearchParams(text)),
    encode: JSON.stringify,
  },
  isList: (path) => path.endsWith('/Record.List'),
  kind: ({ path }) => {
    if (path.endsWith('/Record.List')) return 'list';
    return path.startsWith('/Domain.') ? 'read' : 'write';
  },
  items: () => [],
  list: () => undefined,
  page(items, { body }, size) {
    const { offset = '0' } = fields(body) as { offset?: string };
    const part = items.slice(Number(offset), Number(offset) + size);
    if (items.length === 0) return { body: { status: { code: '10', message: 'No records' } } };
    const info = { sub_domains: '1', record_total: String(items.length) };
    return { body: { status: { code: '1', message: 'ok' }, info, records: part } };
  },
  filtered: (items) => items,
  values: (item) => [
    {
      name: String(item['name']),
      type: String(item['type']),
      content: String(item['value']),
      ttl: item['ttl'],
    },
  ],
  extras: (item) => without(item, 'value'),
  alike: () => false,
  createdIn: () => undefined,
  after(items, { path, body }) {
    const {
      record_id,
      sub_domain: name = '@',
      record_type: type,
      value,
      ttl = '600',
      ...more
    } = fields(body);
    const is = (item: Raw) => item['id'] === record_id;
    // What is left out goes back to its default; the remark is no part of this.
    const {
      record_line_id: line_id,
      record_line: line = '默认',
      weight = null,
      status = 'enable',
      mx = '0',
    } = more;
    const enabled = status === 'enable' ? '1' : '0';
    const set = { name, type, value, ttl, line, line_id, weight: weight && Number(weight), enabled, mx };
    switch (path.slice(1)) {
      case 'Record.Create':
        return [...items, { id: String(newId()), remark: '', ...set }];
      case 'Record.Modify':
        return edited(items, is, (item) => ({ ...item, ...set }));
      case 'Record.Remove':
        return edited(items, is, () => undefined);
      default:
        return undefined;
    }
  },
  answer: () => ({ status: 200, body: { status: { code: '1', message: 'Action completed successful' } } }),
};

export const huaweiDialect: Dialect = {
  provider: 'huawei',
  base: 'https://dns.myhuaweicloud.com',
  isList: (path) => path.endsWith('/recordsets'),
  items: () => [],
  list: () => undefined,
  page(items, { query }, size) {
    const marker = query.get('marker');
    const from = marker === null ? 0 : items.findIndex(({ id }) => id === marker) + 1;
    const part = items.slice(from, from + size);
    const links =
      from + size < items.length
        ? {
            next: `https://dns.myhuaweicloud.com/v2.1/zones/x/recordsets?limit=3&marker=${String(part.at(-1)?.['id'])}`,
          }
        : {};
    return { body: { links, metadata: { total_count: items.length }, recordsets: part } };
  },
  read: ({ path }, items) => {
    const id = /\/recordsets\/([^/]+)$/.exec(path)?.[1];
    return items.find((item) => item['id'] === id);
  },
  filtered: (items) => items,
  values: (item) =>
    (item['records'] as readonly string[]).map((content) => {
      const name = String(item['name']).replace(/\.$/, '');
      return { name, type: String(item['type']), content, ttl: item['ttl'] };
    }),
  extras: (item) => without(item, 'records'),
  alike: () => false,
  createdIn: () => undefined,
  after(items, { method, path, body }) {
    const id = /\/recordsets\/([^/]+)$/.exec(path)?.[1];
    if (method === 'POST' && path.endsWith('/recordsets')) {
      const { name, type } = fields(body);
      const line = fields(body)['line'] ?? 'default_view';
      const twin = items.some(
        (item) => item['name'] === name && item['type'] === type && item['line'] === line,
      );
      if (twin) throw new Error('DNS.0312');
      return [...items, { id: `set-${newId()}`, status: 'ACTIVE', ttl: 300, line, ...present(fields(body)) }];
    }
    if (id === undefined) return undefined;
    const is = (item: Raw) => item['id'] === id;
    return edited(items, is, (item) =>
      method === 'PUT' ? { ...item, ...present(fields(body)) } : undefined,
    );
  },
  // Accepted, and carried out a moment later: the next look at the set finds it active.
  answer: ({ method, path }, before, after) => {
    const id = /\/recordsets\/([^/]+)$/.exec(path)?.[1];
    const changed = after.find((item) => !before.includes(item)) ?? before.find((item) => item['id'] === id);
    const doing = { POST: 'CREATE', PUT: 'UPDATE' }[method] ?? 'DELETE';
    return { status: 202, body: { ...changed, status: `PENDING_${doing}` } };
  },
};
