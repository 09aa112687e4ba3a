import * as z from 'zod';
import { secret } from '../../config/schema-types.ts';
import type { Fqdn } from '../../model/name.ts';
import type { RestZone, WriteEnd } from '../rest/api.ts';
import type { Ask } from '../rest/exchange.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { collect, type PagedList } from '../rest/pages.ts';
import { defineRestProvider } from '../rest/provider.ts';
import { membersAfter, quoted, type RestChange, unquoted } from '../rest/records.ts';
import { RestError } from '../rest/refusal.ts';
import { path, type Query } from '../rest/request.ts';
import { zonesNamed } from '../rest/zones.ts';
import { sigV4 } from '../signatures/sigv4.ts';
import {
  changed,
  type hostedZone,
  type info,
  progress,
  type recordSet,
  setPage,
  zonePage,
} from './answers.ts';
import { refusalOf, VERDICTS } from './refusals.ts';
import { changeBatch, plainName, route53Codec, type SetChange } from './xml.ts';

const options = z.strictObject({
  access_key_id: z.string().min(1),
  secret_access_key: secret(),
  session_token: secret().optional().meta({ description: 'Of temporary credentials.' }),
  ...restOptions,
  region: z.string().default('us-east-1').meta({
    description: 'For the signature. Only AWS China and GovCloud want another, with another endpoint.',
  }),
  private_zone: z
    .boolean()
    .default(false)
    .meta({ description: 'Private hosted zones instead of public ones.' }),
  zone_id: z
    .string()
    .regex(/^\w+$/)
    .optional()
    .meta({ description: 'The hosted zone, where several have the same name.' }),
  wait: z.boolean().default(false).meta({
    description:
      'A write is done only when all servers of Route 53 have it (INSYNC), which takes about a minute.',
  }),
});
type Options = z.output<typeof options>;

/** A default, where neither the configuration nor a record that is there says one. */
const TTL = 300;

/** What a set is beside a plain list of values. */
interface Kind {
  readonly alias: boolean;
  readonly policy: string | undefined;
}

/** From the zone of that name on, in the order of names: those of other names do no harm. */
async function zonesOf(ask: Ask, given: Options, name?: Fqdn): Promise<readonly RestZone[]> {
  const list: PagedList<z.output<typeof zonePage>, z.output<typeof hostedZone>> = {
    schema: zonePage,
    items: ({ ListHostedZonesByNameResponse: page }) => page.HostedZones,
    next: ({ body: { ListHostedZonesByNameResponse: page } }) => {
      const over = name !== undefined && plainName(page.NextDNSName ?? '') !== name;
      if (!page.IsTruncated || over) return undefined;
      return { dnsname: page.NextDNSName, hostedzoneid: page.NextHostedZoneId };
    },
  };
  const found = await collect(ask, '/2013-04-01/hostedzonesbyname', list, { dnsname: name, maxitems: 100 });
  const usable = found
    .filter((zone) => zone.Config.PrivateZone === given.private_zone)
    .filter((zone) => name === undefined || zone.Name === name)
    .filter((zone) => given.zone_id === undefined || zone.Id === given.zone_id);
  return zonesNamed(
    usable.map(({ Name, Id }) => {
      return {
        name: Name,
        id: Id,
        extra: { several: usable.filter((zone) => zone.Name === Name).length > 1 },
      };
    }),
  );
}

async function recordsOf(ask: Ask, zone: RestZone, name?: Fqdn) {
  // Which of them answers the world is for the registrar to say, and cannot be told from here.
  if ((zone.extra as { several: boolean }).several) {
    const message = `Route 53: ${zone.name} has several hosted zones; say which with \`zone_id\``;
    throw new RestError({ class: 'invalid', scope: 'record', message });
  }
  const list: PagedList<z.output<typeof setPage>, z.output<typeof recordSet>> = {
    schema: setPage,
    items: ({ ListResourceRecordSetsResponse: page }) => page.ResourceRecordSets,
    // The list begins at the name asked for and goes on to the end of the zone.
    next: ({ body: { ListResourceRecordSetsResponse: page } }): Query | undefined => {
      const over = name !== undefined && plainName(page.NextRecordName ?? '') !== name;
      if (!page.IsTruncated || over) return undefined;
      return { name: page.NextRecordName, type: page.NextRecordType, identifier: page.NextRecordIdentifier };
    },
  };
  const found = await collect(ask, path`/2013-04-01/hostedzone/${zone.id}/rrset`, list, {
    name,
    maxitems: 300,
  });
  return found.flatMap((set) => {
    const extra: Kind = { alias: set.AliasTarget !== undefined, policy: set.SetIdentifier };
    const values = set.ResourceRecords?.map(({ Value }) => Value) ?? [set.AliasTarget?.DNSName ?? ''];
    return values.map((value) => {
      const content = unquoted(set.Type, value);
      return { name: set.Name, type: set.Type, content, ttl: set.TTL, extra };
    });
  });
}

function setChange(change: RestChange): SetChange {
  const { name, type } = change.key;
  const found = change.actual[0]?.ttl;
  const set = (contents: readonly string[], ttl: number) => {
    return { name, type, ttl, values: contents.map((content) => quoted(type, content)) };
  };
  const members = membersAfter(change).map(({ value }) => value);
  // DELETE wants the set exactly as it stands, and is refused if somebody has changed it meanwhile.
  if (members.length === 0) {
    return {
      action: 'DELETE',
      set: set(
        change.actual.map(({ content }) => content),
        found ?? TTL,
      ),
    };
  }
  return { action: 'UPSERT', set: set(members, change.ttl ?? found ?? TTL) };
}

/** Seconds of waiting are all that a call of ten seconds has room for; INSYNC comes with a later look. */
async function insync(ask: Ask, first: z.output<typeof info>['ChangeInfo']): Promise<WriteEnd> {
  const id = first.Id.replace('/change/', '');
  const again = async () =>
    (await ask.get(path`/2013-04-01/change/${id}`, progress)).GetChangeResponse.ChangeInfo;
  const pending = ({ Status }: { Status: string }) => Status === 'PENDING';
  const last = await ask.poll({ every: 2_000, tries: 2 }, first, pending, again);
  if (pending(last)) return { pending: 'not yet at all servers of Route 53 (PENDING)', retryAfter: 30_000 };
}

export const route53 = defineRestProvider<Options>({
  name: 'route53',
  title: 'Route 53',
  documentation: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html',
  credentials:
    'AWS console, IAM: an access key with route53:ListHostedZonesByName, ListResourceRecordSets, ChangeResourceRecordSets, and GetChange for `wait`.',
  example:
    'provider: route53\naccess_key_id: AKIAIOSFODNN7EXAMPLE\nsecret_access_key: { env: AWS_SECRET_ACCESS_KEY }\n',
  notes: [
    'Alias records and records with a routing policy (weighted, latency, failover, geolocation) are never changed.',
    'Private hosted zones are left out unless `private_zone: true`, which takes them alone.',
    'Deleting a set sends it exactly as it stands; if somebody has changed it meanwhile, Route 53 refuses, and it is read again.',
  ],
  options,
  traits: { batch: 400, multiple: true, creates: true, families: 'one' },
  // Today's documentation has a bucket of 50 that gains 10 a second for the account; older pages say 5 a second, which holds with both.
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests
  limits: [{ requests: 5, per: 1_000 }],
  api: (given) => ({
    base: baseOf(given, 'https://route53.amazonaws.com'),
    account: given.secret_access_key,
    timed: true,
    authorize: (request, { clock }) => {
      const token = given.session_token?.reveal();
      const key = {
        accessKeyId: given.access_key_id,
        secretAccessKey: given.secret_access_key.reveal(),
        ...(token === undefined ? {} : { sessionToken: token }),
      };
      return sigV4(request, key, { region: given.region, service: 'route53' }, clock.wall());
    },
    codec: route53Codec,
    refusal: ({ body }) => refusalOf(body),
    verdicts: VERDICTS,
    zones: {
      list: (ask) => zonesOf(ask, given),
      byName: async (ask, name) => (await zonesOf(ask, given, name))[0],
    },
    records: recordsOf,
    guard: ({ key, actual }) => {
      const kinds = actual.map(({ extra }) => extra as Kind);
      const special = kinds.find(({ alias, policy }) => alias || policy !== undefined);
      if (special === undefined) return undefined;
      const what = special.alias ? 'an alias record' : 'a record with a routing policy';
      return `${key.name} has ${what} of type ${key.type}, which stays as it is; remove it to let netdrift write there`;
    },
    write: {
      shape: 'batch',
      // A call may have 1,000 values, those of an UPSERT counting twice; some are left for sets of several.
      size: 400,
      apply: async (ask, zone, changes) => {
        const body = changeBatch(changes.map(setChange));
        const answer = await ask.send('POST', path`/2013-04-01/hostedzone/${zone.id}/rrset/`, changed, {
          body,
        });
        return given.wait ? insync(ask, answer.ChangeResourceRecordSetsResponse.ChangeInfo) : undefined;
      },
    },
  }),
});
