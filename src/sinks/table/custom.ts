import * as z from 'zod';
import { familyOfType } from '../../model/family.ts';
import type { Provider } from '../contract.ts';
import { outsideZone } from '../outside-zone.ts';
import { type Account, accountProblems, serviceProblems } from './checks.ts';
import { accountOf, accountShape, report } from './row.ts';
import { familiesOf, type Service, serviceShape } from './service.ts';
import { tableSink } from './sink.ts';

const { username, password, token, ...switches } = accountShape;
const shape = z.strictObject({
  ...serviceShape,
  username: username.optional(),
  password: password.optional(),
  token: token.optional(),
  ...switches,
});

type Given = z.output<typeof shape>;

export interface CustomOptions {
  readonly service: Service;
  readonly account: Account;
}

function wholeOf(given: Given): CustomOptions {
  const { username, password, token, insecure_http, single_family, ...service } = given;
  return { service, account: accountOf({ username, password, token, insecure_http, single_family }) };
}

const options: z.ZodType<CustomOptions> = shape
  .superRefine((given, context) => {
    const { service, account } = wholeOf(given);
    report(
      [...serviceProblems(service, account.insecure_http), ...accountProblems(service, account)],
      context,
    );
  })
  .transform(wholeOf);

/** A row of the operator's own: the same fields and the same checks as those of the table. */
export const custom: Provider<CustomOptions> = {
  name: 'custom',
  title: 'Any service that takes a name and an address in one request',
  documentation: 'https://help.dyn.com/remote-access-api/',
  credentials:
    'Whatever the service wants: username, password and token, named in the templates as {username}, {password} and {token}.',
  options,
  traits: { batch: Number.POSITIVE_INFINITY, multiple: false, creates: false, families: 'one' },
  example: [
    'provider: custom',
    'url: https://dns.example.org/nic/update',
    'basic: { username: "{username}", password: "{password}" }',
    'username: alice',
    'password: { env: DNS_PASSWORD }',
    'parameters:',
    '  hostname: "{name}"',
    '  myip: "{ipv4}"',
    '  myipv6: "{ipv6}"',
    'answer:',
    '  read: lines',
    '  words:',
    '    good: updated',
    '    nochg: unchanged',
    '    badauth: credentials',
    '    nohost: not_found',
    '',
  ].join('\n'),
  check: ({ service }, keys) => [
    ...outsideZone(service.zone, keys),
    ...keys
      .filter(({ type }) => !familiesOf(service).includes(familyOfType(type)))
      .map((key) => ({
        key,
        message: `is to hold ${key.type}, which the templates have no place for`,
        remedy: 'use {ipv4} and {ipv6}, or limit the record with types:',
      })),
  ],
  create: ({ options: { service, account }, keys }, components) =>
    tableSink(service, account, { keys }, components),
};
