import * as z from 'zod';
import { hostPort } from '../../config/schema-types.ts';
import type { IpAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import type { Reading, Witness } from '../../model/reading.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { cleanWords } from '../../net/http-words.ts';
import type { StunNetwork, StunResult } from '../../net/stun/exchange.ts';
import type { Detector, DetectorComponents, DetectorInit, DetectorKind } from '../contract.ts';
import { checkFamily, outsideReading, unavailable, useless } from './answer.ts';
import { sourceAddress } from './source-address.ts';

export interface StunServer {
  readonly host: string;
  readonly port: number;
  readonly operator: string;
}

/** RFC 8489 section 18.6. */
const STUN_PORT = 3478;

/** Asked in this order where the operator names none; three operators, all with addresses of both families. */
const DEFAULT_SERVERS: readonly StunServer[] = [
  { host: 'stun.cloudflare.com', port: STUN_PORT, operator: 'Cloudflare' },
  { host: 'stun.l.google.com', port: 19302, operator: 'Google' },
  // The port that Nextcloud's own Talk names; it passes where only the web's ports do.
  { host: 'stun.nextcloud.com', port: 443, operator: 'Nextcloud' },
];

const server = z.strictObject({ server: hostPort(STUN_PORT), operator: z.string().min(1).optional() });
const options = z.strictObject({
  servers: z
    .array(z.union([hostPort(STUN_PORT), server]))
    .min(1)
    .optional(),
});

export type StunOptions = z.infer<typeof options>;

/** STUN servers (RFC 8489): one datagram there and one back, one detector a server, in order. */
export const stunKind: DetectorKind<StunOptions> = {
  name: 'stun',
  title: 'what STUN servers see',
  options,
  operators: (given) => stunServers(given).map(({ operator }) => operator),
  create: (init, components) => stunDetectors(init, components),
};

/** `network` is replaced in tests. */
export function stunDetectors(
  init: DetectorInit<StunOptions>,
  components: DetectorComponents,
  network?: StunNetwork,
): readonly Detector[] {
  return stunServers(init.options).map((entry) => serverDetector(entry, init, components, network));
}

/** The servers that options of this detector name, or the default ones. */
export const stunServers = ({ servers }: StunOptions): readonly StunServer[] =>
  servers?.map(completed) ?? DEFAULT_SERVERS;

function completed(entry: NonNullable<StunOptions['servers']>[number]): StunServer {
  const { host, port } = 'server' in entry ? entry.server : entry;
  const operator = 'server' in entry ? entry.operator : undefined;
  return { host, port, operator: operator ?? host };
}

function serverDetector(
  { host, port, operator }: StunServer,
  init: DetectorInit<StunOptions>,
  components: DetectorComponents,
  network: StunNetwork | undefined,
): Detector {
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const witness: Witness = { detector: 'stun', name, operator, forgeable: true, seesPath: true };
  const { family } = init;
  return {
    witness,
    outside: true,
    read: async ({ snapshot, signal }) => {
      signal.throwIfAborted();
      const source = sourceAddress(snapshot, family, init);
      if (source.kind === 'none') return unavailable(witness, source.why);
      // Loaded at the first question: the codec takes 10 ms, and most hosts own their address and never ask.
      const { askStun } = await import('../../net/stun/exchange.ts');
      // Two names of one server are one witness.
      let path: IpAddress | undefined;
      const resolved = (server: IpAddress): void => {
        path = server;
      };
      const question = { host, port, family, localAddress: source.address, signal, resolved };
      const result = await askStun(question, components.randomBytes, network);
      return readingOf(result, path === undefined ? witness : { ...witness, path }, family, snapshot);
    },
  };
}

function readingOf(result: StunResult, via: Witness, family: Family, snapshot: Snapshot): Reading {
  switch (result.kind) {
    case 'mapped': {
      const checked = checkFamily(result.address, family);
      if (checked.kind === 'wrong') return unavailable(via, checked.why);
      return outsideReading(checked.address, via, snapshot, `seen by ${via.name}`);
    }
    case 'error': {
      const alternate = result.alternate === undefined ? '' : `; it names ${result.alternate} instead`;
      return useless(via, `answered with error ${result.code} ${cleanWords(result.reason)}${alternate}`);
    }
    case 'unusable':
      return useless(via, result.why);
    case 'failed':
      return unavailable(via, result.why);
  }
}
