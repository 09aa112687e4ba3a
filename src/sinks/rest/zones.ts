import type { Fqdn } from '../../model/name.ts';
import { isWithin, parseName, zoneCandidates } from '../../model/name.ts';
import type { RestZone, ZoneSource } from './api.ts';
import type { Ask } from './exchange.ts';
import { RestError } from './refusal.ts';

/** Zones as a list gives them. One whose name is no host name of ours (`0/25.2.0.192.in-addr.arpa`) must not spoil the list. */
export function zonesNamed(
  listed: readonly { readonly name: string; readonly id: string; readonly extra?: unknown }[],
): readonly RestZone[] {
  return listed.flatMap((zone) => {
    const name = parseName(zone.name);
    return name === undefined ? [] : [{ ...zone, name }];
  });
}

/**
 * Finds the zone each name is in: the longest that the account has and that is a suffix of the name. What was found is kept
 * until `forget`; that a zone is missing is never kept longer than one search, for the operator may just be adding it.
 */
export class ZoneFinder {
  readonly #source: ZoneSource;
  readonly #fixed: Fqdn | undefined;
  #known = new Map<Fqdn, RestZone>();

  constructor(source: ZoneSource, fixed?: Fqdn) {
    this.#source = source;
    this.#fixed = fixed;
  }

  /** The provider no longer knows one of them. */
  forget(): void {
    this.#known = new Map();
  }

  /** A name without a zone is missing from the answer. */
  async find(ask: Ask, names: readonly Fqdn[]): Promise<ReadonlyMap<Fqdn, RestZone>> {
    const fixed = this.#fixed;
    if (fixed !== undefined) {
      const inside = names.filter((name) => isWithin(name, fixed));
      return inside.length === 0 ? new Map() : this.#each(ask, inside, () => [fixed]);
    }
    return this.#each(ask, names, zoneCandidates);
  }

  async #each(ask: Ask, names: readonly Fqdn[], candidatesOf: (name: Fqdn) => readonly Fqdn[]) {
    const { list, byName } = this.#source;
    // One list beats a question for every label of every name, unless the zone's name is known.
    const listing = list !== undefined && (this.#fixed === undefined || byName === undefined);
    if (listing && names.some((name) => this.#longest(candidatesOf(name)) === undefined)) {
      this.#known = new Map((await list(ask)).map((zone) => [zone.name, zone]));
    }
    const missing = new Set<Fqdn>();
    const found = new Map<Fqdn, RestZone>();
    for (const name of names) {
      const candidates = candidatesOf(name);
      if (!listing && byName !== undefined) await this.#ask(ask, byName, candidates, missing);
      const zone = this.#longest(candidates);
      if (zone !== undefined) found.set(name, zone);
    }
    return found;
  }

  async #ask(
    ask: Ask,
    byName: NonNullable<ZoneSource['byName']>,
    candidates: readonly Fqdn[],
    missing: Set<Fqdn>,
  ): Promise<void> {
    for (const candidate of candidates) {
      if (this.#known.has(candidate)) return;
      if (missing.has(candidate)) continue;
      const zone = await byName(ask, candidate).catch((error: unknown) => {
        if (error instanceof RestError && error.failure.class === 'not_found') return undefined;
        throw error;
      });
      if (zone === undefined) missing.add(candidate);
      else {
        this.#known.set(zone.name, zone);
        return;
      }
    }
  }

  #longest(candidates: readonly Fqdn[]): RestZone | undefined {
    const name = candidates.find((candidate) => this.#known.has(candidate));
    return name === undefined ? undefined : this.#known.get(name);
  }
}
