import * as z from 'zod';
import { domainName, secret } from '../../../src/config/schema-types.ts';
import type { Fqdn } from '../../../src/model/name.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../../src/net/http.ts';
import { bearer, type RestApi, type RestWriter } from '../../../src/sinks/rest/api.ts';
import type { Limit } from '../../../src/sinks/rest/gate.ts';
import { baseOf, restOptions } from '../../../src/sinks/rest/options.ts';
import { collect, counted } from '../../../src/sinks/rest/pages.ts';
import { defineRestProvider } from '../../../src/sinks/rest/provider.ts';
import { path } from '../../../src/sinks/rest/request.ts';

/** A service made up for these tests, and the provider file for it: to try the framework without any real API's ways. */
const done = z.object({ ok: z.literal(true) });
const zone = z.object({ id: z.string(), name: domainName() });
const record = z.object({ id: z.string(), name: z.string(), type: z.string(), content: z.string() });
const page = { page: z.int(), pages: z.int() };
const refusal = z.object({ error: z.string(), message: z.string() });

export interface ToyRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

const place = ({ page, pages }: { page: number; pages: number }) => ({ page, last: pages });
const records = counted(z.object({ ...page, records: z.array(record) }), (body) => body.records, place);
const zones = counted(z.object({ ...page, zones: z.array(zone) }), (body) => body.zones, place);

const single: Extract<RestWriter, { shape: 'records' }>['single'] = {
  create: async (ask, { id }, { key }, content) => {
    await ask.send('POST', path`/zones/${id}/records`, done, { body: { ...key, content } });
  },
  update: async (ask, { id }, _change, { record, value }) => {
    await ask.send('PATCH', path`/zones/${id}/records/${record.id ?? ''}`, done, {
      body: { content: value },
    });
  },
  remove: async (ask, { id }, _change, { record }) => {
    await ask.send('DELETE', path`/zones/${id}/records/${record.id ?? ''}`, done);
  },
};

const batch: RestWriter = {
  shape: 'batch',
  size: 50,
  single,
  apply: async (ask, { id }, changes) => {
    const edits = changes.flatMap(({ key, edits }) =>
      edits.map((edit) => ({
        ...key,
        kind: edit.kind,
        id: edit.kind === 'create' ? undefined : edit.record.id,
        content: edit.kind === 'delete' ? undefined : edit.value,
      })),
    );
    await ask.send('POST', path`/zones/${id}/batch`, done, { body: { edits } });
  },
};

export interface ToyShape {
  readonly limits?: readonly Limit[];
  readonly byName?: boolean;
  readonly shape?: 'records' | 'batch';
  readonly api?: Partial<RestApi>;
}

export const toy = ({ limits = [], byName = false, shape = 'records', api = {} }: ToyShape = {}) =>
  defineRestProvider<z.output<typeof options>>({
    name: 'toy',
    title: 'Toy',
    documentation: 'https://toy.example.net/',
    credentials: 'None.',
    example: 'provider: toy\n',
    options,
    traits: { batch: 50, multiple: true, creates: true, families: 'one' },
    limits,
    api: (given) => ({
      base: baseOf(given, 'https://toy.example.net/v1'),
      account: given.token,
      authorize: bearer(given.token),
      refusal: ({ body }) => {
        const said = refusal.safeParse(body).data;
        return said && { code: said.error, message: said.message };
      },
      verdicts: {
        refused: ['banned'],
        refused_record: ['cname'],
        rate_limited: ['slow'],
        credentials: ['key'],
      },
      zones: byName
        ? { byName: async (ask, name) => (await ask.get(path`/zones/${name}`, z.object({ zone }))).zone }
        : { list: (ask) => collect(ask, '/zones', zones, { size: 2 }) },
      records: (ask, { id }, name) => collect(ask, path`/zones/${id}/records`, records, { size: 2, name }),
      write: shape === 'batch' ? batch : { shape: 'records', single },
      ...api,
    }),
  });

const options = z.strictObject({ token: secret(), ...restOptions });
export type ToyOptions = z.output<typeof options>;

export const answer = (status: number, body?: unknown, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: body === undefined ? '' : JSON.stringify(body),
});

/** The service itself: zones of records, lists of two a page, an all-or-nothing batch. */
export class ToyService {
  readonly zones: Map<Fqdn, ToyRecord[]>;
  /** `METHOD path` of every request. */
  readonly asked: string[] = [];
  /** Contents it refuses, by the error it gives. */
  readonly refuses = new Map<string, HttpAnswer>();
  /** What to answer instead, tried first. */
  instead: ((request: HttpRequest) => HttpAnswer | Error | undefined) | undefined;
  #next = 0;

  constructor(zones: Readonly<Record<string, readonly Omit<ToyRecord, 'id'>[]>>) {
    this.zones = new Map(
      Object.entries(zones).map(([name, list]) => [
        name as Fqdn,
        list.map((one) => ({ ...one, id: this.#id() })),
      ]),
    );
  }

  readonly http: HttpClient = (request, signal) => {
    signal.throwIfAborted();
    const { pathname, search } = request.url;
    this.asked.push(`${request.method} ${pathname.replace('/v1', '')}${search}`);
    const instead = this.instead?.(request);
    if (instead instanceof Error) return Promise.reject(instead);
    return Promise.resolve(instead ?? this.#answer(request));
  };

  get writes(): readonly string[] {
    return this.asked.filter((one) => !one.startsWith('GET'));
  }

  contents(zone: string): readonly string[] {
    return (this.zones.get(zone as Fqdn) ?? [])
      .map(({ name, type, content }) => `${name}/${type} ${content}`)
      .sort();
  }

  #id(): string {
    this.#next += 1;
    return `r${this.#next}`;
  }

  #answer({ method, url, body }: HttpRequest): HttpAnswer {
    const [, , , name, kind, id] = url.pathname.split('/').map(decodeURIComponent);
    const page = Number(url.searchParams.get('page') ?? 1);
    const paged = <Item>(key: string, all: readonly Item[]) =>
      answer(200, {
        [key]: all.slice(2 * page - 2, 2 * page),
        page,
        pages: Math.max(1, Math.ceil(all.length / 2)),
      });
    if (name === undefined)
      return paged(
        'zones',
        [...this.zones.keys()].map((one) => ({ id: one, name: one })),
      );
    const records = this.zones.get(name as Fqdn);
    if (records === undefined) return answer(404, { error: 'nozone', message: 'no such zone' });
    if (kind === undefined) return answer(200, { zone: { id: name, name } });
    const wanted = url.searchParams.get('name');
    if (method === 'GET')
      return paged(
        'records',
        records.filter((one) => wanted === null || one.name === wanted),
      );
    const sent = JSON.parse(body ?? '{}') as Record<string, string>;
    const edits =
      kind === 'batch'
        ? (JSON.parse(body ?? '{}') as { edits: Record<string, string>[] }).edits
        : [
            {
              ...sent,
              kind: { POST: 'create', PATCH: 'update', DELETE: 'delete' }[method as 'POST'] ?? '',
              ...(id && { id }),
            },
          ];
    for (const edit of edits) {
      const refusal = this.refuses.get((edit as { content?: string }).content ?? '');
      if (refusal !== undefined) return refusal;
    }
    for (const edit of edits as Record<string, string>[]) this.#edit(records, edit);
    return answer(200, { ok: true });
  }

  #edit(records: ToyRecord[], edit: Record<string, string>): void {
    const { kind, name = '', type = '', content = '' } = edit;
    const at = records.findIndex((one) => one.id === edit['id']);
    const found = records[at];
    if (kind === 'create') records.push({ id: this.#id(), name, type, content });
    else if (kind === 'delete') records.splice(at, 1);
    else if (found !== undefined) records[at] = { ...found, content };
  }
}
