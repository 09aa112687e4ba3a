import * as z from 'zod';
import { httpUrl } from '../../config/schema-types.ts';
import type { Family } from '../../model/family.ts';
import type { HttpAnswer } from '../../net/http.ts';
import { HttpFailure } from '../../net/http.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { Detector, DetectorComponents, DetectorInit, DetectorKind } from '../contract.ts';
import { ANSWER_LIMIT, outsideReading, unavailable, useless, webPath } from './answer.ts';
import { readServiceAnswer } from './http-answer.ts';
import { DEFAULT_SERVICES, type Service } from './http-services.ts';

const shape = z.union([
  z.literal('text'),
  z.strictObject({ json: z.string().min(1) }),
  z.strictObject({ field: z.string().min(1), require: z.record(z.string(), z.string()).optional() }),
]);

const service = z.strictObject({
  url: httpUrl(),
  answer: shape.optional(),
  operator: z.string().min(1).optional(),
});

const options = z.strictObject({
  services: z
    .array(z.union([httpUrl(), service]))
    .min(1)
    .optional(),
});

type Options = z.infer<typeof options>;

/** Web services that tell the caller its address: one detector a service, in order. */
export const httpKind: DetectorKind<Options> = {
  name: 'http',
  title: 'what web services see',
  options,
  operators: (given, family) => servicesOf(given, family).map(({ operator }) => operator),
  create: (init, components) =>
    servicesOf(init.options, init.family).map((entry) => serviceDetector(entry, init, components)),
};

const servicesOf = ({ services }: Options, family: Family): readonly Service[] =>
  services?.map(completed) ?? DEFAULT_SERVICES[family];

function completed(entry: NonNullable<Options['services']>[number]): Service {
  const { url, answer, operator } = entry instanceof URL ? { url: entry } : entry;
  return { url, answer: answer ?? 'text', operator: operator ?? url.hostname };
}

function serviceDetector(
  { url, answer: shape, operator }: Service,
  { family }: DetectorInit<Options>,
  components: DetectorComponents,
): Detector {
  // Only the origin: a service of the operator's own may have a token in its path or query.
  const name = url.origin;
  const forgeable = url.protocol === 'http:';
  const witness = {
    detector: 'http',
    name,
    operator,
    path: webPath(url),
    seesPath: true,
    ...(forgeable ? { forgeable } : {}),
  };
  return {
    witness,
    outside: true,
    read: async ({ snapshot, signal }) => {
      signal.throwIfAborted();
      let answer: HttpAnswer;
      try {
        const headers = {
          accept: typeof shape === 'object' && 'json' in shape ? 'application/json' : 'text/plain',
        };
        // A captive portal holds on to the connections it has caught, also when it lets new ones through.
        const request = { method: 'GET', url, headers, maxBytes: ANSWER_LIMIT, closing: true } as const;
        answer = await components.http(family)(request, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof HttpFailure) return unavailable(witness, cleanWords(error.message));
        throw error;
      }
      signal.throwIfAborted();
      const read = readServiceAnswer(answer, shape, family);
      if (read.kind === 'wrong') return (read.refused ? useless : unavailable)(witness, read.why);
      const reading = outsideReading(read.address, witness, snapshot, `seen by ${url.hostname}`);
      return reading.kind === 'known' && read.exit !== undefined ? { ...reading, exit: read.exit } : reading;
    },
  };
}
