import type { IpAddress } from '../../model/address.ts';
import { childText, findAll, parseXml } from './xml.ts';

/** A service that knows the outside address, at the gateway's own address. */
export interface WanService {
  /** `urn:schemas-upnp-org:service:WANIPConnection:2`: what SOAP calls name. */
  readonly type: string;
  readonly control: URL;
  /** Where to subscribe to its events; some have none. */
  readonly events: URL | undefined;
}

export type Description =
  | { readonly kind: 'read'; readonly services: readonly WanService[]; readonly ignored: readonly string[] }
  | { readonly kind: 'wrong'; readonly why: string };

/** A router with several WAN connections lists each; more than these are not looked at. */
const MOST_SERVICES = 4;
const WAN_CONNECTION = /^urn:schemas-upnp-org:service:WAN(?:IP|PPP)Connection:[12]$/;

/**
 * The address of a document at the gateway: plain HTTP, its own address as an IP literal, no login. Everything else is `undefined`:
 * whoever answers a search must not be able to send us to another host.
 */
export function gatewayUrl(text: string, gateway: IpAddress, base?: URL): URL | undefined {
  if (!URL.canParse(text, base?.href)) return undefined;
  const url = new URL(text, base);
  const plain = url.protocol === 'http:' && url.username === '' && url.password === '';
  return plain && url.hostname === gateway ? url : undefined;
}

/**
 * Reads a device description (UPnP Device Architecture 2.0 section 2.3): IGD version 1 and 2 alike, wherever in the tree of devices
 * the services stand. Addresses that do not lie at the gateway are left out and named in `ignored`. Never throws.
 */
export function readDescription(xml: string, location: URL, gateway: IpAddress): Description {
  const root = parseXml(xml);
  if (root === undefined)
    return { kind: 'wrong', why: 'its description is not well-formed XML, or too large' };
  if (root.name !== 'root') return { kind: 'wrong', why: 'its description is of another kind' };
  const written = childText(root, 'URLBase');
  // URLBase is of version 1.0; where it is nonsense, the document's own address serves.
  const base = (written && gatewayUrl(written, gateway)) || location;
  const services: WanService[] = [];
  const ignored: string[] = [];
  for (const element of findAll(root, 'service')) {
    const type = childText(element, 'serviceType') ?? '';
    if (!WAN_CONNECTION.test(type) || services.length === MOST_SERVICES) continue;
    const place = childText(element, 'controlURL') ?? '';
    const control = place === '' ? undefined : gatewayUrl(place, gateway, base);
    if (control === undefined) {
      ignored.push(place);
      continue;
    }
    const eventPlace = childText(element, 'eventSubURL') ?? '';
    const events = eventPlace === '' ? undefined : gatewayUrl(eventPlace, gateway, base);
    if (events === undefined && eventPlace !== '') ignored.push(eventPlace);
    services.push({ type, control, events });
  }
  return { kind: 'read', services, ignored };
}
