import * as z from 'zod';
import { domainName, httpUrl, secret } from '../../config/schema-types.ts';
import type { HttpRequest } from '../../net/http.ts';
import type { RestZone } from '../rest/api.ts';
import { type Codec, jsonCodec } from '../rest/codec.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { collect, linked, type PagedList } from '../rest/pages.ts';
import { defineRestProvider } from '../rest/provider.ts';
import * as dns from '../rest/records.ts';
import { path } from '../rest/request.ts';
import { withToken } from '../rest/tokens.ts';
import { kept, propertiesFor, recordsIn, set, setAt, VERSION } from './sets.ts';

const name = () => z.string().min(1);
const options = z.strictObject({
  tenant_id: name().meta({ description: 'The directory (tenant) the application is registered in.' }),
  client_id: name().meta({ description: 'The application (client) id.' }),
  client_secret: secret(),
  subscription_id: name(),
  resource_group: name(),
  ...restOptions,
  token_endpoint: httpUrl().optional().meta({
    description: 'Where tokens are given out, if not at login.microsoftonline.com (other clouds, tests).',
  }),
});

/** Seconds for new sets without a TTL of their own: the service wants one. */
const NEW_TTL = 300;

const text = z.string();
const page = { nextLink: text.nullish() };
interface Page {
  readonly nextLink?: string | null | undefined;
}
const zones: PagedList<Page & { value: { name: RestZone['name'] }[] }, { name: RestZone['name'] }> = {
  schema: z.object({ ...page, value: z.array(z.object({ name: domainName() })) }),
  items: (body) => body.value,
  next: ({ body }) => linked(body.nextLink ?? undefined),
};
const refusal = z.object({ error: z.object({ code: text, message: text }) });
const plainRefusal = z.object({ code: text, message: text });

type Kind = 'list' | 'get' | 'write';

/** Lists, of zones or of the sets of a zone, are paths without a name at their end. */
function kindOf({ method, url }: HttpRequest): Kind {
  if (method !== 'GET') return 'write';
  return /\/dnsZones(?:\/[^/]+\/[^/]+)?$/.test(url.pathname) ? 'list' : 'get';
}
const counted =
  (...kinds: readonly Kind[]) =>
  (request: HttpRequest) =>
    kinds.includes(kindOf(request)) ? '' : undefined;

/** A removal is answered with nothing, whatever its status. */
const codec: Codec = { ...jsonCodec, empty: [200, 204] };

export const azure = defineRestProvider<z.output<typeof options>>({
  name: 'azure',
  title: 'Azure DNS',
  documentation: 'https://learn.microsoft.com/en-us/rest/api/dns/record-sets?view=rest-dns-2018-05-01',
  credentials:
    'Microsoft Entra ID, App registrations: an application with a client secret; then, on the zone or its resource group, Access control (IAM), the role "DNS Zone Contributor" for it.',
  example:
    'provider: azure\ntenant_id: 00000000-0000-0000-0000-000000000000\nclient_id: 00000000-0000-0000-0000-000000000000\nclient_secret: { env: AZURE_CLIENT_SECRET }\nsubscription_id: 00000000-0000-0000-0000-000000000000\nresource_group: dns\n',
  notes: [
    'Each name and type takes a request to read.',
    'Record sets without a TTL of their own are made with 300 seconds; alias record sets are left alone.',
    'Azure DNS takes 500 reads in five minutes, and 60 lists and 200 writes a minute for a zone; netdrift stays below, all zones together. There is no list of its error codes: those not known mean what their HTTP status says.',
  ],
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  // A zone takes 60 lists, 1000 or more other reads and 200 writes of record sets a minute:
  // https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-dns-limits
  // In front of it the Resource Manager takes 250 reads at once and 25 a second from then on, 200 writes at once and 10 a second, and its
  // network part 500 reads of DNS in five minutes, which recorded answers count down in `x-ms-ratelimit-remaining-subscription-resource-requests`:
  // https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling
  limits: [
    { requests: 55, per: 60_000, of: counted('list') },
    { requests: 200, per: 10_000, of: counted('list', 'get') },
    { requests: 480, per: 300_000, of: counted('list', 'get') },
    { requests: 180, per: 60_000, of: counted('write') },
  ],
  api: (given) => {
    const login = `https://login.microsoftonline.com/${encodeURIComponent(given.tenant_id)}/oauth2/v2.0/token`;
    const { authorize, judge } = withToken({
      title: 'Azure DNS',
      secrets: [given.client_secret],
      ask: () => ({
        url: given.token_endpoint ?? new URL(login),
        form: {
          grant_type: 'client_credentials',
          client_id: given.client_id,
          client_secret: given.client_secret.reveal(),
          scope: 'https://management.azure.com/.default',
        },
      }),
    });
    const group = path`/subscriptions/${given.subscription_id}/resourceGroups/${given.resource_group}`;
    const zonesPath = `${group}/providers/Microsoft.Network/dnsZones`;
    const setPath = (zone: RestZone, type: string, of: string) =>
      `${zonesPath}${path`/${zone.id}/${type}/${dns.relativeTo(zone.name, of)}`}`;

    return {
      base: baseOf(given, 'https://management.azure.com'),
      account: given.client_secret,
      authorize,
      codec,
      refusal: ({ status, body }) => {
        const verdict = judge(status);
        const answer = status >= 400 ? body : undefined;
        const said = refusal.safeParse(answer).data?.error ?? plainRefusal.safeParse(answer).data;
        return said && { ...said, verdict };
      },
      // https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/common-deployment-errors ; the codes of the
      // DNS service itself are not listed anywhere, and mean what their status says.
      verdicts: {
        credentials: [
          'AuthorizationFailed',
          'AuthenticationFailed',
          'InvalidAuthenticationToken',
          'ExpiredAuthenticationToken',
        ],
        not_found: [
          'ParentResourceNotFound',
          'ResourceGroupNotFound',
          'SubscriptionNotFound',
          'ResourceNotFound',
        ],
        refused_record: ['ScopeLocked'],
        refused: [
          'ReadOnlyDisabledSubscription',
          'SubscriptionNotRegistered',
          'MissingSubscriptionRegistration',
        ],
        rate_limited: ['TooManyRequests', 'SubscriptionRequestsThrottled'],
      },
      zones: {
        list: async (ask) => {
          const found = await collect(ask, zonesPath, zones, VERSION);
          return found.map((one) => ({ name: one.name, id: one.name }));
        },
        byName: async (ask, wanted) => {
          const found = await ask.get(
            `${zonesPath}${path`/${wanted}`}`,
            z.object({ name: domainName() }),
            VERSION,
          );
          return { name: found.name, id: found.name };
        },
      },
      // Sets are asked for one by one: the filter of the list is by suffix, and the list of a large zone is a hundred pages.
      lists: 'name',
      records: async (ask, zone, of = zone.name, types = ['A', 'AAAA']) => {
        const found: dns.ListedRecord[] = [];
        for (const type of types) {
          const one = await setAt(ask, setPath(zone, type, of));
          if (one !== undefined) found.push(...recordsIn(zone.name, one));
        }
        return found;
      },
      guard: ({ key, actual: [first] }) =>
        first === undefined || kept(first).alias === undefined
          ? undefined
          : `${key.name}/${key.type} is an alias of an Azure resource; make it a plain record set there first`,
      write: {
        shape: 'sets',
        put: async (ask, zone, change) => {
          const { name: of, type } = change.key;
          const [first] = change.actual;
          const to = setPath(zone, type, of);
          const values = dns.membersAfter(change).map(({ value }) => value);
          // Refused with 412 if anybody has changed, or made, the set meanwhile.
          const headers: Record<string, string> =
            first === undefined ? { 'if-none-match': '*' } : { 'if-match': kept(first).etag };
          const asking = { query: VERSION, headers };
          if (values.length === 0) {
            await ask.send('DELETE', to, z.undefined(), asking);
            return;
          }
          const ttl = first === undefined ? (change.ttl ?? NEW_TTL) : dns.changedTtl(change);
          const body = { properties: propertiesFor(type, values, ttl) };
          // PATCH leaves the metadata and, unless given, the TTL of the set alone.
          await ask.send(first === undefined ? 'PUT' : 'PATCH', to, set, { ...asking, body });
        },
      },
    };
  },
});
