import type { Dialect, Raw, Value } from './dialect.ts';
import { actionOf, edited, fields, lastId, newId, present, without } from './dialect-parts.ts';

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
    body: { Response: { RequestId: 'x', RecordId: fields(asked.body)['RecordId'] ?? lastId() } },
  }),
};

export const dnspodTokenDialect: Dialect = {
  provider: 'dnspod-token',
  base: 'https://dnsapi.cn',
  wire: {
    // As every recorded answer came.
    type: 'text/html;charset=UTF-8',
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
    return id === undefined ? undefined : (items.find((item) => item['id'] === id) ?? null);
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
