import { type FakeHttpServer, type Reply, type SeenRequest, startHttpServer } from '../fakes/http-server.ts';
import { type Asked, type Dialect, kindOf, type Raw, type Value } from './dialect.ts';
import { faultsOf } from './legal.ts';
import type { Exchange, Recording } from './recording.ts';

/** What one write did to the records: `+name/type content ttl` and `-name/type content ttl`, sorted. */
export type Effects = readonly string[];

/** A recorded write: what it did, and which values its record sets held afterwards. */
export interface Step {
  readonly exchange: Exchange;
  readonly effects: Effects;
  readonly after: readonly Value[];
}

export interface Replay {
  readonly server: FakeHttpServer;
  /** Where the client is to be pointed. */
  readonly endpoint: URL;
  readonly steps: readonly Step[];
  /** The records as they stand now. */
  values(): readonly Value[];
  /** Why a request was answered with 599; empty if the client behaved. */
  readonly faults: readonly string[];
  /** Recorded effects that no request has had yet. */
  readonly missing: Effects;
  /** Writes that came. */
  readonly writes: readonly string[];
}

const text = ({ name, type, content, ttl }: Value): string => `${name}/${type} ${content} ${String(ttl)}`;

const asked = (method: string, url: URL, body: unknown, headers: Asked['headers'] = {}): Asked => ({
  method,
  path: url.pathname.replace(/\/+$/, ''),
  query: url.searchParams,
  body,
  headers,
});

/** What recorded answers to reads are kept by. */
const readKey = ({ path, query, headers }: Asked): string =>
  `${path} ${query.get('Action') ?? String(headers?.['x-acs-action'] ?? '')}`;

function effectsOf(dialect: Dialect, before: readonly Raw[], after: readonly Raw[]): Effects {
  const [had, has] = [before, after].map((items) => items.flatMap((item) => dialect.values(item)).map(text));
  const gone = (had ?? []).filter((one) => !has?.includes(one)).map((one) => `-${one}`);
  const come = (has ?? []).filter((one) => !had?.includes(one)).map((one) => `+${one}`);
  return [...gone, ...come].sort();
}

/**
 * Folds a recording into the records before its first write and the steps that follow. The fold proves itself: every recorded
 * list must be what the model holds at that place, filtered by the recorded query.
 */
export function fold(
  dialect: Dialect,
  recording: Recording,
): { start: readonly Raw[]; steps: readonly Step[] } {
  const { exchanges } = recording;
  let start: readonly Raw[] = dialect.start?.(recording) ?? [];
  let items: readonly Raw[] = start;
  const steps: Step[] = [];
  /** Identities that were listed or written. */
  const known = new Set<string>();
  for (const exchange of exchanges) {
    const { method, url, body } = exchange.request;
    const one = asked(method, new URL(url), body);
    const kind = kindOf(dialect, one);
    if (kind === 'list') {
      const listed = dialect.items(exchange.response.body);
      if (dialect.start === undefined) {
        const news = steps.length === 0 ? listed : strangers(dialect, known, listed);
        start = together(dialect, start, news);
        items = together(dialect, items, news);
      }
      for (const item of listed) known.add(dialect.identity?.(item) ?? '');
      const expected = dialect
        .filtered(items, one.query)
        .flatMap((item) => dialect.values(item))
        .map(text);
      const recorded = listed.flatMap((item) => dialect.values(item)).map(text);
      if (expected.sort().join('\n') !== recorded.sort().join('\n')) {
        throw new Error(`the model disagrees with the recorded list of ${url}`);
      }
    }
    const after = dialect.after(items, one, dialect.createdIn(exchange.response.body));
    if (kind !== 'write' || after === undefined) continue;
    const effects = effectsOf(dialect, items, after);
    // A write of nothing we write (a TTL alone) is no step.
    if (effects.length > 0) {
      steps.push({ exchange, effects, after: after.flatMap((item) => dialect.values(item)) });
    }
    items = after;
    for (const item of items) known.add(dialect.identity?.(item) ?? '');
  }
  return { start, steps };
}

/** Neighbours that no filtered list has shown so far, and no write has made. */
function strangers(
  { identity }: Dialect,
  known: ReadonlySet<string>,
  listed: readonly Raw[],
): readonly Raw[] {
  return identity === undefined ? [] : listed.filter((item) => !known.has(identity(item)));
}

/** The records of a filtered list and of those before it; of a whole list, that alone. */
function together(dialect: Dialect, known: readonly Raw[], listed: readonly Raw[]): readonly Raw[] {
  const { identity } = dialect;
  if (identity === undefined) return listed.length === 0 ? known : [...listed];
  const names = new Set(listed.map(identity));
  return [...known.filter((item) => !names.has(identity(item))), ...listed];
}

/**
 * Plays the recorded service: reads as recorded, lists from the records as they stand, and every write that has effects
 * which were recorded, in whatever form it comes. Anything else is answered with 599 and the difference, and so is a request without
 * `proof` of the credentials.
 */
export async function replay(
  dialect: Dialect,
  recording: Recording,
  proof: (request: SeenRequest) => boolean,
): Promise<Replay> {
  const { start, steps } = fold(dialect, recording);
  let items = start;
  const missing = steps.flatMap((step) => step.effects);
  const unused = [...steps];
  const faults: string[] = [];
  const writes: string[] = [];
  const queues = readQueues(dialect, recording);

  const fault = (why: string): Reply => {
    faults.push(why);
    return { status: 599, headers: { 'content-type': 'text/plain' }, body: why };
  };

  const decode = dialect.wire?.decode ?? ((text: string) => JSON.parse(text) as unknown);
  const encode = dialect.wire?.encode ?? JSON.stringify;
  const type = dialect.wire?.type ?? 'application/json';
  const reply = (status: number, body: unknown): Reply =>
    body === undefined || body === null
      ? { status }
      : { status, headers: { 'content-type': type }, body: encode(body) };

  const respond = (request: SeenRequest): Reply => {
    if (!proof(request)) return fault(`${request.method} ${request.target}: not the right credentials`);
    const illegal = faultsOf(dialect.provider, request);
    if (illegal.length > 0) return fault(`${request.method} ${request.target}: ${illegal.join('; ')}`);
    const body = request.body === '' ? undefined : decode(request.body);
    const one = asked(request.method, request.url, body, request.headers);
    const kind = kindOf(dialect, one);
    if (kind !== 'write') {
      if (kind === 'list') return reply(200, dialect.list(dialect.filtered(items, one.query)));
      const queue = queues.get(readKey(one));
      const answer = queue !== undefined && queue.length > 1 ? queue.shift() : queue?.[0];
      return answer
        ? reply(answer.status, answer.body)
        : fault(`unknown call: ${one.method} ${readKey(one)}`);
    }
    writes.push(`${one.method} ${one.path}`);
    let after: readonly Raw[] | undefined;
    try {
      after = dialect.after(items, one);
    } catch (error) {
      return fault(`${one.method} ${one.path}: ${(error as Error).message}`);
    }
    if (after === undefined) return fault(`unknown call: ${one.method} ${one.path}`);
    const effects = effectsOf(dialect, items, after);
    if (effects.length === 0) return fault(`a write without effect: ${one.method} ${one.path}`);
    const strange = effects.filter((effect) => !missing.includes(effect));
    if (strange.length > 0)
      return fault(`not recorded: ${strange.join('; ')}; recorded: ${missing.join('; ')}`);
    for (const effect of effects) missing.splice(missing.indexOf(effect), 1);
    const same = unused.findIndex((step) => step.effects.join('\n') === effects.join('\n'));
    const twin = same < 0 ? undefined : unused.splice(same, 1)[0]?.exchange;
    if (twin !== undefined) after = dialect.after(items, one, dialect.createdIn(twin.response.body)) ?? after;
    const batched = one.path.endsWith('/batch');
    const usable = twin !== undefined && !batched && dialect.alike(one.method, twin.request.method);
    const answer = usable ? twin.response : dialect.answer(one, items, after);
    items = after;
    return reply(answer.status, answer.body);
  };

  const server = await startHttpServer({ respond });
  const endpoint = new URL(new URL(dialect.base).pathname, server.url);
  const values = () => items.flatMap((item) => dialect.values(item));
  return { server, endpoint, steps, values, faults, missing, writes };
}

/** Recorded answers to reads other than lists of records, by path, in their order; the last one stays. */
function readQueues(dialect: Dialect, { exchanges }: Recording): Map<string, Exchange['response'][]> {
  const queues = new Map<string, Exchange['response'][]>();
  for (const { request, response } of exchanges) {
    const one = asked(request.method, new URL(request.url), undefined);
    if (kindOf(dialect, one) !== 'read') continue;
    queues.set(readKey(one), [...(queues.get(readKey(one)) ?? []), response]);
  }
  return queues;
}
