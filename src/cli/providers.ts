import { suggest } from '../config/suggest.ts';
import { allProviders } from '../sinks/catalogue.ts';
import { columnsOf, type Description, describeProvider, HEADS, snippetOf } from '../sinks/describe.ts';
import { EXIT } from './exit.ts';

export interface ProvidersOptions {
  readonly json?: true;
}

/** Lists what can stand after `provider:`, or shows one of them with a ready piece of configuration. */
export async function providersCommand(name: string | undefined, options: ProvidersOptions): Promise<number> {
  const providers = await allProviders();
  if (name === undefined) {
    const all = providers.map(describeProvider).toSorted((a, b) => a.name.localeCompare(b.name));
    process.stdout.write(options.json ? json(all) : table(all));
    return EXIT.published;
  }
  const provider = providers.find((candidate) => candidate.name === name);
  if (provider === undefined) {
    const names = providers.map((candidate) => candidate.name);
    const near = suggest(name, names);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    process.stderr.write(
      `netdrift: there is no provider ${shown(name)}${hint}\n  \`netdrift providers\` lists them all\n`,
    );
    return EXIT.usage;
  }
  const description = describeProvider(provider);
  process.stdout.write(options.json ? json(description) : page(description));
  return EXIT.published;
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 80));
const json = (value: Description | readonly Description[]): string => `${JSON.stringify(value, null, 2)}\n`;

function table(descriptions: readonly Description[]): string {
  const rows = [HEADS, ...descriptions.map(columnsOf)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n\n\`netdrift providers NAME\` shows how to set one up.\n`;
}

function page(description: Description): string {
  const { title, credentials, documentation, notes } = description;
  const traits = HEADS.slice(1).map((head, index) => `${head}: ${columnsOf(description)[index + 1]}`);
  return [
    title,
    '',
    snippetOf(description),
    `Credentials: ${credentials}`,
    ...notes.map((note) => `Note: ${note}`),
    `What it can do: ${traits.join('; ')}`,
    `Documentation: ${documentation}`,
    '',
  ].join('\n');
}
