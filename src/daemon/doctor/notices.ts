import type { ClientRequest } from 'node:http';
import { asyncScheduler, firstValueFrom, interval, map, NEVER, skipWhile, startWith } from 'rxjs';
import type { Clock } from '../../model/clock.ts';
import type { RouterClient } from '../../sources/router/client.ts';
import type { Gateway } from '../../sources/router/gateway.ts';
import type { RouterNetwork } from '../../sources/router/network.ts';
import { gatewayNotices } from '../../sources/router/notices.ts';
import { type Log, silentLog } from '../../telemetry/log.ts';
import type { NoticesReport } from './contract.ts';
import { within } from './deadline.ts';

export interface NoticesInit {
  readonly client: RouterClient;
  readonly network: RouterNetwork;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Milliseconds for the subscription and its first event, which a router sends at once. */
  readonly deadline: number;
}

/** Milliseconds between looks at what has arrived. */
const LOOK = 50;
/** Milliseconds for the router to be told that its events are not wanted any more. */
const FAREWELL = 1_000;

/**
 * Listens to the gateway as a running netdrift does: joins its groups, subscribes to its events, waits for the first one, and gives the
 * subscription back. A router that misses the end drops it by itself.
 */
export async function checkNotices(gateway: Gateway, init: NoticesInit): Promise<NoticesReport> {
  const { client, deadline } = init;
  const { notices, experience } = client.memory(gateway);
  const { network, settled } = counted(init.network);
  const problems: string[] = [];
  const log = collecting(problems);
  const listening = gatewayNotices(gateway, {
    ...init,
    network,
    scheduler: asyncScheduler,
    looks: NEVER,
    log,
  }).subscribe();
  const port = `:${network.ports.notices} `;
  // Without UPnP there is no event to wait for.
  const isOver = (): boolean => {
    const judged = notices.multicast !== 'off' || problems.some((one) => one.includes(port));
    return judged && (notices.events === 'heard' || experience('upnp').state === 'silent');
  };
  try {
    await within<unknown>(
      deadline,
      () => {
        const looks = interval(LOOK).pipe(startWith(0), map(isOver));
        return firstValueFrom(looks.pipe(skipWhile((over) => !over)));
      },
      () => undefined,
    );
    return { multicast: notices.multicast, events: notices.events, problems };
  } finally {
    listening.unsubscribe();
    await within<unknown>(FAREWELL, settled, () => undefined);
  }
}

/** What could not be listened to, and why a subscription was not granted, each said once. */
function collecting(problems: string[]): Log {
  const note = (event: string, message: string): void => {
    const telling = event === 'router_listener_failed' || event === 'router_events_lost';
    if (telling && !problems.includes(message)) problems.push(message);
  };
  const log: Log = { ...silentLog, debug: note, info: note, warn: note, child: () => log };
  return log;
}

/** The same network, which knows when its last exchange has ended: the end of a subscription is told on the side. */
function counted(network: RouterNetwork): {
  readonly network: RouterNetwork;
  readonly settled: () => Promise<void>;
} {
  const open = new Set<ClientRequest>();
  const request = ((...words: Parameters<RouterNetwork['request']>) => {
    const one = network.request(...words);
    open.add(one);
    one.once('close', () => open.delete(one));
    return one;
  }) as RouterNetwork['request'];
  const settled = async (): Promise<void> => {
    // Each turn, because what is told may begin only after the unsubscribing.
    do await Promise.all([...open].map((one) => new Promise((resolve) => one.once('close', resolve))));
    while (open.size > 0);
  };
  return { network: { ...network, request }, settled };
}
