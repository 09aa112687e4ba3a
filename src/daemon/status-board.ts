import { remedyFor } from '../control/remedy.ts';
import type { RecordStatus, SinkStatus, StatusReport, UplinkStatus } from '../control/status.ts';
import type { Clock } from '../model/clock.ts';
import type { Outcome } from '../model/outcome.ts';
import type { AddressState } from '../model/reading.ts';
import { keyText, type RecordKey } from '../model/record.ts';
import type { Settings, SinkSettings } from '../model/settings.ts';
import type { SinkMemory } from '../state/sink-memory.ts';
import type { AddressBook, Findings } from '../streams/address-book.ts';
import type { SinkReport } from '../streams/fan-out.ts';
import { VERSION } from '../version.ts';

/** Keeps what `netdrift status` shows: the last book and the last outcome of every record. */
export interface StatusBoard {
  readonly found: (findings: Findings) => void;
  readonly entered: (book: AddressBook) => void;
  readonly reported: (report: SinkReport) => void;
  readonly sourceState: (source: string, state: string) => void;
  report(settings: Settings, memories: ReadonlyMap<string, SinkMemory>): StatusReport;
}

interface Entry {
  readonly outcome: Outcome;
  /** Milliseconds of wall time. */
  readonly at: number;
  readonly nextAt: number | undefined;
}

export function createStatusBoard(clock: Clock): StatusBoard {
  const since = new Date(clock.wall()).toISOString();
  const uplinks = new Map<string, UplinkStatus>();
  const records = new Map<string, Entry>();
  const published = new Map<string, string>();
  const sources = new Map<string, string>();

  return {
    found({ states }) {
      for (const { uplink, family, state } of states) {
        const key = `${uplink}/${family}`;
        const shown = uplinks.get(key);
        if (shown?.state !== 'set') continue;
        const { why: _, ...rest } = shown;
        // The address stays in force; that nobody could confirm it lately is what the operator should see.
        uplinks.set(key, state.kind === 'keep' ? { ...rest, why: state.why } : rest);
      }
    },
    entered(book) {
      for (const { uplink, family, state } of book.changed) {
        const stamp = new Date(clock.wall()).toISOString();
        uplinks.set(`${uplink}/${family}`, { uplink, family, ...stateFields(state), since: stamp });
      }
    },
    reported({ sink, outcomes, retryIn }) {
      const now = clock.wall();
      for (const outcome of outcomes) {
        const key = `${sink.name}/${keyText(outcome.key)}`;
        const nextAt = retryIn === undefined ? undefined : now + retryIn;
        records.set(key, { outcome, at: now, nextAt });
        if (outcome.kind === 'updated' || !published.has(key))
          published.set(key, new Date(now).toISOString());
      }
    },
    sourceState(source, state) {
      sources.set(source, state);
    },
    report: (settings, memories) => ({
      pid: process.pid,
      version: VERSION,
      since,
      uplinks: settings.uplinks.flatMap((uplink) =>
        (['ipv4', 'ipv6'] as const)
          .filter((family) => uplink.detectors[family].length > 0)
          .map(
            (family): UplinkStatus =>
              uplinks.get(`${uplink.name}/${family}`) ?? {
                uplink: uplink.name,
                family,
                state: 'unknown',
                since,
              },
          ),
      ),
      sinks: settings.sinks.map((sink) => sinkStatus(sink, memories.get(sink.name))),
      sources: [...sources].map(([name, state]) => ({ name, state })),
    }),
  };

  function sinkStatus(sink: SinkSettings, memory: SinkMemory | undefined): SinkStatus {
    const keys = new Map(sink.records.map((record) => [keyText(record.key), record.key]));
    const list = [...keys.values()].map((key) => recordStatus(sink, key, memory));
    return { sink: sink.name, provider: sink.provider, state: sinkState(sink, list, memory), records: list };
  }

  function recordStatus(sink: SinkSettings, key: RecordKey, memory: SinkMemory | undefined): RecordStatus {
    const name = `${sink.name}/${keyText(key)}`;
    const entry = records.get(name);
    const at = published.get(name);
    const confirmed = memory?.confirmed(key) ?? null;
    const base = {
      record: keyText(key),
      published: confirmed,
      ...(confirmed && at !== undefined && { since: at }),
    };
    if (entry === undefined || entry.outcome.kind === 'updated' || entry.outcome.kind === 'unchanged')
      return base;
    const next = entry.nextAt === undefined ? {} : { next_attempt: new Date(entry.nextAt).toISOString() };
    const pending = { ...base, pending: entry.outcome.addresses, ...next };
    if (entry.outcome.kind === 'pending') return pending;
    const { failure } = entry.outcome;
    const remedy = remedyFor(failure.class, sink.name);
    return { ...pending, failure: { class: failure.class, message: failure.message, remedy } };
  }
}

function sinkState(
  sink: SinkSettings,
  list: readonly RecordStatus[],
  memory: SinkMemory | undefined,
): SinkStatus['state'] {
  if (sink.records.some((record) => memory?.hold(record.key) !== undefined)) return 'held';
  if (list.some((record) => record.failure !== undefined)) return 'failing';
  if (list.some((record) => record.pending !== undefined || record.published === null)) return 'pending';
  return 'ok';
}

function stateFields(state: AddressState): Pick<UplinkStatus, 'state' | 'address' | 'via' | 'why'> {
  switch (state.kind) {
    case 'set':
      return { state: 'set', address: state.address, via: state.via.name };
    case 'clear':
    case 'keep':
      return { state: state.kind, why: state.why };
  }
}
