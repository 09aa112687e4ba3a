import {
  concat,
  concatMap,
  EMPTY,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  Observable,
  of,
  Subject,
  share,
  switchMap,
  take,
  tap,
  timer,
} from 'rxjs';
import type { IpAddress } from '../../model/address.ts';
import { fromAbortable } from '../../streams/from-abortable.ts';
import { type EventSubscriptionInit, gatewayEvents } from './event-subscription.ts';
import { type Gateway, gatewayKey } from './gateway.ts';
import { type HearingInit, portNotices, serviceNotices } from './hearing.ts';
import type { Protocol } from './memory.ts';

/** Something about a gateway that is a reason to look again. */
export interface RouterNotice {
  readonly source: Protocol;
  /** For people. */
  readonly detail: string;
}

export type NoticesInit = HearingInit & Omit<EventSubscriptionInit, 'checkNow'>;

/**
 * Everything one gateway tells of its own accord, each change told once: the same news comes ten times by multicast and once more as
 * an event. What it says is compared with what it said before and otherwise not used.
 */
export function gatewayNotices(gateway: Gateway, init: NoticesInit): Observable<RouterNotice> {
  const { client } = init;
  return new Observable((subscriber) => {
    const judge = createJudge(() => client.lastAnswer(gateway));
    const checkNow = new Subject<void>();
    const restarts = client.restarts.pipe(
      filter(({ key }) => key === gatewayKey(gateway)),
      map(({ protocol }): RouterNotice => {
        checkNow.next();
        return {
          source: protocol,
          detail: `${gateway.address} has lost its state or changed its outside address`,
        };
      }),
    );
    const multicasts = portNotices(gateway, init).pipe(
      tap(() => {
        // A sign of life of a router whose services were looked for in vain.
        if (client.memory(gateway).experience('upnp').state !== 'speaks') checkNow.next();
      }),
      share(),
    );
    const announced = multicasts.pipe(
      filter(({ kind }) => kind === 'announced'),
      map(() => judge.announced(gateway.address)),
    );
    const addresses = multicasts.pipe(
      filter((said) => said.kind === 'address'),
      map(({ address }): Told => ({ source: 'nat-pmp', address, initial: false })),
    );
    const services = serviceNotices(gateway, init).pipe(
      tap(() => checkNow.next()),
      ignoreElements(),
    );
    const events =
      gateway.family === 'ipv4'
        ? gatewayEvents(gateway, { ...init, checkNow }).pipe(
            map(({ address, initial }): Told => ({ source: 'upnp', address, initial })),
          )
        : EMPTY;
    const told = merge(addresses, events).pipe(
      switchMap((said) =>
        said.address === 'none' ? concat(of(said), returned(gateway, said, init)) : of(said),
      ),
      map(({ source, address, initial }) => judge.told(source, address, initial)),
    );
    // The restarts first: a multicast that shows one must find them listening.
    return merge(restarts, announced, told, services)
      .pipe(filter((notice) => notice !== undefined))
      .subscribe(subscriber);
  });
}

/** What the gateway says of its outside address. */
interface Told {
  readonly source: Protocol;
  readonly address: IpAddress | 'none';
  readonly initial: boolean;
}

/** Milliseconds after the loss of the address at which the router is asked for it: two minutes in all. */
const AFTER_LOSS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000];

/**
 * Asks for the address that comes after a loss, a few times; the next notice ends it. miniupnpd drops an event while the one before is
 * still on its way, and a reconnection has its loss and its new address within milliseconds: the second is often never sent.
 */
function returned(gateway: Gateway, { source }: Told, { client, scheduler }: NoticesInit): Observable<Told> {
  return from(AFTER_LOSS).pipe(
    concatMap((wait) => timer(wait, scheduler)),
    concatMap(() => fromAbortable((signal) => client.outsideAddress(gateway, { mapping: false, signal }))),
    filter((answer) => answer.kind === 'address'),
    take(1),
    map(({ address }): Told => ({ source, address, initial: false })),
  );
}

interface Judge {
  told(source: Protocol, address: IpAddress | 'none', initial: boolean): RouterNotice | undefined;
  announced(gateway: IpAddress): RouterNotice | undefined;
}

/**
 * Is it news? `read` gives what the detector was answered last: it tells whether the address changed between the first look and the
 * first event. Only for that: a reading that lost against another witness must not silence a notice.
 */
export function createJudge(read: () => IpAddress | undefined): Judge {
  let last: IpAddress | 'none' | undefined;
  let announcedBefore = false;
  return {
    told: (source, address, initial) => {
      const before = last ?? (initial ? (read() ?? address) : undefined);
      last = address;
      // Without an address there is nothing to find out; the next notice brings one.
      if (address === before || address === 'none') return undefined;
      return { source, detail: `the router says that its outside address is ${address} now` };
    },
    // Later ones are judged by their clock of state; for the first there is nothing to compare it with.
    announced: (gateway) => {
      if (announcedBefore) return undefined;
      announcedBefore = true;
      return { source: 'pcp', detail: `${gateway} announced that its state may have changed` };
    },
  };
}
