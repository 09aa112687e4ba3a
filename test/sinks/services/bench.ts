import type { Clock } from '../../../src/model/clock.ts';
import { fqdn } from '../../../src/model/name.ts';
import type { RecordKey } from '../../../src/model/record.ts';
import { createHttpPool } from '../../../src/net/http-client.ts';
import type { Provider, WriteResult } from '../../../src/sinks/contract.ts';
import { plan } from '../../../src/sinks/plan.ts';
import { absoluteIn, relativeTo } from '../../../src/sinks/rest/records.ts';
import {
  RETRY_AFTER,
  replyOf,
  type SinkBench,
  type SinkHarness,
  type Trouble,
} from '../../conformance/harness.ts';
import { type Reply, type SeenRequest, startHttpServer } from '../../fakes/http-server.ts';
import { callOf, components, fakeTime, type target } from '../rest/support.ts';
import { type Service, ZONE, Zone } from './zone.ts';

export interface Kind {
  // biome-ignore lint/suspicious/noExplicitAny: every provider has options of its own
  readonly provider: Provider<any>;
  /** `clock` is that of the sink's host: the time of a service that checks signatures goes on with it. */
  readonly service: (zone: Zone, clock: Pick<Clock, 'monotonic'>) => Service;
  /** The options of the sink, as they stand in the YAML file. */
  readonly options: (endpoint: URL) => object;
  /** Records on one page of its lists. */
  readonly pageSize?: number;
  /** The TTL that stands for the zone's own. */
  readonly defaultTtl?: number;
  /** As in `SinkHarness`. */
  readonly wrongKey?: object;
  /** What it keeps with a record beside name, type, content and TTL. */
  readonly extra?: (number: number) => unknown;
}

export type Target = ReturnType<typeof target>;

/** A service on loopback, a sink that talks to it, and a log of what was sent. */
export async function startService(kind: Kind, more: object = {}) {
  const zone = new Zone();
  const time = fakeTime();
  const service = kind.service(zone, time.clock);
  const troubles: Array<{ readonly sort: 'read' | 'write'; readonly reply: Reply }> = [];
  const sorts: Array<'read' | 'write'> = [];
  const respond = (request: SeenRequest): Reply => {
    const sort = service.sort(request);
    if (sort === 'neither') return service.answer(request);
    sorts.push(sort);
    const index = troubles.findIndex((one) => one.sort === sort);
    return index < 0 ? service.answer(request) : (troubles.splice(index, 1)[0]?.reply ?? {});
  };
  const server = await startHttpServer({ respond });
  const pool = createHttpPool({ userAgent: 'netdrift-test/1.0' });
  const { provider } = kind;
  const options = provider.options.parse({ ...kind.options(server.url), ...more });
  const sink = provider.create({ name: 'test', options, keys: [] }, components(time));
  const call = callOf(pool.client);
  const read = (targets: readonly Target[]) =>
    sink.read?.(
      targets.map((one) => one.key),
      call,
    ) ?? Promise.resolve([]);
  return {
    zone,
    service,
    server,
    sink,
    sinkWith: (others: object) =>
      provider.create(
        {
          name: 'other',
          options: provider.options.parse({ ...kind.options(server.url), ...others }),
          keys: [],
        },
        // Another host: it counts its requests by itself.
        components(),
      ),
    time,
    http: pool.client,
    sorts,
    trouble: (sort: 'read' | 'write', reply: Reply) => void troubles.push({ sort, reply }),
    read,
    /** Reads, plans and writes, as the daemon does. */
    run: async (...targets: readonly Target[]): Promise<readonly WriteResult[]> => {
      const changes = plan(targets, await read(targets));
      return changes.length === 0 ? [] : sink.write(changes, call);
    },
    /** `METHOD path?query` and body of the writes. */
    sent: () =>
      server.requests
        .filter((request) => service.sort(request) === 'write')
        .map(({ method, target, body }): readonly [string, string, unknown] => [
          method,
          target,
          parsed(body),
        ]),
    close: async () => {
      await pool.close();
      await server.close();
    },
  };
}

function parsed(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return Object.fromEntries(new URLSearchParams(body));
  }
}

/** The same as the conformance suite wants it. */
export function harnessOf(kind: Kind): SinkHarness {
  return {
    traits: kind.provider.traits,
    reads: true,
    owns: true,
    ...(kind.pageSize === undefined ? {} : { pageSize: kind.pageSize }),
    ...(kind.defaultTtl === undefined ? {} : { defaultTtl: true as const }),
    ...(kind.wrongKey === undefined ? {} : { wrongKey: kind.wrongKey }),
    removes: true,
    troubles: ['credentials', 'rate_limited', 'server_error', 'hang', 'malformed'],
    start: async (): Promise<SinkBench> => {
      const begun = await startService(kind);
      let seeded = 0;
      const replyTo = (trouble: Trouble): Reply => {
        if (trouble !== 'credentials' && trouble !== 'rate_limited') return replyOf(trouble);
        const reply = begun.service.refuse(trouble);
        const wait = trouble === 'rate_limited' ? { 'retry-after': String(RETRY_AFTER) } : {};
        return { ...reply, headers: { ...reply.headers, ...wait } };
      };
      return {
        sink: begun.sink,
        sinkWith: begun.sinkWith,
        http: begun.http,
        names: [fqdn(`home.${ZONE}`), fqdn(`other.${ZONE}`)],
        neighbour: fqdn(`myhome.${ZONE}`),
        seed: (records, standard) => {
          for (const { key, content } of records) {
            seeded += 1;
            const name = relativeTo(fqdn(ZONE), key.name, '');
            // Members of one set have one TTL.
            const own = begun.zone.set(name, key.type)[0]?.ttl ?? 1_200 + seeded;
            const ttl = standard === 'default' ? (kind.defaultTtl ?? own) : own;
            begun.zone.add({ name, type: key.type, content, ttl, extra: kind.extra?.(seeded) });
          }
        },
        held: () =>
          begun.zone.records.map(({ name, type, content, ttl, extra }) => {
            const key = { name: fqdn(absoluteIn(fqdn(ZONE), name)), type } as RecordKey;
            return { key, content, other: { ttl, extra } };
          }),
        requests: () => [...begun.sorts],
        next: (sort, trouble) => begun.trouble(sort, replyTo(trouble)),
        busy: () => begun.server.load.now,
        pass: begun.time.pass,
        close: begun.close,
      };
    },
  };
}
