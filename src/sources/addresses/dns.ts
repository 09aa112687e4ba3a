import type { Witness } from '../../model/reading.ts';
import { hostLookup } from '../../net/lookup.ts';
import type { Detector, DetectorComponents, DetectorInit, DetectorKind } from '../contract.ts';
import { outsideReading, unavailable, useless, webPath } from './answer.ts';
import { askWhoami, type DnsNetwork, WHOAMI_TIMING } from './dns-ask.ts';
import { type DnsOptions, dnsOptions, servicesOf } from './dns-options.ts';
import { DNS_PORT, type WhoamiPlace, type WhoamiService } from './dns-services.ts';
import { sourceAddress } from './source-address.ts';

/** Name servers that answer a certain question with the address it came from: one detector a service, in order. */
export const dnsKind: DetectorKind<DnsOptions> = {
  name: 'dns',
  title: 'what name servers see',
  options: dnsOptions,
  operators: (given, family) => servicesOf(given, family).map(({ operator }) => operator),
  create: (init, components) => dnsDetectors(init, components),
};

/** `network` is replaced in tests. */
export function dnsDetectors(
  init: DetectorInit<DnsOptions>,
  components: DetectorComponents,
  network: DnsNetwork = { lookup: hostLookup, timing: WHOAMI_TIMING },
): readonly Detector[] {
  return servicesOf(init.options, init.family).map((service) =>
    serviceDetector(service, init, components, network),
  );
}

function serviceDetector(
  { question, place, operator }: WhoamiService,
  init: DetectorInit<DnsOptions>,
  components: DetectorComponents,
  network: DnsNetwork,
): Detector {
  const { family } = init;
  const name = `${question.name} at ${placeText(place)}`;
  const forgeable = isForgeable(place);
  const witness: Witness = {
    detector: 'dns',
    name,
    operator,
    path: pathOf(place),
    seesPath: true,
    ...(forgeable ? { forgeable } : {}),
  };
  return {
    witness,
    outside: true,
    read: async ({ snapshot, signal }) => {
      signal.throwIfAborted();
      const source = sourceAddress(snapshot, family, init);
      if (source.kind === 'none') return unavailable(witness, source.why);
      const [high = 0, low = 0] = components.randomBytes(2);
      const asked = { ...question, family, id: (high << 8) | low };
      const task = {
        question: asked,
        place,
        localAddress: source.address,
        http: components.http(family),
        signal,
      };
      const read = await askWhoami(task, network);
      if (read.kind === 'wrong') return (read.refused ? useless : unavailable)(witness, read.why);
      return outsideReading(read.address, witness, snapshot, `seen by ${placeText(place)}`);
    },
  };
}

/** By somebody off the path, who sees neither port nor id. */
const isForgeable = (place: WhoamiPlace): boolean =>
  place.transport === 'udp' || (place.transport === 'doh' && place.url.protocol === 'http:');

/** Many routers and providers answer everything that is sent to port 53 themselves: however many servers are asked there, it may be one. */
function pathOf(place: WhoamiPlace): string {
  if (place.transport === 'doh') return webPath(place.url);
  if (place.transport === 'dot') return `tls://${place.host}:${place.port}`;
  return place.port === DNS_PORT ? 'plain DNS' : place.host;
}

/** `tcp://192.0.2.1:53`, `tls://[2001:db8::1]:853`, `https://dns.example.org/dns-query`; without the query, which may hold a token. */
function placeText(place: WhoamiPlace): string {
  if (place.transport === 'doh') return place.url.origin + place.url.pathname;
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  return `${place.transport === 'dot' ? 'tls' : place.transport}://${host}:${place.port}`;
}
