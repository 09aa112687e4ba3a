import type { HttpAnswer, HttpRequest } from '../../src/net/http.ts';
import { plan } from '../../src/sinks/plan.ts';
import type { DefinedProvider } from '../../src/sinks/rest/provider.ts';
import type { target } from './rest/support.ts';
import { callOf, components, fakeTime, key } from './rest/support.ts';

export type Targets = readonly ReturnType<typeof target>[];

/** Runs a provider as the lane does (read, plan, write) against answers given by a function; keeps what was asked. */
export function trial(
  // biome-ignore lint/suspicious/noExplicitAny: every provider has options of its own
  provider: DefinedProvider<any>,
  given: object,
  respond: (request: HttpRequest, turn: number) => HttpAnswer | Error,
) {
  const asked: HttpRequest[] = [];
  const time = fakeTime();
  const http = async (request: HttpRequest): Promise<HttpAnswer> => {
    asked.push(request);
    const answer = respond(request, asked.length);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const options = provider.options.parse(given);
  const sink = provider.create({ name: 'test', options, keys: [] }, components(time));
  const call = callOf(http);
  const read = async (...names: readonly string[]) =>
    (await sink.read?.(
      names.map((name) => key(name)),
      call,
    )) ?? [];
  const run = async (...targets: Targets) => {
    const keys = targets.map((one) => one.key);
    return sink.write(plan(targets, (await sink.read?.(keys, call)) ?? []), call);
  };
  return { asked, time, sink, call, read, run };
}

/** The failure of the first result, in brief. */
export const failed = (expected: string, scope: string, message?: string) => [
  {
    kind: 'failed',
    failure: { class: expected, scope, ...(message === undefined ? {} : { message }) },
  },
];
