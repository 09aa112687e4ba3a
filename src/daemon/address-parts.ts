import type { Observable } from 'rxjs';
import type { Settings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Trigger } from '../model/trigger.ts';
import { ask } from '../streams/ask.ts';
import { fromAbortable } from '../streams/from-abortable.ts';
import type { AddressParts } from '../streams/pipeline.ts';
import { newTraceId } from './host.ts';
import type { Narrator } from './narrator.ts';
import { type QuestionInit, uplinkQuestions } from './questions.ts';

export interface AddressInit extends QuestionInit {
  readonly narrator?: Narrator;
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
  const { host, narrator, pools } = init;
  const { deadline } = settings.detection;
  return {
    watch: settings.watch,
    triggers: init.triggers,
    snapshot: () => fromAbortable(() => init.snapshot()),
    scheduler: host.scheduler,
    traceId: () => newTraceId(host),
    listener: {
      ...narrator,
      observed: (observation) => {
        // Before anything is asked or written: every open connection is dead after a change of the network, silently.
        if (observation.difference.networkChanged) pools.renew(observation.snapshot);
        narrator?.observed(observation);
      },
    },
    detect: {
      questions: uplinkQuestions(settings.uplinks, init),
      ask: (question, observation) =>
        ask(question, observation, {
          clock: host.clock,
          scheduler: host.scheduler,
          deadline,
          ...(narrator && { onReading: narrator.answered }),
        }),
      random: host.random,
      scheduler: host.scheduler,
      // A single run waits for all families and asks nobody twice.
      ...(init.single === true && { grace: deadline * 2, retry: false }),
    },
  };
}
