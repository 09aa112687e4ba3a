import {
  distinctUntilChanged,
  map,
  Observable,
  type SchedulerLike,
  Subject,
  type Subscription,
  tap,
} from 'rxjs';
import type { Binding } from '../../model/binding.ts';
import type { Clock } from '../../model/clock.ts';
import type { Family } from '../../model/family.ts';
import { FAMILIES } from '../../model/family.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Trigger } from '../../model/trigger.ts';
import type { Log } from '../../telemetry/log.ts';
import type { TriggerSource } from '../contract.ts';
import type { RouterClient } from '../router/client.ts';
import { type Gateway, gatewayKey, gatewayOf } from '../router/gateway.ts';
import { hostRouterNetwork, type RouterNetwork } from '../router/network.ts';
import { gatewayNotices } from '../router/notices.ts';
import { ration } from '../router/ration.ts';

export interface RouterNoticesComponents {
  /** The one the router detector uses too. */
  readonly router: RouterClient;
  readonly clock: Clock;
  readonly scheduler: SchedulerLike;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Log;
  readonly network?: RouterNetwork;
}

export interface RouterNoticesInit {
  /** Every snapshot taken, the first one too: that is how the gateway is followed. */
  readonly snapshots: Observable<Snapshot>;
  /** What uplinks are bound to: their gateways count beside that of the default route. */
  readonly bindings?: (family: Family) => readonly Binding[];
  /** The families in scope; both if not given. */
  readonly families?: readonly Family[];
}

/** Ten notices at once, then one in half a minute: an outside address changes rarely, and flapping settles. */
const RATION = { burst: 10, refill: 30_000 };

/**
 * What the router tells of its own accord: NAT-PMP and PCP multicasts, UPnP events. Follows the gateways of the snapshots and listens to
 * nobody else. Never errors, never completes.
 */
export function routerNotices(components: RouterNoticesComponents, init: RouterNoticesInit): TriggerSource {
  const { router, log, scheduler } = components;
  const notices = new Observable<Trigger>((subscriber) => {
    const network = components.network ?? hostRouterNetwork;
    const out = new Subject<Trigger>();
    const looks = new Subject<void>();
    const following = new Map<string, { readonly gateway: Gateway; readonly subscription: Subscription }>();
    const leave = (key: string) => {
      const left = following.get(key);
      if (left === undefined) return;
      following.delete(key);
      left.subscription.unsubscribe();
      router.forget(left.gateway);
    };
    const follow = (gateways: ReadonlyMap<string, Gateway>) => {
      for (const key of [...following.keys()]) if (!gateways.has(key)) leave(key);
      for (const [key, gateway] of gateways) {
        if (following.has(key)) continue;
        const own = { ...components, client: router, network, looks: looks.asObservable() };
        const subscription = gatewayNotices(gateway, own).subscribe({
          next: ({ source, detail }) => {
            log.debug('router_notice', detail, { source, gateway: key });
            out.next({ reason: 'router_notice', source, mode: 'inject', detail });
          },
          error: (error: unknown) => out.error(error),
        });
        following.set(key, { gateway, subscription });
      }
    };
    subscriber.add(out.subscribe(subscriber));
    subscriber.add(() => {
      for (const key of [...following.keys()]) leave(key);
    });
    subscriber.add(
      init.snapshots
        .pipe(
          tap(() => looks.next()),
          map((snapshot) => gatewaysOf(snapshot, init)),
          distinctUntilChanged((a, b) => a.size === b.size && [...a.keys()].every((key) => b.has(key))),
        )
        .subscribe(follow),
    );
  });
  return notices.pipe(ration({ ...RATION, scheduler }));
}

function gatewaysOf(snapshot: Snapshot, init: RouterNoticesInit): ReadonlyMap<string, Gateway> {
  const gateways = new Map<string, Gateway>();
  for (const family of init.families ?? FAMILIES) {
    for (const binding of [{}, ...(init.bindings?.(family) ?? [])]) {
      const found = gatewayOf(snapshot, family, binding);
      if (found.kind === 'found') gateways.set(gatewayKey(found.gateway), found.gateway);
    }
  }
  return gateways;
}
