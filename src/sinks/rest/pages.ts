import type { ZodType } from 'zod';
import type { Ask, DecodedAnswer } from './exchange.ts';
import { RestError } from './refusal.ts';
import type { Query } from './request.ts';

/** A list as a provider gives it, page by page. */
export interface PagedList<Body, Item> {
  /** One page. */
  readonly schema: ZodType<Body>;
  readonly items: (body: Body) => readonly Item[];
  /** What to add to the query for the next page; `undefined` at the end. `page` counts from 1. */
  readonly next: (answer: DecodedAnswer & { readonly body: Body }, page: number) => Query | undefined;
  /** For lists asked for by POST: the body of that request. */
  readonly post?: (query: Query) => unknown;
  /** Of every request for a page. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How many there are in all, where the provider says so: fewer in the end is a half list. */
  readonly total?: (body: Body) => number | undefined;
}

/** No list anybody keeps has so many pages; a list that never ends must not keep us for ever. */
const MAX_PAGES = 500;

/** All items of a list, every page of it. Throws if any page fails, if the list does not end, or ends before its own count. */
export async function collect<Body, Item>(
  ask: Ask,
  path: string,
  list: PagedList<Body, Item>,
  query: Query = {},
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let more: Query = {};
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const wanted = { ...query, ...more };
    const headers = list.headers ?? {};
    const answer =
      list.post === undefined
        ? await ask.exchange('GET', path, list.schema, { query: wanted, headers })
        : await ask.exchange('POST', path, list.schema, {
            body: list.post(wanted),
            headers,
            mutating: false,
          });
    all.push(...list.items(answer.body));
    const next = list.next(answer, page);
    const total = list.total?.(answer.body);
    if (next === undefined) {
      if (total !== undefined && all.length < total) throw halfList(`${all.length} of ${total} items`);
      return all;
    }
    if (JSON.stringify(next) === JSON.stringify(more)) throw halfList(`page ${page} leads to itself`);
    more = next;
  }
  throw halfList(`no end after ${MAX_PAGES} pages`);
}

/** A list by page numbers that tells page, last page and total. */
export function counted<Body, Item>(
  schema: ZodType<Body>,
  items: (body: Body) => readonly Item[],
  place: (body: Body) => { readonly page: number; readonly last: number; readonly total?: number },
): PagedList<Body, Item> {
  return {
    schema,
    items,
    next: ({ body }) => numbered(place(body).page, place(body).last),
    total: (body) => place(body).total,
  };
}

/** For lists that tell the number of their last page. */
export const numbered = (page: number, last: number): Query | undefined =>
  page < last ? { page: page + 1 } : undefined;

/**
 * For lists that give the address of the next page. Only its query is taken: the request goes to the same path, so an
 * answer can never send the credentials to another host.
 */
export function linked(link: string | undefined): Query | undefined {
  if (link === undefined || link === '') return undefined;
  if (!URL.canParse(link, 'http://localhost')) throw halfList('the address of the next page is none');
  return Object.fromEntries(new URL(link, 'http://localhost').searchParams);
}

/** The target of `rel="next"` in a Link header (RFC 8288). */
export function nextLink(header: string | undefined): string | undefined {
  return /<([^<>]*)>\s*;[^,]*\brel="?next"?/.exec(header ?? '')?.[1];
}

/** For lists that go on after a token. */
export const after = (parameter: string, token: string | null | undefined): Query | undefined =>
  token ? { [parameter]: token } : undefined;

function halfList(why: string): RestError {
  return new RestError({ class: 'transient', scope: 'sink', message: `a list came incomplete: ${why}` });
}
