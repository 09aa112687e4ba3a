import type { Observable } from 'rxjs';
import type { ZodType } from 'zod';
import type { IpAddress } from '../model/address.ts';
import type { Binding } from '../model/binding.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { Family } from '../model/family.ts';
import type { Reading, Witness } from '../model/reading.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Spawn } from '../model/spawn.ts';
import type { Trigger } from '../model/trigger.ts';
import type { HttpClient } from '../net/http.ts';
import type { Log } from '../telemetry/log.ts';
import type { RouterClient } from './router/client.ts';

/**
 * A source of reasons to look. Subscribing starts it, unsubscribing stops it and everything it started. It never
 * errors and never completes by itself: what goes wrong inside becomes a log line, a restart with backoff, and a trigger
 * (`events_lost`, `source_recovered`).
 */
export type TriggerSource = Observable<Trigger>;

/** One way to learn an address, bound to an uplink and a family. */
export interface Detector {
  readonly witness: Witness;
  /** True if asking it sends something off this host. */
  readonly outside: boolean;
  /**
   * Answers once. Never rejects for reasons of the world: what goes wrong is `unavailable` with the reason; it rejects only
   * when aborted. Stops at once when `signal` aborts.
   */
  read(question: Question): Promise<Reading>;
}

export interface Question {
  readonly snapshot: Snapshot;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** What a detector file gives to the registry (`addresses/registry.ts`). */
export interface DetectorKind<Options = unknown> {
  /** As written in `ipv4: [interface, stun, http]`. */
  readonly name: string;
  readonly title: string;
  /** Its own keys beside `detector:`; must accept `{}` if the bare name is to work. */
  readonly options: ZodType<Options>;
  /** Why these options cannot work for a family: the key at fault (none for the entry as a whole), and what to do. */
  check?(options: Options, family: Family): DetectorMisfit | undefined;
  /** Who runs the outside witnesses it stands for, one voice each; none where it knows by itself. One of its own if not given. */
  operators?(options: Options, family: Family): readonly string[];
  /** Several where one entry stands for several witnesses (a list of services). In the order to ask. */
  create(init: DetectorInit<Options>, components: DetectorComponents): readonly Detector[];
}

export interface DetectorMisfit {
  readonly key: string;
  readonly message: string;
  readonly remedy: string;
}

/** With what the uplink is bound to, if it is. */
export interface DetectorInit<Options> extends Binding {
  readonly family: Family;
  readonly options: Options;
  /** What is published for the uplink already: of several addresses that are equally fit it goes first. */
  readonly preferred?: () => readonly IpAddress[];
  /** Classes the uplink allows beyond global unicast; for choosing among several candidates. */
  readonly allow: readonly string[];
}

export interface DetectorComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Pinned to a family and, where set, to the uplink's source address; without keep-alive across network changes. */
  readonly http: (family: Family) => HttpClient;
  readonly spawn: Spawn;
  readonly log: Log;
  /** Shared with the trigger that listens to the router; without it the detector makes one of its own. */
  readonly router?: RouterClient;
}
