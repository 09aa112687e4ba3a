import {
  catchError,
  defer,
  EMPTY,
  filter,
  ignoreElements,
  map,
  mergeMap,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  timer,
} from 'rxjs';
import type { IpAddress } from '../../model/address.ts';
import { isFrom } from '../../net/pcp/exchange.ts';
import { decodePcp } from '../../net/pcp/message.ts';
import { decodeNatPmp } from '../../net/pcp/nat-pmp.ts';
import { decodeSsdp, isAboutGateways, SSDP_GROUP, startOf } from '../../net/upnp/ssdp.ts';
import type { Log } from '../../telemetry/log.ts';
import type { RouterClient } from './client.ts';
import { type Gateway, gatewayKey } from './gateway.ts';
import { type Heard, listenToGroup } from './multicast.ts';
import type { RouterNetwork } from './network.ts';

export interface HearingInit {
  readonly client: RouterClient;
  readonly network: RouterNetwork;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

/** What a gateway says to everybody on the link. */
export type Said =
  | { readonly kind: 'address'; readonly address: IpAddress | 'none' }
  /** PCP: "look at my clock of state". What it means, the client tells by `restarts`. */
  | { readonly kind: 'announced' }
  /** UPnP: its services were started anew (`alive` with another boot number or place), or end. */
  | { readonly kind: 'service_restarted'; readonly detail: string };

/** All nodes of the link: where NAT-PMP and PCP servers tell of changes (RFC 6886 section 3.2.1, RFC 6887 section 14.1.1). */
const ALL_NODES = { ipv4: '224.0.0.1', ipv6: 'ff02::1' } as const;
/** Milliseconds, first and longest, until listening is tried again where the port could not be had. */
const TRY_AGAIN = { first: 60_000, longest: 3_600_000 };

/** NAT-PMP and PCP notices of the gateway. Never errors: a port that cannot be had is a log line, and another try later. */
export function portNotices(gateway: Gateway, init: HearingInit): Observable<Said> {
  const { client, network } = init;
  const place = { group: ALL_NODES[gateway.family], port: network.ports.notices };
  return listen(gateway, place, init, () => {
    const { notices } = client.memory(gateway);
    if (notices.multicast === 'off') notices.multicast = 'listening';
  }).pipe(
    mergeMap(({ datagram, sender }) => {
      const natPmp = decodeNatPmp(datagram);
      const pcp = natPmp === undefined ? decodePcp(datagram) : undefined;
      if (natPmp === undefined && pcp === undefined) return EMPTY;
      // From the very address, link and port of the gateway, or it is nothing (RFC 6886 section 3.2.1).
      if (!isFrom(sender, gateway.address, { port: network.ports.gateway, link: gateway })) {
        client.tally.add('a notice from a stranger', `${sender.address}:${sender.port}`);
        return EMPTY;
      }
      const memory = client.memory(gateway);
      memory.notices.multicast = 'heard';
      memory.release();
      if (pcp !== undefined) {
        client.epochSeen(gateway, 'pcp', pcp.epoch);
        return of<Said>({ kind: 'announced' });
      }
      if (natPmp?.epoch !== undefined) client.epochSeen(gateway, 'nat-pmp', natPmp.epoch);
      if (natPmp?.kind !== 'address') return EMPTY;
      return of<Said>({ kind: 'address', address: natPmp.address ?? 'none' });
    }),
  );
}

/** UPnP notices that the gateway's services were started anew: reasons to see whether a subscription still holds. */
export function serviceNotices(gateway: Gateway, init: HearingInit): Observable<Said> {
  if (gateway.family !== 'ipv4') return EMPTY;
  const { client, network } = init;
  // By target: some routers have a description for each version. The targets that get here are a handful.
  const marks = new Map<string, string>();
  return listen(gateway, { group: SSDP_GROUP, port: network.ports.ssdp }, init, () => {}).pipe(
    map(({ datagram, sender }) => {
      const message = decodeSsdp(datagram);
      if (message === undefined || message.kind === 'found' || !isAboutGateways(message.target))
        return undefined;
      if (!isFrom(sender, gateway.address, { link: gateway })) {
        client.tally.add('a notice of a gateway from a stranger', sender.address);
        return undefined;
      }
      if (message.kind === 'byebye') {
        marks.delete(message.target);
        client.memory(gateway).found = undefined;
        return undefined;
      }
      const memory = client.memory(gateway);
      const now = startOf(message);
      // The first that is heard says nothing new where a search found the same: what was subscribed to since then still holds.
      const before = marks.get(message.target) ?? memory.found;
      marks.set(message.target, now);
      if (now === before) return undefined;
      memory.release();
      return { kind: 'service_restarted', detail: 'UPnP services announced' } as const;
    }),
    filter((said) => said !== undefined),
  );
}

function listen(
  gateway: Gateway,
  place: { readonly group: string; readonly port: number },
  { network, scheduler, log }: HearingInit,
  onListening: () => void,
): Observable<Heard> {
  let failures = 0;
  return defer(() =>
    listenToGroup(gateway, place, network, () => {
      failures = 0;
      onListening();
    }),
  ).pipe(
    catchError((error: unknown) => {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      const where = `${place.group}:${place.port} on ${gateway.interface}`;
      // Said once; while nothing changes it is the same news.
      log[failures === 0 ? 'info' : 'debug'](
        'router_listener_failed',
        `cannot listen to ${where} (${code}): notices sent there are missed`,
        { reason: code, gateway: gatewayKey(gateway) },
      );
      const wait = Math.min(TRY_AGAIN.longest, TRY_AGAIN.first * 2 ** Math.min(failures, 20));
      failures += 1;
      // Nothing of the failed socket is left; the pause is the whole of this round.
      return timer(wait, scheduler).pipe(ignoreElements());
    }),
    repeat(),
  );
}
