import type { ActualRecord, RecordKey } from '../../model/record.ts';
import {
  type Change,
  type Sink,
  type SinkComponents,
  SinkError,
  type SinkInit,
  type WriteResult,
} from '../contract.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import type { EmbeddedOptions } from './options.ts';
import { RateLimit } from './rate-limit.ts';
import { type Carriage, respond } from './respond.ts';
import { RecordStore } from './store.ts';
import { DEFAULT_TCP, type TcpSettings } from './tcp-listener.ts';
import { layOutZones, type Zone, ZoneLayoutError } from './zones.ts';

/** Networks the rate limit remembers: about 1 MB when full. */
const REMEMBERED_NETWORKS = 4_096;

/** The sink that is its own server; `endpoints` says where it listens once started (port 0 becomes a real one). */
export interface EmbeddedSink extends Required<Omit<Sink, 'wholeName' | 'observe' | 'batch'>> {
  readonly endpoints: readonly Pick<Endpoint, 'host' | 'port'>[];
}

/**
 * An authoritative DNS server inside the process. Records live in memory: after a restart a name answers SERVFAIL until its
 * address is written again, which the first look does.
 */
export function createEmbedded(
  init: SinkInit<EmbeddedOptions>,
  components: Pick<SinkComponents, 'clock' | 'log'>,
  tcp: TcpSettings = DEFAULT_TCP,
): EmbeddedSink {
  const { options } = init;
  const { clock, log } = components;
  const layout = readLayout(init);
  const zones = layout instanceof ZoneLayoutError ? [] : layout;
  const store = new RecordStore(zones, options.ttl, () => Math.floor(clock.wall() / 1_000));
  let endpoints: readonly Endpoint[] = [];

  const answer = (request: Uint8Array, carriage: Carriage): Uint8Array | undefined => {
    try {
      return respond(request, carriage, store);
    } catch (error) {
      // Not known to happen. A daemon that ends because of one datagram would be worse than one that does not answer it.
      log.error('embedded_answer_failed', `a query could not be answered: ${String(error)}`);
      return undefined;
    }
  };

  const stop = async (): Promise<void> => {
    const open = endpoints;
    endpoints = [];
    await Promise.all(open.map((endpoint) => endpoint.close()));
  };

  return {
    writesAgain: 'unconfirmed',

    get endpoints() {
      return endpoints;
    },

    async start() {
      if (layout instanceof ZoneLayoutError) throw layout;
      const limit = new RateLimit({
        rate: options.rate_limit,
        networks: REMEMBERED_NETWORKS,
        now: () => clock.monotonic(),
      });
      for (const { host, port } of options.listen) {
        try {
          const address = host === 'localhost' ? '127.0.0.1' : host;
          endpoints = [...endpoints, await openEndpoint(address, port, { respond: answer, limit, log, tcp })];
        } catch (error) {
          await stop();
          throw cannotListen(host, port, error);
        }
      }
      const where = endpoints.map(({ host, port }) =>
        host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
      );
      log.info(
        'embedded_listening',
        `answering at ${where.join(', ')} for ${zones.map((zone) => zone.apex).join(', ')}`,
        {
          listen: where,
        },
      );
    },

    stop,

    async read(keys, call) {
      call.signal.throwIfAborted();
      return keys.flatMap((key) => readKey(store, key));
    },

    async write(changes, call) {
      call.signal.throwIfAborted();
      return changes.map((change) => writeChange(store, change));
    },
  };
}

function readLayout(init: SinkInit<EmbeddedOptions>): readonly Zone[] | ZoneLayoutError {
  try {
    return layOutZones(init.keys, { zones: init.options.zone, nameServer: init.options.ns });
  } catch (error) {
    if (error instanceof ZoneLayoutError) return error;
    throw error;
  }
}

function readKey(store: RecordStore, key: RecordKey): readonly ActualRecord[] {
  const stored = store.get(key.name, key.type);
  return (stored?.addresses ?? []).map((address) => ({
    key,
    content: address,
    ttl: stored?.ttl ?? store.ttl,
  }));
}

function writeChange(store: RecordStore, { target }: Change): WriteResult {
  const { key, addresses, ttl } = target;
  const result = store.set(key, addresses, ttl ?? store.ttl);
  if (result !== 'unknown key') return { key, kind: result };
  const message = `${key.name} ${key.type} is not among the records of this sink`;
  return { key, kind: 'failed', failure: { class: 'not_found', scope: 'record', message } };
}

/** An address comes with the network and a port goes with its owner, so that none of this is for ever. */
function cannotListen(host: string, port: number, cause: unknown): SinkError {
  const message = `cannot listen at ${host} port ${port}: ${errorText(cause)}`;
  return new SinkError({ class: 'unreachable', scope: 'sink', message }, { cause });
}

function errorText(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use (EADDRINUSE); stop who has it, or choose another under `listen`';
    case 'EACCES':
      return 'not permitted (EACCES); ports below 1024 need CAP_NET_BIND_SERVICE, or choose another under `listen`';
    case 'EADDRNOTAVAIL':
      return 'the address does not belong to this host, or not yet (EADDRNOTAVAIL); give it to the host, or correct `listen`';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
