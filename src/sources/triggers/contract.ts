import type { SchedulerLike } from 'rxjs';
import type { Clock, Random } from '../../model/clock.ts';
import type { Duration } from '../../model/duration.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Spawn } from '../../model/spawn.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Koffi } from './koffi.ts';

/** What the trigger sources work with. Every timer runs on `scheduler`. */
export interface TriggerComponents {
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
  readonly random: Random;
  readonly spawn: Spawn;
  readonly platform: NodeJS.Platform;
  readonly snapshot: () => Promise<Snapshot>;
  readonly log: Log;
  /** Told how the system's events are being heard now, for the status. */
  readonly onState?: (source: string, state: 'listening' | 'restarting' | 'polling') => void;
  /** Told when the wall clock has been set. */
  readonly onClockSet?: () => void;
  /** Where signals arrive; the process unless a test says otherwise. */
  readonly signals?: SignalEmitter;
  /** Reads a small file of /proc whole; throws as `fs.readFileSync`, which it is unless a test says otherwise. */
  readonly readFile?: (path: string) => string;
  /** Loads the optional package koffi; rejects if it is not installed. */
  readonly loadKoffi?: () => Promise<Koffi>;
}

/** The part of `process` that signals come through. */
export interface SignalEmitter {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** The part of the settings (`watch`) that concerns triggers. */
export interface TriggerInit {
  readonly every: Duration;
  readonly jitter: number;
  readonly poll: Duration;
  /** Interfaces the operator names: events of theirs count whatever they are called. */
  readonly named?: readonly string[];
}
