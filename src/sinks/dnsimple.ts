import * as z from 'zod';
import { domainName, secret } from '../config/schema-types.ts';
import { bearer, type RestZone } from './rest/api.ts';
import type { Ask } from './rest/exchange.ts';
import { baseOf, restOptions } from './rest/options.ts';
import { collect, counted } from './rest/pages.ts';
import { defineRestProvider } from './rest/provider.ts';
import { absoluteIn, changedTtl, type RestChange, type RestRecord, relativeTo } from './rest/records.ts';
import { RestError } from './rest/refusal.ts';
import { path } from './rest/request.ts';

const options = z.strictObject({
  token: secret(),
  ...restOptions,
  account: z
    .union([z.int(), z.string().regex(/^\d+$/)])
    .transform(String)
    .optional()
    .meta({
      description: 'The number of the account. Needed for a user token only; an account token knows its own.',
    }),
});

const text = z.string();
const id = z.int().transform(String);
const pagination = z.object({ current_page: z.int(), total_pages: z.int(), total_entries: z.int() });
const listOf = <Item>(item: z.ZodType<Item>) =>
  counted(
    z.object({ data: z.array(item), pagination }),
    (body) => body.data,
    ({ pagination: { current_page: page, total_pages: last, total_entries: total } }) => ({
      page,
      last,
      total,
    }),
  );
const zone = z.object({ name: domainName() });
const zones = listOf(zone);
const record = z.object({ id, name: text, content: text, ttl: z.int(), type: text });
const records = listOf(record);
const written = z.object({ data: record });
const batch = z.object({ data: z.object({}) });
const whoami = z.object({ data: z.object({ account: z.object({ id }).nullish() }) });
const refusal = z.object({ message: text, errors: z.record(text, z.array(text)).nullish() });

const zonePath = (of: RestZone) => path`/${String(of.extra)}/zones/${of.id}`;
const onePath = (of: RestZone, found: RestRecord) => `${zonePath(of)}${path`/records/${found.id ?? ''}`}`;

const created = (of: RestZone, { key, ttl }: RestChange, content: string) => {
  return { name: relativeTo(of.name, key.name, ''), type: key.type, content, ttl };
};
const patched = (change: RestChange, found: RestRecord, content: string) => {
  return { content, ttl: changedTtl(change, found.ttl) };
};

export const dnsimple = defineRestProvider<z.output<typeof options>>({
  name: 'dnsimple',
  title: 'DNSimple',
  documentation: 'https://developer.dnsimple.com/v2/zones/records/',
  credentials: 'dnsimple.com, account, Automation, API tokens: an account token.',
  example: 'provider: dnsimple\ntoken: { env: DNSIMPLE_TOKEN }\n',
  notes: [
    'Several changes go in one request on the Enterprise plan only; on others they are sent one by one.',
    'The most changes one request may hold is not documented; 100 are sent.',
    'Refusals have no codes beside the HTTP status.',
  ],
  options,
  traits: { batch: 100, multiple: true, creates: true, families: 'one' },
  // 2,400 an hour: https://developer.dnsimple.com/v2/#rate-limiting ; some are left for others.
  limits: [{ requests: 2_000, per: 3_600_000 }],
  api: (given) => {
    let known = given.account;
    const accountOf = async (ask: Ask): Promise<string> => {
      known ??= (await ask.get('/whoami', whoami)).data.account?.id;
      if (known !== undefined) return known;
      const message =
        'DNSimple: this is a user token, which may see several accounts: name one with `account`';
      throw new RestError({ class: 'invalid', scope: 'sink', message });
    };

    return {
      base: baseOf(given, 'https://api.dnsimple.com/v2'),
      account: given.token,
      authorize: bearer(given.token),
      // No codes beside the status: https://developer.dnsimple.com/v2/#errors
      refusal: ({ status, body }) => {
        const said = refusal.safeParse(status >= 400 ? body : undefined).data;
        if (said === undefined) return undefined;
        const details = Object.entries(said.errors ?? {}).map(
          ([field, words]) => `${field} ${words.join(', ')}`,
        );
        return { message: [said.message, ...details].join(': ') };
      },
      // 412: the plan does not include this; for a single record the regions alone can cause it.
      verdicts: { refused_record: [412] },
      zones: {
        list: async (ask) => {
          const account = await accountOf(ask);
          const found = await collect(ask, path`/${account}/zones`, zones, { per_page: 100 });
          return found.map(({ name }) => ({ name, id: name, extra: account }));
        },
        byName: async (ask, wanted) => {
          const account = await accountOf(ask);
          const { name } = (await ask.get(path`/${account}/zones/${wanted}`, z.object({ data: zone }))).data;
          return { name, id: name, extra: account };
        },
      },
      records: async (ask, of, name) => {
        // The apex has the empty name, and an empty filter is none.
        const relative = name === undefined ? '' : relativeTo(of.name, name, '');
        const query = { per_page: 100, name: relative === '' ? undefined : relative };
        const found = await collect(ask, `${zonePath(of)}/records`, records, query);
        return found.map(({ name: owner, ...rest }) => ({ ...rest, name: absoluteIn(of.name, owner) }));
      },
      write: {
        shape: 'batch',
        // "A limit is enforced", says the documentation, and not which.
        size: 100,
        // Enterprise plan only; other plans answer 412: https://developer.dnsimple.com/v2/zones/records/#batchChangeZoneRecords
        missing: [412],
        apply: async (ask, of, changes) => {
          const body = { creates: [] as unknown[], updates: [] as unknown[], deletes: [] as unknown[] };
          for (const change of changes) {
            for (const edit of change.edits) {
              if (edit.kind === 'create') body.creates.push(created(of, change, edit.value));
              else if (edit.kind === 'delete') body.deletes.push({ id: Number(edit.record.id) });
              else
                body.updates.push({
                  id: Number(edit.record.id),
                  ...patched(change, edit.record, edit.value),
                });
            }
          }
          await ask.send('POST', `${zonePath(of)}/batch`, batch, { body });
        },
        single: {
          create: async (ask, of, change, value) => {
            await ask.send('POST', `${zonePath(of)}/records`, written, { body: created(of, change, value) });
          },
          update: async (ask, of, change, { record: found, value }) => {
            await ask.send('PATCH', onePath(of, found), written, { body: patched(change, found, value) });
          },
          remove: async (ask, of, _change, { record: found }) => {
            await ask.send('DELETE', onePath(of, found), z.undefined());
          },
        },
      },
    };
  },
});
