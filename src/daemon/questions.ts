import type { IpAddress } from '../model/address.ts';
import { bindingOf, isBound } from '../model/binding.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import type { Reading } from '../model/reading.ts';
import type { Settings, UplinkSettings } from '../model/settings.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { BoundRoutes } from '../sources/addresses/bound-route.ts';
import type { Detector, DetectorKind, Question } from '../sources/contract.ts';
import type { RouterClient } from '../sources/router/client.ts';
import { gatewayOf } from '../sources/router/gateway.ts';
import type { UplinkQuestion } from '../streams/ask.ts';
import { fromAbortable } from '../streams/from-abortable.ts';
import type { Log } from '../telemetry/log.ts';
import type { Host } from './host.ts';
import type { HttpPools } from './pools.ts';

export interface QuestionInit {
  readonly host: Host;
  readonly log: Log;
  readonly detectors: readonly DetectorKind[];
  readonly pools: HttpPools;
  /** Shared by all detectors and the triggers of a session. */
  readonly router?: RouterClient;
  readonly boundRoutes?: BoundRoutes;
  /** What sinks confirmed for an uplink and family; asked when a detector has to choose for the first time. */
  readonly confirmed?: (uplink: string, family: Family) => readonly IpAddress[];
}

/** The configured uplinks as questions with witnesses: one for each family that an uplink lists. */
export function uplinkQuestions(
  uplinks: readonly UplinkSettings[],
  init: QuestionInit,
): readonly UplinkQuestion[] {
  return uplinks.flatMap((uplink) =>
    FAMILIES.filter((family) => uplink.detectors[family].length > 0).map((family): UplinkQuestion => {
      const log = init.log.child({ component: 'detector', uplink: uplink.name, family });
      const detectors = uplink.detectors[family].flatMap((settings) => {
        const kind = init.detectors.find((candidate) => candidate.name === settings.detector);
        if (kind === undefined)
          throw new TypeError(`no detector ${settings.detector}: the configuration was not checked`);
        const { confirmed } = init;
        const preferred = confirmed && { preferred: () => confirmed(uplink.name, family) };
        return kind.create(
          {
            family,
            options: settings.options,
            allow: uplink.allow,
            ...bindingOf(uplink, family),
            ...preferred,
          },
          {
            ...init.host,
            http: (wanted) => init.pools.witness(uplink, wanted),
            log,
            ...(init.router && { router: init.router }),
          },
        );
      });
      return {
        uplink: uplink.name,
        family,
        allow: uplink.allow,
        bound: isBound(bindingOf(uplink, family)),
        acceptExits: uplink.accept_exits ?? [],
        ...(uplink.agree !== undefined && { agree: uplink.agree }),
        witnesses: detectors.map(
          (detector) => (observation) =>
            fromAbortable(async (signal) => {
              const question = { snapshot: observation.snapshot, signal, log };
              const why = await unbound(detector, uplink, family, question.snapshot, init.boundRoutes);
              signal.throwIfAborted();
              if (why !== undefined) return { kind: 'unavailable', via: detector.witness, why };
              return answer(detector, question);
            }),
        ),
      };
    }),
  );
}

/** Why an outside witness must not be asked: the question would leave by another uplink, and its answer be that one's address. */
async function unbound(
  { outside, witness }: Detector,
  uplink: UplinkSettings,
  family: Family,
  snapshot: Snapshot,
  routes: BoundRoutes | undefined,
): Promise<string | undefined> {
  // A command is told what to keep to, and has its own ways to do so.
  const binding = bindingOf(uplink, family);
  if (!outside || !isBound(binding) || witness.detector === 'command') return undefined;
  let to: string | undefined;
  if (witness.detector === 'router') {
    const found = gatewayOf(snapshot, family, binding);
    if (found.kind === 'none') return undefined;
    to = found.gateway.address;
  }
  return routes?.violation({ uplink: uplink.name, family, ...binding }, snapshot, to);
}

/** A detector's answer; a defect of it counts as one that could not tell, and never ends the pipeline. */
async function answer(detector: Detector, question: Question): Promise<Reading> {
  try {
    const reading = await detector.read(question);
    return detector.outside ? { ...reading, via: { ...reading.via, outside: true } } : reading;
  } catch (error) {
    question.signal.throwIfAborted();
    question.log.error('detector_defect', `defect in ${detector.witness.name}: ${String(error)}`, { error });
    return { kind: 'unavailable', via: detector.witness, why: `defect: ${String(error)}` };
  }
}

/** Interfaces the operator names, by name or by an address of theirs, for an uplink or in a detector's options: they count although they look like tunnels and bridges. */
export function namedInterfaces({ uplinks }: Pick<Settings, 'uplinks'>): readonly string[] {
  const names = uplinks.flatMap((uplink) => [
    ...(uplink.interface === undefined ? [] : [uplink.interface]),
    ...Object.values(uplink.source ?? {}),
    ...FAMILIES.flatMap((family) =>
      uplink.detectors[family].flatMap(({ options }) => interfaceIn(options) ?? []),
    ),
  ]);
  return [...new Set(names)];
}

/** The key is called `interface` in every detector that has one. */
function interfaceIn(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null || !('interface' in options)) return undefined;
  return typeof options.interface === 'string' ? options.interface : undefined;
}
