import * as z from 'zod';
import type { LoadComponents, Parsed } from '../../src/config/load.ts';
import { parseConfiguration, type Surroundings } from '../../src/config/load.ts';
import type { Problem } from '../../src/config/problems.ts';
import {
  domainName,
  duration,
  httpUrl,
  ipAddress,
  listenAddress,
  secret,
} from '../../src/config/schema-types.ts';
import type { FileText } from '../../src/config/secrets.ts';
import type { Settings } from '../../src/model/settings.ts';
import type { Provider } from '../../src/sinks/contract.ts';
import type { DetectorKind } from '../../src/sources/contract.ts';

const create = (): never => {
  throw new Error('reading a configuration creates nothing');
};

function provider(name: string, options: z.ZodType, minimumGap?: number): Provider {
  const traits = { batch: 1, multiple: true, creates: true, families: 'separate' } as const;
  return {
    name,
    title: `The ${name} provider`,
    documentation: `https://${name}.example/docs`,
    credentials: 'None.',
    options,
    traits: minimumGap === undefined ? traits : { ...traits, minimumGap },
    example: `provider: ${name}`,
    create,
  };
}

/** One value may stand for a list of it. */
const oneOrMore = <T>(schema: z.ZodType<T>) =>
  z.preprocess(
    (input) => (input === undefined || Array.isArray(input) ? input : [input]),
    z.array(schema).min(1),
  );

/** As the real ones, as far as reading their options goes. */
export const providers: readonly Provider[] = [
  provider('embedded', z.strictObject({ listen: oneOrMore(listenAddress()), zone: domainName().optional() })),
  provider(
    'dyndns2',
    z.strictObject({
      server: httpUrl().prefault('https://members.example.net'),
      username: z.string().min(1),
      password: secret(),
    }),
    600_000,
  ),
  provider(
    'webhook',
    z.strictObject({
      url: httpUrl(),
      method: z.enum(['GET', 'POST']).prefault('POST'),
      headers: z.record(z.string(), z.union([z.string(), secret()])).optional(),
      follow: z.boolean().optional(),
      key: secret()
        .refine((value) => /^[0-9a-f]+$/.test(value.reveal()), 'is not a hexadecimal key')
        .optional(),
    }),
  ),
];

const detector = (name: string, options: z.ZodType): DetectorKind => ({ name, title: name, options, create });

export const detectors: readonly DetectorKind[] = [
  { ...detector('interface', z.strictObject({})), operators: () => [] },
  detector('stun', z.strictObject({ wait: duration().prefault('1s') })),
  detector('http', z.strictObject({ services: z.array(httpUrl()).min(1).optional() })),
  detector('static', z.strictObject({ address: ipAddress() })),
];

export const surroundings: Surroundings = {
  file: 'config.yaml',
  folder: '/etc/netdrift',
  files: new Map<string, FileText>([
    ['/run/secrets/dyn', { ok: true, text: 'out-of-a-file\n' }],
    ['/run/secrets/empty', { ok: true, text: '\n' }],
    ['/run/secrets/locked', { ok: false, why: 'permission denied' }],
    ['/run/secrets/none', { ok: false, why: 'it does not exist' }],
    ['/etc/netdrift/beside', { ok: true, text: 'beside the configuration\r\n' }],
    ['/run/credentials/dyn', { ok: true, text: 'from systemd' }],
  ]),
  env: { DYN_PASSWORD: 'from the environment', EMPTY: '' },
  platform: 'linux',
  home: '/home/me',
  uid: 1000,
  providers,
  detectors,
};

export const parse = (text: string, changes: Partial<Surroundings> = {}): Parsed =>
  parseConfiguration(text, { ...surroundings, ...changes });

export function settingsOf(text: string, changes: Partial<Surroundings> = {}): Settings {
  const parsed = parse(text, changes);
  if (parsed.ok) return parsed.settings;
  throw new Error(JSON.stringify(parsed.problems, null, 2));
}

export function problemsOf(text: string, changes: Partial<Surroundings> = {}): readonly Problem[] {
  const parsed = parse(text, changes);
  return parsed.ok ? [] : parsed.problems;
}

export function warningsOf(text: string, changes: Partial<Surroundings> = {}): readonly Problem[] {
  const parsed = parse(text, changes);
  return parsed.ok ? parsed.warnings : parsed.problems;
}

/** A host whose files are given; everything else does not exist. */
export function host(
  files: Readonly<Record<string, string | Uint8Array | Error>>,
  mode = 0o100600,
): LoadComponents {
  const find = (path: string): Uint8Array => {
    const content = files[path];
    if (content instanceof Error) throw content;
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  return {
    providers: async () => providers,
    detectors,
    env: {},
    platform: 'linux',
    home: '/home/me',
    uid: 1000,
    readFile: async (path) => find(path),
    stat: async (path) => ({ mode, size: find(path).length }),
  };
}
