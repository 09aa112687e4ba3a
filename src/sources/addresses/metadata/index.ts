import * as z from 'zod';
import { classify, type IpAddress } from '../../../model/address.ts';
import { boundInterface, isBound } from '../../../model/binding.ts';
import { either } from '../../../model/either.ts';
import type { Reading, Witness } from '../../../model/reading.ts';
import { preferredRoute } from '../../../model/route.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { HttpFailure } from '../../../net/http.ts';
import { loadHttp } from '../../../net/http-client.ts';
import { cleanWords } from '../../../net/http-words.ts';
import type { Detector, DetectorComponents, DetectorInit, DetectorKind } from '../../contract.ts';
import { nameOf, readAddressText, unavailable } from '../answer.ts';
import { clouds } from './clouds.ts';
import { CLOUDS, type Cloud, Unusable } from './contract.ts';
import { asker, endpointOf } from './endpoint.ts';
import { CloudMemory } from './memory.ts';

const options = z.strictObject({
  cloud: z.enum(CLOUDS).optional(),
  imds_v1: z.boolean().optional(),
});

type Options = z.infer<typeof options>;

/** Milliseconds for everything: the service runs on the machine below and answers within a few, or is not there. */
const DEADLINE = 300;

/** What a cloud tells its own instances, from an address that only they reach. */
export const metadataKind: DetectorKind<Options> = createMetadataKind(new CloudMemory());

interface Parts {
  readonly memory: CloudMemory;
  readonly deadline: number;
  /** Loads what the question is asked with. */
  readonly load: () => Promise<unknown>;
}

/** The parts are replaced in tests. */
export function createMetadataKind(
  memory: CloudMemory,
  deadline = DEADLINE,
  load: Parts['load'] = loadHttp,
): DetectorKind<Options> {
  return {
    name: 'metadata',
    title: 'what the cloud says of its own machine',
    options,
    create: (init, components) => [detector(init, components, { memory, deadline, load })],
  };
}

function detector(
  init: DetectorInit<Options>,
  components: DetectorComponents,
  { memory, deadline, load }: Parts,
): Detector {
  const { family, options: given } = init;
  const named = clouds.find(({ name }) => name === given.cloud);
  const unknown: Witness = { detector: 'metadata', name: 'none' };
  return {
    witness: named === undefined ? unknown : witnessOf(named),
    outside: true,
    read: async ({ snapshot, signal }) => {
      signal.throwIfAborted();
      const cloud = named ?? (await memory.here());
      signal.throwIfAborted();
      if (cloud === undefined)
        return unavailable(unknown, 'the firmware of this machine names no cloud known here');
      const via = witnessOf(cloud);
      if (!cloud.tells.includes(family)) {
        return unavailable(
          via,
          `its metadata does not tell the public ${nameOf(family)} address of a machine`,
        );
      }
      const now = (): number => components.clock.monotonic();
      const rest = memory.rest(cloud, snapshot, now());
      if (rest > 0) {
        return unavailable(via, `has never answered; it is asked again in ${Math.ceil(rest / 1_000)} s`);
      }
      const card = cardOf(cloud, init, snapshot);
      if (card.kind === 'none') return unavailable(via, card.why);
      // Before the clock starts: it says nothing of the service that a small machine takes long to load its own program.
      await load();
      signal.throwIfAborted();
      const both = either(signal, AbortSignal.timeout(deadline));
      const ask = asker(endpointOf(cloud, snapshot), components.http, both, () => memory.noteAnswer(cloud));
      const began = now();
      const silent = (): void => memory.noteSilence(cloud, snapshot, now());
      try {
        return choose(
          await cloud.read(ask, family, { tokenless: given.imds_v1 === true, ...card.options }),
          via,
          init,
        );
      } catch (error) {
        // The next witness was quicker, as it is wherever nobody answers here: its answer ends this question before the deadline does.
        if (signal.aborted && now() - began >= deadline / 3) silent();
        signal.throwIfAborted();
        if (error instanceof Unusable) return unavailable(via, error.message);
        if (!(error instanceof HttpFailure)) throw error;
        // Whoever resets or garbles at least is there.
        if (error.kind === 'timeout' || error.kind === 'connect') silent();
        const late = error.kind === 'timeout' ? ` (it has ${deadline} ms)` : '';
        return unavailable(via, `${cleanWords(error.message)}${late}`);
      }
    },
  };
}

type CardFound =
  | { readonly kind: 'found'; readonly options: { readonly mac?: string } }
  | { readonly kind: 'none'; readonly why: string };

/** The card that a bound uplink asks about: another one's address would be another uplink's. */
function cardOf(cloud: Cloud, init: DetectorInit<Options>, snapshot: Snapshot): CardFound {
  if (!isBound(init)) return { kind: 'found', options: {} };
  const { family } = init;
  const name = boundInterface(init, snapshot);
  const owner = snapshot.interfaces.find((one) => one.name === name);
  if (owner === undefined)
    return { kind: 'none', why: `this host does not have ${init.interface ?? init.source}` };
  if (cloud.cards.includes(family) && owner.mac !== undefined) {
    return { kind: 'found', options: { mac: owner.mac } };
  }
  const main = preferredRoute(
    snapshot.routes,
    family,
    () => true,
    () => false,
  );
  if (main?.interface === owner.name) return { kind: 'found', options: {} };
  const why = `it does not tell whose card an address is, and ${owner.name} does not hold the default route`;
  return { kind: 'none', why };
}

/** The first address fit to publish, in the cloud's own order; every one must be read in full. */
function choose(
  texts: readonly string[],
  via: Witness,
  { family, allow, source }: DetectorInit<Options>,
): Reading {
  const addresses: IpAddress[] = [];
  for (const text of texts) {
    const found = readAddressText(text, family, 'what it names');
    if (found.kind === 'wrong') return unavailable(via, found.why);
    addresses.push(found.address);
  }
  if (addresses.length === 0) {
    // Not "absent": a machine without a public address of its own may well be seen from one, through the cloud's NAT.
    return unavailable(
      via,
      `names no public ${nameOf(family)} address: this machine has none, or is behind NAT`,
    );
  }
  if (source !== undefined && addresses.length > 1 && !addresses.includes(source)) {
    return unavailable(
      via,
      `names ${addresses.length} addresses, and not which of them belongs to ${source}`,
    );
  }
  const own = source !== undefined && addresses.includes(source) ? [source] : addresses;
  const address = own.find((candidate) => isFit(candidate, allow));
  if (address === undefined) {
    return unavailable(via, `names only addresses that are not public: ${addresses.slice(0, 4).join(', ')}`);
  }
  const which = addresses.length === 1 ? '' : `, the first fit of ${addresses.length}`;
  return { kind: 'known', address, via, why: `told by ${via.operator}${which}` };
}

function isFit(address: IpAddress, allow: readonly string[]): boolean {
  const name = classify(address);
  return name === 'global' || allow.includes(name);
}

const witnessOf = ({ name, operator }: Cloud): Witness => ({ detector: 'metadata', name, operator });
