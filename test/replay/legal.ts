import * as z from 'zod';
import { haveContracts, specification } from './recording.ts';

type Node = Record<string, unknown>;

/** A request as it is sent or as it came; no body is `undefined` or empty. */
export interface AnyRequest {
  readonly method: string;
  readonly url: URL;
  readonly body?: string;
}

/**
 * A schema with every reference into `#/...` put in its place, and `nullable` written out as JSON Schema knows it. Strict, as a request
 * has to be: what an object does not name is not allowed, nor is what the service alone sets.
 */
function resolved(node: unknown, root: Node): unknown {
  if (Array.isArray(node)) return node.map((one) => resolved(one, root));
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, nullable, example, ...rest } = node as Node;
  if (typeof $ref === 'string') {
    const target = $ref
      .split('/')
      .slice(1)
      .reduce<unknown>((at, part) => (at as Node)[part], root);
    return resolved(target, root);
  }
  const ours = Object.entries(rest).filter(([, one]) => (one as Node | null)?.['readOnly'] !== true);
  const inner = strict(
    together(Object.fromEntries(ours.map(([key, value]) => [key, resolved(value, root)]))),
  );
  return nullable === true ? { anyOf: [inner, { type: 'null' }] } : inner;
}

/** The parts of `allOf` as one object: apart, each would refuse what the others name. */
function together({ allOf, ...rest }: Node): Node {
  if (!Array.isArray(allOf)) return rest;
  const parts = [rest, ...(allOf as readonly Node[])];
  const properties = Object.assign({}, ...parts.map((part) => part['properties'])) as Node;
  const required = parts.flatMap((part) => (part['required'] ?? []) as readonly string[]);
  return Object.assign({}, ...parts, properties && { properties }, { required }) as Node;
}

function strict(node: Node): Node {
  const names = typeof node['properties'] === 'object';
  if (!names && !Array.isArray(node['required'])) return node;
  return { type: 'object', ...(names ? { additionalProperties: false } : {}), ...node };
}

const schemaOf = (node: unknown, root: Node): z.ZodType =>
  z.fromJSONSchema(resolved(node, root) as Parameters<typeof z.fromJSONSchema>[0]);

/** Schemas are large, and asked for at every request. */
function once<Value>(make: (key: string) => Value): (key: string) => Value {
  const made = new Map<string, Value>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}

const batch = once((name) => {
  const root = specification(name);
  return schemaOf(root, root);
});

/** The body of Cloudflare's batch request, as its own client library types it. */
export const cloudflareBatch = (): z.ZodType => batch('cloudflare-dns-batch.schema.json');

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly array: boolean;
  readonly schema: z.ZodType;
}

interface Operation {
  readonly method: string;
  /** With a group for each parameter, of the name that `names` gives. */
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly body: z.ZodType | undefined;
  /** The longest page, where only the words of the description say it. */
  readonly longest: number;
}

const LONGEST = /maximum value for `per_page` on this endpoint is `(\d+)`/;

const operations = once((document): readonly Operation[] => {
  const root = specification(document);
  return Object.entries(root['paths'] as Record<string, Node>).flatMap(([template, methods]) => {
    const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '([^/]+)')}$`);
    return Object.entries(methods)
      .filter(([method]) => /^(?:get|post|put|patch|delete)$/.test(method))
      .map(([method, operation]): Operation => {
        const {
          parameters = [],
          requestBody,
          description,
        } = operation as { parameters?: readonly Node[] } & Node;
        const longest = LONGEST.exec(String(description))?.[1] ?? Number.POSITIVE_INFINITY;
        const content = (requestBody as { content: Record<string, { schema: unknown }> } | undefined)
          ?.content;
        const body = content?.['application/json']?.schema;
        return {
          method: method.toUpperCase(),
          pattern,
          names,
          parameters: parameters.map((one) => parameterOf(one, root)),
          body: body === undefined ? undefined : schemaOf(body, root),
          longest: Number(longest),
        };
      });
  });
});

function parameterOf(node: Node, root: Node): Parameter {
  const { name, in: place, required, schema } = resolved(node, root) as Node;
  const shape = schema as Node;
  return {
    name: String(name),
    in: String(place),
    required: required === true,
    array: shape['type'] === 'array',
    schema: z.fromJSONSchema(shape as Parameters<typeof z.fromJSONSchema>[0]),
  };
}

/** As a schema wants it: a number if the text is one, and the schema takes no text. */
function givenValue({ array, schema }: Parameter, texts: readonly string[]): unknown {
  if (array) return texts;
  const [text = ''] = texts;
  return schema.safeParse(text).success || !/^-?\d+$/.test(text) ? text : Number(text);
}

/**
 * What an OpenAPI document finds wrong with a request: an unknown path, method or parameter, a value of one that its schema does not
 * take, one that is missing, or a body its schema does not take. Empty if the request is legal.
 */
export function illegalities(document: string, base: string, request: AnyRequest): readonly string[] {
  const path = request.url.pathname.slice(new URL(base).pathname.replace(/\/$/, '').length);
  const operation = operations(document).find(
    ({ method, pattern }) => method === request.method && pattern.test(path),
  );
  if (operation === undefined) return [`no such request: ${request.method} ${path}`];
  const inPath = operation.pattern.exec(path)?.slice(1).map(decodeURIComponent) ?? [];
  const query = request.url.searchParams;
  const known = new Set(operation.parameters.map((one) => (one.in === 'query' ? one.name : '')));
  const strange = [...query.keys()].filter((key) => !known.has(key)).map((key) => `unknown: ${key}`);
  const wrong = operation.parameters.flatMap((one) => {
    const given = one.in === 'query' ? query.getAll(one.name) : [];
    const texts = one.in === 'path' ? [inPath[operation.names.indexOf(one.name)] ?? ''] : given;
    if (texts.length === 0) return one.required && one.in === 'query' ? [`missing: ${one.name}`] : [];
    return problemsOf(one.schema, givenValue(one, texts), one.name);
  });
  const long =
    Number(query.get('per_page')) > operation.longest ? [`per_page: over ${operation.longest}`] : [];
  return [...strange, ...wrong, ...long, ...bodyProblems(operation, request.body || undefined)];
}

function bodyProblems({ body: schema }: Operation, body: string | undefined): readonly string[] {
  if (schema !== undefined) return problemsOf(schema, JSON.parse(body ?? 'null'), 'body');
  return body === undefined ? [] : ['a body where none is due'];
}

function problemsOf(schema: z.ZodType, value: unknown, what: string): readonly string[] {
  const checked = schema.safeParse(value);
  return checked.success ? [] : [`${what}: ${z.prettifyError(checked.error)}`];
}

/** What is wrong with a request by the provider's own specification; empty too where there is none. */
export function faultsOf(provider: string, request: AnyRequest): readonly string[] {
  if (!haveContracts) return [];
  switch (provider) {
    case 'digitalocean':
      return illegalities('digitalocean-domains.openapi.json', 'https://api.digitalocean.com', request);
    case 'hetzner':
      return illegalities('hetzner-zones.openapi.json', 'https://api.hetzner.cloud/v1', request);
    case 'cloudflare':
      return request.url.pathname.endsWith('/batch')
        ? problemsOf(cloudflareBatch(), JSON.parse(request.body || 'null'), 'body')
        : [];
    default:
      return [];
  }
}
