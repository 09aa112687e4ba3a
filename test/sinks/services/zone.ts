import type { Reply, SeenRequest } from '../../fakes/http-server.ts';

export const ZONE = 'example.org';

/** A record of a fake service. `name` is relative to the zone, empty for the apex; `extra` is whatever else is kept with it. */
export interface Held {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl: number;
  readonly extra?: unknown;
}

/** The records of the one zone of a fake service. */
export class Zone {
  records: readonly Held[] = [];
  #last = 1_000;

  add(record: Omit<Held, 'id'>): Held {
    this.#last += 1;
    const held = { id: this.#last, ...record };
    this.records = [...this.records, held];
    return held;
  }

  find(id: string | number): Held | undefined {
    return this.records.find((record) => String(record.id) === String(id));
  }

  /** False if there is no such record. */
  change(id: string | number, fields: Partial<Omit<Held, 'id'>>): Held | undefined {
    this.records = this.records.map((record) => {
      return String(record.id) === String(id) ? { ...record, ...fields } : record;
    });
    return this.find(id);
  }

  remove(id: string | number): boolean {
    const before = this.records.length;
    this.records = this.records.filter((record) => String(record.id) !== String(id));
    return this.records.length < before;
  }

  set(name: string, type: string): readonly Held[] {
    return this.records.filter((record) => record.name === name && record.type === type);
  }

  /** Replaces a set; an empty list removes it. */
  put(name: string, type: string, contents: readonly string[], ttl: number, extra?: unknown): void {
    const old = this.set(name, type);
    this.records = this.records.filter((record) => !old.includes(record));
    for (const content of contents)
      this.add({ name, type, content, ttl, ...(extra === undefined ? {} : { extra }) });
  }

  /** `name/TYPE content ttl` of each record, sorted. */
  shown(): readonly string[] {
    return this.records.map((one) => `${one.name || '@'}/${one.type} ${one.content} ${one.ttl}`).sort();
  }

  /** `[name, type, members]` of each set, in the order of their first members. */
  sets(): ReadonlyArray<readonly [name: string, type: string, members: readonly Held[]]> {
    const keys = [...new Set(this.records.map((one) => `${one.name}/${one.type}`))];
    return keys.map((key) => {
      const [name = '', type = ''] = key.split('/');
      return [name, type, this.set(name, type)];
    });
  }
}

/** A service as its documentation describes it, for one zone. */
export interface Service {
  /** What a request is; `neither` for tokens and clocks. */
  sort(request: SeenRequest): 'read' | 'write' | 'neither';
  answer(request: SeenRequest): Reply;
  /** Its own way to refuse. */
  refuse(trouble: 'credentials' | 'rate_limited'): Reply;
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
});
export const nothing = (status = 204): Reply => ({ status });
export const bodyOf = (request: SeenRequest): Record<string, unknown> =>
  (request.body === '' ? {} : JSON.parse(request.body)) as Record<string, unknown>;
export const pathOf = (request: SeenRequest): string => decodeURIComponent(request.url.pathname);
/** Everything but GET. */
export const byMethod = ({ method }: SeenRequest) => (method === 'GET' ? 'read' : 'write');
/** `@` and the empty name for the apex, as the zone holds it. */
export const held = (name: unknown): string => (name === '@' || name === undefined ? '' : String(name));
export const shown = (name: string): string => (name === '' ? '@' : name);

/** A part of a list. */
export const part = <Item>(items: readonly Item[], page: number, size: number): readonly Item[] =>
  items.slice((page - 1) * size, page * size);
