import { EMPTY } from 'rxjs';
import { systemHost } from '../daemon/host.ts';
import { type Logging, openLogging } from '../daemon/logging.ts';
import { createNarrator } from '../daemon/narrator.ts';
import { createPools } from '../daemon/pools.ts';
import { namedInterfaces } from '../daemon/questions.ts';
import { startSession } from '../daemon/session.ts';
import { USER_AGENT } from '../daemon/user-agent.ts';
import { familyOfType } from '../model/family.ts';
import type { Outcome } from '../model/outcome.ts';
import { detectorKinds } from '../sources/addresses/registry.ts';
import { createSnapshotReader } from '../sources/snapshot/index.ts';
import { openState } from '../state/store.ts';
import { bookKey } from '../streams/address-book.ts';
import { type Configured, configuration } from './configuration.ts';
import { EXIT } from './exit.ts';

/** Detects, publishes and ends: one look, one round for every sink, no retries (the next call is the retry). */
export async function once(options: { readonly config?: string }): Promise<number> {
  const configured = await configuration(options);
  const { settings } = configured;
  const logging = openLogging(settings, { clock: systemHost.clock, descriptor: 1 });
  try {
    return statusOf(await publishOnce(configured, logging));
  } finally {
    await logging.flush();
  }
}

interface Round {
  /** Records whose uplink has an address of their family. */
  found: number;
  /** Records for which nobody could tell; what no record needs does not count. */
  unknown: number;
  readonly outcomes: readonly Outcome[];
  refused: number;
}

async function publishOnce({ settings, providers }: Configured, logging: Logging): Promise<Round> {
  const { log, scrub } = logging;
  const host = systemHost;
  const state = await openState(settings.state_dir, { clock: host.clock, log, scrub });
  const pools = createPools({ userAgent: USER_AGENT, proxy: process.env });
  const narrator = createNarrator(log, host.clock, { retries: false });
  const outcomes: Outcome[] = [];
  const round: Round = { found: 0, unknown: 0, outcomes, refused: 0 };
  try {
    const reported = new Set<string>();
    const session = await startSession(settings, {
      host,
      log,
      state,
      providers,
      detectors: detectorKinds,
      snapshot: createSnapshotReader(
        { platform: host.platform, log },
        { named: () => namedInterfaces(settings) },
      ),
      triggers: EMPTY,
      pools,
      single: true,
      narrator: {
        ...narrator,
        resolved: (sink, resolved, book) => {
          for (const { key, uplink } of sink.records) {
            const known = book.states.get(bookKey({ uplink, family: familyOfType(key.type) }))?.state.kind;
            if (known === 'set') round.found += 1;
            else if (known !== 'clear') round.unknown += 1;
          }
          round.refused += resolved.refused.length;
          narrator.resolved(sink, resolved, book);
        },
      },
    });
    await new Promise<void>((resolve, reject) => {
      session.reports.subscribe({
        next: (report) => {
          outcomes.push(...report.outcomes);
          reported.add(report.sink.name);
          if (reported.size === settings.sinks.length) resolve();
        },
        error: reject,
        complete: resolve,
      });
    });
    await session.stop(0);
  } finally {
    await pools.close();
    await state.close();
  }
  return round;
}

function statusOf({ found, unknown, outcomes, refused }: Round): number {
  if (found === 0 && outcomes.length === 0) return EXIT.noAddress;
  const done = outcomes.every((outcome) => outcome.kind === 'updated' || outcome.kind === 'unchanged');
  return done && unknown === 0 && refused === 0 ? EXIT.published : EXIT.unpublished;
}
