import { Secret } from '../config/secret.ts';

/** Every secret value anywhere in the settings, for the redactor. */
export function secretValues(settings: unknown): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (value instanceof Secret) {
      found.add(value.reveal());
      return;
    }
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(settings);
  return [...found];
}
