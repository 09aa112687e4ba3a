import {
  concat,
  defer,
  filter,
  finalize,
  ignoreElements,
  Observable,
  repeat,
  type SchedulerLike,
  type Subscription,
  timer,
} from 'rxjs';
import { familyOf, type IpAddress } from '../../model/address.ts';
import type { Random } from '../../model/clock.ts';
import type { Family } from '../../model/family.ts';
import type { Trigger } from '../../model/trigger.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Binding, BindingPlace } from '../../net/stun/binding.ts';
import type { StunResult } from '../../net/stun/exchange.ts';
import { fromAbortable } from '../../streams/from-abortable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { StunServer } from '../addresses/stun.ts';
import type { TriggerSource } from '../contract.ts';

/** A way out of this host that leads through a NAT. */
export interface KeepWatchPlace {
  /** Everything that makes it another network; a new key means a new socket and a new first answer to compare with. */
  readonly key: string;
  readonly family: Family;
  readonly localAddress?: IpAddress | undefined;
  /** In the order to ask; at least one. */
  readonly servers: readonly StunServer[];
  /** Asked before every request: true while somebody else tells of changes, and nothing need be sent. */
  readonly spared: () => boolean;
}

export interface KeepWatchComponents {
  readonly scheduler: SchedulerLike;
  readonly random: Random;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Log;
  /** Replaced in tests. */
  readonly open?: (place: BindingPlace) => Promise<Binding>;
}

export interface KeepWatchInit {
  /** Milliseconds from one request to the next. */
  readonly every: number;
  /** Where it is needed now, told anew at every change. */
  readonly places: Observable<readonly KeepWatchPlace[]>;
}

/** Milliseconds before the first request: by then a router that tells of changes has been subscribed to. */
const FIRST = 3_000;
/**
 * Where answers came and come no more, the network is down as often as not, and may return with another address: the pause in
 * milliseconds, and the failures in a row after which the haste is over: a quarter of an hour where each is told at once, more than
 * an hour where the requests just vanish.
 */
const HASTE = { pause: 1_000, failures: 900 };
/** Longest pause in milliseconds after failures. */
const LONGEST = 300_000;
/** Added to each pause at random: NATs drop an idle mapping after 30 s (RFC 4787 section 4.3 wants more), so 20 s stay below it. */
const JITTER = 0.1;
/** Failures in a row after which the next server is asked. */
const PATIENCE = 2;

/**
 * Asks a STUN server regularly through one socket that stays open, and gives a trigger when the outside address it sees is another one
 * than before. Another port is no change. Never errors, never completes; unsubscribing closes everything.
 */
export function keepWatch(components: KeepWatchComponents, { every, places }: KeepWatchInit): TriggerSource {
  return new Observable((subscriber) => {
    const watching = new Map<string, Subscription>();
    subscriber.add(() => {
      for (const watch of watching.values()) watch.unsubscribe();
    });
    subscriber.add(
      places.subscribe((wanted) => {
        const keys = new Set(wanted.map(({ key }) => key));
        for (const [key, watch] of watching) {
          if (keys.has(key)) continue;
          watch.unsubscribe();
          watching.delete(key);
        }
        for (const place of wanted) {
          if (watching.has(place.key)) continue;
          const watch = watchPlace(place, components, every).subscribe({
            next: (trigger) => subscriber.next(trigger),
            error: (error: unknown) => subscriber.error(error),
          });
          watching.set(place.key, watch);
        }
      }),
    );
  });
}

function watchPlace(
  place: KeepWatchPlace,
  components: KeepWatchComponents,
  every: number,
): Observable<Trigger> {
  const { scheduler, random } = components;
  const wait = (milliseconds: number) => timer(milliseconds * (1 + JITTER * random()), scheduler);
  return defer(() => {
    const watch = new Watch(place, components);
    const rounds = defer(() => fromAbortable((signal) => watch.round(signal))).pipe(
      repeat({ delay: () => wait(watch.pause(every)) }),
      filter((trigger) => trigger !== undefined),
    );
    const first = wait(Math.min(every, FIRST)).pipe(ignoreElements());
    return concat(first, rounds).pipe(finalize(() => watch.close()));
  });
}

class Watch {
  readonly #place: KeepWatchPlace;
  readonly #components: KeepWatchComponents;
  #binding: Binding | undefined;
  #seen: IpAddress | undefined;
  #server = 0;
  #failures = 0;
  /** The last failure was that nothing came back. */
  #silent = false;
  #closed = false;

  constructor(place: KeepWatchPlace, components: KeepWatchComponents) {
    this.#place = place;
    this.#components = components;
  }

  pause(every: number): number {
    const hasty = this.#seen !== undefined && this.#silent;
    if (hasty && this.#failures <= HASTE.failures) return Math.min(every, HASTE.pause);
    const failures = hasty ? this.#failures - HASTE.failures : this.#failures;
    // An interval of its own choice that is longer than the cap is no reason to ask more often after failures.
    return Math.max(every, Math.min(LONGEST, every * 2 ** Math.min(failures, 20)));
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async round(signal: AbortSignal): Promise<Trigger | undefined> {
    if (this.#place.spared()) {
      this.#drop();
      this.#seen = undefined;
      this.#failures = 0;
      return undefined;
    }
    const result = await this.#ask(signal);
    if (result.kind !== 'mapped' || familyOf(result.address) !== this.#place.family) {
      this.#fail(result);
      return undefined;
    }
    this.#failures = 0;
    this.#silent = false;
    const before = this.#seen;
    this.#seen = result.address;
    if (before === result.address) return undefined;
    const { log } = this.#components;
    if (before === undefined) {
      log.debug(
        'keep_watch_started',
        `${this.#name} sees ${result.address}: watched from now on`,
        this.#fields,
      );
      return undefined;
    }
    const detail = `${this.#name} sees ${result.address} now, and saw ${before} before`;
    log.debug('mapping_changed', detail, this.#fields);
    return { reason: 'mapping_changed', source: 'stun', mode: 'inject', detail };
  }

  /**
   * Once more through a new socket where one that worked falls silent: a router may hold on to a mapping to the outside address that
   * it has lost, and only a new one shows the new address.
   */
  async #ask(signal: AbortSignal): Promise<StunResult> {
    const used = this.#binding;
    if (used !== undefined) {
      const result = await used.ask(signal);
      if (result.kind !== 'failed') return result;
      this.#drop();
    }
    const { family, localAddress } = this.#place;
    const { host, port } = this.#current;
    const open = this.#components.open ?? (await bindingOpener(this.#components.randomBytes));
    const binding = await open({ host, port, family, localAddress });
    if (this.#closed) {
      binding.close();
      return { kind: 'failed', why: 'closed' };
    }
    this.#binding = binding;
    const result = await binding.ask(signal);
    if (result.kind === 'failed') this.#drop();
    return result;
  }

  #fail(result: StunResult): void {
    this.#failures += 1;
    this.#silent = result.kind === 'failed';
    const said = sayResult(result);
    this.#components.log.debug('keep_watch_failed', `${this.#name}: ${said}`, this.#fields);
    // A server that sends its clients away (RFC 8489 section 14.8: 300, 500 ...) is left at once.
    if (result.kind === 'failed' && this.#failures % PATIENCE !== 0) return;
    this.#drop();
    this.#server += 1;
  }

  #drop(): void {
    this.#binding?.close();
    this.#binding = undefined;
  }

  get #current(): StunServer {
    const { servers } = this.#place;
    const server = servers[this.#server % servers.length];
    if (server === undefined) throw new TypeError('a place has at least one server');
    return server;
  }

  get #name(): string {
    const { host, port } = this.#current;
    return `${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  get #fields(): { readonly component: string; readonly family: Family; readonly server: string } {
    return { component: 'keep-watch', family: this.#place.family, server: this.#name };
  }
}

function sayResult(result: StunResult): string {
  switch (result.kind) {
    case 'mapped':
      return `named ${result.address}, an address of the other family`;
    case 'error':
      return `answered with error ${result.code} ${cleanWords(result.reason)}`;
    case 'unusable':
    case 'failed':
      return result.why;
  }
}

/** Loaded at the first request: the codec takes 10 ms, and most hosts never watch. */
async function bindingOpener(
  randomBytes: (count: number) => Uint8Array,
): Promise<(place: BindingPlace) => Promise<Binding>> {
  const { openBinding } = await import('../../net/stun/binding.ts');
  return async (place) => openBinding(place, randomBytes);
}
