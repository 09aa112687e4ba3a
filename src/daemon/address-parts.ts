import { merge, type Observable } from 'rxjs';
import type { IpAddress } from '../model/address.ts';
import type { Settings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Trigger } from '../model/trigger.ts';
import { createBoundRoutes } from '../sources/addresses/bound-route.ts';
import { createRouterClient } from '../sources/router/client.ts';
import { type AddressBook, bookKey } from '../streams/address-book.ts';
import type { SetState } from '../streams/agreement.ts';
import { ask, type UplinkQuestion } from '../streams/ask.ts';
import { fromAbortable } from '../streams/from-abortable.ts';
import type { AddressParts } from '../streams/pipeline.ts';
import { newTraceId } from './host.ts';
import type { Narrator } from './narrator.ts';
import { outsideTriggers } from './outside-triggers.ts';
import { type QuestionInit, uplinkQuestions } from './questions.ts';

export interface AddressInit extends QuestionInit {
  readonly narrator?: Narrator;
  /** Told, with a reason, of what claims to be from a router and is not believed. */
  readonly onIgnored?: (reason: string) => void;
  readonly snapshot: () => Promise<Snapshot>;
  readonly triggers: Observable<Trigger>;
  /** True for a single run: each question asked once, all found told together. */
  readonly single?: boolean;
}

/** The first half of the pipeline, as the settings want it: what needs no sinks (`plan`, `watch`, the library) runs just this. */
export function addressParts(
  settings: Pick<Settings, 'watch' | 'detection' | 'uplinks'>,
  init: AddressInit,
): AddressParts {
  const { host, narrator, onIgnored, pools } = init;
  const { deadline } = settings.detection;
  let book: AddressBook | undefined;
  const known = (question: UplinkQuestion): { readonly known?: SetState } => {
    const state = book?.states.get(bookKey(question))?.state;
    return state?.kind === 'set' ? { known: state } : {};
  };
  const replaced = replacement();
  const router =
    init.router ?? createRouterClient({ ...host, log: init.log, ...(onIgnored && { onIgnored }) });
  const boundRoutes = init.boundRoutes ?? createBoundRoutes({ ...host, log: init.log });
  const outside = outsideTriggers(settings, { host, log: init.log.child({ component: 'triggers' }), router });
  return {
    watch: settings.watch,
    triggers: init.single === true ? init.triggers : merge(init.triggers, outside.triggers),
    snapshot: () => fromAbortable(() => init.snapshot()),
    scheduler: host.scheduler,
    traceId: () => newTraceId(host),
    listener: {
      ...narrator,
      observed: (observation) => {
        pools.see(observation.snapshot);
        // Before anything is asked or written: every open connection is dead after a change of the network, silently.
        if (observation.difference.networkChanged) pools.renew();
        narrator?.observed(observation);
        outside.observed(observation);
      },
      entered: (entered) => {
        book = entered;
        // Behind a router the host sees nothing of the change, and its connections died with the router's old address all the same.
        if (replaced(entered)) pools.renew();
        narrator?.entered(entered);
        outside.entered(entered);
      },
    },
    detect: {
      questions: uplinkQuestions(settings.uplinks, { ...init, router, boundRoutes }),
      ask: (question, observation) =>
        ask(question, observation, {
          clock: host.clock,
          scheduler: host.scheduler,
          deadline,
          ...known(question),
          ...(narrator && { onReading: narrator.answered }),
        }),
      random: host.random,
      scheduler: host.scheduler,
      // A single run waits for all families and asks nobody twice.
      ...(init.single === true && { grace: deadline * 2, retry: false }),
    },
  };
}

/** True for a book in which an address that was known has become another one; the first one of a family replaces nothing. */
function replacement(): (book: AddressBook) => boolean {
  const known = new Map<string, IpAddress>();
  return (book) => {
    let found = false;
    for (const change of book.changed) {
      if (change.state.kind !== 'set') continue;
      const before = known.get(bookKey(change));
      found ||= before !== undefined && before !== change.state.address;
      known.set(bookKey(change), change.state.address);
    }
    return found;
  };
}
