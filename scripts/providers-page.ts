import { configurationSchema } from '../src/config/json-schema.ts';
import { SINK_KEYS } from '../src/config/sinks.ts';
import type { Provider } from '../src/sinks/contract.ts';
import { columnsOf, type Description, describeProvider, HEADS, snippetOf } from '../src/sinks/describe.ts';
import { detectorKinds } from '../src/sources/addresses/registry.ts';

const INTRODUCTION = `# Providers

This page is generated (\`npm run providers\`); \`netdrift providers\` and \`netdrift providers NAME\` show the same.

- **families**: the record types the provider takes; **requests**: what one request does with the two families.
- **batch**: names in one request, or records in one write, at most; what is more is split.
- **creates**: a missing record is created; otherwise create it at the provider first.
- **reads**: the provider can be asked what it holds, so records that are right already are not written.
- **gap**: time between two writes of one record, by the provider's rules. **ttl**: seconds a time to live may have, where its documentation says so.

A service that is not here and takes a name and an address in one request: [custom](#custom) with its keys, or [dyndns2](#dyndns2) if it speaks
that. Anything else: [webhook](#webhook) or [command](#command).
`;

/** docs/providers/README.md: one table, and a section for each provider. */
export function providersPage(providers: readonly Provider[]): string {
  const descriptions = providers.map(describeProvider).toSorted((a, b) => a.name.localeCompare(b.name));
  const schema = configurationSchema(providers, detectorKinds);
  const rows = descriptions.map((description) => {
    const [, ...cells] = columnsOf(description);
    return [`[${description.name}](#${description.name})`, description.title, ...cells];
  });
  const heads = [HEADS[0], 'service', ...HEADS.slice(1)];
  const table = [heads, heads.map(() => '---'), ...rows].map(
    (row) => `| ${row.map(escapeCell).join(' | ')} |`,
  );
  const sections = descriptions.map((description) => section(description, keysIn(schema, description.name)));
  return [INTRODUCTION, table.join('\n'), ...sections].join('\n').replaceAll(/\n{3,}/g, '\n\n');
}

interface Key {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
}

function section(description: Description, keys: readonly Key[]): string {
  const { name, title, credentials, notes, documentation } = description;
  return [
    `\n## ${name}`,
    `\n${title}.`,
    `\n\`\`\`yaml\n${snippetOf(description)}\`\`\``,
    `\nCredentials: ${credentials}`,
    ...notes.map((note) => `\n${note}`),
    ...(keys.length === 0 ? [] : ['', ...keys.map(keyLine)]),
    `\nFacts: <${documentation}>\n`,
  ].join('\n');
}

const keyLine = ({ name, required, description }: Key): string =>
  `- \`${name}\`${required ? ' (required)' : ''}${description === '' ? '' : `: ${description}`}`;

/** The provider's own keys, as the JSON Schema of the configuration has them; of several forms the first that has the key. */
function keysIn(schema: unknown, name: string): readonly Key[] {
  const whole = at(at(schema, 'definitions'), `sink_${name}`);
  const forms = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => at(whole, word) ?? []);
  const keys = new Map<string, Key>();
  for (const form of Array.isArray(forms) && forms.length > 0 ? forms : [whole]) {
    const required = at(form, 'required');
    for (const [key, value] of Object.entries(Object(at(form, 'properties')))) {
      if (SINK_KEYS.includes(key) || keys.has(key)) continue;
      const description = at(value, 'description');
      const text = typeof description === 'string' ? description : '';
      keys.set(key, {
        name: key,
        required: Array.isArray(required) && required.includes(key),
        description: text,
      });
    }
  }
  return [...keys.values()];
}

const at = (value: unknown, key: string): unknown =>
  (Object(value) as Readonly<Record<string, unknown>>)[key];

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');
