/** Fixed by the UPnP Device Architecture 2.0, section 1. */
export const SSDP_PORT = 1900;
export const SSDP_GROUP = '239.255.255.250';

/** A gateway announces itself under any of these; the device types lead to the same description as the services. */
export const SEARCH_TARGETS: readonly string[] = [
  'urn:schemas-upnp-org:device:InternetGatewayDevice:1',
  'urn:schemas-upnp-org:device:InternetGatewayDevice:2',
  'urn:schemas-upnp-org:service:WANIPConnection:1',
  'urn:schemas-upnp-org:service:WANPPPConnection:1',
];

const ABOUT_GATEWAYS =
  /^urn:schemas-upnp-org:(?:device:InternetGatewayDevice|service:WANIPConnection|service:WANPPPConnection):[12]$/;

/** True for the kinds of device and service that have an outside address. */
export const isAboutGateways = (target: string): boolean => ABOUT_GATEWAYS.test(target);

/**
 * One search. `to` is the group, or the gateway itself: a unicast search is for whoever it is sent to alone, has no MX, and is to be
 * answered at once (section 1.3.2).
 */
export function encodeSearch(target: string, to: string, port: number): Uint8Array {
  const multicast = to === SSDP_GROUP;
  const lines = [
    'M-SEARCH * HTTP/1.1',
    `HOST: ${to}:${port}`,
    'MAN: "ssdp:discover"',
    ...(multicast ? ['MX: 1'] : []),
    `ST: ${target}`,
    '',
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

export type SsdpMessage =
  | {
      readonly kind: 'found';
      readonly target: string;
      readonly location: string;
      readonly boot: string | undefined;
    }
  /** Said to everybody: `alive` when a device comes or goes on, `byebye` when it leaves. */
  | {
      readonly kind: 'alive' | 'byebye';
      readonly target: string;
      readonly location: string | undefined;
      /** BOOTID.UPNP.ORG: another number after each restart. */
      readonly boot: string | undefined;
    };

/** One start of a device at one place: another text after each restart, as far as it tells. */
export const startOf = ({ boot, location }: Pick<SsdpMessage, 'boot' | 'location'>): string =>
  `${boot ?? ''} ${location ?? ''}`;

const LONGEST = 4_096;
const MOST_HEADERS = 40;

/** Reads an answer to a search or a notification; `undefined` for everything else. Never throws, linear in time. */
export function decodeSsdp(datagram: Uint8Array): SsdpMessage | undefined {
  if (datagram.length > LONGEST) return undefined;
  const lines = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
    .toString('latin1')
    .split('\n', MOST_HEADERS + 1);
  const start = lines[0]?.trimEnd() ?? '';
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const location = headers.get('location');
  if (/^HTTP\/1\.[01] 200(?: |$)/i.test(start)) {
    const target = headers.get('st');
    if (target === undefined || location === undefined) return undefined;
    return { kind: 'found', target, location, boot: headers.get('bootid.upnp.org') };
  }
  if (!/^NOTIFY \* HTTP\/1\.[01]$/i.test(start)) return undefined;
  const target = headers.get('nt');
  const kind = NOTIFICATIONS[headers.get('nts')?.toLowerCase() ?? ''];
  if (target === undefined || kind === undefined) return undefined;
  return { kind, target, location, boot: headers.get('bootid.upnp.org') };
}

const NOTIFICATIONS: Readonly<Record<string, 'alive' | 'byebye'>> = {
  'ssdp:alive': 'alive',
  'ssdp:update': 'alive',
  'ssdp:byebye': 'byebye',
};
