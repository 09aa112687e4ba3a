import { remedyFor } from '../control/remedy.ts';
import type { Clock } from '../model/clock.ts';
import { formatDuration } from '../model/duration.ts';
import { familyOfType } from '../model/family.ts';
import { isPermanent, type Outcome } from '../model/outcome.ts';
import type { Reading, UplinkState } from '../model/reading.ts';
import { keyText } from '../model/record.ts';
import type { SinkSettings } from '../model/settings.ts';
import type { Look } from '../model/trigger.ts';
import type { AddressBook, Findings } from '../streams/address-book.ts';
import type { UplinkQuestion } from '../streams/ask.ts';
import type { SinkReport } from '../streams/fan-out.ts';
import type { Observation } from '../streams/observe.ts';
import type { AddressListener } from '../streams/pipeline.ts';
import type { Resolved } from '../streams/targets.ts';
import type { Log, LogFields } from '../telemetry/log.ts';

export interface Narrator extends AddressListener {
  readonly looking: (look: Look) => void;
  readonly snapshotFailed: (error: unknown, look: Look) => void;
  readonly observed: (observation: Observation) => void;
  readonly found: (findings: Findings) => void;
  readonly entered: (book: AddressBook) => void;
  readonly answered: (reading: Reading, question: UplinkQuestion, observation: Observation) => void;
  readonly resolved: (sink: SinkSettings, resolved: Resolved, book: AddressBook) => void;
  readonly reported: (report: SinkReport) => void;
}

/** Traces remembered for the time from look to outcome; a change is long over before it falls out. */
const REMEMBERED = 200;

/**
 * Puts every decision into one log line with its reason. What repeats itself word for word (a retry that fails again for the same
 * reason) goes to debug, so that a long outage does not fill the log.
 */
export function createNarrator(
  log: Log,
  clock: Pick<Clock, 'monotonic'>,
  /** False for a run that ends after one round: nothing is tried again then. */
  { retries = true }: { readonly retries?: boolean } = {},
): Narrator {
  const looks = new Map<string, { readonly start: number; readonly reason: readonly string[] }>();
  const said = new Map<string, string>();
  const known = new Map<string, string>();

  const since = (traceId: string): LogFields => {
    const look = looks.get(traceId);
    return look === undefined ? {} : { duration: Math.round(clock.monotonic() - look.start) };
  };
  /** True the first time this is said of the subject, and again after something else was said of it. */
  const news = (subject: string, words: string): boolean => {
    if (said.get(subject) === words) return false;
    said.set(subject, words);
    return true;
  };

  return {
    looking(look) {
      const reasons = [...new Set(look.triggers.map((trigger) => trigger.reason))];
      looks.set(look.traceId, { start: clock.monotonic(), reason: reasons });
      const oldest = looks.keys().next();
      if (looks.size > REMEMBERED && !oldest.done) looks.delete(oldest.value);
      const details = look.triggers.flatMap((trigger) => trigger.detail ?? []).slice(0, 5);
      log.debug('trigger_received', `looking because of ${reasons.join(', ')}`, {
        trace_id: look.traceId,
        reason: reasons,
        triggers: look.triggers.length,
        ...(details.length > 0 && { details }),
      });
    },

    snapshotFailed(error, look) {
      log.warn(
        'snapshot_failed',
        `could not read the host's interfaces: ${String(error)}; the next look tries again`,
        {
          trace_id: look.traceId,
        },
      );
    },

    observed({ look, difference, act }) {
      const fields = {
        trace_id: look.traceId,
        reason: difference.reasons,
        differences: difference.differences,
      };
      if (act) log.debug('look_acting', `acting: ${difference.reasons.join(', ') || 'asked for'}`, fields);
      else log.debug('look_nothing_changed', 'nothing changed that matters', fields);
    },

    answered(reading, question, { look }) {
      const fields = {
        trace_id: look.traceId,
        uplink: question.uplink,
        family: question.family,
        witness: reading.via.name,
        detector: reading.via.detector,
        ...(reading.took !== undefined && { duration: Math.round(reading.took) }),
      };
      if (reading.kind === 'known') {
        const why = reading.why === undefined ? '' : ` (${reading.why})`;
        log.debug('address_detected', `${reading.via.name} says ${reading.address}${why}`, {
          ...fields,
          address: reading.address,
        });
      } else log.debug('detector_failed', `${reading.via.name}: ${reading.why}`, fields);
    },

    found({ states, look }) {
      for (const { uplink, family, state } of states) {
        const subject = `${uplink} ${family}`;
        const address = known.get(subject);
        if (state.kind === 'set') said.delete(`${subject} doubt`);
        // Not in the book's changes: an address that is known stays in force while nobody can tell. But somebody should hear of it.
        if (state.kind !== 'keep' || address === undefined) continue;
        const words = `${subject} could not be confirmed, ${address} stays: ${state.why}`;
        const fields = { trace_id: look.traceId, uplink, family, address };
        if (news(`${subject} doubt`, words)) log.warn('address_unavailable', words, fields);
        else log.debug('address_unavailable', words, fields);
      }
    },

    entered(book) {
      for (const state of book.changed) narrateState(state, book);
    },

    resolved(sink, { refused }, book) {
      for (const { key, address, why } of refused) {
        const family = familyOfType(key.type);
        const fields = {
          trace_id: book.look.traceId,
          sink: sink.name,
          record: keyText(key),
          family,
          address,
        };
        const words = `${keyText(key)} is not published: ${why}`;
        if (news(`${sink.name} ${keyText(key)}`, words)) log.warn('address_refused', words, fields);
        else log.debug('address_refused', words, fields);
      }
    },

    reported(report) {
      for (const outcome of report.outcomes) narrateOutcome(outcome, report);
    },
  };

  function narrateState({ uplink, family, state, took }: UplinkState, { look }: AddressBook): void {
    const fields = {
      trace_id: look.traceId,
      uplink,
      family,
      reason: look.triggers.map((trigger) => trigger.reason),
    };
    const subject = `${uplink} ${family}`;
    if (state.kind === 'set') known.set(subject, state.address);
    else known.delete(subject);
    switch (state.kind) {
      case 'set': {
        const words = `${subject} is ${state.address}, says ${state.via.name}`;
        // In the book again only because it could, or could no longer, be confirmed.
        if (!news(subject, words)) return;
        log.info('address_changed', words, {
          ...fields,
          address: state.address,
          witness: state.via.name,
          duration: Math.round(took),
        });
        return;
      }
      case 'clear':
        if (news(subject, state.why)) log.info('address_absent', `${subject}: none; ${state.why}`, fields);
        return;
      case 'keep': {
        const words = `${subject} could not be found out; what is published stays: ${state.why}`;
        if (news(subject, words)) log.warn('address_unavailable', words, fields);
        else log.debug('address_unavailable', words, fields);
      }
    }
  }

  function narrateOutcome(outcome: Outcome, report: SinkReport): void {
    const { sink, input } = report;
    const record = keyText(outcome.key);
    const look = looks.get(input.traceId);
    const addresses = outcome.addresses.join(', ');
    const fields: LogFields = {
      ...(look === undefined ? {} : { reason: look.reason }),
      trace_id: input.traceId,
      sink: sink.name,
      provider: sink.provider,
      record,
      family: familyOfType(outcome.key.type),
      ...(addresses === '' ? {} : { address: addresses }),
      ...since(input.traceId),
    };
    const subject = `${sink.name} ${record}`;
    const wanted = addresses || '(none)';
    switch (outcome.kind) {
      case 'updated': {
        said.delete(subject);
        const before = outcome.previous ? ` (was ${outcome.previous.join(', ')})` : '';
        log.info('record_updated', `${record} is now ${wanted}${before}`, fields);
        return;
      }
      case 'unchanged':
        said.delete(subject);
        log.debug('record_unchanged', `${record} is ${wanted} already`, fields);
        return;
      case 'pending': {
        const words = `${record} waits: ${outcome.why}`;
        const more = { ...fields, retry_in: Math.round(outcome.retryAfter) };
        if (news(subject, words)) log.info('record_pending', words, more);
        else log.debug('record_pending', words, more);
        return;
      }
      case 'failed':
        narrateFailure(outcome, report, fields);
    }
  }

  function narrateFailure(
    { key, failure, held }: Extract<Outcome, { kind: 'failed' }>,
    { sink, retryIn: wait }: SinkReport,
    fields: LogFields,
  ): void {
    const retryIn = retries ? wait : undefined;
    const record = keyText(key);
    const remedy =
      retries || isPermanent(failure.class) ? remedyFor(failure.class, sink.name) : 'run it again';
    const again =
      retryIn === undefined ? '' : `; next try in ${formatDuration(Math.ceil(retryIn / 100) * 100)}`;
    const doubt = failure.unclear ? 'could not confirm: ' : '';
    const words = `${record} not published: ${doubt}${failure.message}`;
    const more: LogFields = {
      ...fields,
      reason: failure.class,
      remedy,
      ...(retryIn !== undefined && { retry_in: Math.round(retryIn) }),
    };
    const event = held ? 'write_held' : failure.unclear ? 'write_unclear' : 'write_failed';
    if (!news(`${sink.name} ${record}`, words)) log.debug(event, `${words}${again}`, more);
    else if (retryIn === undefined && !held) log.error(event, `${words}; ${remedy}`, more);
    else log.warn(event, `${words}${again}`, more);
  }
}
