import type { AuthoritativeInit } from './authoritative.ts';
import type { Sink } from './contract.ts';

/**
 * The sink, with `observe` from the authoritative name servers of each record's zone; as it is if it can be read itself. What speaks DNS is
 * loaded with the first look: most configurations never need it.
 */
export function withAuthoritativeLookup(sink: Sink, init: AuthoritativeInit): Sink {
  if (sink.read !== undefined) return sink;
  const { start, stop, wholeName } = sink;
  return {
    write: (changes, call) => sink.write(changes, call),
    observe: async (keys, call) => (await import('./authoritative.ts')).lookUp(keys, call, init),
    ...(wholeName === undefined ? {} : { wholeName }),
    ...(start && { start: () => start.call(sink) }),
    ...(stop && { stop: () => stop.call(sink) }),
  };
}
