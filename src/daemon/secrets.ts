import { Secret } from '../config/secret.ts';
import { type ProxyEnvironment, proxiesOf } from '../net/http-proxy.ts';

/** A query value shorter than this (`json`, `dyndns`) is a setting and no token. */
const SHORTEST_VALUE = 8;

/** A path has words in it, and only a long one among them is taken for a token. */
const SHORTEST_STEP = 16;

/**
 * Everything anywhere in the settings that must not be shown, for the redactor: each secret, and of URLs and paths what may be one
 * although the operator did not say so, namely user information, the values of the query and long steps of the path.
 */
export function secretValues(settings: unknown): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (value instanceof Secret) found.add(value.reveal());
    else if (value instanceof URL) for (const part of partsOf(value)) found.add(part);
    else if (typeof value === 'string') for (const part of partsOfPath(value)) found.add(part);
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(settings);
  return [...found];
}

/** Names and passwords for the proxies of the environment: those of a token stand where the name does. */
export function proxySecrets(environment: ProxyEnvironment): readonly string[] {
  return proxiesOf(environment).flatMap(userInformation);
}

function partsOf(url: URL): readonly string[] {
  const values = [...url.searchParams.values()].filter((value) => value.length >= SHORTEST_VALUE);
  const steps = url.pathname.split('/').filter((step) => step.length >= SHORTEST_STEP);
  return [...userInformation(url), ...[...values, ...steps.map(decoded)].filter((part) => !isName(part))];
}

/** Only a path with a query: other texts that begin with a slash are files. */
function partsOfPath(text: string): readonly string[] {
  const address = text.startsWith('/') && text.includes('?') ? `https://host.invalid${text}` : '';
  return URL.canParse(address) ? partsOf(new URL(address)) : [];
}

function userInformation({ username, password }: URL): readonly string[] {
  return [password === '' ? username : password].map(decoded).filter((part) => part !== '');
}

/** A host name in a query is what the records are called; without it no message would make sense. */
function isName(text: string): boolean {
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z]{2,24}\.?$/i.test(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
