import type { Json } from '../../src/config/json-schema.ts';

/**
 * Whether a value fits a JSON Schema, for the part of draft 7 that the generated schema is made of. An unknown keyword
 * throws: a test that overlooks half of a schema would prove nothing.
 */
export function fits(root: Json, value: unknown, schema: Json = root): boolean {
  return Object.entries(schema).every(([keyword, argument]) => {
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`keyword ${keyword} is not known here`);
    return check(argument, value, { root, schema });
  });
}

interface Around {
  readonly root: Json;
  readonly schema: Json;
}

type Check = (argument: unknown, value: unknown, around: Around) => boolean;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const always: Check = () => true;
const forText =
  (check: (argument: unknown, text: string) => boolean): Check =>
  (argument, value) =>
    typeof value !== 'string' || check(argument, value);
const forNumber =
  (check: (argument: number, number: number) => boolean): Check =>
  (argument, value) =>
    typeof value !== 'number' || check(argument as number, value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: isObject,
};

const CHECKS: Readonly<Record<string, Check>> = {
  $schema: always,
  title: always,
  description: always,
  default: always,
  examples: always,
  definitions: always,
  format: always,
  if: always,
  else: always,
  type: (name, value) => TYPES[name as string]?.(value) === true,
  const: (argument, value) => argument === value,
  enum: (words, value) => (words as readonly unknown[]).includes(value),
  pattern: forText((pattern, text) => new RegExp(pattern as string, 'u').test(text)),
  minLength: forText((length, text) => text.length >= (length as number)),
  maxLength: forText((length, text) => text.length <= (length as number)),
  minimum: forNumber((least, number) => number >= least),
  maximum: forNumber((most, number) => number <= most),
  exclusiveMinimum: forNumber((least, number) => number > least),
  minItems: (least, value) => !Array.isArray(value) || value.length >= (least as number),
  maxItems: (most, value) => !Array.isArray(value) || value.length <= (most as number),
  minProperties: (least, value) => !isObject(value) || Object.keys(value).length >= (least as number),
  required: (keys, value) =>
    !isObject(value) || (keys as readonly string[]).every((key) => Object.hasOwn(value, key)),
  items: (items, value, { root, schema }) => {
    if (!Array.isArray(value)) return true;
    if (!Array.isArray(items)) return value.every((item) => fits(root, item, items as Json));
    const rest = schema['additionalItems'] as Json | undefined;
    return value.every((item, index) => fits(root, item, (items[index] ?? rest ?? {}) as Json));
  },
  additionalItems: always,
  properties: (properties, value, { root }) =>
    !isObject(value) ||
    Object.entries(properties as Record<string, Json>).every(
      ([key, inner]) => !Object.hasOwn(value, key) || fits(root, value[key], inner),
    ),
  additionalProperties: (rule, value, { root, schema }) => {
    if (!isObject(value)) return true;
    const known = Object.keys((schema['properties'] ?? {}) as Json);
    const others = Object.keys(value).filter((key) => !known.includes(key));
    return rule === false ? others.length === 0 : others.every((key) => fits(root, value[key], rule as Json));
  },
  propertyNames: (rule, value, { root }) =>
    !isObject(value) || Object.keys(value).every((key) => fits(root, key, rule as Json)),
  anyOf: (forms, value, { root }) => (forms as readonly Json[]).some((form) => fits(root, value, form)),
  oneOf: (forms, value, { root }) =>
    (forms as readonly Json[]).filter((form) => fits(root, value, form)).length === 1,
  allOf: (forms, value, { root }) => (forms as readonly Json[]).every((form) => fits(root, value, form)),
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
  then: (then, value, { root, schema }) =>
    !fits(root, value, schema['if'] as Json) || fits(root, value, then as Json),
  $ref: (reference, value, { root }) => {
    const name = String(reference).replace('#/definitions/', '');
    return fits(root, value, (root['definitions'] as Record<string, Json>)[name] as Json);
  },
};
