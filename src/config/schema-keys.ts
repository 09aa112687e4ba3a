import type * as z from 'zod';
import type { Path } from './problems.ts';

type Schema = z.core.$ZodType;

/** The keys a schema takes, looked up through whatever is wrapped around its object; those of all forms of a union. */
export function keysOf(schema: Schema): readonly string[] {
  const keys = formsOf(schema).flatMap(({ def }) => (def.type === 'object' ? Object.keys(def.shape) : []));
  return [...new Set(keys)];
}

/** The keys that the mapping at a path of what the schema describes can have; none if nothing is known of it. */
export function keysAt(schema: Schema, path: Path): readonly string[] {
  let schemas: readonly Schema[] = [schema];
  for (const part of path)
    schemas = schemas.flatMap((outer) => formsOf(outer).flatMap((form) => inside(form, part)));
  return [...new Set(schemas.flatMap(keysOf))];
}

/** What a schema comes down to without optional, default and the like: one form, or several for a union. */
function formsOf(schema: Schema): readonly z.core.$ZodTypes['_zod'][] {
  const internals = (schema as z.core.$ZodTypes)._zod;
  const { def } = internals;
  switch (def.type) {
    case 'pipe':
      // What `z.preprocess` makes begins with a function, which has no form.
      return formsOf(def.in._zod.def.type === 'transform' ? def.out : def.in);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'catch':
    case 'nonoptional':
      return formsOf(def.innerType);
    case 'union':
      return def.options.flatMap(formsOf);
    case 'intersection':
      return [...formsOf(def.left), ...formsOf(def.right)];
    default:
      return [internals];
  }
}

function inside({ def }: z.core.$ZodTypes['_zod'], part: string | number): readonly Schema[] {
  switch (def.type) {
    case 'object': {
      const inner = Object.hasOwn(def.shape, part) ? def.shape[part] : undefined;
      return inner === undefined ? [] : [inner];
    }
    case 'array':
      return [def.element];
    case 'record':
      return [def.valueType];
    default:
      return [];
  }
}
