import type { Family } from '../model/family.ts';
import type { FailureClass } from '../model/outcome.ts';

/** The state of a running netdrift: what `netdrift status --json` prints. Times are ISO 8601, UTC. Holds no secrets. */
export interface StatusReport {
  readonly pid: number;
  readonly version: string;
  /** When it was started. */
  readonly since: string;
  readonly uplinks: readonly UplinkStatus[];
  readonly sinks: readonly SinkStatus[];
  readonly sources: readonly SourceStatus[];
  /** Missing in the answer of a netdrift that is older than the one which asks. */
  readonly counters?: CounterStatus;
}

export interface UplinkStatus {
  readonly uplink: string;
  readonly family: Family;
  /** What is to be published: `set` an address, `clear` the record, `keep` what is there; `unknown` before the first look. */
  readonly state: 'set' | 'clear' | 'keep' | 'unknown';
  readonly address?: string;
  /** The witness, without secrets. */
  readonly via?: string;
  readonly why?: string;
  readonly since: string;
}

export interface SinkStatus {
  readonly sink: string;
  readonly provider: string;
  readonly state: 'ok' | 'pending' | 'failing' | 'held';
  readonly records: readonly RecordStatus[];
}

export interface RecordStatus {
  /** `home.example.org/A` */
  readonly record: string;
  /** What the sink confirmed last; empty if it confirmed that there is none; `null` if that is not known. */
  readonly published: readonly string[] | null;
  readonly since?: string;
  /** What it should be, while that differs. */
  readonly pending?: readonly string[];
  readonly failure?: { readonly class: FailureClass; readonly message: string; readonly remedy: string };
  readonly next_attempt?: string;
}

export interface SourceStatus {
  readonly name: string;
  /** In a word or two: `events`, `polling`, `restarting`. */
  readonly state: string;
}

/** How often, since the start. */
export interface CounterStatus {
  /** Reasons to look, before those that come together are folded into one look; reasons that never came are missing. */
  readonly triggers: Readonly<Record<string, number>>;
  /** `equal` and `different` are all looks; `acted` those after which detection ran, also because it was asked for. */
  readonly looks: { readonly equal: number; readonly different: number; readonly acted: number };
  /** Times the wall clock was set. */
  readonly clock_steps: number;
  /** Messages that claim to be from a router and are not believed, by reason. */
  readonly ignored: Readonly<Record<string, number>>;
}
