import * as z from 'zod';
import type { Provider } from '../sinks/contract.ts';
import type { DetectorKind } from '../sources/contract.ts';
import { AUTO, DEFAULTS } from './defaults.ts';
import {
  detectionSchema,
  failoverSchema,
  logSchema,
  NAME_PATTERN,
  recordSchema,
  sinkSchema,
  uplinkSchema,
  watchSchema,
} from './sections.ts';

/** A JSON Schema as plain JSON. */
export type Json = { readonly [key: string]: unknown };

/**
 * The JSON Schema of `config.yaml` for editors, from the very schemas that the loader uses. Draft 7: what the YAML language
 * server understands best. A test keeps `schema/netdrift.schema.json` the same as this.
 */
export function configurationSchema(
  providers: readonly Provider[],
  detectors: readonly DetectorKind[],
): Json {
  const uplinkParts = convert(uplinkSchema);
  const detectorList = (family: string): Json => ({
    type: 'array',
    minItems: 1,
    items: { $ref: '#/definitions/detector' },
    description: `Detectors for ${family}, in the order to ask. Without the key the family is left alone.`,
  });
  const uplink = {
    ...uplinkParts,
    properties: { ipv4: detectorList('IPv4'), ipv6: detectorList('IPv6'), ...properties(uplinkParts) },
    anyOf: [{ required: ['ipv4'] }, { required: ['ipv6'] }],
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'netdrift configuration',
    type: 'object',
    additionalProperties: false,
    required: ['sinks'],
    properties: {
      watch: { description: 'When to look for a change.', ...convert(watchSchema) },
      detection: { description: 'How long looking may take.', ...convert(detectionSchema) },
      failover: { description: 'For records that follow several uplinks.', ...convert(failoverSchema) },
      uplinks: {
        ...named('The ways to the Internet, by a name of your choice.', 'uplink'),
        default: DEFAULTS.uplinks,
      },
      sinks: named('The places where records live, by a name of your choice.', 'sink'),
      log: { description: 'What to write, and how.', ...convert(logSchema) },
      state_dir: {
        description: 'Folder of state and control socket. By default the place that suits platform and user.',
        type: 'string',
        minLength: 1,
      },
    },
    definitions: {
      uplink,
      detector: detectorSchema(detectors),
      record: {
        description: 'A record: its name, or a mapping with more about it.',
        anyOf: [properties(convert(recordSchema))['name'], convert(recordSchema)],
      },
      sink: {
        type: 'object',
        required: ['provider', 'records'],
        properties: {
          provider: {
            description: 'What kind of place this is.',
            enum: providers.map(({ name }) => name),
          },
        },
        allOf: providers.map(({ name }) => ({
          if: { properties: { provider: { const: name } }, required: ['provider'] },
          // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
          then: { $ref: `#/definitions/sink_${name}` },
        })),
      },
      ...Object.fromEntries(providers.map((provider) => [`sink_${provider.name}`, providerSchema(provider)])),
    },
  };
}

const named = (description: string, definition: string): Json => ({
  description,
  type: 'object',
  minProperties: 1,
  propertyNames: { pattern: NAME_PATTERN.source },
  additionalProperties: { $ref: `#/definitions/${definition}` },
});

function detectorSchema(kinds: readonly DetectorKind[]): Json {
  const bare = kinds.filter(({ options }) => options.safeParse({}).success);
  return {
    description: 'A detector: its name, or a mapping with `detector` and its own keys.',
    anyOf: [
      { enum: [AUTO, ...bare.map(({ name }) => name)] },
      ...kinds.map(({ name, title, options }) => {
        return withProperties(convert(options), { detector: { const: name, description: title } }, [
          'detector',
        ]);
      }),
    ],
  };
}

/** One complete, closed mapping a provider: the common keys and its own. */
function providerSchema({ name, title, documentation, options }: Provider): Json {
  const common = {
    provider: { const: name },
    records: {
      description: 'The names to keep up to date.',
      type: 'array',
      minItems: 1,
      items: { $ref: '#/definitions/record' },
    },
    ...properties(convert(sinkSchema)),
  };
  const whole = withProperties(convert(options), common, ['provider', 'records']);
  return { ...whole, title, description: `${title}. ${documentation}` };
}

/** Adds properties to a mapping, or to each form it can have. What it has itself stays. */
function withProperties(schema: Json, added: Json, required: readonly string[]): Json {
  for (const forms of ['anyOf', 'oneOf', 'allOf']) {
    const list = schema[forms];
    if (Array.isArray(list)) {
      return { ...schema, [forms]: list.map((form: Json) => withProperties(form, added, required)) };
    }
  }
  const own = Array.isArray(schema['required']) ? schema['required'] : [];
  return {
    ...schema,
    properties: { ...added, ...properties(schema) },
    required: [...new Set([...required, ...own])],
  };
}

const properties = (schema: Json): Json => (schema['properties'] ?? {}) as Json;

/** What is written in the file (`io: 'input'`), not what comes of it. */
function convert(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { type, items, minItems, maxItems } = jsonSchema;
      // What is wrapped around it takes over the result, and is asked about again.
      if (type !== 'array' || !takesOneForList(zodSchema)) return;
      for (const key of ['type', 'items', 'minItems', 'maxItems'] as const) delete jsonSchema[key];
      const list = { type, items, minItems, maxItems };
      jsonSchema.anyOf = [items, list] as z.core.JSONSchema.JSONSchema[];
    },
  });
  // Without the keys that are there and undefined.
  return JSON.parse(JSON.stringify(rest)) as Json;
}

/** True for a list behind a `z.preprocess`, which here always takes one value for a list of one. */
function takesOneForList(schema: z.core.$ZodType): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'prefault' || def.type === 'default') {
    return takesOneForList(def.innerType);
  }
  return def.type === 'pipe' && def.in._zod.def.type === 'transform' && def.out._zod.def.type === 'array';
}
