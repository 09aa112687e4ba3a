import type { StatusReport } from './status.ts';

/**
 * The local control protocol: one connection, one request (a line of JSON), one answer (a line of JSON), end. After `watch` the
 * answer is followed by one line for each event until the asking side ends the connection.
 */
export type ControlRequest =
  | { readonly ask: 'status' }
  /** Look now; with `release`, drop the holds of that sink first. */
  | { readonly ask: 'trigger'; readonly release?: string }
  | { readonly ask: 'reload' }
  | { readonly ask: 'watch' };

export interface TriggerReport {
  readonly looked: boolean;
  /** Holds dropped. */
  readonly released: number;
}

export interface ReloadReport {
  readonly accepted: boolean;
  /** What is wrong with the configuration, one text a problem; empty if accepted. */
  readonly problems: readonly string[];
}

/** The answer to each request. */
export interface ControlAnswers {
  readonly status: StatusReport;
  readonly trigger: TriggerReport;
  readonly reload: ReloadReport;
}

export type ControlAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string };

/** A request fits many times into this; anything longer is not one. */
export const LONGEST_REQUEST = 4_096;
/** A status of ten thousand records fits into this. */
export const LONGEST_ANSWER = 16_777_216;

/** Reads a request; `undefined` for anything that is none. */
export function parseRequest(line: string): ControlRequest | undefined {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const ask: unknown = Reflect.get(value, 'ask');
  switch (ask) {
    case 'status':
    case 'reload':
    case 'watch':
      return { ask };
    case 'trigger': {
      const release: unknown = Reflect.get(value, 'release');
      if (release === undefined) return { ask };
      return typeof release === 'string' ? { ask, release } : undefined;
    }
    default:
      return undefined;
  }
}

/** Reads an answer; `undefined` for anything that is none. */
export function parseAnswer(line: string): ControlAnswer | undefined {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const ok: unknown = Reflect.get(value, 'ok');
  if (ok === true) return { ok, value: Reflect.get(value, 'value') };
  const error: unknown = Reflect.get(value, 'error');
  return ok === false && typeof error === 'string' ? { ok, error } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
