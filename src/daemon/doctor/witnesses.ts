import { firstValueFrom } from 'rxjs';
import { either } from '../../model/either.ts';
import type { Family } from '../../model/family.ts';
import type { AddressState, Reading } from '../../model/reading.ts';
import type { DetectorSettings, UplinkSettings } from '../../model/settings.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Detector, DetectorKind } from '../../sources/contract.ts';
import { admit } from '../../streams/admit.ts';
import type { UplinkQuestion } from '../../streams/ask.ts';
import { exitSign } from '../../streams/exits.ts';
import type { Observation } from '../../streams/observe.ts';
import { type QuestionInit, uplinkQuestions } from '../questions.ts';
import type { WitnessReport } from './contract.ts';
import { within } from './deadline.ts';

export interface WitnessesInit extends QuestionInit {
  /** Milliseconds for each of them. */
  readonly deadline: number;
}

/** Stands for the uplink of witnesses that no configuration names; they are asked without being believed. */
const NOBODY = ' ';

/** Asks every witness once, all at the same time: those that the uplinks name, and all others that need no options. */
export async function askWitnesses(
  uplinks: readonly UplinkSettings[],
  snapshot: Snapshot,
  init: WitnessesInit,
): Promise<readonly WitnessReport[]> {
  const detectors = init.detectors.map((kind) => withDeadline(kind, init.deadline));
  const questions = uplinkQuestions([...uplinks, others(uplinks, snapshot, init.detectors)], {
    ...init,
    detectors,
  });
  const answers = questions.flatMap((question) =>
    question.witnesses.map((witness) => askOne(question, witness, snapshot, init)),
  );
  return Promise.all(answers);
}

/** Ends each question by itself, so that the answer still says whom it was put to. */
function withDeadline(kind: DetectorKind, deadline: number): DetectorKind {
  const bounded = (detector: Detector): Detector => ({
    ...detector,
    read: (question) =>
      within<Reading>(
        deadline,
        (signal) => detector.read({ ...question, signal: either(signal, question.signal) }),
        () => ({ kind: 'unavailable', via: detector.witness, why: `no answer within ${deadline} ms` }),
      ),
  });
  return {
    name: kind.name,
    title: kind.title,
    options: kind.options,
    create: (init, components) => kind.create(init, components).map(bounded),
  };
}

/** Of a family without a default route nobody outside could be reached, so only those are asked whom somebody wants to hear. */
function others(
  uplinks: readonly UplinkSettings[],
  snapshot: Snapshot,
  kinds: readonly DetectorKind[],
): UplinkSettings {
  const missing = (family: Family): readonly DetectorSettings[] => {
    if (!snapshot.routes.some((route) => route.family === family)) return [];
    return kinds.flatMap(({ name, options }) => {
      const named = uplinks.some(({ detectors }) =>
        detectors[family].some(({ detector }) => detector === name),
      );
      // A router tells its IPv4 address only.
      if (named || (name === 'router' && family === 'ipv6')) return [];
      const parsed = options.safeParse({});
      return parsed.success ? [{ detector: name, options: parsed.data }] : [];
    });
  };
  return { name: NOBODY, detectors: { ipv4: missing('ipv4'), ipv6: missing('ipv6') }, allow: [] };
}

async function askOne(
  question: UplinkQuestion,
  witness: UplinkQuestion['witnesses'][number],
  snapshot: Snapshot,
  { host: { clock } }: WitnessesInit,
): Promise<WitnessReport> {
  const began = clock.monotonic();
  const reading = await firstValueFrom(witness(observationOf(snapshot)));
  const took = clock.monotonic() - began;
  const state = judge(reading, question, snapshot);
  const why = state.kind === 'keep' && reading.kind === 'known' ? state.why : reading.why;
  const { detector, name, operator, outside } = reading.via;
  return {
    ...(question.uplink !== NOBODY && { uplink: question.uplink }),
    family: question.family,
    detector,
    name,
    ...(operator !== undefined && { operator }),
    outside: outside === true,
    says: reading.kind,
    ...(reading.kind === 'known' && { address: reading.address }),
    fit: state.kind === 'set',
    ...(why !== undefined && { why }),
    took,
  };
}

/** As the running netdrift judges it, but for the agreement of several. */
function judge(reading: Reading, question: UplinkQuestion, snapshot: Snapshot): AddressState {
  const state = admit(reading, question.allow, question.family);
  if (state.kind !== 'set' || reading.kind !== 'known') return state;
  const sign = exitSign(reading, snapshot, {
    family: question.family,
    bound: question.bound === true,
    waived: question.acceptExits ?? [],
  });
  return sign === undefined ? state : { kind: 'keep', why: sign.why };
}

const observationOf = (snapshot: Snapshot): Observation => ({
  look: { traceId: 'doctor', triggers: [], mode: 'inject' },
  snapshot,
  difference: { differences: [], act: true, reasons: [], networkChanged: false },
  act: true,
});
