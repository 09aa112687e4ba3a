import type { AddressClass, IpAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import type { FailureClass } from '../../model/outcome.ts';
import type { DefaultRoute, InterfaceAddress } from '../../model/snapshot.ts';
import type { Behaviour } from '../../net/stun/behaviour.ts';

/** Everything `netdrift doctor` found out; what `--json` prints. Times are milliseconds. */
export interface DoctorReport {
  readonly version: string;
  readonly configuration: ConfigurationReport;
  readonly host: HostReport;
  readonly container: ContainerReport;
  readonly events: EventsReport;
  readonly router: RouterReport;
  readonly nat: readonly NatReport[];
  readonly watch: WatchReport;
  readonly witnesses: readonly WitnessReport[];
  readonly clocks: ClockReport;
  readonly sinks: readonly SinkReport[];
  /** What to do, the most important first. */
  readonly findings: readonly Finding[];
  readonly took: number;
}

export interface ConfigurationReport {
  /** Missing if the defaults are looked at, because there is no file. */
  readonly file?: string;
  /** Why the file cannot be used; the defaults are looked at then. */
  readonly problems: readonly string[];
}

export interface HostReport {
  readonly interfaces: readonly {
    readonly name: string;
    readonly running: boolean;
    readonly kind: 'loopback' | 'tunnel' | 'virtual' | 'usual';
    readonly addresses: readonly AddressReport[];
  }[];
  readonly routes: readonly DefaultRoute[];
}

export interface AddressReport extends Pick<InterfaceAddress, 'address' | 'prefixLength'> {
  readonly class: AddressClass;
  /** `deprecated`, `temporary`, `tentative`, `duplicate`. */
  readonly flags: readonly string[];
}

export interface ContainerReport {
  /** What this process runs in: `docker`, `podman`, `kubernetes` ...; missing on a host of its own. */
  readonly in?: string;
  /** True if its network is a bridge behind the host's, where changes of the host's network cannot be seen. */
  readonly bridged: boolean;
  /** What shows that it is. */
  readonly why?: string;
}

export interface EventsReport {
  readonly source: string;
  readonly state: 'listening' | 'polling' | 'silent';
  readonly took: number;
}

export type RouterReport =
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'found';
      readonly address: IpAddress;
      readonly interface: string;
      readonly protocols: readonly {
        readonly name: 'nat-pmp' | 'pcp' | 'upnp';
        readonly speaks: boolean;
        readonly words: string;
        readonly took: number;
      }[];
      readonly outside?: { readonly address: IpAddress; readonly class: AddressClass; readonly by: string };
      readonly notices: NoticesReport;
    };

/** Whether the router tells of changes by itself, as far as that shows without one. */
export interface NoticesReport {
  /** NAT-PMP and PCP: `listening` if the port could be had; `heard` if something came meanwhile. */
  readonly multicast: 'off' | 'listening' | 'heard';
  /** UPnP: `subscribed` if the router granted it, `heard` if its first event came through. */
  readonly events: 'off' | 'subscribed' | 'heard';
  /** What could not be listened to, or was not granted. */
  readonly problems: readonly string[];
}

/** What the configuration says of looking without a notice; milliseconds. */
export interface WatchReport {
  readonly every: number;
  /** Missing if the keep-watch is off. */
  readonly keepWatch?: number;
}

export type NatReport = { readonly family: Family } & Behaviour;

export interface WitnessReport {
  /** The uplink whose configuration names it; missing if nobody asked for it. */
  readonly uplink?: string;
  readonly family: Family;
  readonly detector: string;
  readonly name: string;
  readonly operator?: string;
  readonly outside: boolean;
  readonly says: 'known' | 'absent' | 'unavailable';
  readonly address?: IpAddress;
  /** True if it would be taken for the uplink's address. */
  readonly fit: boolean;
  readonly why?: string;
  readonly took: number;
}

export interface ClockReport {
  /** Wall time at the end, ISO 8601. */
  readonly wall: string;
  /** False if the wall clock shows a time before this program was written. */
  readonly plausible: boolean;
  /** Milliseconds by which the wall clock was set while looking, beside what the monotonic clock ran. */
  readonly stepped: number;
  /** By how much this clock is fast (or slow, negative), as a web service sees it. */
  readonly offset?: { readonly milliseconds: number; readonly by: string };
}

export interface SinkReport {
  readonly sink: string;
  readonly provider: string;
  readonly checks: readonly Check[];
  readonly records: readonly {
    readonly record: string;
    /** What is there now; missing if it could not be told. */
    readonly published?: readonly string[];
    /** Who says so: `the provider`, `DNS`. */
    readonly by?: string;
    readonly wanted?: readonly IpAddress[];
  }[];
}

export interface Check {
  readonly what: 'name' | 'connection' | 'tls' | 'credentials' | 'held' | 'server' | 'defect';
  readonly state: 'good' | 'bad' | 'unknown';
  readonly words: string;
  readonly took?: number;
  /** Of a refusal. */
  readonly class?: FailureClass;
}

/** `fix`: something does not work. `better`: it works, and could work sooner or more surely. */
export interface Finding {
  readonly weight: 'fix' | 'better';
  readonly what: string;
  readonly remedy: string;
}
