import * as z from 'zod';
import { type IpAddress, parseAddress } from '../model/address.ts';
import { type Duration, formatDuration, parseDuration } from '../model/duration.ts';
import { type Fqdn, parseName } from '../model/name.ts';
import {
  type JsonSchema,
  type Reader,
  type ReadResult,
  reader,
  refuse,
  textReader,
} from './schema-reader.ts';
import { Secret, type SecretReference } from './secret.ts';
import { answerSecret } from './secret-source.ts';

export { type HostPort, hostPort, httpUrl, listenAddress } from './schema-hosts.ts';
export { type Reader, type Refusal, reader, refuse, textReader } from './schema-reader.ts';

const DURATION_PATTERN = String.raw`(\d+(\.\d+)?(ms|s|m|h|d))+`;

interface Bounds {
  readonly min?: Duration;
  readonly max?: Duration;
}

/** `250ms`, `5m`, `1h30m` → milliseconds. Bounds are inclusive. */
export function duration(bounds: Bounds = {}): Reader<Duration> {
  const remedy = 'write a number with its unit (ms, s, m, h or d), such as 250ms, 5s or 1h30m';
  const json = {
    description: 'A length of time with its unit: 250ms, 5s, 1h30m.',
    pattern: `^${DURATION_PATTERN}$`,
    examples: ['250ms', '5s', '1h30m'],
  };
  return reader({ type: 'string', ...json }, (input) => readDuration(input, bounds, remedy));
}

/** A duration, or the word `off`. */
export function durationOrOff(bounds: Bounds = {}): Reader<Duration | 'off'> {
  const remedy = 'write off, or a number with its unit (ms, s, m, h or d), such as 20s';
  const json = { pattern: `^(off|${DURATION_PATTERN})$`, examples: ['20s', 'off'] };
  return reader<Duration | 'off'>({ type: 'string', ...json }, (input) =>
    input === 'off' ? { value: input } : readDuration(input, bounds, remedy),
  );
}

function readDuration(input: unknown, { min, max }: Bounds, remedy: string): ReadResult<Duration> {
  if (typeof input === 'number') {
    return refuse('is a number without a unit', `write ${input}s for seconds or ${input}m for minutes`);
  }
  const value = typeof input === 'string' ? parseDuration(input) : undefined;
  if (value === undefined || !Number.isSafeInteger(value)) return refuse('must be a length of time', remedy);
  if (min !== undefined && value < min) {
    return refuse(`is shorter than ${formatDuration(min)}`, `give at least ${formatDuration(min)}`);
  }
  if (max !== undefined && value > max) {
    return refuse(`is longer than ${formatDuration(max)}`, `give at most ${formatDuration(max)}`);
  }
  return { value };
}

/** A host name or wildcard → lower case, A-labels, no final dot. */
export function domainName(): Reader<Fqdn> {
  const remedy = 'write a full host name such as home.example.org, without scheme, port or path';
  const json = {
    description: 'A full domain name, such as home.example.org.',
    examples: ['home.example.org'],
  };
  return textReader(json, 'a domain name', remedy, (text) => {
    const value = parseName(text);
    if (value === undefined) return refuse('is not a domain name', remedy);
    return parseAddress(text) === undefined
      ? { value }
      : refuse('is an address, and a name is needed here', remedy);
  });
}

/** One IPv4 or IPv6 address → canonical text. */
export function ipAddress(): Reader<IpAddress> {
  const remedy = 'write one address such as 192.0.2.1 or 2001:db8::1, without a prefix length or zone';
  const json = { description: 'An IPv4 or IPv6 address.', examples: ['192.0.2.1', '2001:db8::1'] };
  return textReader(json, 'an IP address', remedy, (text) => {
    const value = parseAddress(text);
    return value === undefined ? refuse('is not an IP address', remedy) : { value };
  });
}

/** Text of one form; for whatever zod's own `regex` would leave without a word about what to write instead. */
export function matching(pattern: RegExp, message: string, remedy: string): z.ZodString {
  return z
    .string()
    .refine((text) => pattern.test(text), { error: message, params: { remedy } })
    .meta({ pattern: pattern.source });
}

/** Seconds as DNS counts them (RFC 2181 section 8), written as a whole number or as a duration. */
export function ttl(): Reader<number> {
  const remedy = 'write whole seconds such as 300, or a duration such as 5m';
  const longest = 2 ** 31 - 1;
  const json = {
    description: 'Time to live: whole seconds, or a duration such as 5m.',
    anyOf: [
      { type: 'integer', minimum: 1, maximum: longest },
      { type: 'string', pattern: String.raw`^(\d+(\.\d+)?(s|m|h|d))+$` },
    ],
    examples: [300, '5m'],
  };
  return reader(json, (input) => {
    const length = typeof input === 'string' ? parseDuration(input) : undefined;
    const value = length === undefined ? input : length / 1_000;
    if (typeof value !== 'number' || !Number.isInteger(value)) return refuse('must be whole seconds', remedy);
    return value >= 1 && value <= longest
      ? { value }
      : refuse(`must be from 1 to ${longest} seconds`, remedy);
  });
}

const REFERENCES = ['env', 'file', 'credential'] as const;

function readReference(input: unknown): SecretReference | undefined {
  if (typeof input === 'string') return input === '' ? undefined : input;
  if (typeof input !== 'object' || input === null) return undefined;
  const entries = Object.entries(input);
  const [kind, place] = entries[0] ?? [];
  const known = REFERENCES.some((name) => name === kind) && typeof place === 'string' && place !== '';
  return entries.length === 1 && known ? (input as SecretReference) : undefined;
}

/**
 * A secret: text, `{ env: NAME }`, `{ file: /path }` or `{ credential: name }` → `Secret`. The loader resolves references
 * while it parses, so refinements after it see the real value; outside the loader only text is taken.
 * `harmless` is for what may hold a secret and mostly does not (a header, a body): text in a readable file is a reason for a
 * warning only if something in it looks like a key.
 */
export function secret({ harmless = false }: { readonly harmless?: boolean } = {}): Reader<Secret> {
  const remedy =
    'write { env: NAME }, { file: /path } or { credential: name }, or the secret itself as text in quotes';
  const place = (name: string, description: string): JsonSchema => ({
    type: 'object',
    properties: { [name]: { type: 'string', minLength: 1, description } },
    required: [name],
    additionalProperties: false,
  });
  const json = {
    description: 'A secret: { env: NAME }, { file: /path }, { credential: name }, or the text itself.',
    anyOf: [
      { type: 'string', minLength: 1 },
      place('env', 'The environment variable that holds it.'),
      place('file', 'The file that holds it and nothing else.'),
      place('credential', 'The systemd credential (LoadCredential=) that holds it.'),
    ],
    examples: [{ env: 'DNS_TOKEN' }, { file: '/run/secrets/dns-token' }],
  };
  return reader(json, (input) => {
    const reference = readReference(input);
    if (reference === undefined) {
      return { refused: { message: 'must be a secret or a reference to one', remedy, secret: true } };
    }
    const answer = answerSecret(reference, harmless);
    if (answer.ok) return { value: new Secret(answer.value) };
    return {
      refused: { message: answer.message, remedy: answer.remedy, secret: typeof reference === 'string' },
    };
  });
}
