import type { Family } from '../../model/family.ts';
import type { WireName } from '../../net/dns/names.ts';

/** How a question travels: datagrams (TCP where the answer is cut off), TCP, TLS (RFC 7858) or HTTPS (RFC 8484). */
export type DnsTransport = 'udp' | 'tcp' | 'dot' | 'doh';

/** What is asked, and where in the answer the address stands: in the one A or AAAA record, or in the one string of the one TXT record. */
export interface WhoamiName {
  readonly name: WireName;
  /** `address`: A for IPv4, AAAA for IPv6. */
  readonly type: 'address' | 'A' | 'AAAA' | 'TXT';
  readonly class: 'IN' | 'CH';
  /**
   * The server itself must have the name, and say so (RFC 1035 section 4.1.1, AA). A resolver that somebody on the path puts in
   * its place would be told its own address and hand that on; it cannot claim authority without lying.
   */
  readonly authoritative: boolean;
}

export type WhoamiPlace =
  | {
      readonly transport: Exclude<DnsTransport, 'doh'>;
      /** An address, or a name to be resolved for the family asked about. */
      readonly host: string;
      readonly port: number;
      /** The name in the server's certificate, if that is not the host. */
      readonly tlsName?: string;
    }
  | { readonly transport: 'doh'; readonly url: URL };

export interface WhoamiService {
  readonly question: WhoamiName;
  readonly place: WhoamiPlace;
  readonly operator: string;
}

/** A service known by name. Servers are given as addresses, so that it works while the resolver of the host does not. */
interface KnownService {
  readonly operator: string;
  readonly question: WhoamiName;
  readonly servers: Readonly<Record<Family, string>>;
  readonly tlsName?: string;
  readonly https?: string;
  readonly transport: DnsTransport;
}

export const KNOWN_SERVICES = ['opendns', 'google', 'cloudflare'] as const;
export type KnownName = (typeof KNOWN_SERVICES)[number];

/**
 * Asked in this order. OpenDNS first: the default STUN servers and web services are Cloudflare's and Google's, and two witnesses of
 * one operator count as one. Over TCP or TLS, for one round trip more than UDP: nobody off the path can forge the answer then.
 *
 * Left out: whoami.akamai.net (https://www.akamai.com/blog/developers/introducing-new-whoami-tool-dns-resolver-information:
 * superseded since 2018, by names that tell the resolver's address and not the caller's).
 */
const KNOWN: Readonly<Record<KnownName, KnownService>> = {
  // resolver1.opendns.com; names it nowhere else, so a resolver in its place answers NXDOMAIN.
  opendns: {
    operator: 'OpenDNS',
    question: { name: 'myip.opendns.com', type: 'address', class: 'IN', authoritative: false },
    servers: { ipv4: '208.67.222.222', ipv6: '2620:119:35::35' },
    tlsName: 'dns.opendns.com',
    https: 'https://doh.opendns.com/dns-query',
    transport: 'tcp',
  },
  // ns1.google.com, which is no resolver: neither TLS nor HTTPS. Google's resolvers know the name too, and tell their own address.
  google: {
    operator: 'Google',
    question: { name: 'o-o.myaddr.l.google.com', type: 'TXT', class: 'IN', authoritative: true },
    servers: { ipv4: '216.239.32.10', ipv6: '2001:4860:4802:32::a' },
    transport: 'tcp',
  },
  cloudflare: {
    operator: 'Cloudflare',
    question: { name: 'whoami.cloudflare', type: 'TXT', class: 'CH', authoritative: false },
    servers: { ipv4: '1.1.1.1', ipv6: '2606:4700:4700::1111' },
    tlsName: 'one.one.one.one',
    https: 'https://cloudflare-dns.com/dns-query',
    transport: 'dot',
  },
};

/** RFC 1035 section 4.2, RFC 7858 section 3.1. */
export const DNS_PORT = 53;
export const DOT_PORT = 853;

/** True if the known service answers over this transport. */
export function offers(name: KnownName, transport: DnsTransport): boolean {
  if (transport === 'doh') return KNOWN[name].https !== undefined;
  return transport !== 'dot' || KNOWN[name].tlsName !== undefined;
}

/** The known service as it is asked about this family. @throws TypeError for a transport it does not offer: the schema refuses that. */
export function knownService(name: KnownName, family: Family, wanted?: DnsTransport): WhoamiService {
  const { operator, question, servers, tlsName, https, transport: usual } = KNOWN[name];
  const transport = wanted ?? usual;
  if (!offers(name, transport)) throw new TypeError(`${name} does not answer over ${transport}`);
  if (transport === 'doh') return { operator, question, place: { transport, url: new URL(https ?? '') } };
  const host = servers[family];
  if (transport !== 'dot') return { operator, question, place: { transport, host, port: DNS_PORT } };
  return { operator, question, place: { transport, host, port: DOT_PORT, ...(tlsName && { tlsName }) } };
}
