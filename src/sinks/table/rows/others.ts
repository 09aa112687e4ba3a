import { type Family, recordTypeOf } from '../../../model/family.ts';
import { DYNDNS2_WORDS } from '../../dyndns2/codes.ts';
import type { MeaningText } from '../meaning.ts';
import type { Row, ServiceText } from '../row.ts';

const MINUTE = 60_000;
const basic = { username: '{username}', password: '{password}' };

/** So it is counted for each host: A and AAAA of one host never leave together. */
const HOST_LIMIT: NonNullable<ServiceText['limits']> = [{ requests: 1, per: '10m', for: 'name' }];

const wait = (time: string): MeaningText => ({ class: 'rate_limited', wait: time });

/** A token belongs to one record, and an address of the other family would turn the record into one of the other type. */
function freedns(family: Family): Row {
  const type = recordTypeOf(family);
  return {
    name: family === 'ipv4' ? 'freedns' : 'freedns-ipv6',
    title: `FreeDNS (afraid.org), ${type} records`,
    source: 'https://freedns.afraid.org/dynamic/',
    credentials: `freedns.afraid.org, Dynamic DNS, "Direct URL" of the ${type} record: what follows "?".`,
    note: `A token belongs to one record: make a sink for each name, with \`types: [${type}]\`.`,
    minimum_gap: 5 * MINUTE,
    service: {
      url: 'https://freedns.afraid.org/dynamic/update.php?{token}',
      parameters: { address: `{${family}}` },
      answer: {
        read: 'text',
        words: {
          'Updated * to {addresses} in *': 'updated',
          'ERROR: Address {addresses} has not changed.': 'unchanged',
          'No IP change detected*': 'unchanged',
          'ERROR: Unable to locate this record*': {
            class: 'not_found',
            means: 'there is no record with this token',
          },
          'ERROR: Invalid update URL*': 'credentials',
        },
      },
    },
  };
}

/** Services with words, fields or statuses of their own. */
export const otherRows: readonly Row[] = [
  {
    name: 'duckdns',
    title: 'Duck DNS',
    source: 'https://www.duckdns.org/spec.jsp',
    credentials: 'duckdns.org after signing in: the token at the top of the page.',
    note: '`KO` does not say whether the token or the name is wrong. `clear` removes both families at once, so it is not used.',
    service: {
      url: 'https://www.duckdns.org/update',
      zone: 'duckdns.org',
      parameters: { domains: '{hosts}', token: '{token}', ip: '{ipv4}', ipv6: '{ipv6}', verbose: 'true' },
      names_per_request: 20,
      answer: {
        read: 'text',
        words: {
          'OK {addresses} UPDATED': 'updated',
          'OK {addresses} NOCHANGE': 'unchanged',
          OK: 'updated',
          KO: {
            class: 'credentials',
            for: 'record',
            means: 'the token is wrong, or the name is not of this account',
          },
        },
      },
    },
  },
  {
    name: 'dynv6',
    title: 'dynv6',
    source: 'https://dynv6.com/docs/apis',
    credentials: 'dynv6.com, Keys: an HTTP token for the zone.',
    note: 'Updates the zone itself (name.dynv6.net); names below it need the REST or DNS UPDATE interface (`provider: rfc2136`).',
    service: {
      url: 'https://dynv6.com/api/update',
      parameters: { zone: '{name}', token: '{token}', ipv4: '{ipv4}', ipv6: '{ipv6}' },
      clear: '-',
      answer: {
        read: 'text',
        words: {
          'addresses updated': 'updated',
          'addresses unchanged': 'unchanged',
          'invalid authentication token': 'credentials',
          'zone not found': 'not_found',
        },
      },
    },
  },
  freedns('ipv4'),
  freedns('ipv6'),
  {
    name: 'namecheap-dyndns',
    title: 'Namecheap, by its dynamic DNS URL',
    source:
      'https://www.namecheap.com/support/knowledgebase/article.aspx/29/11/how-to-dynamically-update-the-hosts-ip-with-an-http-request/',
    credentials: 'Namecheap, the domain, Advanced DNS, Dynamic DNS: the password shown there.',
    note: 'IPv4 only. The host must exist as an "A + Dynamic DNS Record". `provider: namecheap` uses the API and takes both families.',
    minimum_gap: 5 * MINUTE,
    service: {
      url: 'https://dynamicdns.park-your-domain.com/update',
      parameters: { host: '{host}', domain: '{zone}', password: '{password}', ip: '{ipv4}' },
      answer: {
        read: 'xml',
        field: ['Err1', 'ErrCount'],
        words: {
          '0': 'updated',
          '*': { class: 'transient', for: 'record', means: 'refused, in the words of the service' },
          'Passwords do not match*': 'credentials',
          'Domain name not found*': 'not_found',
          'No Records updated. A record not Found*': 'not_found',
        },
      },
    },
  },
  {
    name: 'zoneedit',
    title: 'ZoneEdit',
    source: 'https://support.zoneedit.com/en/knowledgebase/article/dynamic-dns',
    credentials:
      'ZoneEdit, the domain, DYN records: the user name of the account, and the DYN token as password.',
    note: 'Asks for 10 minutes between two requests for one host, so the A and AAAA records of a host are written 10 minutes apart.',
    minimum_gap: 10 * MINUTE,
    service: {
      url: 'https://api.cp.zoneedit.com/dyn/generic.php',
      basic,
      families: 'separate',
      limits: HOST_LIMIT,
      parameters: { hostname: '{name}', myip: '{address}' },
      answer: {
        read: 'text',
        words: {
          '<SUCCESS CODE="200" TEXT="* updated to {addresses}"*': 'updated',
          '<SUCCESS CODE="200"*': 'updated',
          '<SUCCESS CODE="201"*': 'unchanged',
          '<SUCCESS_CODE="200"*': 'updated',
          '<ERROR CODE="700"*no update required for * to {addresses}"*': 'unchanged',
          '<ERROR CODE="700"*no update required*': 'unchanged',
          '<ERROR CODE="701"*': 'not_found',
          '<ERROR CODE="702"*': wait('10m'),
          '<ERROR CODE="707"*': 'unchanged',
          '<ERROR CODE="708"*': 'credentials',
          '<ERROR CODE="709"*': 'invalid',
        },
      },
    },
  },
  {
    name: 'easydns',
    title: 'easyDNS',
    source: 'https://kb.easydns.com/knowledge/dynamic-dns/',
    credentials: 'easyDNS, the domain, Dynamic DNS: the user name, and the dynamic DNS token as password.',
    note: 'Its words come dressed in HTML. Clients know them with and without underscores; both are understood. It asks for 10 minutes between two requests for one host, so the A and AAAA records of a host are written 10 minutes apart.',
    minimum_gap: 10 * MINUTE,
    service: {
      url: 'https://api.cp.easydns.com/dyn/generic.php',
      basic,
      families: 'separate',
      limits: HOST_LIMIT,
      parameters: { hostname: '{name}', myip: '{address}' },
      answer: {
        read: 'html',
        words: {
          NOERROR: 'updated',
          NO_ERROR: 'updated',
          OK: 'updated',
          'OK no update required for * to {addresses}': 'unchanged',
          'no update required*': 'unchanged',
          NOACCESS: 'credentials',
          NO_ACCESS: 'credentials',
          NO_AUTH: 'credentials',
          NOSERVICE: {
            class: 'refused',
            for: 'record',
            means: 'dynamic DNS is not turned on for the domain',
          },
          NO_SERVICE: {
            class: 'refused',
            for: 'record',
            means: 'dynamic DNS is not turned on for the domain',
          },
          'ILLEGAL INPUT': 'invalid',
          ILLEGAL_INPUT: 'invalid',
          TOOSOON: wait('10m'),
          TOO_SOON: wait('10m'),
          TOO_FREQ: wait('10m'),
        },
      },
    },
  },
  {
    name: 'domeneshop',
    title: 'Domeneshop',
    source: 'https://api.domeneshop.no/docs/#tag/ddns',
    credentials: 'domeneshop.no, API: token as user name, secret as password.',
    creates: true,
    service: {
      url: 'https://api.domeneshop.no/v0/dyndns/update',
      basic,
      families: 'separate',
      parameters: { hostname: '{name}', myip: '{address}' },
      answer: { read: 'status' },
      statuses: { '204': 'updated', '401': 'credentials', '404': 'not_found' },
    },
  },
  {
    name: 'ipv64',
    title: 'IPv64.net',
    source: 'https://ipv64.net/dyndns_updater_api',
    credentials: 'ipv64.net, the domain: its update token.',
    note: 'The page of the interface does not say what the answer reads, so the status counts, if the body is empty or holds a code of dyndns2, by itself or as `info` of a JSON text. 48 updates a day are free; more than allowed is said to be answered with 403 and `overcommited`.',
    minimum_gap: 10_000,
    service: {
      url: 'https://ipv64.net/nic/update',
      headers: { authorization: 'Bearer {token}' },
      families: 'separate',
      limits: [{ requests: 3, per: '10s' }],
      parameters: { domain: '{name}', ip: '{ipv4}', ip6: '{ipv6}' },
      answer: {
        read: 'status',
        words: {
          ...DYNDNS2_WORDS,
          '{"info":"good"*': 'updated',
          '{"info":"nochg"*': 'unchanged',
          '*overcommited*': 'rate_limited',
        },
      },
      statuses: { '200': 'updated', '401': 'credentials', '403': 'credentials', '429': 'rate_limited' },
    },
  },
  {
    name: 'selfhost',
    title: 'Selfhost.de',
    source: 'https://kirk.selfhost.de/cgi-bin/selfhost?p=document&name=api',
    credentials:
      'selfhost.de, DynAccounts: number and password of the DynAccount (not those of the customer).',
    note: 'The host belongs to the DynAccount, so a sink has one name. IPv4 only: its interface shows no IPv6. Whatever stands beside the status must be a code of dyndns2.',
    service: {
      url: 'https://carol.selfhost.de/nic/update',
      basic,
      parameters: { myip: '{ipv4}', http_status: '1' },
      answer: { read: 'status' },
      statuses: {
        '200': 'updated',
        '204': 'unchanged',
        '401': 'credentials',
        '409': { class: 'not_found', means: 'the account has no zone' },
        '410': { class: 'refused', means: 'the account is not active' },
        '411': { class: 'invalid', means: 'the address is refused' },
        '412': { class: 'invalid', means: 'the address is a private one' },
        '503': wait('10m'),
      },
    },
  },
  {
    name: 'changeip',
    title: 'ChangeIP',
    source: 'https://www.changeip.com/accounts/knowledgebase.php?action=displayarticle&id=34',
    credentials: 'User name and password of the ChangeIP account.',
    note: 'IPv4 only: its interface shows no IPv6.',
    service: {
      url: 'https://nic.changeip.com/nic/update',
      basic,
      parameters: { hostname: '{name}', ip: '{ipv4}' },
      answer: {
        read: 'text',
        words: {
          '200 Successful Update*': 'updated',
          '402*': { class: 'refused', for: 'record', means: 'this name needs the premium service' },
          '422*': { class: 'not_found', means: 'there is no such host or set in this account' },
        },
      },
      statuses: {
        '401': 'credentials',
        '402': { class: 'refused', for: 'record', means: 'this name needs the premium service' },
        '422': { class: 'not_found', means: 'there is no such host or set in this account' },
      },
    },
  },
  {
    name: 'ddnss',
    title: 'DDNSS.de',
    source: 'https://www.ddnss.de/info.php',
    credentials: 'ddnss.de after signing in: the update key.',
    note: 'The answer is a page; the return code stands in its header `DDNSS-Response`. No official list of the codes was found: they are those of dyndns2 to other clients.',
    service: {
      url: 'https://ddnss.de/upd.php',
      families: 'separate',
      parameters: { key: '{token}', host: '{name}', ip: '{ipv4}', ip6: '{ipv6}' },
      answer: { read: 'header', field: 'DDNSS-Response', words: DYNDNS2_WORDS },
    },
  },
  {
    name: 'goip',
    title: 'GoIP.de',
    source: 'https://www.goip.de/update-url.html',
    credentials: 'goip.de, list of routers: user name and password of one of them.',
    note: 'Answers with the name and the address it set; no official list of its failures was found.',
    service: {
      url: 'https://www.goip.de/setip',
      families: 'separate',
      parameters: {
        username: '{username}',
        password: '{password}',
        subdomain: '{name}',
        ip: '{ipv4}',
        ip6: '{ipv6}',
        shortResponse: 'true',
      },
      answer: {
        read: 'text',
        words: { '{name} ({addresses})*': 'updated', 'Zugriff verweigert*': 'credentials' },
      },
    },
  },
  {
    name: 'dondominio',
    title: 'DonDominio / MrDomain DonDNS',
    source: 'https://dev.dondominio.com/dondns/docs/api/',
    credentials: 'DonDominio, My Account, DonDNS Key; with the user name of the account.',
    note: 'The reason of a refusal stands in its own words in the message.',
    service: {
      url: 'https://dondns.dondominio.com/json/',
      families: 'separate',
      parameters: { user: '{username}', apikey: '{token}', host: '{name}', ip: '{address}', lang: 'en' },
      answer: {
        read: 'json',
        field: 'success',
        words: { true: 'updated', false: { class: 'invalid', means: 'refused; the answer says why' } },
      },
    },
  },
  {
    name: 'njalla',
    title: 'Njalla',
    source: 'https://njal.la/docs/ddns/',
    credentials: 'njal.la, the domain, the dynamic record: its key.',
    note: 'Each dynamic record has its own key: one sink for each name.',
    service: {
      url: 'https://njal.la/update/',
      parameters: { h: '{name}', k: '{token}', a: '{ipv4}', aaaa: '{ipv6}' },
      answer: {
        read: 'json',
        field: 'status',
        addresses: ['value.A', 'value.AAAA'],
        words: { '200': 'updated', '400': 'invalid', '401': 'credentials', '500': 'transient' },
      },
    },
  },
];
