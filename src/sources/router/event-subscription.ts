import { firstValueFrom, Observable, race, type SchedulerLike, Subject, take, timer } from 'rxjs';
import type { Clock } from '../../model/clock.ts';
import { type AddressEvent, EventInbox, type InboxInit } from './event-inbox.ts';
import { type Gateway, gatewayKey } from './gateway.ts';
import { ration } from './ration.ts';
import { renew, type Subscribed, subscribe, unsubscribe } from './subscribe.ts';

export interface EventSubscriptionInit extends InboxInit {
  readonly scheduler: SchedulerLike;
  readonly clock: Clock;
  /** Something happened at the gateway: see at once whether the subscription still holds. */
  readonly checkNow: Observable<unknown>;
  /** The host was looked at; after a sleep that is what shows that a renewal is overdue. */
  readonly looks: Observable<unknown>;
}

/** Milliseconds: first and longest pause after a subscription that failed, and where no service is known. */
const PAUSE = { first: 2_000, longest: 600_000 };
/** Within this a router sends the initial event (UDA 2.0 section 4.1.2: at once); the rest is for slow ones. */
const INITIAL_EVENT = 30_000;
/** Checks out of turn: a few at once, then one in ten seconds, however much is said. */
const CHECKS = { burst: 5, refill: 10_000 };

/**
 * Keeps a subscription to the events of a gateway's WAN services (GENA): made when services are found, renewed at half of its time,
 * made anew when the router does not know it any more. Never errors or completes. Unsubscribing ends it at once and tells the router so,
 * without waiting for its answer.
 */
export function gatewayEvents(gateway: Gateway, init: EventSubscriptionInit): Observable<AddressEvent> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    const keeper = new Keeper(gateway, init, controller.signal, (event) => subscriber.next(event));
    const { scheduler, checkNow, looks } = init;
    subscriber.add(checkNow.pipe(ration({ ...CHECKS, scheduler })).subscribe(() => keeper.wake()));
    subscriber.add(looks.subscribe(() => keeper.wakeIfOverdue()));
    keeper.run().catch((error: unknown) => {
      if (!controller.signal.aborted) subscriber.error(error);
    });
    return () => {
      controller.abort();
      keeper.end();
    };
  });
}

class Keeper {
  readonly #gateway: Gateway;
  readonly #init: EventSubscriptionInit;
  readonly #signal: AbortSignal;
  readonly #inbox: EventInbox;
  /** Until the first subscription was granted. */
  #first = true;
  readonly #woken = new Subject<void>();
  /** True if woken while busy: the next pause is none. */
  #restless = false;
  /** When the present pause ends, by the clock that counts sleep. */
  #due = Number.POSITIVE_INFINITY;
  #held: readonly Subscribed[] = [];

  constructor(
    gateway: Gateway,
    init: EventSubscriptionInit,
    signal: AbortSignal,
    emit: (event: AddressEvent) => void,
  ) {
    this.#gateway = gateway;
    this.#init = init;
    this.#signal = signal;
    this.#inbox = new EventInbox(gateway, init, emit);
  }

  async run(): Promise<void> {
    const { client, log } = this.#init;
    let failures = 0;
    while (!this.#signal.aborted) {
      const made = await this.#subscribe();
      if (this.#signal.aborted) return;
      if (made) {
        failures = 0;
        await this.#hold();
        if (this.#signal.aborted) return;
        const fields = { gateway: gatewayKey(this.#gateway) };
        log.debug('router_events_lost', 'the router does not know the subscription any more', fields);
        client.memory(this.#gateway).notices.events = 'off';
        // A restarted router may have its services elsewhere, and be slow to answer a search: asked soon again.
        client.dropServices(this.#gateway);
        client.memory(this.#gateway).release();
        continue;
      }
      failures += 1;
      const grown = Math.min(PAUSE.longest, PAUSE.first * 2 ** Math.min(failures - 1, 20));
      await this.#pause(Math.max(grown, client.memory(this.#gateway).rest('upnp')));
    }
  }

  /** Ends the present pause, or the next. */
  wake(): void {
    this.#restless = true;
    this.#woken.next();
  }

  wakeIfOverdue(): void {
    if (this.#init.clock.boot() > this.#due) this.wake();
  }

  /** Everything goes; what the router has to be told it is told on the side, each within its own deadline. */
  end(): void {
    this.wake();
    this.#inbox.close();
    const { network } = this.#init;
    for (const held of this.#held) void unsubscribe(this.#gateway, held, network);
  }

  async #subscribe(): Promise<boolean> {
    const { client, network, log } = this.#init;
    const services = await client.wanServices(this.#gateway, this.#signal);
    const places = services.flatMap(({ events }) => (events === undefined ? [] : [events]));
    if (places.length === 0 || !(await this.#inbox.open())) return false;
    const slots = this.#inbox.renew(places.length, this.#first);
    const made = await Promise.all(
      places.map(async (place, index) => {
        const slot = slots[index];
        if (slot === undefined) throw new TypeError('a slot for each place was made');
        const wanted = { place, callback: slot.callback };
        const answer = await subscribe(this.#gateway, wanted, network, this.#signal);
        if (answer.kind === 'granted') slot.sid = answer.subscribed.sid;
        return answer;
      }),
    );
    this.#held = made.flatMap((answer) => (answer.kind === 'granted' ? [answer.subscribed] : []));
    const fields = { gateway: gatewayKey(this.#gateway) };
    if (this.#held.length === 0) {
      const why = made.map((answer) => (answer.kind === 'failed' ? answer.why : '')).join(', ');
      log.debug('router_events_lost', `the router took no subscription: ${why}`, fields);
      client.dropServices(this.#gateway);
      return false;
    }
    this.#first = false;
    const { notices } = client.memory(this.#gateway);
    if (notices.events === 'off') notices.events = 'subscribed';
    log.debug('router_events_subscribed', `subscribed to ${this.#held.length} of its services`, fields);
    return true;
  }

  /** Returns when the subscription does not hold any more. */
  async #hold(): Promise<void> {
    const { network, client, log } = this.#init;
    const quiet = timer(INITIAL_EVENT, this.#init.scheduler).subscribe(() => {
      if (client.memory(this.#gateway).notices.events !== 'subscribed') return;
      const message = 'subscribed, and the first event did not come: a firewall of this host may keep it out';
      log.info('router_events_silent', message, { gateway: gatewayKey(this.#gateway) });
    });
    try {
      while (!this.#signal.aborted) {
        const shortest = Math.min(...this.#held.map(({ seconds }) => seconds));
        await this.#pause((shortest * 1_000) / 2);
        if (this.#signal.aborted) return;
        const renewed = await Promise.all(
          this.#held.map((held) => renew(this.#gateway, held, network, this.#signal)),
        );
        // All or none: half a set of subscriptions would hide the half that is lost.
        if (renewed.includes(undefined)) return;
        this.#held = renewed.filter((held) => held !== undefined);
      }
    } finally {
      quiet.unsubscribe();
    }
  }

  /** Ends early when woken. Timers stand still while the host sleeps, the router's do not. */
  async #pause(milliseconds: number): Promise<void> {
    const { scheduler, clock } = this.#init;
    if (!this.#restless) {
      this.#due = clock.boot() + milliseconds;
      await firstValueFrom(race(timer(milliseconds, scheduler), this.#woken).pipe(take(1)));
      this.#due = Number.POSITIVE_INFINITY;
    }
    this.#restless = false;
  }
}
