import { baseOf } from '../rest/options.ts';
import { defineRestProvider } from '../rest/provider.ts';
import { membersAfter, quoted, type RestChange } from '../rest/records.ts';
import { path } from '../rest/request.ts';
import { sigV4 } from '../signatures/sigv4.ts';
import { changed } from './answers.ts';
import { type Kind, recordsOf, zonesOf } from './lists.ts';
import { type Options, options } from './options.ts';
import { refusalOf, VERDICTS } from './refusals.ts';
import { Waiting } from './waiting.ts';
import { changeBatch, route53Codec, type SetChange } from './xml.ts';

/** A default, where neither the configuration nor a record that is there says one. */
const TTL = 300;

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

export const route53 = defineRestProvider<Options>({
  name: 'route53',
  title: 'Route 53',
  documentation: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html',
  credentials:
    'AWS console, IAM: an access key with route53:ListHostedZonesByName, ListResourceRecordSets, ChangeResourceRecordSets, and GetChange for `wait`.',
  example:
    'provider: route53\naccess_key_id: AKIAIOSFODNN7EXAMPLE\nsecret_access_key: { env: AWS_SECRET_ACCESS_KEY }\n',
  notes: [
    'Reading takes a request for each zone, at 5 in 2 seconds: with more than 20 zones in one sink, give it `timeout: 1m`. With less they are read in several tries.',
    'Alias records and records with a routing policy (weighted, latency, failover, geolocation) are never changed.',
    'Private hosted zones are left out unless `private_zone: true`, which takes them alone.',
    'Deleting a set sends it exactly as it stands; if somebody has changed it meanwhile, Route 53 refuses, and it is read again.',
  ],
  options,
  traits: { batch: 400, multiple: true, creates: true, families: 'one' },
  // Today's documentation has a bucket of 50 that gains 10 a second for the account; older pages say 5 a second, which holds with both.
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests
  limits: [{ requests: 5, per: 1_000 }],
  api: (given) => {
    const waiting = given.wait ? new Waiting() : undefined;
    return {
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
      records: async (ask, zone, name) => {
        const found = await recordsOf(ask, zone, name);
        return waiting === undefined
          ? found
          : found.map((one) => ({ ...one, ...(waiting.has(zone, one) && { unfinished: true as const }) }));
      },
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
          if (waiting?.hasAll(zone, changes)) return waiting.look(ask, zone, changes);
          const body = changeBatch(changes.map(setChange));
          const answer = await ask.send('POST', path`/2013-04-01/hostedzone/${zone.id}/rrset/`, changed, {
            body,
          });
          return waiting?.begin(ask, zone, changes, answer.ChangeResourceRecordSetsResponse.ChangeInfo);
        },
      },
    };
  },
});
