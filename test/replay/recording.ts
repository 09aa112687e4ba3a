import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What the recorded services really said; see the README beside the recordings. */
export const CONTRACTS = new URL('../../../shared/contracts/', import.meta.url);

/** False where the recordings are not at hand (a clone, a packed source tree); `recorded.ts` says what becomes of tests then. */
export const haveContracts = existsSync(CONTRACTS);

export interface Exchange {
  readonly request: { readonly method: string; readonly url: string; readonly body: unknown };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
}

export interface Recording {
  readonly provider: string;
  readonly exchanges: readonly Exchange[];
}

/** Anything else of the folder, by its path in it. */
export const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, CONTRACTS), 'utf8'));

export const recording = (provider: string, scenario: string): Recording =>
  read(`${provider}/${scenario}.json`) as Recording;

export const specification = (name: string): Record<string, unknown> =>
  read(`specs/${name}`) as Record<string, unknown>;

export function scenariosOf(provider: string): readonly string[] {
  if (!haveContracts) return [];
  const files = readdirSync(new URL(`${provider}/`, CONTRACTS));
  return files.map((file) => file.replace(/\.json$/, '')).sort();
}
