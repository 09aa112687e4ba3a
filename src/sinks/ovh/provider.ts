import * as z from 'zod';
import { domainName, secret } from '../../config/schema-types.ts';
import type { RestZone } from '../rest/api.ts';
import { baseOf, restOptions } from '../rest/options.ts';
import { defineRestProvider } from '../rest/provider.ts';
import {
  absoluteIn,
  changedTtl,
  ownTtl,
  quoted,
  type RestRecord,
  relativeTo,
  unquoted,
} from '../rest/records.ts';
import { path } from '../rest/request.ts';
import { signer } from './signer.ts';

/** https://github.com/ovh/python-ovh#2-configure-your-application */
const REGIONS = {
  eu: 'https://eu.api.ovh.com/1.0',
  ca: 'https://ca.api.ovh.com/1.0',
  us: 'https://api.us.ovhcloud.com/1.0',
} as const;

const options = z.strictObject({
  application_key: secret(),
  application_secret: secret(),
  consumer_key: secret(),
  ...restOptions,
  region: z.enum(['eu', 'ca', 'us']).prefault('eu').meta({ description: 'Where the account is.' }),
});
type Options = z.output<typeof options>;

const text = z.string();
const id = z.int().transform(String);
const names = z.array(domainName());
const ids = z.array(id);
const record = z.object({
  id,
  subDomain: text.nullish(),
  fieldType: text,
  target: text,
  ttl: z.int().nullish(),
});
/** A change, a removal and a refresh are answered with `null`. */
const done = z.null();
const refusal = z.object({ message: text, errorCode: text.optional(), class: text.optional() });

const zonePath = (zone: RestZone) => path`/domain/zone/${zone.id}`;
const onePath = (zone: RestZone, found: RestRecord) => `${zonePath(zone)}${path`/record/${found.id ?? ''}`}`;

export const ovh = defineRestProvider<Options>({
  name: 'ovh',
  title: 'OVHcloud',
  documentation: 'https://eu.api.ovh.com/console/?section=%2Fdomain&branch=v1',
  credentials:
    'https://eu.api.ovh.com/createToken/ (or ca.api.ovh.com, api.us.ovhcloud.com): keys with GET, POST, PUT and DELETE on /domain/zone/*.',
  example:
    'provider: ovh\napplication_key: { env: OVH_APPLICATION_KEY }\napplication_secret: { env: OVH_APPLICATION_SECRET }\nconsumer_key: { env: OVH_CONSUMER_KEY }\n',
  notes: [
    'OVHcloud publishes no limit for these requests, and no list of error codes; the codes known are those its own clients know.',
    'The list of records gives numbers only, so reading a name takes one request and one more for each of its records.',
  ],
  options,
  traits: { batch: 20, multiple: true, creates: true, families: 'separate' },
  limits: [{ requests: 60, per: 60_000 }],
  api: (given) => {
    const base = baseOf(given, REGIONS[given.region]);
    const keys = {
      applicationKey: given.application_key,
      applicationSecret: given.application_secret,
      consumerKey: given.consumer_key,
    };
    const { authorize, forgetTime } = signer(keys, base);
    return {
      base,
      account: given.consumer_key,
      authorize,
      refusal: ({ status, body }) => {
        const said = refusal.safeParse(status >= 400 ? body : undefined).data;
        if (said === undefined) return undefined;
        const code = said.errorCode ?? said.class;
        // The clock was set on one side or the other: ask for the time again.
        if (code === 'QUERY_TIME_OUT') forgetTime();
        return code === undefined ? { message: said.message } : { code, message: said.message };
      },
      // The codes that OVHcloud's own clients tell apart (https://github.com/ovh/python-ovh, ovh/client.py); no list is published.
      verdicts: {
        credentials: [
          'INVALID_CREDENTIAL',
          'INVALID_KEY',
          'INVALID_SIGNATURE',
          'NOT_CREDENTIAL',
          'NOT_GRANTED_CALL',
          'FORBIDDEN',
        ],
        transient: ['QUERY_TIME_OUT'],
      },
      zones: {
        list: async (ask) => (await ask.get('/domain/zone', names)).map((name) => ({ name, id: name })),
        byName: async (ask, wanted) => {
          const found = await ask.get(path`/domain/zone/${wanted}`, z.object({ name: domainName() }));
          return { name: found.name, id: found.name };
        },
      },
      // The list gives numbers only, and each record has to be asked for.
      lists: 'name',
      records: async (ask, zone, name) => {
        const query = name === undefined ? {} : { subDomain: relativeTo(zone.name, name, '') };
        const found = await ask.get(`${zonePath(zone)}/record`, ids, query);
        const records: z.output<typeof record>[] = [];
        for (const one of found)
          records.push(await ask.get(`${zonePath(zone)}${path`/record/${one}`}`, record));
        return records.map(({ id: number, subDomain, fieldType: type, target, ttl }) => {
          const absolute = absoluteIn(zone.name, subDomain ?? '');
          return { id: number, name: absolute, type, content: unquoted(type, target), ...ownTtl(ttl) };
        });
      },
      write: {
        shape: 'records',
        single: {
          create: async (ask, zone, { key, ttl }, value) => {
            const subDomain = relativeTo(zone.name, key.name, '');
            const body = { fieldType: key.type, subDomain, target: quoted(key.type, value), ttl };
            await ask.send('POST', `${zonePath(zone)}/record`, record, { body });
          },
          update: async (ask, zone, change, { record: found, value }) => {
            const subDomain = relativeTo(zone.name, change.key.name, '');
            const ttl = changedTtl(change, found.ttl) ?? found.ttl;
            const body = { subDomain, target: quoted(change.key.type, value), ttl };
            await ask.send('PUT', onePath(zone, found), done, { body });
          },
          remove: async (ask, zone, _change, { record: found }) => {
            await ask.send('DELETE', onePath(zone, found), done);
          },
        },
      },
      // Until then the name servers go on with the old zone.
      afterWrite: async (ask, zone) => {
        await ask.send('POST', `${zonePath(zone)}/refresh`, done);
      },
    };
  },
});
