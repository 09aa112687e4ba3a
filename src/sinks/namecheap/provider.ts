import * as z from 'zod';
import { ipAddress, secret } from '../../config/schema-types.ts';
import type { Authorize, RestZone } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { collect, counted, type PagedList } from '../rest/pages.ts';
import { defineRestProvider } from '../rest/provider.ts';
import { absoluteIn } from '../rest/records.ts';
import { RestError } from '../rest/refusal.ts';
import { codec, domainPage, type HostList, hostList, hostsSet, refusalOf } from './answers.ts';
import { hostsAfter, missingFrom, parametersOf } from './hosts.ts';

const options = z.strictObject({
  api_user: z.string().min(1).meta({ description: 'The user name API access was switched on for.' }),
  api_key: secret(),
  client_ip: ipAddress().meta({
    description:
      'The IPv4 address that requests come from; it must be on the list of allowed addresses there.',
  }),
  ...restOptions,
  user_name: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The owner of the domains, if not `api_user`.' }),
});
type Options = z.output<typeof options>;
type DomainPage = z.output<typeof domainPage>;

const domains: PagedList<DomainPage, DomainPage['domains'][number]> = {
  ...counted(
    domainPage,
    (body) => body.domains,
    ({ page, size, total }) => ({ page, last: Math.ceil(total / size), total }),
  ),
  post: ({ page }) => ({ Command: 'namecheap.domains.getList', PageSize: '100', Page: String(page ?? 1) }),
};

/** https://www.namecheap.com/support/api/global-parameters/ ; in the body, so that the key is in no URL. */
function withKeys(given: Options): Authorize {
  return (request) => {
    const form = new URLSearchParams(request.body ?? '');
    form.set('ApiUser', given.api_user);
    form.set('ApiKey', given.api_key.reveal());
    form.set('UserName', given.user_name ?? given.api_user);
    form.set('ClientIp', given.client_ip);
    return { ...request, body: form.toString() };
  };
}

/** A domain in the two parts the service wants: `example` and `co.uk`. */
function parts({ id }: RestZone): { SLD: string; TLD: string } {
  const dot = id.indexOf('.');
  return { SLD: id.slice(0, dot), TLD: id.slice(dot + 1) };
}

async function hostsOf(ask: Ask, zone: RestZone): Promise<HostList> {
  const body = { Command: 'namecheap.domains.dns.getHosts', ...parts(zone) };
  const list = await ask.send('POST', '', hostList, { body, mutating: false });
  if (list.IsUsingOurDNS) return list;
  const message = `Namecheap: ${zone.name} uses other name servers, so its hosts here mean nothing`;
  throw new RestError({ class: 'refused', scope: 'record', message });
}

export const namecheap = defineRestProvider<Options>({
  name: 'namecheap',
  title: 'Namecheap (API)',
  documentation: 'https://www.namecheap.com/support/api/methods/domains-dns/set-hosts/',
  credentials:
    'Profile, Tools, Namecheap API Access: switch it on (20 domains, or 50 dollars on the account or spent in two years), take the key, and put the address of this host on the list of allowed ones. Where that address changes, the dynamic DNS password of the domain is the better way.',
  example:
    'provider: namecheap\napi_user: somebody\napi_key: { env: NAMECHEAP_API_KEY }\nclient_ip: 198.51.100.1\n',
  notes: [
    'The official page for the bounds of the TTL could not be checked; netdrift keeps to them with a warning.',
    'The API replaces all hosts of a domain at once. They are read again right before each write, sent back as they came, and compared after it; a host that cannot be sent back unharmed (dynamic DNS, switched off) stops the write.',
    'Requests are taken from allowed IPv4 addresses only, which makes this a poor choice for the very host whose address changes.',
    'The limit of requests was found in different figures (20 and 50 a minute, 700 an hour, 8,000 a day); the lowest is kept. The code 500000 for too many requests is not in the published list.',
    'Whether MX records need `EmailType` in every case is not documented; it is sent back as found.',
  ],
  options,
  // TTL: https://www.namecheap.com/support/api/methods/domains-dns/set-hosts/.
  traits: {
    batch: Number.POSITIVE_INFINITY,
    multiple: true,
    creates: true,
    families: 'one',
    ttl: { min: 60, max: 60_000 },
  },
  // 20 a minute, 700 an hour, 8,000 a day for all users of the account.
  limits: [
    { requests: 18, per: 60_000 },
    { requests: 600, per: 3_600_000 },
    { requests: 7_000, per: 86_400_000 },
  ],
  api: (given) => ({
    base: baseOf(given, 'https://api.namecheap.com/xml.response'),
    account: given.api_key,
    authorize: withKeys(given),
    codec,
    refusal: ({ body }) => refusalOf(body),
    verdicts: {
      // Keys missing, wrong, locked, or used from an address that is not allowed (1011150).
      credentials: [
        1010101, 1010102, 1010105, 1011102, 1011105, 1011150, 1016103, 1017101, 1017103, 1017105, 1017150,
        1019103, 1030408,
      ],
      // Declined payments, too many logins.
      refused: [1017410, 1017411],
      // Not in the account.
      not_found: [2016166, 2019166],
      // May not be edited, other name servers, too many records.
      refused_record: [2030166, 2030280, 2030288, 3013288, 4013288],
      // Not in the published list; this is what callers above the limit report.
      rate_limited: [500000],
      transient: [1050900, 3031510, 3050900, 4022288, 5050900],
    },
    zones: {
      list: async (ask) => {
        const found = await collect(ask, '', domains);
        return found.filter((one) => one.IsOurDNS).map(({ Name: name }) => ({ name, id: name }));
      },
      byName: async (ask, name) => {
        await hostsOf(ask, { name, id: name });
        return { name, id: name };
      },
    },
    lists: 'zone',
    records: async (ask, zone) => {
      const { hosts } = await hostsOf(ask, zone);
      return hosts.map(({ Name, Type, Address, TTL }) => {
        return { name: absoluteIn(zone.name, Name), type: Type, content: Address, ttl: TTL };
      });
    },
    write: {
      shape: 'batch',
      // The whole zone at once.
      size: Number.POSITIVE_INFINITY,
      apply: async (ask, zone, changes) => {
        const before = await hostsOf(ask, zone);
        const hosts = hostsAfter(zone.name, before, changes);
        const body = {
          Command: 'namecheap.domains.dns.setHosts',
          ...parts(zone),
          ...parametersOf(before, hosts),
        };
        await ask.send('POST', '', hostsSet, { body });
        const missing = missingFrom(await hostsOf(ask, zone), hosts, before);
        if (missing.length === 0) return;
        const message = `Namecheap: after the write these are not as sent: ${missing.slice(0, 3).join(', ')}`;
        throw new RestError({ class: 'refused', scope: 'sink', message, unclear: true });
      },
    },
  }),
});
