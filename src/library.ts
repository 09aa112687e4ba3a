import { concatMap, defer, finalize, type Observable } from 'rxjs';
import { AUTO, AUTO_DETECTORS } from './config/defaults.ts';
import { addressParts } from './daemon/address-parts.ts';
import { systemHost } from './daemon/host.ts';
import { createPools } from './daemon/pools.ts';
import { namedInterfaces } from './daemon/questions.ts';
import { USER_AGENT } from './daemon/user-agent.ts';
import type { AllowableClass, IpAddress } from './model/address.ts';
import { milliseconds, minutes, parseDuration, seconds } from './model/duration.ts';
import type { Family } from './model/family.ts';
import type { DetectorSettings } from './model/settings.ts';
import { detectorKinds } from './sources/addresses/registry.ts';
import { createSnapshotReader } from './sources/snapshot/index.ts';
import { type SignalEmitter, triggerSources } from './sources/triggers/index.ts';
import { addresses } from './streams/pipeline.ts';
import { silentLog } from './telemetry/log.ts';

/** A witness by name, or with options of its own: `{ detector: 'http', services: [...] }`, as in the configuration file. */
export type WitnessChoice = string | ({ readonly detector: string } & Readonly<Record<string, unknown>>);

export interface AddressChangesOptions {
  /** Witnesses for IPv4, in order; an empty list leaves the family out. Default: `auto`, which stands for the usual ones. */
  readonly ipv4?: readonly WitnessChoice[];
  /** The same for IPv6. */
  readonly ipv6?: readonly WitnessChoice[];
  /** Only this interface. */
  readonly interface?: string;
  /** Classes to accept beyond global unicast; default none. */
  readonly allow?: readonly AllowableClass[];
  /** Quiet time after an event before looking, such as `250ms`. */
  readonly settle?: string;
}

export interface AddressChange {
  readonly family: Family;
  /** The address; `null` once it is known that the host has none of this family. */
  readonly address: IpAddress | null;
  /** Who said so; empty when there is none. */
  readonly witness: string;
  /** Why it was looked: `start`, `interface_event`, `timer` ... */
  readonly reasons: readonly string[];
}

/** Signals belong to the program that uses the library: whoever listens to SIGUSR1 takes it from the inspector of Node, and from that program. */
const NO_SIGNALS: SignalEmitter = { on: () => {}, off: () => {} };

const DEFAULT_WITNESSES: readonly WitnessChoice[] = [AUTO];

/**
 * The addresses the world sees this host under: the present ones first, then every change, within a second of the event that
 * caused it. Cold: each subscription watches by itself, and nothing is left running after it ends.
 *
 * Never completes. A family nobody can tell the address of stays silent: what was said last still stands.
 *
 * @throws TypeError for an unknown witness or a wrong option, when called.
 */
export function addressChanges(options: AddressChangesOptions = {}): Observable<AddressChange> {
  const settle = parseDuration(options.settle ?? '250ms');
  if (settle === undefined) throw new TypeError(`not a duration: ${options.settle}`);
  const uplink = {
    name: 'library',
    detectors: {
      ipv4: (options.ipv4 ?? DEFAULT_WITNESSES).flatMap(witnessSettings),
      ipv6: (options.ipv6 ?? DEFAULT_WITNESSES).flatMap(witnessSettings),
    },
    allow: options.allow ?? [],
    ...(options.interface !== undefined && { interface: options.interface }),
  };
  const watch = {
    every: minutes(5),
    jitter: 0.1,
    settle,
    settle_limit: milliseconds(Math.max(settle, 3_000)),
    poll: seconds(10),
    keep_watch: seconds(20),
  };
  return defer(() => {
    const host = systemHost;
    const log = silentLog;
    const pools = createPools({ userAgent: USER_AGENT });
    const named = namedInterfaces({ uplinks: [uplink] });
    const snapshot = createSnapshotReader({ platform: host.platform, log }, { named: () => named });
    const parts = addressParts(
      { watch, detection: { deadline: seconds(5) }, uplinks: [uplink] },
      {
        host,
        log,
        pools,
        detectors: detectorKinds,
        snapshot,
        triggers: triggerSources({ ...host, log, snapshot, signals: NO_SIGNALS }, { ...watch, named }),
      },
    );
    return addresses(parts).pipe(
      concatMap(({ changed, look }) =>
        changed.flatMap(({ family, state }): AddressChange[] => {
          const reasons = look.triggers.map((trigger) => trigger.reason);
          if (state.kind === 'keep') return [];
          if (state.kind === 'clear') return [{ family, address: null, witness: '', reasons }];
          return [{ family, address: state.address, witness: state.via.name, reasons }];
        }),
      ),
      finalize(() => void pools.close()),
    );
  });
}

function witnessSettings(choice: WitnessChoice): readonly DetectorSettings[] {
  if (choice === AUTO) return AUTO_DETECTORS.flatMap(witnessSettings);
  const { detector, ...options } = typeof choice === 'string' ? { detector: choice } : choice;
  const kind = detectorKinds.find((candidate) => candidate.name === detector);
  if (kind === undefined) {
    throw new TypeError(
      `no witness ${detector}; there are ${detectorKinds.map(({ name }) => name).join(', ')}`,
    );
  }
  const parsed = kind.options.safeParse(options);
  if (!parsed.success) throw new TypeError(`wrong options for witness ${detector}: ${parsed.error.message}`);
  return [{ detector, options: parsed.data }];
}
