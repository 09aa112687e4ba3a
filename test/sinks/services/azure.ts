import { azure } from '../../../src/sinks/azure/provider.ts';
import type { Kind } from './bench.ts';
import { Tokens } from './tokens.ts';
import { bodyOf, byMethod, type Held, held, json, nothing, pathOf, shown, ZONE } from './zone.ts';

const ZONES = '/subscriptions/sub/resourceGroups/dns/providers/Microsoft.Network/dnsZones';
const error = (status: number, code: string, message: string) => json(status, { error: { code, message } });
/** A new one whenever a member changes. */
const etagOf = (members: readonly Held[]): string => members.map(({ id, ttl }) => `${id}-${ttl}`).join('+');
const FIELDS = {
  A: ['ARecords', 'ipv4Address'],
  AAAA: ['AAAARecords', 'ipv6Address'],
  TXT: ['TXTRecords', 'value'],
} as const;

function whole(name: string, type: string, members: readonly Held[]): object {
  const { ttl, extra } = members[0] ?? {};
  const alias = (extra as { alias?: string } | undefined)?.alias;
  const [list, field] = FIELDS[type as 'A'];
  const records = alias
    ? {}
    : { [list]: members.map(({ content }) => ({ [field]: type === 'TXT' ? [content] : content })) };
  return {
    id: `${ZONES}/${ZONE}/${type}/${shown(name)}`,
    etag: etagOf(members),
    name: shown(name),
    type: `Microsoft.Network/dnszones/${type}`,
    properties: {
      TTL: ttl,
      fqdn: `${shown(name)}.${ZONE}.`,
      metadata: extra ?? {},
      targetResource: alias ? { id: alias } : {},
      provisioningState: 'Succeeded',
      ...records,
    },
  };
}

/** https://learn.microsoft.com/en-us/rest/api/dns/record-sets?view=rest-dns-2018-05-01 */
export function azureKind(tokens = new Tokens()): Kind {
  return {
    provider: azure,
    options: (endpoint) => ({
      endpoint: endpoint.href,
      token_endpoint: new URL('/tenant/oauth2/v2.0/token', endpoint).href,
      tenant_id: 'tenant',
      client_id: 'client',
      client_secret: 'the-client-secret',
      subscription_id: 'sub',
      resource_group: 'dns',
    }),
    service: (zone) => ({
      sort: (request) => (request.target.startsWith('/tenant/') ? 'neither' : byMethod(request)),
      refuse: (trouble) =>
        trouble === 'credentials'
          ? error(403, 'AuthorizationFailed', 'The client does not have authorization to perform action')
          : error(429, 'TooManyRequests', 'The request is being throttled'),
      answer: (request) => {
        if (request.target.startsWith('/tenant/')) return tokens.grant(request);
        if (!tokens.accepts(request))
          return error(401, 'ExpiredAuthenticationToken', 'The access token expiry has passed');
        if (request.url.searchParams.get('api-version') !== '2018-05-01')
          return error(400, 'MissingApiVersionParameter', 'x');
        const path = pathOf(request);
        if (path === ZONES) return json(200, { value: [{ id: `${ZONES}/${ZONE}`, name: ZONE, type: 'x' }] });
        const [, of, type, owner] = new RegExp(`^${ZONES}/([^/]+)/(A|AAAA|TXT)/([^/]+)$`).exec(path) ?? [];
        if (of !== ZONE || type === undefined) return error(404, 'ParentResourceNotFound', 'no such zone');
        const name = held(owner);
        const there = zone.set(name, type);
        if (request.method === 'GET') {
          const missing = `The resource record '${owner}' does not exist in resource group 'dns' of subscription 'sub'.`;
          return there.length === 0 ? error(404, 'NotFound', missing) : json(200, whole(name, type, there));
        }
        const { 'if-match': match, 'if-none-match': none } = request.headers;
        if ((none === '*' && there.length > 0) || (match !== undefined && match !== etagOf(there))) {
          return error(412, 'PreconditionFailed', 'The condition in the request was not met.');
        }
        if (request.method === 'DELETE') {
          zone.put(name, type, [], 0);
          return nothing(there.length === 0 ? 204 : 200);
        }
        const properties = bodyOf(request)['properties'] as Record<string, unknown>;
        const [list, field] = FIELDS[type as 'A'];
        const contents = (properties[list] as readonly Record<string, string | readonly string[]>[]).map(
          (one) => [one[field] ?? ''].flat().join(''),
        );
        const before = request.method === 'PATCH' ? there[0] : undefined;
        const ttl = (properties['TTL'] as number | undefined) ?? before?.ttl;
        if (ttl === undefined) return error(400, 'BadRequest', 'The TTL is missing');
        zone.put(name, type, contents, ttl, before?.extra);
        return json(request.method === 'PUT' ? 201 : 200, whole(name, type, zone.set(name, type)));
      },
    }),
    extra: () => ({ owner: 'somebody' }),
  };
}
export const kind: Kind = azureKind();
