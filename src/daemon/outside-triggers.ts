import { distinctUntilChanged, map, merge, type Observable, ReplaySubject } from 'rxjs';
import type { IpAddress } from '../model/address.ts';
import { bindingOf } from '../model/binding.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import type { AddressState } from '../model/reading.ts';
import type { Settings, UplinkSettings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Trigger } from '../model/trigger.ts';
import { sourceAddress } from '../sources/addresses/source-address.ts';
import { type StunOptions, stunServers } from '../sources/addresses/stun.ts';
import type { RouterClient } from '../sources/router/client.ts';
import { gatewayOf, leadsOut } from '../sources/router/gateway.ts';
import { noticesWork } from '../sources/router/notices-work.ts';
import { isBehindNat } from '../sources/triggers/behind-nat.ts';
import { guarded } from '../sources/triggers/index.ts';
import { type KeepWatchPlace, keepWatch } from '../sources/triggers/keep-watch.ts';
import { routerNotices } from '../sources/triggers/router-notices.ts';
import { type AddressBook, bookKey } from '../streams/address-book.ts';
import type { Observation } from '../streams/observe.ts';
import type { Log } from '../telemetry/log.ts';
import type { Host } from './host.ts';

/** Triggers from beyond this host; they follow what is found out about it. */
export interface OutsideTriggers {
  readonly triggers: Observable<Trigger>;
  readonly observed: (observation: Observation) => void;
  readonly entered: (book: AddressBook) => void;
}

export interface OutsideTriggersInit {
  readonly host: Host;
  readonly log: Log;
  readonly router: RouterClient;
}

interface Scene {
  readonly snapshot: Snapshot;
  readonly book: AddressBook | undefined;
  /** Counts the changes of the network. */
  readonly network: number;
}

/** One uplink and family that has a detector, and its options. */
interface Listed {
  readonly uplink: UplinkSettings;
  readonly family: Family;
  readonly options: unknown;
}

/**
 * The router's notices for uplinks that list the `router` detector, and the keep-watch for those that list `stun`; each only where the
 * host is behind NAT, so that a host which owns its address sends nothing to anybody.
 */
export function outsideTriggers(
  { uplinks, watch }: Pick<Settings, 'uplinks' | 'watch'>,
  { host, log, router }: OutsideTriggersInit,
): OutsideTriggers {
  const scenes = new ReplaySubject<Scene>(1);
  let latest: Scene = { snapshot: { interfaces: [], routes: [] }, book: undefined, network: 0 };
  const update = (change: Partial<Scene>): void => {
    latest = { ...latest, ...change };
    scenes.next(latest);
  };
  const stateOf = ({ uplink, family }: Listed): AddressState | undefined =>
    latest.book?.states.get(bookKey({ uplink: uplink.name, family }))?.state;
  const isNeeded = (listed: Listed): boolean =>
    isBehindNat(listed.uplink, listed.family, latest.snapshot, stateOf(listed));

  const asked = listing(uplinks, 'router');
  /** Only the routes whose gateways are worth listening to. */
  const narrowed = ({ snapshot }: Scene): Snapshot => {
    const needed = asked.filter(isNeeded);
    const routes = snapshot.routes.filter((route) =>
      needed.some(
        ({ uplink, family }) =>
          route.family === family && leadsOut(route, bindingOf(uplink, family), snapshot),
      ),
    );
    return { ...snapshot, routes };
  };
  const notices = (): Observable<Trigger> =>
    routerNotices(
      { ...host, router, log },
      {
        snapshots: scenes.pipe(map(narrowed)),
        bindings: (family) =>
          asked.filter((listed) => listed.family === family).map(({ uplink }) => bindingOf(uplink, family)),
        families: FAMILIES.filter((family) => asked.some((listed) => listed.family === family)),
      },
    );

  const watched = listing(uplinks, 'stun');
  const spared = ({ uplink, family }: Listed, state: AddressState | undefined): boolean => {
    const found = gatewayOf(latest.snapshot, family, bindingOf(uplink, family));
    if (found.kind === 'none' || state?.kind !== 'set') return false;
    // A router that is asked first and tells of changes also answers first; one that did not may be gone.
    const order = uplink.detectors[family].map(({ detector }) => detector);
    const answers = state.via.detector === 'router' || order.indexOf('router') > order.indexOf('stun');
    return answers && noticesWork(router, found.gateway, state.address);
  };
  const placeOf = (listed: Listed): readonly KeepWatchPlace[] => {
    const { uplink, family } = listed;
    if (stateOf(listed)?.kind !== 'set' || !isNeeded(listed)) return [];
    const source = sourceAddress(latest.snapshot, family, bindingOf(uplink, family));
    if (source.kind === 'none') return [];
    const servers = stunServers(listed.options as StunOptions);
    const localAddress = source.address;
    const key = JSON.stringify([family, localAddress, latest.network, servers]);
    const inForce = (): IpAddress | undefined => {
      const state = stateOf(listed);
      return state?.kind === 'set' ? state.address : undefined;
    };
    return [{ key, family, localAddress, servers, inForce, spared: () => spared(listed, stateOf(listed)) }];
  };
  const places = scenes.pipe(
    map(() => [...new Map(watched.flatMap(placeOf).map((place) => [place.key, place])).values()]),
    distinctUntilChanged(
      (a, b) => a.length === b.length && a.every(({ key }, index) => key === b[index]?.key),
    ),
  );
  const every = watch.keep_watch ?? 'off';

  return {
    triggers: merge(
      ...(asked.length > 0 ? [guarded({ ...host, log }, 'router', notices())] : []),
      ...(watched.length > 0 && every !== 'off'
        ? [guarded({ ...host, log }, 'keep-watch', keepWatch({ ...host, log }, { every, places }))]
        : []),
    ),
    observed: ({ snapshot, difference }) =>
      update({ snapshot, network: latest.network + (difference.networkChanged ? 1 : 0) }),
    entered: (book) => update({ book }),
  };
}

const listing = (uplinks: readonly UplinkSettings[], detector: string): readonly Listed[] =>
  uplinks.flatMap((uplink) =>
    FAMILIES.flatMap((family) => {
      const found = uplink.detectors[family].find((settings) => settings.detector === detector);
      return found === undefined ? [] : [{ uplink, family, options: found.options }];
    }),
  );
