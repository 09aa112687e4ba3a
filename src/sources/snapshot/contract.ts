import type { NetworkInterfaceInfo } from 'node:os';
import type { SchedulerLike } from 'rxjs';
import type { Family } from '../../model/family.ts';
import type { DefaultRoute, NetworkInterface } from '../../model/snapshot.ts';
import type { Spawn } from '../../model/spawn.ts';
import type { Log } from '../../telemetry/log.ts';
import type { SourceOf } from './ways-out.ts';

/** Everything of the host that a snapshot is made from. `host.ts` gives the real ones. */
export interface SnapshotComponents {
  readonly platform: NodeJS.Platform;
  readonly endianness: 'LE' | 'BE';
  /** Lists what is up and running, as `os.networkInterfaces`; may throw. */
  readonly interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
  /** Reads a small file of /proc or /sys whole, as text; throws as `fs.readFileSync` does. */
  readonly readFile: (path: string) => string;
  /** Asks for a family's default gateway where there is no /proc to read; may throw, reject or hang. */
  readonly gateway: (family: Family) => Promise<Gateway>;
  /** For asking `ip` on Linux and PowerShell on Windows; without it what they would tell stays unknown. */
  readonly spawn?: Spawn;
  /** Where Windows is installed, such as `C:\\Windows`. */
  readonly windowsFolder?: string;
  /** Asks from which address the system would send to the world; without it ways out stay unknown. */
  readonly sourceOf?: SourceOf;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

/** As npm default-gateway answers. */
export interface Gateway {
  readonly gateway: string;
  readonly int?: string | null;
}

export interface SnapshotInit {
  /** Interfaces the operator names now; a changed configuration may name others. */
  readonly named?: () => readonly string[];
  /** Name patterns instead of the defaults of `virtual.ts`. */
  readonly virtual?: readonly string[];
  /** Where /proc and /sys are found; `/` unless a test says otherwise. */
  readonly root?: string;
}

/** An interface before it is known whether it counts as virtual, which depends on the routes. */
export type Link = Omit<NetworkInterface, 'virtual'>;

/** One look at the system. `undefined` is "could not tell", which is never the same as none. */
export interface Sight {
  readonly links: readonly Link[] | undefined;
  /** Families whose addresses `links` has none of, because they could not be read. */
  readonly hidden?: readonly Family[];
  readonly routes: Readonly<Record<Family, readonly DefaultRoute[] | undefined>>;
}
