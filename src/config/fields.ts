import type * as z from 'zod';
import type { Findings } from './findings.ts';
import { sortOf } from './issue-words.ts';
import type { Path } from './problems.ts';

export type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value as a mapping; `undefined` and a finding if it is something else. */
export function mappingAt(
  findings: Findings,
  value: unknown,
  path: Path,
  shape: string,
): Mapping | undefined {
  if (isMapping(value)) return value;
  const message = value === null ? 'has no value' : `must be a mapping ${shape}, but is ${sortOf(value)}`;
  findings.error({ path, message, remedy: 'write indented `key: value` lines', missing: value === null });
  return undefined;
}

/** The value as a list; `undefined` and a finding if it is something else. */
export function listAt(
  findings: Findings,
  value: unknown,
  path: Path,
  holds: string,
): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const message = value === null ? 'has no value' : `must be a list of ${holds}, but is ${sortOf(value)}`;
  findings.error({
    path,
    message,
    remedy: `write [first, second], or one line with "- " for each of the ${holds}`,
    missing: value === null,
  });
  return undefined;
}

/**
 * Parses a mapping. Where some keys do not fit, every reason is noted and the rest is still given, so that what
 * depends on the sound keys can be looked at too.
 */
export function fields<Shape extends Readonly<Record<string, z.ZodType>>>(
  findings: Findings,
  schema: z.ZodObject<Shape>,
  input: unknown,
  path: Path,
  known: readonly string[] = Object.keys(schema.shape),
): Partial<z.output<z.ZodObject<Shape>>> {
  const whole = findings.parse(schema, input, path, known);
  if (whole !== undefined) return whole;
  const sound: Record<string, unknown> = {};
  if (!isMapping(input)) return {};
  for (const [key, part] of Object.entries<z.ZodType>(schema.shape)) {
    const result = part.safeParse(input[key]);
    if (result.success) sound[key] = result.data;
  }
  return sound as Partial<z.output<z.ZodObject<Shape>>>;
}
