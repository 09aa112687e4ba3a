import { DYNDNS2_WORDS } from '../../dyndns2/codes.ts';
import type { Row, ServiceText } from '../row.ts';

const basic = { username: '{username}', password: '{password}' };

/** The dyndns2 request with one address: a request for each family. */
const apart = (url: string, more: Partial<ServiceText> = {}): ServiceText => ({
  url,
  basic,
  families: 'separate',
  parameters: { hostname: '{name}', myip: '{address}' },
  ...more,
});

/** The same with both addresses in `myip`. */
const joined = (url: string, more: Partial<ServiceText> = {}): ServiceText => ({
  url,
  basic,
  parameters: { hostname: '{names}', myip: '{addresses}' },
  ...more,
});

/** IPv4 only. */
const old = (url: string, more: Partial<ServiceText> = {}): ServiceText => ({
  url,
  basic,
  parameters: { hostname: '{name}', myip: '{ipv4}' },
  ...more,
});

const MINUTE = 60_000;

/** Services that answer with the return codes of dyndns2. */
export const dyndns2Rows: readonly Row[] = [
  {
    name: 'noip',
    title: 'No-IP',
    source: 'https://www.noip.com/integrate/request',
    credentials:
      'No-IP account, Dynamic DNS, DDNS Keys: user name and password of a key (or of the account).',
    note: 'No official page was found about what becomes of the family that is left out, so the address of the one that does not change is sent along where it is known.',
    service: joined('https://dynupdate.no-ip.com/nic/update', {
      names_per_request: 20,
      other_family: 'known',
    }),
  },
  {
    name: 'dyn',
    title: 'Dyn (Oracle)',
    source: 'https://help.dyn.com/remote-access-api/perform-update/',
    credentials: 'Dyn account, Updater Client Key: the user name of the account, and the key as password.',
    note: 'A family that is left out is removed, by the experience of users; no official page says it. So both are always sent; a name with one family only needs `single_family: true`.',
    service: joined('https://members.dyndns.org/v3/update', { names_per_request: 20, other_family: 'both' }),
  },
  {
    name: 'desec-dyndns',
    title: 'deSEC, by its dynamic DNS interface',
    source: 'https://desec.readthedocs.io/en/latest/dyndns/update-api.html',
    credentials: 'deSEC account, Token management: a token that may write the domain.',
    note: 'A family that is left out would be taken from the connection or removed, so the one that does not change is always sent as `preserve`. All names of a request must be of one domain; names of several are sent again one by one. `provider: desec` uses the REST interface and can also read.',
    creates: true,
    // Two updates in two minutes for each domain: "dyndns" scope of the rate limits.
    minimum_gap: MINUTE,
    service: {
      url: 'https://update.dedyn.io/',
      headers: { authorization: 'Token {token}' },
      parameters: { hostname: '{names}', myipv4: '{ipv4}', myipv6: '{ipv6}' },
      other_family: { word: 'preserve' },
      clear: '',
      names_per_request: 20,
      answer: { read: 'text', words: DYNDNS2_WORDS },
      statuses: {
        '400': 'invalid',
        '401': 'credentials',
        '404': 'not_found',
        '429': 'rate_limited',
      },
    },
  },
  {
    name: 'he',
    title: 'Hurricane Electric Free DNS',
    source: 'https://dns.he.net/docs.html',
    credentials: 'dns.he.net, the zone, the circular arrows beside a dynamic record: its key.',
    note: 'Each dynamic record has its own key. Give all names of one sink the same key, or make a sink for each.',
    minimum_gap: 5 * MINUTE,
    service: apart('https://dyn.dns.he.net/nic/update', {
      basic: { username: '{name}', password: '{password}' },
      answer: {
        words: {
          ...DYNDNS2_WORDS,
          interval: { class: 'rate_limited', for: 'record', means: 'updated too recently', wait: '5m' },
          badip: 'invalid',
        },
      },
    }),
  },
  {
    name: 'dynu',
    title: 'Dynu',
    source: 'https://www.dynu.com/DynamicDNS/IP-Update-Protocol',
    credentials: 'Dynu control panel: user name, and the IP update password (Manage Credentials).',
    note: 'The family that does not change is sent as `no`.',
    service: {
      url: 'https://api.dynu.com/nic/update',
      basic,
      parameters: { hostname: '{name}', myip: '{ipv4}', myipv6: '{ipv6}' },
      other_family: { word: 'no' },
      answer: {
        words: {
          ...DYNDNS2_WORDS,
          servererror: { class: 'transient', wait: '10m' },
          unknown: { class: 'invalid', means: 'the server does not understand the request' },
        },
      },
    },
  },
  {
    name: 'ovh-dyndns',
    title: 'OVHcloud DynHost',
    source: 'https://help.ovhcloud.com/csm/en-dns-dynhost?id=kb_article_view&sysparm_article=KB0051640',
    credentials:
      'OVHcloud control panel, the domain, DynHost: user (with the suffix shown) and password of a DynHost login.',
    note: 'IPv4 only. `provider: ovh` uses the API and takes both families.',
    service: old('https://www.ovh.com/nic/update?system=dyndns'),
  },
  {
    name: 'inwx',
    title: 'INWX DynDNS',
    source: 'https://www.inwx.com/en/offer/dyndns',
    credentials: 'INWX, Nameserver, DynDNS: user name and password of the DynDNS account of the host.',
    note: 'The host belongs to the DynDNS account, so a sink has one name. A family that is left out is removed (IPv4: set to 127.0.0.1), by the experience of other clients; no official page says it. So both are always sent; a name with one family only needs `single_family: true`.',
    service: {
      url: 'https://dyndns.inwx.com/nic/update',
      basic,
      parameters: { myip: '{ipv4}', myipv6: '{ipv6}' },
      other_family: 'both',
    },
  },
  {
    name: 'strato',
    title: 'STRATO DynDNS',
    source: 'https://www.strato.de/faq/hosting/so-einfach-richten-sie-dyndns-fuer-ihre-domains-ein/',
    credentials:
      'The domain as user name, and the DynDNS password set in the STRATO customer login (Security, DynDNS password).',
    note: 'Blocks clients that update too often. No official page was found about what becomes of the family that is left out, so the address of the one that does not change is sent along where it is known.',
    minimum_gap: 5 * MINUTE,
    service: joined('https://dyndns.strato.com/nic/update', {
      names_per_request: 1,
      other_family: 'known',
    }),
  },
  {
    name: 'dnsomatic',
    title: 'DNS-O-Matic',
    source: 'https://www.dnsomatic.com/docs/api',
    credentials: 'User name and password of the OpenDNS account.',
    note: 'IPv4 only. What it passes on to the services behind it shows on its own history page.',
    service: old('https://updates.dnsomatic.com/nic/update', {
      // Without NOCHG these would be set to their defaults.
      parameters: { hostname: '{name}', myip: '{ipv4}', wildcard: 'NOCHG', mx: 'NOCHG', backmx: 'NOCHG' },
    }),
  },
  {
    name: 'opendns',
    title: 'OpenDNS (network address, not a DNS record)',
    source: 'https://support.opendns.com/hc/en-us/articles/227987727-Linux-IP-Updater-for-Dynamic-Networks',
    credentials: 'User name and password of the OpenDNS account.',
    note: 'The name is the label of a network in the dashboard; it has to be written like a host name, so a label with spaces must be renamed there first. IPv4 only.',
    service: old('https://updates.opendns.com/nic/update'),
  },
  {
    name: 'infomaniak',
    title: 'Infomaniak DynDNS',
    source: 'https://www.infomaniak.com/en/support/faq/2376/dyndns-update-a-dynamic-dns-via-the-api',
    credentials:
      'Infomaniak manager, the domain, Dynamic DNS: the identifier and password made for the host.',
    service: apart('https://infomaniak.com/nic/update', {
      answer: {
        words: {
          ...DYNDNS2_WORDS,
          conflict: { class: 'conflict', means: 'a record of another type is in the way' },
        },
      },
    }),
  },
  {
    name: 'loopia',
    title: 'Loopia DynDNS',
    source: 'https://support.loopia.com/wiki/about-the-dyndns-support/',
    credentials: 'User name and password of the Loopia customer zone.',
    note: 'IPv4 only: no official page was found that shows an update of IPv6.',
    service: old('https://dyndns.loopia.se/'),
  },
  {
    name: 'nsupdate-info',
    title: 'nsupdate.info',
    source: 'https://nsupdateinfo.readthedocs.io/en/latest/user.html',
    credentials:
      'nsupdate.info, the host, "Show configuration": the update secret of the host. The user name is the host itself.',
    note: 'Each host has its own secret: one sink for each name. Repeated updates without a change get a host flagged as abusive.',
    service: apart('https://ipv4.nsupdate.info/nic/update', {
      ipv6_url: 'https://ipv6.nsupdate.info/nic/update',
      basic: { username: '{name}', password: '{password}' },
    }),
  },
  {
    name: 'variomedia',
    title: 'Variomedia DynDNS',
    source: 'https://dyndns.variomedia.de/',
    credentials: 'The e-mail address of the customer account, and the DynDNS password from the DNS settings.',
    note: 'No official page was found about what becomes of the family that is left out, so the address of the one that does not change is sent along where it is known.',
    service: joined('https://dyndns.variomedia.de/nic/update', { other_family: 'known' }),
  },
  {
    name: 'spdyn',
    title: 'spDYN (Securepoint)',
    source: 'https://wiki.securepoint.de/SPDyn/meineAccounts',
    credentials:
      'spdyn.de, the host: the host as user name with its update token, or user and password of the account.',
    service: apart('https://update.spdyn.de/nic/update', {
      answer: {
        words: {
          ...DYNDNS2_WORDS,
          fatal: { class: 'refused', for: 'record', means: 'the host is disabled at the provider' },
        },
      },
    }),
  },
  {
    name: 'now-dns',
    title: 'Now-DNS',
    source: 'https://now-dns.com/docs/api',
    credentials: 'E-mail address and password of the account.',
    note: 'The page of the interface could not be read; facts are those that other clients work with.',
    service: apart('https://now-dns.com/update'),
  },
];
