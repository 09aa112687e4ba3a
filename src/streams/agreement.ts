import { addressBytes, type IpAddress } from '../model/address.ts';
import type { AddressState, Witness } from '../model/reading.ts';

export type SetState = Extract<AddressState, { kind: 'set' }>;

export interface AgreementInit {
  /** Independent witnesses that must say the same before a change is published; `undefined` leaves it to the circumstances. */
  readonly needed: number | undefined;
  /** The address known so far: hearing it again is no change. */
  readonly known: IpAddress | undefined;
}

/** Weighs what the witnesses of one question say, as they say it. */
export interface Agreement {
  /** What the statement comes to: accepted, or not yet (`keep`, with what is missing). */
  hear(statement: SetState): AddressState;
  /** When nobody is left to ask: what can be said, if anything. */
  conclude(): AddressState | undefined;
}

/**
 * The rules, for witnesses outside this host (what the host knows by itself needs nobody's word):
 * - an address that is known already is accepted from anyone whom nobody contradicts: it changes nothing;
 * - with `needed`, so many independent witnesses must name the same address; else it stays as published;
 * - without, one witness suffices, but a second one is asked if the first could be forged (plain UDP) or the change is surprising. If
 *   nobody else could tell, and nobody contradicts, the one is believed after all;
 * - once two addresses have been named, each needs two witnesses.
 *
 * Two witnesses of one operator are one. Surprising is an address outside the /16 (IPv4) or /32 (IPv6) of the one before, which
 * is what a provider's pool mostly stays within.
 */
export function agreement({ needed, known }: AgreementInit): Agreement {
  const votes = new Map<IpAddress, { readonly state: SetState; readonly voters: Map<string, Witness> }>();

  const enough = ({ address, via }: SetState): number => {
    if (address === known || via.outside !== true) return 1;
    if (needed !== undefined) return needed;
    return via.forgeable === true || isSurprising(known, address) ? 2 : 1;
  };

  return {
    hear(statement) {
      const vote = votes.get(statement.address) ?? { state: statement, voters: new Map<string, Witness>() };
      votes.set(statement.address, vote);
      vote.voters.set(statement.via.operator ?? statement.via.name, statement.via);
      // Where two addresses have been named, one voice is not enough for either of them.
      const missing = Math.max(enough(statement), votes.size > 1 ? 2 : 1) - vote.voters.size;
      if (missing <= 0) return vote.state;
      const said = [...votes.values()].map(tell).join(', ');
      return { kind: 'keep', why: `${missing} more witness(es) must agree: ${said}` };
    },
    conclude() {
      const [only, ...others] = votes.values();
      if (only === undefined) return undefined;
      if (others.length > 0) {
        return { kind: 'keep', why: `the witnesses disagree: ${[...votes.values()].map(tell).join(', ')}` };
      }
      return needed === undefined ? only.state : undefined;
    },
  };
}

const tell = ({
  state,
  voters,
}: {
  readonly state: SetState;
  readonly voters: ReadonlyMap<string, Witness>;
}): string =>
  `${[...voters.values()].map(({ name }) => name).join(' and ')} say${voters.size === 1 ? 's' : ''} ${state.address}`;

/** Octets of the address that a change within one provider's pool mostly leaves alone. */
const POOL_OCTETS = { 4: 2, 16: 4 } as const;

function isSurprising(known: IpAddress | undefined, address: IpAddress): boolean {
  if (known === undefined) return false;
  const before = addressBytes(known);
  const after = addressBytes(address);
  if (before.length !== after.length) return true;
  const octets = after.length === 4 ? POOL_OCTETS[4] : POOL_OCTETS[16];
  return before.slice(0, octets).some((octet, index) => octet !== after[index]);
}
