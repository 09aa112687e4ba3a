import * as z from 'zod';
import { httpUrl } from '../../config/schema-types.ts';
import { Secret } from '../../config/secret.ts';
import type { RestZone } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { collect } from '../rest/pages.ts';
import { defineRestProvider } from '../rest/provider.ts';
import * as dns from '../rest/records.ts';
import { path } from '../rest/request.ts';
import { withToken } from '../rest/tokens.ts';
import { type Kept, kept, refusal, rooted, send, sets, zones } from './changes.ts';
import { assertion, serviceAccountKey, serviceAccountOf } from './key.ts';

const options = z.strictObject({
  key: serviceAccountKey(),
  ...restOptions,
  project: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The project of the zone, if not that of the key.' }),
  token_endpoint: httpUrl()
    .optional()
    .meta({ description: 'Where tokens are given out, if not where the key file says.' }),
});

export const google = defineRestProvider<z.output<typeof options>>({
  name: 'google',
  title: 'Google Cloud DNS',
  documentation: 'https://cloud.google.com/dns/docs/reference/rest/v1',
  credentials:
    'Google Cloud console, IAM, Service accounts: an account with the role "DNS Administrator", and a JSON key for it.',
  example: 'provider: google\nkey: { file: /etc/netdrift/google-key.json }\n',
  notes: [
    'Record sets without a TTL of their own are made with 300 seconds; record sets with a routing policy and private zones are left alone.',
    'The quota of requests can differ for each project and is shown in the console; 300 a minute are used.',
  ],
  options,
  traits: { batch: 500, multiple: true, creates: true, families: 'one' },
  // https://cloud.google.com/dns/quotas
  limits: [{ requests: 300, per: 60_000 }],
  api: (given) => {
    const account = serviceAccountOf(given.key);
    const { authorize, judge } = withToken({
      title: 'Google Cloud DNS',
      secrets: [given.key, new Secret(account.private_key)],
      timed: true,
      ask: ({ clock }) => ({
        url: given.token_endpoint ?? new URL(account.token_uri),
        form: {
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          assertion: assertion(account, clock.wall()),
        },
      }),
    });
    const zonesPath = path`/dns/v1/projects/${given.project ?? account.project_id}/managedZones`;
    const pathOf = ({ id }: RestZone) => `${zonesPath}${path`/${id}`}`;
    const zonesFor = async (ask: Ask, dnsName?: string): Promise<readonly RestZone[]> => {
      const found = await collect(ask, zonesPath, zones, { dnsName });
      // A private zone may have the same name; the world does not see it.
      const open = found.filter(({ visibility }) => visibility === 'public');
      return open.map(({ name: id, dnsName: name }) => ({ name, id }));
    };

    return {
      base: baseOf(given, 'https://dns.googleapis.com'),
      account: given.key,
      authorize,
      refusal: ({ status, body }) => {
        const verdict = judge(status);
        const said = refusal.safeParse(status >= 400 ? body : undefined).data?.error;
        if (said === undefined) return undefined;
        const code = said.errors[0]?.reason ?? said.status;
        return { ...(code && { code }), message: said.message, verdict };
      },
      // https://cloud.google.com/dns/docs/error-messages and https://cloud.google.com/apis/design/errors
      verdicts: {
        credentials: [
          'authError',
          'forbidden',
          'insufficientPermissions',
          'PERMISSION_DENIED',
          'UNAUTHENTICATED',
        ],
        not_found: ['notFound', 'NOT_FOUND'],
        conflict: [
          'alreadyExists',
          'preconditionFailed',
          'conditionNotMet',
          'containerNotEmpty',
          'ALREADY_EXISTS',
        ],
        // Beside a CNAME nothing else can stand.
        refused_record: ['cnameResourceRecordSetConflict', 'resourceInUse'],
        refused: ['accessNotConfigured', 'inactiveBillingState', 'quotaExceeded'],
        rate_limited: [
          'rateLimitExceeded',
          'userRateLimitExceeded',
          'dailyLimitExceeded',
          'RESOURCE_EXHAUSTED',
        ],
        transient: ['backendError', 'internalError', 'UNAVAILABLE'],
      },
      zones: {
        list: (ask) => zonesFor(ask),
        byName: async (ask, name) => (await zonesFor(ask, rooted(name))).find((one) => one.name === name),
      },
      records: async (ask, of, name) => {
        const query = { name: name && rooted(name) };
        const found = await collect(ask, `${pathOf(of)}/rrsets`, sets, query);
        return found.flatMap(({ name: owner, type, ttl, rrdatas, routingPolicy }) => {
          const extra: Kept = { ttl, rrdatas, routingPolicy };
          const contents = routingPolicy === undefined ? rrdatas : ['a routing policy'];
          return contents.map((content) => ({
            name: owner,
            type,
            content: dns.unquoted(type, content),
            ttl,
            extra,
          }));
        });
      },
      guard: ({ key, actual }) =>
        kept(actual[0])?.routingPolicy === undefined
          ? undefined
          : `${key.name}/${key.type} has a routing policy; make it a plain record set there first`,
      write: {
        shape: 'batch',
        // 1,000 additions and 1,000 deletions at most (https://cloud.google.com/dns/quotas).
        size: 1_000,
        apply: (ask, of, changes) => send(ask, pathOf(of), changes),
      },
    };
  },
});
