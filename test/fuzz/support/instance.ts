import * as z from 'zod';
import type { Choices } from './choices.ts';
import { EVIL_VALUES } from './json.ts';

type Schema = z.core.JSONSchema.BaseSchema;

/** What stands under a name in the answers of DNS services, the likely first. */
const GUESSES: readonly (readonly [RegExp, readonly unknown[]])[] = [
  [/^(?:rrset_)?types?$|recordtype/i, ['A', 'AAAA', 'CNAME']],
  [
    /content|value|address|rdata|^ip|^data$|^records?$|answer|target/i,
    ['198.51.100.9', '2001:db8::9', 'other.example.org', ''],
  ],
  [/zone|domain/i, ['example.org', 'example.org.', 'other.example']],
  [/name|sub|host|^rr$/i, ['home.example.org', 'home', '@', 'example.org', 'home.example.org.', 'other']],
  [/status|state/i, ['success', 'ENABLE', 'enabled', 'INSYNC', 'ACTIVE', 'done', 'running', 'error']],
  [/code/i, ['1', '0', 'Success', 'SomeError', '']],
];
const TEXTS = ['x', '', '1', 'A', 'example.org', '198.51.100.9', 'home', 'http://[', '\u0000'] as const;
const NUMBERS = [1, 0, 300, -1, 2 ** 53, 0.5] as const;

/** A value that the schema takes, most of the time: parts of it are replaced by what no service should send. */
export function instanceOf(schema: z.ZodType, choices: Choices): unknown {
  return made(jsonSchemaOf(schema), choices, '', 0);
}

/** The names that its outermost mapping may have. */
export const rootsOf = (schema: z.ZodType): readonly string[] =>
  Object.keys(jsonSchemaOf(schema).properties ?? {});

const known = new WeakMap<z.ZodType, Schema>();

function jsonSchemaOf(schema: z.ZodType): Schema {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const found = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  known.set(schema, found);
  return found;
}

const DEEPEST = 12;

function made(schema: Schema | boolean | undefined, choices: Choices, name: string, depth: number): unknown {
  if (choices.rarely(6)) return choices.from(EVIL_VALUES);
  if (schema === undefined || typeof schema === 'boolean' || depth > DEEPEST) return guess(choices, name);
  const one = schema.anyOf ?? schema.oneOf;
  if (one !== undefined) return made(choices.from(one), choices, name, depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return choices.from(schema.enum);
  switch (schema.type) {
    case 'object':
      return mapping(schema, choices, depth);
    case 'array': {
      const item = Array.isArray(schema.items) ? schema.items[0] : schema.items;
      return Array.from({ length: [1, 2, 0, 3][choices.below(4)] ?? 1 }, () =>
        made(item, choices, name, depth + 1),
      );
    }
    case 'integer':
    case 'number':
      return choices.from(NUMBERS);
    case 'boolean':
      return choices.below(2) === 1;
    case 'null':
      return null;
    default:
      return guess(choices, name);
  }
}

function mapping(schema: Schema, choices: Choices, depth: number): unknown {
  const entries = Object.entries(schema.properties ?? {}).flatMap(([name, inner]): [string, unknown][] => {
    const required = schema.required?.includes(name) === true;
    // What may be missing is, at the end of the row: so lists that go on after a token end there.
    if (!required && choices.below(2) === 0) return [];
    return [[name, made(inner, choices, name, depth + 1)]];
  });
  return Object.fromEntries(entries);
}

function guess(choices: Choices, name: string): unknown {
  const fitting = GUESSES.find(([pattern]) => pattern.test(name));
  return choices.from(fitting === undefined ? TEXTS : fitting[1]);
}
