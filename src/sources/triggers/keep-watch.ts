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
import { familyOf, type IpAddress, parseAddress } from '../../model/address.ts';
import type { Clock, Random } from '../../model/clock.ts';
import type { Family } from '../../model/family.ts';
import type { Trigger } from '../../model/trigger.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Binding, BindingPlace } from '../../net/stun/binding.ts';
import type { Retransmission, StunResult } from '../../net/stun/exchange.ts';
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
  /** The address that is taken for the outside one now. */
  readonly inForce?: () => IpAddress | undefined;
  /** Asked before every request: true while somebody else tells of changes, and nothing need be sent. */
  readonly spared: () => boolean;
}

export interface KeepWatchComponents {
  readonly clock: Pick<Clock, 'monotonic'>;
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
 * Where answers came and come no more from any server, the network is down, and may return with another address. Nothing but these
 * questions tells of that behind a router, so for a while they come quickly, and cheaply: one datagram of 48 octets every 2.5 s, a
 * second of which is the wait for its answer. All in milliseconds; an outage of ten minutes is still noticed within seconds of its end.
 */
const HASTE = { pause: 1_500, length: 720_000 };
const ONCE: Retransmission = { timeout: 1_000, requests: 1, lastWait: 1 };
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
  /** Where servers were found, by the names they are listed under. */
  readonly #found = new Map<string, IpAddress>();
  /** In a row, and those of them that make the pause longer. */
  #tried = 0;
  #failures = 0;
  /** The end of the haste by the monotonic clock, from the first failure on. */
  #hasteEnds: number | undefined;
  #closed = false;

  constructor(place: KeepWatchPlace, components: KeepWatchComponents) {
    this.#place = place;
    this.#components = components;
  }

  pause(every: number): number {
    if (this.#hasty) return Math.min(every, HASTE.pause);
    // An interval of its own choice that is longer than the cap is no reason to ask more often after failures.
    return Math.max(every, Math.min(LONGEST, every * 2 ** Math.min(this.#failures, 20)));
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  async round(signal: AbortSignal): Promise<Trigger | undefined> {
    if (this.#place.spared()) {
      this.#drop();
      this.#seen = undefined;
      this.#calm();
      return undefined;
    }
    const result = await this.#ask(signal);
    if (result.kind !== 'mapped' || familyOf(result.address) !== this.#place.family) {
      this.#fail(result);
      return undefined;
    }
    this.#calm();
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
      // A router may be wrong about its own address, and then it is wrong the same way each time.
      const inForce = this.#place.inForce?.();
      if (inForce === undefined || inForce === result.address) return undefined;
      return this.#changed(`${this.#name} sees ${result.address}, and ${inForce} is taken for the address`);
    }
    return this.#changed(`${this.#name} sees ${result.address} now, and saw ${before} before`);
  }

  #changed(detail: string): Trigger {
    this.#components.log.debug('mapping_changed', detail, this.#fields);
    return { reason: 'mapping_changed', source: 'stun', mode: 'inject', detail };
  }

  get #hasty(): boolean {
    const ends = this.#hasteEnds;
    return ends !== undefined && this.#components.clock.monotonic() < ends;
  }

  #calm(): void {
    this.#tried = 0;
    this.#failures = 0;
    this.#hasteEnds = undefined;
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
    // Without the network a name is not found within the haste; where the server was before, it mostly is still.
    const place = this.#hasty ? (this.#found.get(host) ?? host) : host;
    const binding = await open({ host: place, port, family, localAddress });
    if (this.#closed) {
      binding.close();
      return { kind: 'failed', why: 'closed' };
    }
    this.#binding = binding;
    const result = await binding.ask(signal, this.#hasty ? ONCE : undefined);
    if (binding.server !== undefined) this.#found.set(host, binding.server);
    if (result.kind === 'failed') this.#drop();
    return result;
  }

  #fail(result: StunResult): void {
    const { monotonic } = this.#components.clock;
    const silent = result.kind === 'failed';
    this.#tried += 1;
    // A server that answers, if only to say no, is reached; where none ever answered, none may be there.
    if (!silent) this.#hasteEnds = monotonic();
    else if (this.#seen !== undefined) this.#hasteEnds ??= monotonic() + HASTE.length;
    const hasty = this.#hasty;
    if (!hasty) this.#failures += 1;
    const said = sayResult(result);
    this.#components.log.debug('keep_watch_failed', `${this.#name}: ${said}`, this.#fields);
    // A server that sends its clients away (RFC 8489 section 14.8: 300, 500 ...) is left at once, and in haste every one.
    if (silent && !hasty && this.#tried % PATIENCE !== 0) return;
    this.#drop();
    const { length } = this.#place.servers;
    // One round of all in haste shows whether it is only that server; then those are passed over that would have to be looked up.
    const whole = hasty && this.#tried >= length;
    for (let step = 0; step < length; step += 1) {
      this.#server += 1;
      const { host } = this.#current;
      if (!whole || this.#found.has(host) || parseAddress(host) !== undefined) break;
    }
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
