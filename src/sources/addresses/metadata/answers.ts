import type { HttpAnswer } from '../../../net/http.ts';
import { quoted } from '../../../net/http-words.ts';
import { type Ask, Unusable } from './contract.ts';

type Headers = Readonly<Record<string, string>>;

/** One item as plain text; `undefined` where the service does not have it (404, or nothing in it). @throws Unusable */
export async function item(ask: Ask, path: string, headers: Headers = {}): Promise<string | undefined> {
  const answer = await ask(path, { headers });
  if (answer.status === 404) return undefined;
  const text = bodyOf(answer, path).trim();
  return text === '' ? undefined : text;
}

/** A JSON document; `undefined` for 404. @throws Unusable */
export async function document(ask: Ask, path: string, headers: Headers = {}): Promise<unknown> {
  const answer = await ask(path, { headers });
  if (answer.status === 404) return undefined;
  const body = bodyOf(answer, path);
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new Unusable(`the answer to ${path} is not JSON: ${quoted(body)}`);
  }
}

/** The body of an answer with status 200. @throws Unusable for every other */
export function bodyOf({ status, body }: HttpAnswer, path: string): string {
  if (status !== 200) throw new Unusable(`answered with status ${status} to ${path.split('?')[0]}`);
  return body;
}

const TOKEN = /^[\x21-\x7e]{1,2048}$/;
/** Seconds; a token is got for each reading and used at once, so none is ever stale, lent or kept. */
const TOKEN_LIFE = '60';

/**
 * Gets a session token with PUT, which no request forged through a proxy or a redirect can do, and gives the header that carries it.
 * Where the service has none to give, no header at all if that is allowed. @throws Unusable
 */
export async function session(
  ask: Ask,
  names: { readonly path: string; readonly life: string; readonly token: string },
  tokenless: boolean,
): Promise<Headers> {
  const answer = await ask(names.path, { method: 'PUT', headers: { [names.life]: TOKEN_LIFE } });
  if (answer.status === 200) {
    const token = answer.body.trim();
    if (TOKEN.test(token)) return { [names.token]: token };
    throw new Unusable('the token it gives is none');
  }
  if (tokenless) return {};
  // 403 is AWS's word for a metadata service that is turned off: without a token it would say no more.
  const hint = answer.status === 403 ? 'it is turned off for this machine' : 'imds_v1: true asks without one';
  throw new Unusable(`gives no token (status ${answer.status}): ${hint}`);
}

/** The value at a path of keys in a JSON document; `undefined` if there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Record<string | number, unknown>)[key];
  }
  return inner;
}

/** A list, or nothing where there is none. @throws Unusable if it is something else */
export function list(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new Unusable(`${what} is not a list`);
}

/** The texts among the values, without empty ones: clouds write '' for "none". @throws Unusable for values of another kind */
export function texts(values: readonly unknown[], what: string): readonly string[] {
  return values.flatMap((value) => {
    if (value === undefined || value === null || value === '') return [];
    if (typeof value === 'string') return [value];
    throw new Unusable(`${what} is not text`);
  });
}

/** `2001:db8::1/64` → `2001:db8::1`. */
export const withoutPrefix = (text: string): string => text.replace(/\/\d{1,3}$/, '');
