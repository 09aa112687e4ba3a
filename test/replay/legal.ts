import * as z from 'zod';
import type { HttpRequest } from '../../src/net/http.ts';
import { specification } from './recording.ts';

type Node = Record<string, unknown>;

/** A schema with every reference into `#/...` put in its place, and `nullable` written out as JSON Schema knows it. */
function resolved(node: unknown, root: Node): unknown {
  if (Array.isArray(node)) return node.map((one) => resolved(one, root));
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, nullable, example, readOnly, ...rest } = node as Node;
  if (typeof $ref === 'string') {
    const target = $ref
      .split('/')
      .slice(1)
      .reduce<unknown>((at, part) => (at as Node)[part], root);
    return resolved(target, root);
  }
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, resolved(value, root)]));
  return nullable === true ? { anyOf: [inner, { type: 'null' }] } : inner;
}

const schemaOf = (node: unknown, root: Node): z.ZodType =>
  z.fromJSONSchema(resolved(node, root) as Parameters<typeof z.fromJSONSchema>[0]);

/** The body of Cloudflare's batch request, as its own client library types it. */
export const cloudflareBatch = (): z.ZodType => {
  const root = specification('cloudflare-dns-batch.schema.json');
  return schemaOf(root, root);
};

/**
 * What an OpenAPI document finds wrong with a request: an unknown path, method or query parameter, or a body its schema does not
 * take. Empty if the request is legal.
 */
export function illegalities(document: string, base: string, request: HttpRequest): readonly string[] {
  const root = specification(document);
  const path = request.url.pathname.slice(new URL(base).pathname.replace(/\/$/, '').length);
  const method = request.method.toLowerCase();
  for (const [template, operations] of Object.entries(root['paths'] as Record<string, Node>)) {
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    const operation = operations[method] as Node | undefined;
    if (!pattern.test(path) || operation === undefined) continue;
    const parameters = (operation['parameters'] ?? []) as readonly Node[];
    const known = parameters.map((one) => resolved(one, root) as Node).filter((one) => one['in'] === 'query');
    const strange = [...request.url.searchParams.keys()].filter(
      (key) => !known.some((one) => one['name'] === key),
    );
    const body = operation['requestBody'] as { content: Record<string, { schema: unknown }> } | undefined;
    const schema = body?.content['application/json']?.schema;
    if (schema === undefined)
      return request.body === undefined ? strange : [...strange, 'a body where none is due'];
    const checked = schemaOf(schema, root).safeParse(JSON.parse(request.body ?? 'null'));
    return checked.success ? strange : [...strange, z.prettifyError(checked.error)];
  }
  return [`no such request: ${request.method} ${path}`];
}
