import type { HttpRequest } from '../../net/http.ts';
import type { Codec } from './codec.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Asking {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** False for a POST that only asks (search, login): its failure leaves nothing unclear. Default: all but GET and HEAD. */
  readonly mutating?: boolean;
}

/** A zone of ten thousand records listed a thousand a page stays below this. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Path with every inserted value encoded: path`/zones/${id}/records`. A record id can never lead elsewhere. */
export function path(texts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return texts.reduce((all, text, index) => `${all}${encodeURIComponent(values[index - 1] ?? '')}${text}`);
}

/** The request as it goes to be signed. */
export function requestFor(
  base: string,
  codec: Codec,
  method: HttpRequest['method'],
  path: string,
  { query = {}, body, headers }: Asking,
): HttpRequest {
  const url = new URL(`${base.replace(/\/+$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const type = body === undefined ? {} : { 'content-type': codec.writes };
  return {
    method,
    url,
    headers: { accept: codec.accept, ...type, ...headers },
    ...(body === undefined ? {} : { body: codec.encode(body) }),
    maxBytes: MAX_BYTES,
  };
}
