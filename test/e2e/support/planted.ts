import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Provider } from '../../../src/sinks/contract.ts';

type Schema = z.core.JSONSchema.BaseSchema;
type Path = readonly string[];

/** Where a provider's options take a secret; a mapping of any names (headers, variables) counts with a name of ours. */
export function secretPaths(provider: Provider): readonly Path[] {
  return pathsIn(z.toJSONSchema(provider.options, { io: 'input', unrepresentable: 'any' }), []);
}

function pathsIn(schema: Schema | boolean | undefined, at: Path): readonly Path[] {
  if (schema === undefined || typeof schema === 'boolean') return [];
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (alternatives.some((one) => one.properties?.['credential'] !== undefined)) return [at];
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
    pathsIn(inner, [...at, name]),
  );
  const others = pathsIn(schema.additionalProperties, [...at, 'PLANTED']);
  return [...named, ...others, ...alternatives.flatMap((one) => pathsIn(one, at))];
}

/** One secret in one place. */
export interface Planted {
  readonly provider: string;
  readonly path: Path;
  readonly value: string;
  /** What alone gives it away, should only a part of it be shown. */
  readonly telling: string;
}

export interface PlantedSink {
  readonly provider: string;
  /** The sink's mapping in the configuration, secrets as text. */
  readonly mapping: Readonly<Record<string, unknown>>;
  readonly planted: readonly Planted[];
}

let count = 0;

/** Forms that a provider may insist on, the most awkward first. */
function candidates(
  provider: Provider,
  port: number,
): readonly { readonly value: string; readonly telling: string }[] {
  count += 1;
  const telling = `Kanarienvogel${String(count).padStart(4, '0')}`;
  const base64 = Buffer.from(`${telling}-of-thirty-two-octets`).toString('base64');
  return [
    { value: `${telling}/"17" & mehr=ü`, telling },
    { value: `${telling}"/&+=`, telling },
    { value: telling, telling },
    { value: base64, telling: base64 },
    { value: `http://127.0.0.1:${port}/{name}?key=${telling}`, telling },
    { value: `{"key": "${telling}", "address": {address}}`, telling },
    ...(provider.name === 'google' ? [googleKey()] : []),
  ];
}

/** Secrets that messages shorten: one longer than any message, one of two lines, and a key with its frame. */
export function longSecrets(): readonly Planted[] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const values = {
    long: Array.from({ length: 75 }, (_, index) => `k${100 + ((index * 389) % 900)}`).join(''),
    lines: 'Kanarienvogel-on-the-first-line\nand-on-the-second-a-Zeisig',
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim(),
  };
  return Object.entries(values).map(([name, value]) => ({
    provider: 'dyndns2',
    path: [name],
    value,
    telling: Buffer.from(`me:${value}`).toString('base64'),
  }));
}

/** One line of the key proper, which nobody else has. */
function googleKey(): { readonly value: string; readonly telling: string } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const value = JSON.stringify({
    type: 'service_account',
    project_id: 'p',
    private_key: pem,
    client_email: 'a@p.example',
  });
  return { value, telling: pem.split('\n')[5] ?? '' };
}

function placed(mapping: unknown, [name = '', ...rest]: Path, value: unknown): Record<string, unknown> {
  const before = typeof mapping === 'object' && mapping !== null ? (mapping as Record<string, unknown>) : {};
  return { ...before, [name]: rest.length === 0 ? value : placed(before[name], rest, value) };
}

/** The provider's own example with a secret of its own in every place that takes one beside the others; `port` is one of this host. */
export function plantedSink(provider: Provider, port: number): PlantedSink {
  const text = provider.example.replaceAll(
    /\{ *(?:env|file|credential): *[^}]*\}/g,
    'c2VjcmV0LXdvcmQtc2VjcmV0',
  );
  let { provider: _, ...mapping } = parse(text) as Record<string, unknown>;
  const planted: Planted[] = [];
  // A place may be one that the example leaves open, and needs its neighbours first (the URL of `clear`).
  for (const at of [...secretPaths(provider), ...secretPaths(provider)]) {
    if (planted.some((one) => one.path.join('.') === at.join('.'))) continue;
    for (const { value, telling } of candidates(provider, port)) {
      const tried = placed(mapping, at, value);
      // Where the rest of an example is not to be read yet (a key that is none), the other places are filled first.
      const issues = provider.options.safeParse(tried).error?.issues ?? [];
      if (issues.some((issue) => at.join('.').startsWith(issue.path.slice(0, at.length).join('.')))) continue;
      mapping = tried;
      planted.push({ provider: provider.name, path: at, value, telling });
      break;
    }
  }
  return { provider: provider.name, mapping, planted };
}

/** The secret as programs, libraries and providers write it. */
export function shapesOf({ value, telling }: Planted): readonly string[] {
  const base64 = (text: string): readonly string[] =>
    // The three ways in which its first octet can fall on a group of three; the edges depend on the neighbours.
    [0, 1, 2].map((before) =>
      Buffer.from(`${' '.repeat(before)}${text}`)
        .toString('base64')
        .slice(before === 0 ? 0 : 4, -4),
    );
  return [telling, value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...base64(telling)];
}

/** Every host that a provider names, so that one certificate can stand for all of them. */
export function providerHosts(): readonly string[] {
  const root = path.resolve(import.meta.dirname, '../../../src/sinks');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const hosts = files.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/https:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  return [...new Set(hosts)].sort();
}
