import type { IpAddress } from '../../model/address.ts';
import { cleanWords } from '../../net/http-words.ts';
import { gatewayUrl, readDescription, type WanService } from '../../net/upnp/description.ts';
import { lanExchange } from '../../net/upnp/lan-http.ts';
import { searchGateway } from '../../net/upnp/search.ts';
import { externalAddressCall, readExternalAddress, type SoapAnswer } from '../../net/upnp/soap.ts';
import { startOf } from '../../net/upnp/ssdp.ts';
import type { Gateway } from './gateway.ts';
import type { RouterNetwork } from './network.ts';
import type { ProtocolAnswer } from './outside.ts';
import type { Tally } from './tally.ts';

export type Discovery =
  | {
      readonly kind: 'found';
      readonly services: readonly WanService[];
      /** Which start of the gateway's services it is (`startOf`), where they number their starts. */
      readonly start: string | undefined;
    }
  | { readonly kind: 'silent'; readonly why: string };

/** Finds the gateway's services that know the outside address: a search, then one GET. What lies elsewhere is counted and dropped. */
export async function discover(
  gateway: Gateway,
  network: RouterNetwork,
  tally: Tally,
  signal: AbortSignal,
): Promise<Discovery> {
  const answered = await searchGateway(
    {
      gateway: gateway.address,
      port: network.ports.ssdp,
      localAddress: gateway.localAddress,
      signal,
      onStranger: (sender) => tally.add('an answer to a search from a stranger', sender),
    },
    network,
  );
  if (answered === undefined) return silent('no answer to a search');
  const { location } = answered;
  const url = gatewayUrl(location, gateway.address);
  if (url === undefined) {
    tally.add('a description that is not at the gateway', cleanWords(location));
    return silent('it names a description that is not at its own address');
  }
  const { localAddress } = gateway;
  const wanted = { method: 'GET', url, localAddress, deadline: network.deadline, signal } as const;
  const answer = await lanExchange(wanted, network);
  if (answer.kind === 'failed') return silent(`its description: ${answer.why}`);
  if (answer.status !== 200) return silent(`its description: status ${answer.status}`);
  const description = readDescription(answer.body, url, gateway.address);
  if (description.kind === 'wrong') return silent(description.why);
  for (const place of description.ignored) {
    tally.add('a service that is not at the gateway', cleanWords(place));
  }
  if (description.services.length === 0) return silent('its description names no WAN connection');
  // Without a number a restart at the same place looks like none.
  const start = answered.boot === undefined ? undefined : startOf(answered);
  return { kind: 'found', services: description.services, start };
}

/** Asks every service; several that name different addresses are not believed, whichever came first. */
export async function askServices(
  gateway: Gateway,
  services: readonly WanService[],
  network: RouterNetwork,
  signal: AbortSignal,
): Promise<ProtocolAnswer> {
  const answers = await Promise.all(services.map((service) => askService(gateway, service, network, signal)));
  const addresses = new Set<IpAddress>();
  for (const answer of answers) if (answer.kind === 'address') addresses.add(answer.address);
  const [address] = addresses;
  if (addresses.size > 1) {
    return {
      kind: 'without',
      why: `the router names several outside addresses: ${[...addresses].join(', ')}`,
    };
  }
  if (address !== undefined) return { kind: 'address', address };
  const [first] = answers;
  if (answers.every((answer) => answer.kind === 'lost')) {
    return { kind: 'silent', why: first?.kind === 'lost' ? first.why : 'no service' };
  }
  return { kind: 'without', why: answers.map(wordsOf).join(', ') };
}

type ServiceAnswer = SoapAnswer | { readonly kind: 'lost'; readonly why: string };

async function askService(
  gateway: Gateway,
  service: WanService,
  network: RouterNetwork,
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  const wanted = {
    method: 'POST',
    url: service.control,
    ...externalAddressCall(service.type),
    localAddress: gateway.localAddress,
    deadline: network.deadline,
    signal,
  } as const;
  const answer = await lanExchange(wanted, network);
  if (answer.kind === 'failed') return { kind: 'lost', why: answer.why };
  if (answer.status === 404) return { kind: 'lost', why: 'status 404' };
  return readExternalAddress(answer.status, answer.body);
}

function wordsOf(answer: ServiceAnswer): string {
  return answer.kind === 'none' || answer.kind === 'address'
    ? 'the router has no outside address now'
    : answer.why;
}

const silent = (why: string): Discovery => ({ kind: 'silent', why });
