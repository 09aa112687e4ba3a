import { EMPTY, firstValueFrom } from 'rxjs';
import { addressParts } from '../daemon/address-parts.ts';
import { confirmedAddresses } from '../daemon/confirmed.ts';
import { systemHost } from '../daemon/host.ts';
import { openLogging } from '../daemon/logging.ts';
import { createNarrator } from '../daemon/narrator.ts';
import { createPools } from '../daemon/pools.ts';
import { namedInterfaces } from '../daemon/questions.ts';
import { createSink, type RunningSink, reconcileInit, type SessionInit } from '../daemon/session.ts';
import { USER_AGENT } from '../daemon/user-agent.ts';
import type { Outcome } from '../model/outcome.ts';
import { keyText } from '../model/record.ts';
import type { SinkSettings } from '../model/settings.ts';
import { describeChange } from '../sinks/plan.ts';
import { type Considered, consider } from '../sinks/reconcile.ts';
import { createBoundRoutes } from '../sources/addresses/bound-route.ts';
import { detectorKinds } from '../sources/addresses/registry.ts';
import { createSnapshotReader } from '../sources/snapshot/index.ts';
import { peekState } from '../state/peek.ts';
import type { AddressBook } from '../streams/address-book.ts';
import { addresses } from '../streams/pipeline.ts';
import { resolveTargets } from '../streams/targets.ts';
import { configuration } from './configuration.ts';
import { EXIT } from './exit.ts';

interface PlannedRecord {
  readonly sink: string;
  readonly record: string;
  readonly verdict: 'right' | 'write' | 'wait' | 'failed' | 'refused' | 'unknown';
  readonly words: string;
}

/** Shows what `once` would do now. Sinks that can be read are read; nothing is written, neither there nor in the state. */
export async function planCommand(options: {
  readonly config?: string;
  readonly json?: true;
}): Promise<number> {
  const { settings, providers } = await configuration(options);
  const host = systemHost;
  const logging = openLogging(settings, { clock: host.clock, descriptor: 2, level: 'error' });
  const { log } = logging;
  const pools = createPools({ userAgent: USER_AGENT, proxy: process.env });
  const init: SessionInit = {
    host,
    log,
    narrator: createNarrator(log, host.clock),
    state: await peekState(settings.state_dir, host.clock),
    providers,
    detectors: detectorKinds,
    snapshot: createSnapshotReader(
      { platform: host.platform, log },
      { named: () => namedInterfaces(settings) },
    ),
    triggers: EMPTY,
    pools,
    boundRoutes: createBoundRoutes({ ...host, log }),
    single: true,
  };
  try {
    const confirmed = confirmedAddresses(settings.sinks, ({ name, fingerprint }) =>
      init.state.sink(name, fingerprint),
    );
    const book = await firstValueFrom(addresses(addressParts(settings, { ...init, confirmed })));
    const plans = await Promise.all(settings.sinks.map((sink) => planSink(sink, book, init)));
    const records = logging.scrubbed(plans.flat());
    process.stdout.write(options.json ? `${JSON.stringify(records, null, 2)}\n` : `${formatPlan(records)}\n`);
    if (records.some(({ verdict }) => verdict === 'failed')) return EXIT.unpublished;
    return records.every(({ verdict }) => verdict === 'unknown') ? EXIT.noAddress : EXIT.published;
  } finally {
    await pools.close();
    await logging.flush();
  }
}

async function planSink(
  sink: SinkSettings,
  book: AddressBook,
  init: SessionInit,
): Promise<readonly PlannedRecord[]> {
  const { targets, refused } = resolveTargets(book, sink);
  const running = createSink(sink, init);
  const considered = await consider(reconcileInit(running, init), {
    targets,
    log: init.log,
    signal: new AbortController().signal,
  });
  const planned = new Map<string, PlannedRecord>();
  for (const one of describeConsidered(running, considered)) planned.set(one.record, one);
  for (const { key, why } of refused) {
    planned.set(keyText(key), { sink: sink.name, record: keyText(key), verdict: 'refused', words: why });
  }
  return [...new Set(sink.records.map((record) => keyText(record.key)))].map(
    (record) =>
      planned.get(record) ?? {
        sink: sink.name,
        record,
        verdict: 'unknown',
        words: 'no address to be had; what is published stays',
      },
  );
}

function describeConsidered(
  { settings: { name: sink }, sink: { read }, memory }: RunningSink,
  { settled, confirmed, changes }: Considered,
): readonly PlannedRecord[] {
  const standing = [...settled, ...confirmed].map((outcome) => ({
    sink,
    record: keyText(outcome.key),
    ...verdictOf(outcome),
  }));
  const writes = changes.map((change) => ({
    sink,
    record: keyText(change.target.key),
    verdict: 'write' as const,
    words: describeChange(
      change,
      // What cannot be read is known from memory, if at all.
      read ? undefined : (memory.confirmed(change.target.key) ?? ['(unknown)']),
    ),
  }));
  return [...standing, ...writes];
}

function verdictOf(outcome: Outcome): Pick<PlannedRecord, 'verdict' | 'words'> {
  switch (outcome.kind) {
    case 'updated':
    case 'unchanged':
      return { verdict: 'right', words: outcome.addresses.join(', ') || '(none)' };
    case 'pending':
      return { verdict: 'wait', words: outcome.why };
    case 'failed':
      return { verdict: outcome.held ? 'wait' : 'failed', words: outcome.failure.message };
  }
}

function formatPlan(records: readonly PlannedRecord[]): string {
  const width = Math.max(0, ...records.map(({ record }) => record.length));
  const sinks = [...new Set(records.map(({ sink }) => sink))];
  return sinks
    .map((sink) => {
      const lines = records
        .filter((one) => one.sink === sink)
        .map(({ record, verdict, words }) => `  ${record.padEnd(width)}  ${verdict.padEnd(8)}${words}`);
      return [`${sink}:`, ...lines].join('\n');
    })
    .join('\n');
}
