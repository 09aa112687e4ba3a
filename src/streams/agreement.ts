import { addressBytes, type IpAddress } from '../model/address.ts';
import type { AddressState, Witness } from '../model/reading.ts';

export type SetState = Extract<AddressState, { kind: 'set' }>;

export interface AgreementInit {
  /** Independent witnesses that must say the same before a change is published; `undefined` leaves it to the circumstances. */
  readonly needed: number | undefined;
  /** The address known so far: hearing it again is no change. */
  readonly known: IpAddress | undefined;
  /** Addresses that more witnesses contradicted before, while the known one was found. */
  readonly outvoted?: readonly IpAddress[];
  /** True if somebody outside has just seen another address than the known one. */
  readonly doubted?: boolean;
}

/** Weighs what the witnesses of one question say, as they say it. */
export interface Agreement {
  /** What the statement comes to: accepted, or not yet (`keep`, with what is missing). */
  hear(statement: SetState): AddressState;
  /** When nobody is left to ask: what can be said, if anything. */
  conclude(): AddressState | undefined;
}

interface Vote {
  readonly state: SetState;
  readonly voters: readonly Witness[];
}

/** Outvoted addresses that are remembered. */
const REMEMBERED = 4;

/**
 * The rules, for witnesses outside this host (what the host knows by itself needs nobody's word):
 * - an address that is known already is accepted from anyone whom nobody contradicts: it changes nothing;
 * - with `needed`, so many independent witnesses must name the same address; else it stays as published;
 * - without, one witness suffices, but a second one is asked if the first could be forged (plain UDP) or the change is surprising. If
 *   nobody else could tell, and nobody contradicts, the one is believed after all;
 * - once two addresses have been named, each needs two witnesses;
 * - what may just be old, a single witness is never believed: the known address from one that does not look at it (a router) while
 *   somebody sees another one, and any address that was outvoted before.
 *
 * Two witnesses of one operator are one, and so are two whose answers depend on the same path. Surprising is an address outside the /16
 * (IPv4) or /32 (IPv6) of the one before, which is what a provider's pool mostly stays within.
 */
export function agreement({ needed, known, outvoted = [], doubted = false }: AgreementInit): Agreement {
  const votes = new Map<IpAddress, Vote>();

  const mayBeOld = ({ address, via }: SetState): boolean =>
    outvoted.includes(address) || (doubted && address === known && via.seesPath !== true);

  const enough = (statement: SetState): number => {
    const { address, via } = statement;
    if (via.outside !== true) return 1;
    if (mayBeOld(statement)) return Math.max(needed ?? 2, 2);
    if (address === known) return 1;
    if (needed !== undefined) return needed;
    return via.forgeable === true || isSurprising(known, address) ? 2 : 1;
  };

  /** With the addresses that lost against it, so that they do not come back on the word of one. */
  const accepted = ({ state }: Vote): SetState => {
    const others = [...votes.keys()].filter((address) => address !== state.address);
    const before = state.address === known ? outvoted : [];
    const all = [...new Set([...others, ...before])].slice(0, REMEMBERED);
    return all.length === 0 ? state : { ...state, outvoted: all };
  };

  return {
    hear(statement) {
      const before = votes.get(statement.address) ?? { state: statement, voters: [] };
      const counts = before.voters.every((voter) => areIndependent(voter, statement.via));
      const vote = counts ? { ...before, voters: [...before.voters, statement.via] } : before;
      votes.set(statement.address, vote);
      // Where two addresses have been named, one voice is not enough for either of them.
      const missing = Math.max(enough(statement), votes.size > 1 ? 2 : 1) - vote.voters.length;
      if (missing <= 0) return accepted(vote);
      const said = [...votes.values()].map(tell).join(', ');
      return { kind: 'keep', why: `${missing} more witness(es) must agree: ${said}` };
    },
    conclude() {
      const [only, ...others] = votes.values();
      if (only === undefined) return undefined;
      if (others.length > 0) {
        return { kind: 'keep', why: `the witnesses disagree: ${[...votes.values()].map(tell).join(', ')}` };
      }
      return needed === undefined && !mayBeOld(only.state) ? accepted(only) : undefined;
    },
  };
}

/** Without a path of its own a witness is reached by one that nobody else's answer depends on. */
const areIndependent = (one: Witness, other: Witness): boolean =>
  (one.operator ?? one.name) !== (other.operator ?? other.name) &&
  (one.path === undefined || one.path !== other.path);

const tell = ({ state, voters }: Vote): string =>
  `${voters.map(({ name }) => name).join(' and ')} say${voters.length === 1 ? 's' : ''} ${state.address}`;

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
