import type { AddressState, UplinkState } from '../model/reading.ts';
import type { Look } from '../model/trigger.ts';

/** New findings of one look, before they are judged. */
export interface Findings {
  readonly look: Look;
  readonly networkChanged: boolean;
  readonly states: readonly UplinkState[];
}

/** What is known of every uplink and family, after a look. */
export interface AddressBook {
  readonly look: Look;
  readonly networkChanged: boolean;
  readonly states: ReadonlyMap<string, UplinkState>;
  /** The ones that this look changed. */
  readonly changed: readonly UplinkState[];
}

export const bookKey = (state: Pick<UplinkState, 'uplink' | 'family'>): string =>
  `${state.uplink}/${state.family}`;

/**
 * Enters findings into the book. Pure.
 *
 * `keep` (nobody could tell) leaves an address that is known in force, so that its publication goes on being retried; but once the
 * network has changed, an address learned before the change is worth nothing and is withdrawn from publication (never from
 * what is published already).
 */
export function enter(book: AddressBook | undefined, findings: Findings): AddressBook {
  const states = new Map(book?.states);
  const changed: UplinkState[] = [];
  for (const finding of findings.states) {
    const known = states.get(bookKey(finding));
    const next =
      finding.state.kind === 'keep' && known?.state.kind === 'set' && !findings.networkChanged
        ? { ...known, unconfirmed: (known.unconfirmed ?? 0) + 1 }
        : finding;
    states.set(bookKey(finding), next);
    const same =
      known !== undefined && sameState(known.state, next.state) && isDoubtful(known) === isDoubtful(next);
    if (!same) changed.push(next);
  }
  return { look: findings.look, networkChanged: findings.networkChanged, states, changed };
}

/** After so many looks in a row an address that nobody confirms is no sign any more that its uplink works. */
const DOUBTFUL = 3;

export const isDoubtful = ({ unconfirmed = 0 }: UplinkState): boolean => unconfirmed >= DOUBTFUL;

export function sameState(a: AddressState, b: AddressState): boolean {
  if (a.kind === 'set' && b.kind === 'set') {
    // Not every witness knows the length of the prefix: only two that differ put other hosts behind another one.
    const { prefixLength = b.prefixLength } = a;
    return a.address === b.address && prefixLength === (b.prefixLength ?? prefixLength);
  }
  return a.kind === b.kind;
}
