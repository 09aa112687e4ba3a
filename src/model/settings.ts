import type { AllowableClass, IpAddress } from './address.ts';
import type { Duration } from './duration.ts';
import type { Exit } from './exit.ts';
import type { Family } from './family.ts';
import type { RecordKey } from './record.ts';

/**
 * The configuration after reading: validated, secrets resolved, deep-frozen. Names are those of the file.
 * Everything optional in the file is present here, from `config/defaults.ts`.
 */
export interface Settings {
  readonly watch: WatchSettings;
  readonly detection: DetectionSettings;
  readonly failover: FailoverSettings;
  /** In the order of the file. */
  readonly uplinks: readonly UplinkSettings[];
  readonly sinks: readonly SinkSettings[];
  readonly log: LogSettings;
  /** Folder of state and control socket; created with mode 0700. */
  readonly state_dir: string;
}

export interface WatchSettings {
  /** The fallback timer, the last defence. */
  readonly every: Duration;
  /** Share of `every` added at random, 0 to 1. */
  readonly jitter: number;
  /** Quiet time after an event before looking. */
  readonly settle: Duration;
  /** Longest wait when events do not end. */
  readonly settle_limit: Duration;
  /** How often to look where the system gives no events. */
  readonly poll: Duration;
  /** How often to ask a STUN server behind a NAT whose router says nothing of changes; off where it is not given. */
  readonly keep_watch?: Duration | 'off';
}

export interface DetectionSettings {
  /** For all witnesses of one uplink and family together. */
  readonly deadline: Duration;
}

export interface UplinkSettings {
  readonly name: string;
  /** Witnesses in order, per family; a family that is not listed is out of scope. */
  readonly detectors: Readonly<Record<Family, readonly DetectorSettings[]>>;
  /** Only this interface's addresses, and outside requests leave from it. */
  readonly interface?: string;
  /** Only this address of a family, and outside requests leave from it. */
  readonly source?: Readonly<Partial<Record<Family, IpAddress>>>;
  readonly allow: readonly AllowableClass[];
  /** Independent witnesses that must agree before a change is published; left to the circumstances when not given. */
  readonly agree?: number;
  /** Signs of a VPN's or proxy's exit that are waived. */
  readonly accept_exits?: readonly Exit[];
  /** The lowest is preferred by records that follow `active`; default: the order of the file. */
  readonly metric?: number;
}

/** For records that follow several uplinks. */
export interface FailoverSettings {
  /** How long an uplink that failed must work again before it is preferred again. */
  readonly hold_down: Duration;
  /** How long an uplink must be down before its address is taken out of records that hold all uplinks. */
  readonly remove_after: Duration;
}

export interface DetectorSettings {
  /** `interface`, `http`, `stun`, `static`, `file`, `command`. */
  readonly detector: string;
  /** Of the detector's own schema, already checked. */
  readonly options: unknown;
}

export interface SinkSettings {
  readonly name: string;
  readonly provider: string;
  readonly records: readonly RecordSettings[];
  readonly allow: readonly AllowableClass[];
  /** For one call of the sink. */
  readonly timeout: Duration;
  /** Between two writes of one record; at least the provider's own. */
  readonly minimum_gap: Duration;
  /** How often to read what the sink really holds; `undefined` for never, or where it cannot be read. */
  readonly drift_check?: Duration;
  /** Set if the name servers of each record's zone may be asked where the sink cannot be read; whom to ask which those are. */
  readonly drift_lookup?: { readonly resolver?: { readonly host: string; readonly port: number } };
  /** The uplink that requests to this sink leave through; whichever way the system takes when not given. */
  readonly via?: UplinkSettings;
  /** What to do when a family is known to be absent. */
  readonly when_absent: 'keep' | 'clear';
  /** Of the provider's own schema, already checked, secrets as `Secret`. */
  readonly options: unknown;
  /** Digest of everything that identifies account and place, secrets included; changes release holds. */
  readonly fingerprint: string;
}

export interface RecordSettings {
  readonly key: RecordKey;
  /** The name of an uplink, `active`, or `all:NAME` for each uplink of a record that holds all. */
  readonly uplink: string;
  readonly ttl?: number;
  /** Set if the record is another host's of the LAN: the uplink's IPv6 prefix with this host's own bits behind it. */
  readonly host?: HostPart;
}

/** What of an IPv6 address belongs to one host, and stays when the prefix changes. */
export interface HostPart {
  /** The bits behind the prefix, as an address whose prefix is zero: `::1:2`. */
  readonly suffix: IpAddress;
  /** Bits of prefix; that of the uplink's own address when not given. */
  readonly prefix_length?: number;
}

export interface LogSettings {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'auto' | 'json' | 'text';
}
