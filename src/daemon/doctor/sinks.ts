import { formatDuration } from '../../model/duration.ts';
import { either } from '../../model/either.ts';
import type { Failure } from '../../model/outcome.ts';
import { type ActualRecord, keyText, type RecordKey } from '../../model/record.ts';
import type { SinkSettings } from '../../model/settings.ts';
import type { HttpClient } from '../../net/http.ts';
import { cleanWords } from '../../net/http-words.ts';
import { type Provider, type Sink, SinkError } from '../../sinks/contract.ts';
import type { SinkMemory } from '../../state/sink-memory.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Check, SinkReport } from './contract.ts';
import { within } from './deadline.ts';
import { checkPlace, type Place, type PlaceInit, placeOf, placeOfUrl } from './places.ts';

export interface SinksInit {
  readonly providers: readonly Provider[];
  readonly create: (settings: SinkSettings) => { readonly sink: Sink; readonly memory: SinkMemory };
  readonly http: (settings: SinkSettings) => HttpClient;
  readonly log: Log;
  /** Answers what a name server says about a key; without one the host's own resolver. Rejects if it does not tell. */
  readonly resolve: (key: RecordKey, server?: Place) => Promise<readonly string[]>;
  readonly place: PlaceInit;
  /** True if requests to this URL go through a proxy, so that a connection of our own would say nothing. */
  readonly proxied: (url: URL) => boolean;
  readonly clock: { monotonic(): number };
  /** Milliseconds for a sink at most. */
  readonly deadline: number;
}

/** Asks every sink what it holds, and writes nothing anywhere. Never rejects. */
export function checkSinks(sinks: readonly SinkSettings[], init: SinksInit): Promise<readonly SinkReport[]> {
  return Promise.all(
    sinks.map((settings) => {
      const defect = (words: string): SinkReport => ({
        ...base(settings),
        checks: [{ what: 'defect', state: 'bad', words }],
        records: keysOf(settings).map((key) => ({ record: keyText(key) })),
      });
      return within(
        init.deadline,
        (signal) => checkSink(settings, init, signal),
        () => defect(`no answer within ${formatDuration(init.deadline)}`),
      ).catch((error: unknown) => defect(`defect: ${cleanWords(String(error))}`));
    }),
  );
}

const base = ({ name, provider }: SinkSettings) => ({ sink: name, provider });

const keysOf = ({ records }: SinkSettings): readonly RecordKey[] => [
  ...new Map(records.map(({ key }) => [keyText(key), key])).values(),
];

async function checkSink(settings: SinkSettings, init: SinksInit, signal: AbortSignal): Promise<SinkReport> {
  const traits = init.providers.find(({ name }) => name === settings.provider)?.traits;
  const { sink, memory } = init.create(settings);
  try {
    const keys = keysOf(settings);
    // What such a sink holds is in the running process; a fresh one of it is empty and knows nothing.
    const volatile = traits?.volatile === true;
    const found = volatile
      ? await askListener(settings, keys, init)
      : sink.read === undefined
        ? await askWithoutReading(settings, keys, init)
        : await askReadable(
            settings,
            keys,
            (own, call) => sink.read?.(own, call) ?? Promise.resolve([]),
            init,
            signal,
          );
    return { ...base(settings), ...found, checks: [...found.checks, ...heldChecks(keys, memory)] };
  } finally {
    await sink.stop?.();
  }
}

type Found = Pick<SinkReport, 'checks' | 'records'>;

/** Reads, with the very request and credentials a running netdrift uses; name and TLS are looked at beside it. */
async function askReadable(
  settings: SinkSettings,
  keys: readonly RecordKey[],
  read: NonNullable<Sink['read']>,
  init: SinksInit,
  signal: AbortSignal,
): Promise<Found> {
  const places = new Map<string, Promise<readonly Check[]>>();
  const look = (origin: string): void => {
    const place = placeOfUrl(origin);
    if (place === undefined || places.has(origin)) return;
    places.set(origin, init.proxied(new URL(origin)) ? Promise.resolve([]) : checkPlace(place, init.place));
  };
  const client = init.http(settings);
  const http: HttpClient = (request, own) => {
    look(request.url.origin);
    return client(request, own);
  };
  const began = init.clock.monotonic();
  // The other half is for its name, where only the end of the reading shows that it has to be looked at.
  const timeout = Math.min(settings.timeout, init.deadline / 2);
  const late = { kind: 'failed', failure: lateFailure(timeout) } as const;
  const result = await within<ReadResult>(
    timeout,
    async (own) => {
      const call = { signal: either(signal, own), log: init.log, http };
      return { kind: 'read', records: await read(keys, call) };
    },
    () => late,
  ).catch((error: unknown): ReadResult => ({ kind: 'failed', failure: failureOf(error) }));
  const took = init.clock.monotonic() - began;
  // Without a request of its own it is no web service: the place stands in the options then.
  const named = places.size === 0 ? placeOf(settings.options) : undefined;
  const checks = [
    ...(await Promise.all(places.values())).flat(),
    ...(named === undefined ? [] : await checkPlace(named, init.place)),
  ];
  if (result.kind === 'read') {
    const words = `accepted; ${result.records.length} record(s) read`;
    return {
      checks: [...checks, { what: 'credentials', state: 'good', words, took }],
      records: keys.map((key) => ({
        record: keyText(key),
        published: result.records
          .filter((one) => keyText(one.key) === keyText(key))
          .map(({ content }) => content),
        by: 'the provider',
      })),
    };
  }
  const { class: kind, message } = result.failure;
  const what = kind === 'unreachable' || kind === 'transient' ? 'connection' : 'credentials';
  return {
    checks: [...checks, { what, state: 'bad', words: message, class: kind, took }],
    records: keys.map((key) => ({ record: keyText(key) })),
  };
}

type ReadResult =
  | { readonly kind: 'read'; readonly records: readonly ActualRecord[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

const lateFailure = (timeout: number): Failure => ({
  class: 'transient',
  scope: 'sink',
  message: `no answer within ${formatDuration(timeout)}`,
});

function failureOf(error: unknown): Failure {
  if (error instanceof SinkError) return error.failure;
  return { class: 'transient', scope: 'sink', message: `defect while reading: ${cleanWords(String(error))}` };
}

/** A sink that can only be written to: its server is looked at, and the DNS asked what came of it. */
async function askWithoutReading(
  settings: SinkSettings,
  keys: readonly RecordKey[],
  init: SinksInit,
): Promise<Found> {
  const place = placeOf(settings.options);
  const through = place?.tls === true && init.proxied(new URL(`https://${hostText(place)}:${place.port}`));
  const [checks, records] = await Promise.all([
    place === undefined || through ? [] : checkPlace(place, init.place),
    askDns(keys, init),
  ]);
  const words = 'cannot be checked without a write';
  return { checks: [...checks, { what: 'credentials', state: 'unknown', words }], records };
}

/** A name server within netdrift itself answers if netdrift runs. */
async function askListener(
  settings: SinkSettings,
  keys: readonly RecordKey[],
  init: SinksInit,
): Promise<Found> {
  const listen = (settings.options as { readonly listen?: unknown }).listen;
  const [first] = Array.isArray(listen) ? listen : [listen];
  const place = placeOf({ server: first });
  if (place === undefined) return { checks: [], records: keys.map((key) => ({ record: keyText(key) })) };
  // Listening everywhere, it is asked here.
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[place.host] ?? place.host;
  const records = await askDns(keys, init, { ...place, host });
  const answers = records.some(({ published }) => published !== undefined);
  const at = `${hostText(place)}:${place.port}`;
  const check: Check = answers
    ? { what: 'server', state: 'good', words: `answers at ${at}` }
    : { what: 'server', state: 'unknown', words: `does not answer at ${at}: netdrift does not run` };
  return { checks: [check], records };
}

async function askDns(
  keys: readonly RecordKey[],
  init: SinksInit,
  server?: Place,
): Promise<SinkReport['records']> {
  return Promise.all(
    keys.map(async (key) => {
      const record = keyText(key);
      // A wildcard is asked for by a name that it covers and nobody has.
      const asked = { ...key, name: key.name.replace(/^\*\./, 'netdrift-doctor.') as RecordKey['name'] };
      const published = await within<readonly string[] | undefined>(
        init.place.deadline,
        () => init.resolve(asked, server),
        () => undefined,
      ).catch(() => undefined);
      return published === undefined ? { record } : { record, published, by: 'DNS' };
    }),
  );
}

/** What was refused for good, and is not tried again before somebody acts. */
function heldChecks(keys: readonly RecordKey[], memory: SinkMemory): readonly Check[] {
  const holds = new Map<string, Check>();
  for (const key of keys) {
    const hold = memory.hold(key);
    if (hold === undefined) continue;
    const { class: kind, message } = hold.failure;
    const check: Check = { what: 'held', state: 'bad', words: `not tried any more: ${message}`, class: kind };
    if (hold.remaining() === undefined) holds.set(message, check);
  }
  return [...holds.values()];
}

const hostText = ({ host }: Place): string => (host.includes(':') ? `[${host}]` : host);
