import * as z from 'zod';
import { matching, secret } from '../../config/schema-types.ts';
import type { Secret } from '../../config/secret.ts';
import { type Encoding, fill, namesIn, PLACEHOLDERS, type Values } from './template.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One request, with its templates. */
export interface RequestTemplate {
  readonly method: Method;
  readonly url: Secret;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly body?: Secret | undefined;
}

export interface WebhookOptions extends RequestTemplate {
  readonly per: 'record' | 'name';
  readonly clear?: RequestTemplate | undefined;
  readonly success: ReadonlyArray<readonly [first: number, last: number]>;
  readonly success_body?: { readonly exact: string } | { readonly contains: readonly string[] } | undefined;
}

const HEADER_NAME = matching(
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
  'is not a header name',
  "use letters, digits and the signs !#$%&'*+.^_`|~- without a space or colon, such as X-Api-Key",
);

/** What is wrong with one template by itself is told at it, whatever else of the sink is wrong too. */
function template(...checks: ReadonlyArray<(text: string) => Words | undefined>) {
  return secret({ harmless: true }).superRefine((value, context) => {
    const text = value.reveal();
    for (const words of [...unknownPlaceholders(text), ...checks.flatMap((check) => check(text) ?? [])]) {
      context.addIssue({ code: 'custom', message: words.message, params: { remedy: words.remedy } });
    }
  });
}

// Every one may hold a key, so every one may be a reference; what is written literally is handled no differently.
const request = {
  method: z
    .enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    .default('POST')
    .meta({ description: 'HTTP method.' }),
  url: template(isUrl).meta({ description: 'Address, with placeholders; values are URL-encoded.' }),
  headers: z
    .record(HEADER_NAME, template())
    .default({})
    .meta({ description: 'Headers by name. Placeholders are filled in.' }),
  body: template()
    .optional()
    .meta({ description: 'Body, with placeholders, escaped for JSON unless Content-Type says otherwise.' }),
};

const status = z.union([
  z
    .int()
    .min(100)
    .max(599)
    .transform((one): readonly [number, number] => [one, one]),
  matching(
    /^[1-5]\d\d-[1-5]\d\d$/,
    'is no range of statuses',
    'write a status such as 204, or a range such as 200-299',
  ).transform((range): readonly [number, number] => [Number(range.slice(0, 3)), Number(range.slice(4))]),
]);

const shape = z.strictObject({
  ...request,
  per: z.enum(['record', 'name']).default('record').meta({
    description: 'One request for each record, or one for each name with both families ({ipv4} and {ipv6}).',
  }),
  clear: z.strictObject(request).optional().meta({
    description: 'The request that removes a record; without it removing is reported as impossible.',
  }),
  success: z.array(status).min(1).prefault(['200-299']).meta({ description: 'Statuses that mean success.' }),
  success_body: z
    .union([
      z.strictObject({ exact: z.string() }),
      z.strictObject({ contains: z.array(z.string().min(1)).min(1) }),
    ])
    .optional()
    .meta({
      description:
        'What the body of a success must be: exact (white space at the ends aside), or contains one of the texts listed.',
    }),
});

type Words = { readonly message: string; readonly remedy: string };
type Problem = Words & { readonly path: readonly string[] };

/** A webhook's options; all its templates are checked here, so that nothing but the values can go wrong later. */
export const webhookOptions: z.ZodType<WebhookOptions> = shape.superRefine((options, context) => {
  const problems = [
    ...(options.per === 'name' ? problemsOfOneRecord(options) : []),
    ...bodyProblems(options, []),
    ...(options.clear === undefined ? [] : bodyProblems(options.clear, ['clear'])),
  ];
  for (const { path, message, remedy } of problems) {
    context.addIssue({ code: 'custom', path: [...path], message, params: { remedy } });
  }
});

const inBraces = (names: readonly string[]): string => names.map((name) => `{${name}}`).join(' ');

const unknownPlaceholders = (text: string): readonly Words[] =>
  namesIn(text)
    .filter((name) => !PLACEHOLDERS.some((known) => known === name))
    .map((name) => ({
      message: `uses the unknown placeholder {${name}}`,
      remedy: `use one of ${inBraces(PLACEHOLDERS)}`,
    }));

function problemsOfOneRecord({ url, headers, body }: RequestTemplate): readonly Problem[] {
  const parts: ReadonlyArray<readonly [readonly string[], Secret | undefined]> = [
    [['url'], url],
    ...Object.entries(headers).map(([name, value]) => [['headers', name], value] as const),
    [['body'], body],
  ];
  const offered = PLACEHOLDERS.filter((name) => !ONE_RECORD.has(name));
  return parts.flatMap(([path, text]) =>
    namesIn(text?.reveal() ?? '')
      .filter((name) => ONE_RECORD.has(name))
      .map((name) => ({
        path,
        message: `uses {${name}}, which per: name has not`,
        remedy: `use one of ${inBraces(offered)}`,
      })),
  );
}

/** With both families in one request these would name only one of two. */
const ONE_RECORD: ReadonlySet<string> = new Set(['type', 'address', 'family']);

const SAMPLE: Values = {
  name: 'home.example.org',
  type: 'A',
  address: '192.0.2.1',
  family: 'ipv4',
  addresses: ['192.0.2.1'],
  ipv4: '192.0.2.1',
  ipv6: undefined,
  ttl: undefined,
};

function isUrl(template: string): Words | undefined {
  const text = fill(template, SAMPLE, 'url');
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return undefined;
  const remedy = 'write it whole, such as https://example.org/update?ip={address}';
  return { message: 'is not an http or https URL', remedy };
}

function bodyProblems(template: RequestTemplate, base: readonly string[]): readonly Problem[] {
  if (template.body === undefined) return [];
  const path = [...base, 'body'];
  if (template.method === 'GET') {
    return [{ path, message: 'is not sent with GET', remedy: 'use method: POST, or take the body out' }];
  }
  if (encodingOf(template) !== 'json') return [];
  try {
    JSON.parse(fill(template.body.reveal(), SAMPLE, 'json'));
    return [];
  } catch {
    const remedy = 'mend it, or give the Content-Type header that it has';
    return [{ path, message: 'is not JSON once its placeholders are filled in', remedy }];
  }
}

export const JSON_TYPE = 'application/json';

export function contentTypeOf(headers: RequestTemplate['headers']): string | undefined {
  const entry = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type');
  return entry?.[1].reveal();
}

/** How values are written in the body: by its Content-Type, which is JSON unless the operator gives another. */
export function encodingOf({ headers }: RequestTemplate): Encoding {
  const type = (contentTypeOf(headers) ?? JSON_TYPE).split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === JSON_TYPE || type.endsWith('+json')) return 'json';
  return type === 'application/x-www-form-urlencoded' ? 'url' : 'plain';
}
