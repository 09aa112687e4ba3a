import * as z from 'zod';
import { domainName, duration } from '../../config/schema-types.ts';
import { minutes, seconds } from '../../model/duration.ts';
import type { Family } from '../../model/family.ts';
import type { Fqdn } from '../../model/name.ts';
import { DYNDNS2_WORDS } from '../dyndns2/codes.ts';
import { type Meaning, meaningSchema } from './meaning.ts';
import { namesIn } from './placeholders.ts';
import { compileWords, type Words } from './words.ts';

/** How one service of the GET family is spoken to: a row of the table, or the operator's own. The names are those of the YAML file. */
export interface Service {
  readonly url: string;
  readonly ipv6_url?: string | undefined;
  readonly method: 'GET' | 'POST';
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
  readonly families: 'together' | 'separate';
  /** `known`: sent along where it is known; `both`: nothing is sent without it. */
  readonly other_family: 'omit' | 'known' | 'both' | { readonly word: string };
  readonly clear?: string | undefined;
  readonly names_per_request: number;
  readonly zone?: Fqdn | undefined;
  readonly limits?: readonly RequestLimit[] | undefined;
  readonly answer: Answer;
  readonly statuses: ReadonlyMap<number, Meaning>;
}

/** So many requests in any stretch of `per` milliseconds, of the account or for each name. */
export interface RequestLimit {
  readonly requests: number;
  readonly per: number;
  readonly for: 'account' | 'name';
}

export interface Answer {
  readonly read: (typeof FORMS)[number];
  readonly field: readonly string[];
  /** Fields in which the service repeats addresses. */
  readonly addresses?: readonly string[] | undefined;
  readonly words: Words;
}

const FORMS = ['lines', 'text', 'html', 'header', 'json', 'xml', 'status'] as const;

const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const template = z.string().min(1).max(500);

const fields = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const answer = z
  .strictObject({
    read: z.enum(FORMS).default('lines').meta({
      description:
        'What is compared with the words: lines (one a name), text (all of it), html (all texts between its tags, or the first), a header, a field of json or xml, or status (the HTTP status; a body beside it must be one of the words).',
    }),
    field: fields.optional().meta({
      description:
        'With read: json or xml the field, with read: header the header; of several the first that says something. a.b is b within a, a.0 the first of a list.',
    }),
    addresses: fields.optional().meta({
      description:
        'With read: json or xml, fields in which the service repeats addresses; they are compared with what was sent.',
    }),
    words: z.record(z.string().min(1).max(200), meaningSchema).optional().meta({
      description:
        'Words by what they mean: updated, unchanged, or the class of a failure. The whole text must be the word; * stands for any text, {name} for a name that was sent, {addresses} for addresses.',
    }),
  })
  .transform(
    ({ read, field, addresses, words }): Answer => ({
      read,
      field: field === undefined ? [] : [field].flat(),
      ...(addresses === undefined ? {} : { addresses: [addresses].flat() }),
      words: words === undefined ? DYNDNS2 : compileWords(words),
    }),
  );

export const DYNDNS2: Words = compileWords(z.record(z.string(), meaningSchema).parse(DYNDNS2_WORDS));

/** The keys that make a service; to be spread into a strict zod object. */
export const serviceShape = {
  url: template.meta({
    description:
      'Address of the update, such as https://example.org/update; after the host it may hold placeholders.',
  }),
  ipv6_url: template.optional().meta({ description: 'With families: separate, another address for IPv6.' }),
  method: z
    .enum(['GET', 'POST'])
    .default('GET')
    .meta({ description: 'With POST the parameters are sent as a form.' }),
  parameters: z
    .record(z.string().regex(/^[\w.[\]-]{1,64}$/, 'is not the name of a parameter'), z.string().max(500))
    .default({})
    .meta({
      description: 'Parameters in order. One whose placeholder has no value now is left out.',
    }),
  headers: z.record(z.string().regex(HEADER, 'is not a header name'), template).default({}).meta({
    description: 'Headers by name, with placeholders.',
  }),
  basic: z.strictObject({ username: template, password: template }).optional().meta({
    description: 'Basic authentication, with placeholders.',
  }),
  families: z.enum(['together', 'separate']).default('together').meta({
    description: 'Both families of a name in one request, or one request for each.',
  }),
  other_family: z
    .union([z.enum(['omit', 'known', 'both']), z.strictObject({ word: z.string().regex(/^[\w-]+$/) })])
    .default('omit')
    .meta({
      description:
        'What is sent for the family that does not change: nothing (omit), its address where it is known (known), its address or nothing at all (both, for services that remove what is left out), or a word that keeps it.',
    }),
  clear: z
    .string()
    .regex(/^[\w:-]*$/)
    .optional()
    .meta({
      description: 'What stands in place of an address to remove the record, if the service can.',
    }),
  names_per_request: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .meta({ description: 'Names in one request; more than one needs {names} or {hosts}.' }),
  zone: domainName()
    .optional()
    .meta({ description: 'The domain that {zone}, {host} and {hosts} are taken from.' }),
  limits: z
    .array(
      z.strictObject({
        requests: z.int().min(1).max(100_000),
        per: duration({ min: seconds(1), max: minutes(24 * 60) }),
        for: z.enum(['account', 'name']).default('account'),
      }),
    )
    .min(1)
    .optional()
    .meta({
      description:
        'How many requests the service allows in what time, such as { requests: 3, per: 10s }; for: name where it counts each name by itself. What would be too many waits.',
    }),
  answer: answer.prefault({}).meta({
    description: 'How the answer is read; by default the return codes of dyndns2, one line a name.',
  }),
  statuses: z
    .record(z.string().regex(/^[2-5]\d\d$/, 'must be an HTTP status'), meaningSchema)
    .default({})
    .transform(
      (given) => new Map(Object.entries(given).map(([status, meaning]) => [Number(status), meaning])),
    )
    .meta({ description: 'What HTTP statuses mean where it is not the usual.' }),
};

/** Every template of a service, with its place in the mapping. */
export function templatesOf(service: Pick<Service, 'url' | 'ipv6_url' | 'parameters' | 'headers' | 'basic'>) {
  const { url, ipv6_url, parameters, headers, basic } = service;
  const at = (path: readonly string[], text: string | undefined) =>
    text === undefined ? [] : [{ path, text }];
  return [
    ...at(['url'], url),
    ...at(['ipv6_url'], ipv6_url),
    ...Object.entries(parameters).flatMap(([name, text]) => at(['parameters', name], text)),
    ...Object.entries(headers).flatMap(([name, text]) => at(['headers', name], text)),
    ...at(['basic', 'username'], basic?.username),
    ...at(['basic', 'password'], basic?.password),
  ];
}

/** All placeholders the service's templates name, known or not. */
export const placeholdersOf = (service: Parameters<typeof templatesOf>[0]): ReadonlySet<string> =>
  new Set(templatesOf(service).flatMap(({ text }) => namesIn(text)));

/** The families the service has a place for. */
export function familiesOf(service: Parameters<typeof templatesOf>[0]): readonly Family[] {
  const used = placeholdersOf(service);
  const any = used.has('address') || used.has('addresses');
  const families: readonly Family[] = ['ipv4', 'ipv6'];
  return families.filter((family) => any || used.has(family));
}
