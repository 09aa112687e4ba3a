import { keyText, type RecordKey } from '../model/record.ts';
import type { Sink } from './contract.ts';

/** A repair that changed nothing is tried again after this long: what stood in its way may be gone. */
const PATIENCE = 86_400_000;

interface Try {
  readonly what: string;
  readonly at: number;
}

/**
 * Repairs that were carried out, so that one which changes nothing is not made with every look: a provider that keeps its own TTL, a
 * secondary server that never catches up, another program that writes the same record.
 */
export class Tries {
  readonly #made = new Map<string, Try>();
  #blind = 0;

  /** True if this very repair of the record has been made lately. */
  inVain(key: RecordKey, what: string, now: number): boolean {
    const made = this.#made.get(keyText(key));
    return made !== undefined && made.what === what && now - made.at < PATIENCE;
  }

  made(key: RecordKey, what: string, now: number): void {
    this.#made.set(keyText(key), { what, at: now });
  }

  /** Notes whether a look from outside told anything, and answers how many in a row did not. */
  looked(seen: boolean): number {
    this.#blind = seen ? 0 : this.#blind + 1;
    return this.#blind;
  }

  /** All is well with the record. */
  forget(key: RecordKey): void {
    this.#made.delete(keyText(key));
  }
}

const TRIES = new WeakMap<Sink, Tries>();

/** Those of one sink, for as long as it lives: after a restart one try more does no harm. */
export function triesOf(sink: Sink): Tries {
  const tries = TRIES.get(sink) ?? new Tries();
  TRIES.set(sink, tries);
  return tries;
}
